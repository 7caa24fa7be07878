//! How is a message written in one way? NFKC, half width, simplified characters, no invisible characters, repeats
//! shortened; pictures are taken out and kept apart as signs of emotion.
//!
//! The result is stable: normalising it again changes nothing.

use std::sync::LazyLock;

use opencc_fmmseg::OpenCC;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// The most characters of a message that are read; the rest is cut off.
pub const MAX_CHARACTERS: usize = 10_000;

/// How often the steps are run until nothing changes. One is enough for nearly every message.
const MAX_ROUNDS: usize = 6;

static SIMPLIFIER: LazyLock<OpenCC> = LazyLock::new(|| {
    let mut converter = OpenCC::new();
    converter.set_parallel(false);
    converter
});

/// What some programs write in place of half a character.
static SURROGATE_ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}").expect("a fixed expression"));

/// A message in its one form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Normalised {
    /// The text without pictures.
    pub text: String,
    /// The pictures (emoji) that stood in it, in order.
    pub signs: String,
    /// How many repeated characters were taken out: "哈哈哈哈" loses two.
    pub shortened: usize,
}

/// Brings a message into its one form.
pub fn normalise(text: &str) -> Normalised {
    let mut result = Normalised::default();
    let mut current = bounded(text);
    for _ in 0..MAX_ROUNDS {
        let next = one_round(&current, &mut result);
        let stable = next == current;
        current = next;
        if stable {
            break;
        }
    }
    result.text = current;
    result
}

/// A word of a list in the form in which it is looked for: normalised and in lower case.
pub fn folded(text: &str) -> String {
    normalise(text).text.to_lowercase()
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

fn one_round(text: &str, result: &mut Normalised) -> String {
    let text = if text.contains("\\u") {
        SURROGATE_ESCAPE.replace_all(text, "").into_owned()
    } else {
        text.to_owned()
    };
    let visible: String = text.chars().filter_map(visible).collect();
    let composed: String = visible.nfkc().filter_map(self::visible).collect();
    let mut plain = String::with_capacity(composed.len());
    for character in composed.chars() {
        if is_picture(character) {
            if result.signs.chars().count() < 64 {
                result.signs.push(character);
            }
        } else {
            plain.push(character);
        }
    }
    let simple = simplify(&plain);
    let joined = join_spaced(&simple);
    let (short, dropped) = shorten(&joined);
    result.shortened += dropped;
    bounded(&stages_in_digits(&short))
}

/// "二段", "奶粉三段": the stage of a formula in digits, as it stands in names of products. "一段时间" and "分三段" count none.
fn stages_in_digits(text: &str) -> String {
    const STAGES: [(char, char); 4] = [('一', '1'), ('二', '2'), ('三', '3'), ('四', '4')];
    const NO_STAGE_AFTER: &str = "这那哪每分第十百有前后";
    const NO_STAGE_BEFORE: &str = "时路话文视感距情式";
    let characters: Vec<char> = text.chars().collect();
    let told = |at: usize| {
        let digit = STAGES.iter().find(|(numeral, _)| *numeral == characters[at])?.1;
        let before = at.checked_sub(1).map(|before| characters[before]);
        let stands_apart = before.is_none_or(|before| !NO_STAGE_AFTER.contains(before));
        let counts = characters.get(at + 2).is_none_or(|after| !NO_STAGE_BEFORE.contains(*after));
        (characters.get(at + 1) == Some(&'段') && stands_apart && counts).then_some(digit)
    };
    (0..characters.len()).map(|at| told(at).unwrap_or(characters[at])).collect()
}

/// Traditional characters become simplified ones.
pub fn simplify(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    SIMPLIFIER.t2s(text, false)
}

/// Drops what cannot be seen, and turns every kind of white space into a blank or a line feed.
fn visible(character: char) -> Option<char> {
    match character {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        _ if character.is_control() => None,
        '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180B}'..='\u{180F}' => None,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => None,
        '\u{3164}' | '\u{FFA0}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => None,
        '\u{FFF0}'..='\u{FFFF}'
        | '\u{E000}'..='\u{F8FF}'
        | '\u{300}'..='\u{36F}'
        | '\u{20D0}'..='\u{20FF}' => None,
        '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{10FFFF}' => None,
        _ if character.is_whitespace() => Some(' '),
        _ => Some(character),
    }
}

/// Emoji and the older pictures among the symbols.
fn is_picture(character: char) -> bool {
    matches!(character,
        '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{2300}'..='\u{23FF}')
}

/// Whether a character is written without blanks around it.
pub fn is_cjk(character: char) -> bool {
    matches!(character,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2FA1F}')
}

/// Shortens white space, and joins Chinese characters that were typed one by one: "我 要 退 款".
fn join_spaced(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut joined = String::with_capacity(line.len());
        let mut single_before = false;
        for token in line.split(' ').filter(|token| !token.is_empty()) {
            let mut characters = token.chars();
            let single = characters.next().is_some_and(is_cjk) && characters.next().is_none();
            let apart = !(single && single_before);
            if apart && !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(token);
            single_before = single;
        }
        if !joined.is_empty() {
            lines.push(joined);
        }
    }
    lines.join("\n")
}

/// Shortens repeats of one to four characters to two of them. Letters and digits stay as they are, because in
/// "XXXL" and "1000" they carry meaning.
fn shorten(text: &str) -> (String, usize) {
    let characters: Vec<char> = text.chars().collect();
    let mut kept: Vec<char> = Vec::with_capacity(characters.len());
    for &character in &characters {
        kept.push(character);
        for unit in 1..=4 {
            if repeats_thrice(&kept, unit) {
                kept.truncate(kept.len() - unit);
                break;
            }
        }
    }
    let dropped = characters.len() - kept.len();
    (kept.into_iter().collect(), dropped)
}

fn repeats_thrice(characters: &[char], unit: usize) -> bool {
    let length = characters.len();
    if length < unit * 3 {
        return false;
    }
    let last = &characters[length - unit..];
    last.iter().all(|character| !character.is_ascii_alphanumeric() && *character != '\n')
        && characters[length - 2 * unit..length - unit] == *last
        && characters[length - 3 * unit..length - 2 * unit] == *last
}
