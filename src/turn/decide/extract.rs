//! Which sentences of a fact answer a question: the approved extract that is said when no model writes.

use std::collections::HashSet;

use crate::turn::types::Fact;

/// The longest extract, in characters: about two bubbles.
const LONGEST: usize = 110;

/// The least share of the question's character pairs that an extract must cover, weighted by rarity, to count as
/// an answer at all. Below it the extract is about something else.
const LEAST_FIT: f32 = 0.12;

/// A piece of a fact's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The text, exactly as it stands in the fact.
    pub text: String,
    /// How well it covers the question, from 0 to 1.
    pub fit: f32,
}

/// The contiguous sentences of a fact that fit the question best, or none if nothing fits.
pub fn best_extract(fact: &Fact, question: &str) -> Option<Extract> {
    let asked = pairs(question);
    if asked.is_empty() {
        return None;
    }
    let title = pairs(&fact.title);
    let sentences = sentences(&fact.text);
    let best = (0..sentences.len())
        .map(|start| (start, fit(&sentences[start].1, &asked, &title)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (start, fit) = best;
    (fit >= LEAST_FIT || fact.score >= 0.75)
        .then(|| Extract { text: grown(&fact.text, &sentences, start), fit })
}

/// The sentences of a fact that fit the question best, in the order of the text, up to a budget of characters.
/// What a prompt quotes of a long fact.
pub fn fitting_sentences(fact: &Fact, question: &str, budget: usize) -> String {
    let asked = pairs(question);
    let title = pairs(&fact.title);
    let sentences = sentences(&fact.text);
    let mut ranked: Vec<(usize, f32)> =
        sentences.iter().enumerate().map(|(index, (_, text))| (index, fit(text, &asked, &title))).collect();
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
    kept.into_iter().map(|index| sentences[index].1.as_str()).collect::<Vec<_>>().join("")
}

/// Adds the sentences that follow while they fit into the length, so that an enumeration is not cut in its middle.
fn grown(text: &str, sentences: &[(usize, String)], start: usize) -> String {
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
fn sentences(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut begin = 0;
    for (offset, character) in text.char_indices() {
        if matches!(character, '。' | '！' | '？' | '；' | ';' | '\n' | '!' | '?') {
            let end = offset + character.len_utf8();
            push(&mut found, text, begin, end);
            begin = end;
        }
    }
    push(&mut found, text, begin, text.len());
    found
}

fn push(found: &mut Vec<(usize, String)>, text: &str, begin: usize, end: usize) {
    if text[begin..end].trim().chars().count() > 1 {
        found.push((begin, text[begin..end].to_owned()));
    }
}

/// The share of the question's pairs in a sentence. Pairs that also stand in the title count little: every sentence
/// of a product's text is about the product.
fn fit(sentence: &str, asked: &HashSet<[char; 2]>, title: &HashSet<[char; 2]>) -> f32 {
    let here = pairs(sentence);
    let weight = |pair: &[char; 2]| if title.contains(pair) { 0.2 } else { 1.0 };
    let all: f32 = asked.iter().map(weight).sum();
    let covered: f32 = asked.iter().filter(|pair| here.contains(*pair)).map(weight).sum();
    if all > 0.0 { covered / all } else { 0.0 }
}

/// Character pairs of letters, digits and Chinese characters, lower-cased. Words without meaning are left out.
fn pairs(text: &str) -> HashSet<[char; 2]> {
    const EMPTY: &str = "的了吗呢啊吧是我你您他它在有和与请问一下这那个哪什么怎样能可以要会不";
    let characters: Vec<char> = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character.is_alphanumeric() { character } else { ' ' })
        .collect();
    characters
        .windows(2)
        .filter(|pair| !pair.contains(&' ') && !pair.iter().all(|character| EMPTY.contains(*character)))
        .map(|pair| [pair[0], pair[1]])
        .collect()
}
