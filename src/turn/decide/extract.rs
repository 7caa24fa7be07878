//! Which sentences of the facts answer a question: the approved extract that is said when no model writes, and what
//! a prompt quotes of a long fact.
//!
//! Character pairs are compared, weighed by how few of the facts at hand have them: the product's name stands in
//! every fact about it and says nothing about which one answers.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::record::RecordKind;
use crate::turn::types::Fact;

/// The longest extract, in characters: about two bubbles.
const LONGEST: usize = 110;

/// The least weighed share of the question that an extract and its title must cover to count as an answer at all.
/// Below it the extract is about something else.
const LEAST_FIT: f32 = 0.2;

/// From this score on the search itself is sure enough: the fact says the same in other words.
const FOUND_BY_MEANING: f32 = 0.45;

/// How much the search's own score counts.
const SEARCH: f32 = 0.25;

type Pair = [char; 2];

/// A piece of a fact's text.
#[derive(Debug, Clone)]
pub struct Extract<'f> {
    /// The fact.
    pub fact: &'f Fact,
    /// The text, exactly as it stands in the fact.
    pub text: String,
}

/// The contiguous sentences among the facts that fit the question best, or none if nothing fits.
pub fn best_extract<'f>(facts: &[&'f Fact], question: &str) -> Option<Extract<'f>> {
    let asked = Asked::new(question, facts);
    let mut best: Option<(f32, &'f Fact, usize)> = None;
    for fact in facts {
        let headline = headline(fact);
        let known = pairs(&headline);
        for (start, sentence) in sentences(body(fact)).iter().enumerate() {
            // A sentence about a product answers only what it has of the question beside the product's name.
            let only_names = fact.kind == RecordKind::Product && asked.beyond(sentence.1, &known) <= 0.0;
            if only_names || is_internal(sentence.1) {
                continue;
            }
            let fit = asked.share(&format!("{headline} {}", sentence.1)) + SEARCH * fact.score;
            if best.is_none_or(|(before, _, _)| fit > before) {
                best = Some((fit, fact, start));
            }
        }
    }
    let (fit, fact, start) = best?;
    let enough = fit - SEARCH * fact.score >= LEAST_FIT || fact.score >= FOUND_BY_MEANING;
    // A short entry whose title is asked for is the answer from its beginning; a product begins with its name.
    let whole = fact.kind != RecordKind::Product && body(fact).chars().count() <= LONGEST;
    let start = if whole { 0 } else { start };
    enough.then(|| Extract { fact, text: grown(body(fact), start) })
}

/// How well a fact as a whole answers a question.
#[derive(Debug, Clone, Copy)]
pub struct Ranked<'f> {
    /// The fact.
    pub fact: &'f Fact,
    /// The weighed share of the question that its title and ways of asking have, from 0 to 1.
    pub title: f32,
    fit: f32,
}

/// The facts by how well they answer a question, best first.
pub fn ranked<'f>(facts: &[&'f Fact], question: &str) -> Vec<Ranked<'f>> {
    let asked = Asked::new(question, facts);
    let rank = |fact: &&'f Fact| {
        let headline = headline(fact);
        let title = asked.share(&headline);
        let fit = asked.share(&format!("{headline} {}", body(fact))) + SEARCH * fact.score;
        Ranked { fact, title, fit }
    };
    let mut ranked: Vec<Ranked<'f>> = facts.iter().map(rank).collect();
    ranked.sort_by(|a, b| b.fit.total_cmp(&a.fit));
    ranked
}

/// The sentences of a fact that fit the question best, in the order of the text, up to a budget of characters.
pub fn fitting_sentences(fact: &Fact, question: &str, budget: usize) -> String {
    let asked = Asked::new(question, &[fact]);
    let sentences = sentences(body(fact));
    let mut ranked: Vec<(usize, f32)> =
        sentences.iter().enumerate().map(|(index, (_, text))| (index, asked.share(text))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut kept = Vec::new();
    let mut used = 0;
    for (index, _) in ranked {
        let length = sentences[index].1.chars().count();
        if used + length > budget && used > 0 {
            continue;
        }
        used += length;
        kept.push(index);
    }
    kept.sort_unstable();
    kept.into_iter().map(|index| sentences[index].1).collect()
}

/// The pairs of a question with their weights.
struct Asked {
    weights: HashMap<Pair, f32>,
    all: f32,
}

impl Asked {
    fn new(question: &str, facts: &[&Fact]) -> Self {
        let texts: Vec<HashSet<Pair>> =
            facts.iter().map(|fact| pairs(&format!("{} {}", headline(fact), fact.text))).collect();
        let weight = |pair: &Pair| {
            let having = texts.iter().filter(|text| text.contains(pair)).count();
            1.0 / (1.0 + having as f32)
        };
        let weights: HashMap<Pair, f32> =
            pairs(question).into_iter().map(|pair| (pair, weight(&pair))).collect();
        Self { all: weights.values().sum(), weights }
    }

    /// The weight of what a text has of the question and the headline has not.
    fn beyond(&self, text: &str, headline: &HashSet<Pair>) -> f32 {
        let here = pairs(text);
        let new = self.weights.iter().filter(|(pair, _)| here.contains(*pair) && !headline.contains(*pair));
        new.map(|(_, weight)| weight).sum()
    }

    /// The weighed share of the question that a text has, from 0 to 1.
    fn share(&self, text: &str) -> f32 {
        if self.all <= 0.0 {
            return 0.0;
        }
        let here = pairs(text);
        self.weights.iter().filter(|(pair, _)| here.contains(*pair)).map(|(_, weight)| weight).sum::<f32>()
            / self.all
    }
}

/// The title and the ways of asking that an entry lists.
fn headline(fact: &Fact) -> String {
    let questions = fact.fields.get("questions").and_then(Value::as_array).into_iter().flatten();
    let questions = questions.filter_map(Value::as_str);
    std::iter::once(fact.title.as_str()).chain(questions).collect::<Vec<_>>().join(" ")
}

/// Whether a line holds nothing but a name that only systems use: "活动：promo_new_20".
fn is_internal(sentence: &str) -> bool {
    let value = sentence.split_once(['：', ':']).map_or("", |(_, value)| value.trim());
    value.contains('_') && value.chars().all(|one| one.is_ascii_alphanumeric() || "_-.".contains(one))
}

/// The text without its own title in front.
fn body(fact: &Fact) -> &str {
    let separators = ['：', ':', '\n'];
    let rest = fact
        .text
        .strip_prefix(fact.title.as_str())
        .filter(|rest| rest.trim_start_matches(' ').starts_with(separators))
        .map(|rest| rest.trim_start_matches(separators).trim_start_matches([' ', '\n']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(&fact.text)
}

/// Adds the sentences that follow while they fit into the length, so that an enumeration is not cut in its middle.
fn grown(text: &str, start: usize) -> String {
    let sentences = sentences(text);
    let begin = sentences[start].0;
    let mut end = begin + sentences[start].1.len();
    for (offset, sentence) in &sentences[start + 1..] {
        if text[begin..offset + sentence.len()].chars().count() > LONGEST || text[..*offset].ends_with('\n') {
            break;
        }
        end = offset + sentence.len();
    }
    text[begin..end].trim().to_owned()
}

/// Sentences with the byte offset where each begins; separators belong to the sentence before them.
fn sentences(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut push = |begin: usize, end: usize| {
        if text[begin..end].trim().chars().count() > 1 {
            found.push((begin, &text[begin..end]));
        }
    };
    for (offset, character) in text.char_indices() {
        if matches!(character, '。' | '！' | '？' | '；' | ';' | '\n' | '!' | '?') {
            let end = offset + character.len_utf8();
            push(begin, end);
            begin = end;
        }
    }
    push(begin, text.len());
    found
}

/// Character pairs of letters, digits and Chinese characters, lower-cased. Pairs of words without meaning are left
/// out.
fn pairs(text: &str) -> HashSet<Pair> {
    const EMPTY: &str = "的了吗呢啊吧是我你您他它在有和与请问一下这那个哪什么怎样能可以要会不";
    let lower = text.chars().flat_map(char::to_lowercase);
    let characters: Vec<char> =
        lower.map(|character| if character.is_alphanumeric() { character } else { ' ' }).collect();
    let digit = |at: usize| characters.get(at).is_some_and(char::is_ascii_digit);
    let after_digit = |at: usize| at.checked_sub(1).is_some_and(digit);
    let pair = |at: usize, first: char, second: char| match (digit(at), digit(at + 1)) {
        (true, true) => (!after_digit(at)).then(|| number(&characters[at..])),
        // The end of a longer number says nothing.
        (true, false) if after_digit(at) => None,
        (false, true) if digit(at + 2) => None,
        _ => Some([first, second]),
    };
    characters
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| !pair.contains(&' ') && !pair.iter().all(|one| EMPTY.contains(*one)))
        .filter_map(|(at, two)| pair(at, two[0], two[1]))
        .collect()
}

/// A number as one pair, so that "315" has nothing of "2026-12-31".
fn number(characters: &[char]) -> Pair {
    let digits = characters.iter().map_while(|one| one.to_digit(10)).take(9);
    let value = digits.fold(0, |value, digit| value * 10 + digit);
    // Private characters stand for the upper and the lower half.
    let half = |part: u32| char::from_u32(0xF_0000 + part).unwrap_or(' ');
    [half(value >> 15), half(value & 0x7FFF)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fact(title: &str, text: &str, questions: &[&str]) -> Fact {
        Fact {
            id: format!("knowledge:{title}"),
            kind: RecordKind::Knowledge,
            title: title.into(),
            text: format!("{title}：{text}"),
            fields: json!({ "questions": questions }),
            score: 0.4,
            why: String::new(),
            policy: false,
        }
    }

    #[test]
    fn the_sentence_that_answers_is_chosen_not_the_one_that_repeats_the_name() {
        let wash = fact("睡袋怎么洗", "30 度以下机洗，不要烘干。第一次洗会缩 1 到 2 厘米。", &["睡袋缩水吗"]);
        let warm = fact("恒温睡袋室温", "恒温睡袋适合室温 16 到 22 度。", &[]);
        let long = fact(
            "吸奶器说明",
            &format!(
                "{}工作声音约 42 分贝。{}",
                "吸力分九档，按键可调。".repeat(9),
                "配件可以开水消毒。".repeat(9)
            ),
            &[],
        );
        let facts = [&wash, &warm, &long];
        let check = |question: &str, expected: &str| {
            let extract = best_extract(&facts, question).unwrap();
            assert!(extract.text.contains(expected), "{question}: {}", extract.text);
            assert!(extract.fact.text.contains(&extract.text), "an extract is a piece of the fact");
            assert!(extract.text.chars().count() <= LONGEST);
        };
        check("恒温睡袋怎么洗，会不会缩水", "30 度以下机洗");
        check("恒温睡袋适合多少度", "16 到 22 度");
        check("吸奶器声音多少分贝", "42 分贝");
        assert!(best_extract(&facts, "你们招聘司机吗").is_none());
    }

    #[test]
    fn a_line_that_only_names_the_product_answers_nothing() {
        let box_of_six = Fact {
            kind: RecordKind::Product,
            ..fact("满月礼盒 六件", "商品：满月礼盒 六件\n材质：棉", &[])
        };
        let facts = [&box_of_six];
        assert!(best_extract(&facts, "满月礼盒里面都有什么").is_none());
        let extract = best_extract(&facts, "满月礼盒什么材质").unwrap();
        assert_eq!(extract.text, "材质：棉");
    }

    #[test]
    fn a_number_is_compared_as_a_whole() {
        let check = |left: &str, right: &str, shared: bool| {
            assert_eq!(!pairs(left).is_disjoint(&pairs(right)), shared, "{left} / {right}");
        };
        check("315", "2026-12-31 24:00", false);
        check("315", "到 315 为止", true);
        check("22度", "22 度以上", true);
        check("90码", "190码", false);
        check("12号", "120号", false);
    }

    #[test]
    fn a_sentence_that_begins_with_the_title_is_kept_whole() {
        let postage = Fact {
            text: "Postage is free from 40.00.".into(),
            ..fact("Postage", "", &["how much is postage"])
        };
        let extract = best_extract(&[&postage], "how much is postage").unwrap();
        assert_eq!(extract.text, "Postage is free from 40.00.");
    }
}
