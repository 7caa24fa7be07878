//! Where does one thought end and the next begin? Clauses of a message, and politeness that carries no meaning.

use std::sync::LazyLock;

use regex::Regex;

/// The most clauses that are read; of a longer message the first ones and the last ones.
const MAX_CLAUSES: usize = 16;
/// A clause without punctuation longer than this was probably spoken, and is read in overlapping pieces.
const SPOKEN_CLAUSE: usize = 22;
/// Length of such a piece, in characters.
const PIECE: usize = 14;

static BOUNDARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[,。!?;、\n~…]+|\.(?:\s|\.|$)|\.(?:[^\x00-\x7F])?").expect("a fixed expression")
});
static CONNECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"另外|顺便|对了|然后|还有就是|还想问|再问一下|再问下|而且|但是|不过|\balso\b|\band also\b|\bbtw\b",
    )
    .expect("a fixed expression")
});
static POLITENESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:亲亲|亲爱的|亲|你好|您好|hello|hi|hey|喂|哈喽|老板娘?|店家|掌柜的?|客服|小二|美女|帅哥|请问一下|请问下|请问|问一下|问下|想问一下|想问下|想问问|想问|我想知道|我想咨询一下|想咨询一下|咨询一下|咨询下|麻烦问下|麻烦您?|打扰一下|打扰了|那个|就是|嗯+|哦+|啊+|呃+|额+|那么?|please|excuse me|can you tell me|could you tell me|[ ,。!?:~、])+",
    )
    .expect("a fixed expression")
});

/// The clauses of a folded text, without empty ones.
pub fn clauses(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut from = 0;
    for hit in BOUNDARY.find_iter(text) {
        // A full stop between letters or digits ("4.5", "v2.1") is none.
        if hit.as_str() == "." {
            continue;
        }
        let (end, next) = match hit.as_str().strip_prefix('.').and_then(|rest| rest.chars().next()) {
            Some(after) if !after.is_ascii() => (hit.start(), hit.start() + 1),
            _ => (hit.start(), hit.end()),
        };
        push_parts(&text[from..end], &mut all);
        from = next;
    }
    push_parts(&text[from..], &mut all);
    if all.len() > MAX_CLAUSES {
        let tail = all.split_off(all.len() - 4);
        all.truncate(MAX_CLAUSES - 4);
        all.extend(tail);
    }
    all
}

/// Cuts at connectives and at blanks between Chinese words, which people type instead of commas.
fn push_parts<'a>(clause: &'a str, all: &mut Vec<&'a str>) {
    let mut from = 0;
    for hit in CONNECTIVE.find_iter(clause) {
        push_spaced(&clause[from..hit.start()], all);
        from = hit.end();
    }
    push_spaced(&clause[from..], all);
}

fn push_spaced<'a>(part: &'a str, all: &mut Vec<&'a str>) {
    let mut push = |piece: &'a str| {
        let piece = piece.trim();
        if !piece.is_empty() {
            all.push(piece);
        }
    };
    let mut from = 0;
    for (at, _) in part.match_indices(' ') {
        let left = part[from..at].chars().next_back();
        let right = part[at + 1..].chars().next();
        if left.is_some_and(super::normalise::is_cjk) && right.is_some_and(super::normalise::is_cjk) {
            push(&part[from..at]);
            from = at + 1;
        }
    }
    push(&part[from..]);
}

/// What intents are read from: the clauses, long unpunctuated ones in overlapping pieces.
pub fn pieces(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for clause in clauses(text) {
        let characters: Vec<char> = clause.chars().collect();
        if characters.len() <= SPOKEN_CLAUSE || clause.is_ascii() {
            all.push(clause.to_owned());
            continue;
        }
        let mut from = 0;
        while from < characters.len() && all.len() < MAX_CLAUSES * 2 {
            let end = (from + PIECE).min(characters.len());
            all.push(characters[from..end].iter().collect());
            if end == characters.len() {
                break;
            }
            from += PIECE / 2;
        }
    }
    all.truncate(MAX_CLAUSES * 2);
    all
}

/// The text without greetings and polite openings, unless nothing else is left.
pub fn strip_politeness(text: &str) -> &str {
    let rest = POLITENESS.find(text).map_or(text, |hit| &text[hit.end()..]);
    if rest.chars().filter(|c| c.is_alphanumeric()).count() >= 2 { rest } else { text }
}
