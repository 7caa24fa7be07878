//! Do the things a sentence speaks of stand in the evidence, the question or the language of service?

use std::sync::LazyLock;

use jieba_rs::Jieba;
use regex::Regex;

use crate::pack::types::Pack;
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::is_han;
use super::{Sentence, Verdict};

static WORDS: LazyLock<Jieba> = LazyLock::new(Jieba::new);
static SUPERLATIVE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"最([^近晚早后多少终新迟初低高大长快\W])").expect("a fixed pattern"));

/// From so many words on, and when so large a part of them is nowhere known, the sentence speaks of something else.
const STRANGE_WORDS: usize = 5;
const STRANGE_PART: f32 = 0.8;

/// Checks one written sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, pack: &Pack) -> Verdict {
    let refuse = |word: &str| Err((GuardReason::ClaimNotInEvidence, word.to_owned()));
    if let Some(found) = SUPERLATIVE.find(&sentence.folded)
        && !evidence.text.contains(found.as_str())
    {
        return refuse(found.as_str());
    }
    let known = |word: &str| is_known(word, evidence, pack);
    let (mut content, mut strange) = (0, 0);
    let mut before = "";
    for tag in WORDS.tag(&sentence.folded, true) {
        let long = tag.word.chars().filter(|character| is_han(*character)).count() >= 2;
        let stands = !long || known(tag.word);
        let noun = tag.tag.starts_with('n') || tag.tag == "s" || tag.tag == "vn";
        let event = matches!(before, "已" | "已经") && tag.tag.starts_with('v');
        if (noun || event) && !stands {
            return refuse(tag.word);
        }
        if long && (noun || tag.tag.starts_with('v') || tag.tag.starts_with('a')) {
            content += 1;
            strange += usize::from(!stands);
        }
        before = tag.word;
    }
    let part = strange as f32 / content.max(1) as f32;
    if content >= STRANGE_WORDS && part >= STRANGE_PART { refuse("hardly a word is known") } else { Ok(()) }
}

/// Whether a word stands in the evidence, in the question, or is the language of service; a long word also if its
/// beginning and its end do.
fn is_known(word: &str, evidence: &Evidence<'_>, pack: &Pack) -> bool {
    let stands = |part: &str| {
        pack.guard.harmless.iter().any(|harmless| harmless == part)
            || evidence.text.contains(part)
            || evidence.question.contains(part)
            || evidence.backed_text.contains(part)
            || pack.voice.shop.contains(part)
            || pack.voice.assistant.contains(part)
    };
    if stands(word) {
        return true;
    }
    let chars: Vec<char> = word.chars().collect();
    let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    match chars.len() {
        0..=2 => false,
        3 => stands(&part(0, 2)) && evidence.text.contains(chars[2]) || stands(&part(1, 3)) && evidence.text.contains(chars[0]),
        length => stands(&part(0, 2)) && stands(&part(length - 2, length)),
    }
}
