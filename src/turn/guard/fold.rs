//! How is text written so that two spellings of the same thing compare equal?
//!
//! Width, compatibility forms and invisible characters are folded away; Chinese punctuation stays as it is,
//! because the patterns of a pack are written with it.

use unicode_normalization::UnicodeNormalization;

/// Characters that show nothing: zero-width, direction marks, variation selectors, the enclosing keycap.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}' | '\u{180e}')
}

/// ①, ㊿.
fn is_circled(character: char) -> bool {
    matches!(character, '\u{2460}'..='\u{2473}' | '\u{3251}'..='\u{325f}' | '\u{32b1}'..='\u{32bf}')
}

/// Punctuation whose full-width form is the ordinary Chinese one.
fn keeps_its_form(character: char) -> bool {
    matches!(character, '，' | '！' | '？' | '；' | '：' | '（' | '）' | '～' | '…')
}

/// Chinese characters and marks that have no other form, nearly all of a text: they need not be looked up.
fn is_unified(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '、' | '。')
}

/// The text with compatibility forms folded: `１，２９９元` → `1，299元`, `㎏` → `kg`, `①` → `1`.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            continue;
        }
        if is_unified(character) {
            folded.push(character);
        } else if character.is_ascii() || keeps_its_form(character) {
            folded.push(if character == '\t' || character == '\u{0}' { ' ' } else { character });
        } else if matches!(character, '\u{2010}' | '\u{2011}') {
            // Model numbers are copied with hyphens that no line breaks at.
            folded.push('-');
        } else if character == '×' || character == '✕' || character == '✖' {
            folded.push('×');
        } else {
            folded.extend(std::iter::once(character).nfkc());
            if is_circled(character) {
                // ②两个月 numbers a point; it is no 2 that goes on.
                folded.push(' ');
            }
        }
    }
    folded
}

/// The folded text without anything that can be put between characters to hide a word: `加 微.信` → `加微信`.
pub(super) fn tighten(folded: &str) -> String {
    folded
        .chars()
        .filter(|character| {
            !character.is_whitespace()
                && !matches!(
                    character,
                    '.' | '·' | '•' | '*' | '_' | '-' | '|' | '/' | '\\' | '^' | '"' | '\''
                )
                && !is_pictograph(*character)
        })
        .collect()
}

/// Symbols and pictures beyond letters and marks.
fn is_pictograph(character: char) -> bool {
    matches!(u32::from(character), 0x2600..=0x27bf | 0x1f000..=0x1faff | 0x2190..=0x21ff | 0x2b00..=0x2bff)
}

/// Whether a character is a Chinese one.
pub(super) fn is_han(character: char) -> bool {
    matches!(u32::from(character), 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x2fa1f)
        || character == '〇'
}

/// The text without white space.
pub(super) fn without_space(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}
