//! How does the customer feel? A label with its strength, a second one, the trend, and flags; every one with the words
//! that decided it.
//!
//! Words come from the pack's lexicon. A word may hold `…`, which stands for up to eight characters of the same
//! clause: `都…天了`. A flag's expression that begins with `!` is not looked for but taken out before the others are:
//! `!漏电保护` keeps a product name from being an accident.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::lists::WordList;
use super::normalise::{Normalised, folded};
use super::tone::Tone;
use crate::pack::types::EmotionLexicon;
use crate::turn::types::{Emotion, EmotionFlag, EmotionLabel, Feedback, Memory, Trend};

/// How far before a word a negation or an intensifier counts, in characters.
const NEGATION_REACH: usize = 4;
/// A strong word is taken back only by what stands right before it: 不是骗子, but not 今天不到退了什么鬼.
const STRONG_NEGATION_REACH: usize = 2;
const STRONG: f32 = 0.75;
const INTENSIFIER_REACH: usize = 4;
/// Below this strength a label is not believed.
const FAINT: f32 = 0.28;
/// From this strength on dissatisfaction is anger.
const FURIOUS: f32 = 0.88;
/// What is left of the strength of the turn before when a message says nothing about feeling.
const FADING: f32 = 0.6;
/// Only so many characters are read, from the beginning and from the end.
const READ_CHARACTERS: usize = 600;

const LABELS: [EmotionLabel; 8] = EmotionLabel::ALL;

/// What a reading rests on. A turn uses both; the others are for measuring what each is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sources {
    /// The words of the lexicon and the trained classifiers.
    #[default]
    Both,
    /// The words alone.
    Lexicon,
    /// The classifiers alone.
    Model,
}

/// A lexicon, ready to be looked for.
#[derive(Debug)]
pub struct EmotionReader {
    sources: Sources,
    words: Vec<(String, EmotionLabel, f32)>,
    automaton: Option<AhoCorasick>,
    wide: Vec<(Regex, String, EmotionLabel, f32)>,
    flags: Vec<FlagRules>,
    negations: WordList,
    /// Words that hold a negation and are none: 特别, 不仅.
    no_negations: WordList,
    intensifiers: WordList,
}

#[derive(Debug)]
struct FlagRules {
    flag: EmotionFlag,
    found_by: Vec<Regex>,
    taken_out: Vec<Regex>,
}

/// What the words of a message say, label by label.
#[derive(Debug, Default)]
struct Scores {
    by_label: [f32; 8],
    /// Whether a word stood there that says nothing here, because it is taken back or part of a harmless one.
    taken_back: bool,
    why: Vec<String>,
}

impl Scores {
    /// Adds evidence: two signs of the same feeling are stronger than one, and never more than certain.
    fn add(&mut self, label: EmotionLabel, strength: f32, why: &str) {
        let score = &mut self.by_label[index(label)];
        *score = 1.0 - (1.0 - *score) * (1.0 - strength.clamp(0.0, 0.97));
        if self.why.len() < 12 && !self.why.iter().any(|known| known == why) {
            self.why.push(why.to_owned());
        }
    }

    fn get(&self, label: EmotionLabel) -> f32 {
        self.by_label[index(label)]
    }

    fn raise(&mut self, label: EmotionLabel, at_least: f32) {
        let score = &mut self.by_label[index(label)];
        *score = score.max(at_least);
    }

    fn negative(&self) -> f32 {
        LABELS.iter().filter(|label| label.is_negative()).map(|label| self.get(*label)).fold(0.0, f32::max)
    }
}

fn index(label: EmotionLabel) -> usize {
    LABELS.iter().position(|known| *known == label).unwrap_or(0)
}

impl EmotionReader {
    /// Prepares a lexicon.
    pub fn new(lexicon: &EmotionLexicon) -> Self {
        let mut words = Vec::new();
        let mut wide = Vec::new();
        for (word, label, strength) in &lexicon.words {
            if word.contains('…') {
                if let Some(expression) = wide_expression(word) {
                    wide.push((expression, word.clone(), *label, *strength));
                }
                continue;
            }
            let mut form = folded(word);
            if form.is_empty() {
                // A picture: normalising takes it out of text, and it is looked for among the signs.
                form = super::normalise::normalise(word).signs;
            }
            if !form.is_empty() {
                words.push((form, *label, *strength));
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(words.iter().map(|(word, _, _)| word))
            .ok()
            .filter(|_| !words.is_empty());
        let harmless = lexicon.words.iter().filter(|(_, label, _)| *label == EmotionLabel::Calm);
        let harmless = harmless.map(|(word, _, _)| word).chain(&lexicon.intensifiers);
        Self {
            sources: Sources::Both,
            no_negations: WordList::new(harmless.map(String::as_str)),
            words,
            automaton,
            wide,
            flags: lexicon
                .flags
                .iter()
                .map(|(flag, expressions)| FlagRules::new(*flag, expressions))
                .collect(),
            negations: WordList::new(lexicon.negations.iter().map(String::as_str)),
            intensifiers: WordList::new(lexicon.intensifiers.iter().map(String::as_str)),
        }
    }

    /// The same reader, resting on less.
    pub fn with_sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// Reads the emotion of a message and its trend over the conversation. An accepted answer ends what was felt before.
    pub fn read(&self, message: &Normalised, memory: &Memory, feedback: Feedback) -> Emotion {
        let text = readable(&message.text.to_lowercase());
        let mut scores = Scores::default();
        let mut flags = Vec::new();
        if self.sources != Sources::Model {
            self.read_words(&text, &mut scores);
            self.read_words(&message.signs, &mut scores);
            self.read_wide(&text, &mut scores);
            flags.extend(self.flags.iter().filter(|rules| rules.hit(&text)).map(|rules| rules.flag));
            read_flags(&flags, &mut scores);
            read_signs(message, &mut scores);
        }
        if self.sources != Sources::Lexicon {
            self.read_tone(message, &mut scores);
        }
        let mut emotion = settle(scores, flags);
        // A single "thank you" in a longer message is manners.
        let manners = emotion.label == EmotionLabel::Pleased && emotion.intensity < 0.45;
        if manners && text.chars().count() > 12 {
            emotion = Emotion { flags: emotion.flags, ..Emotion::default() };
        }
        if feedback != Feedback::Affirmed {
            carry_over(&text, memory, &mut emotion);
        }
        emotion.trend = trend(&emotion, memory);
        emotion
    }

    /// Where words are silent the classifiers may speak, as far as they agree; where words complain they can add to it.
    fn read_tone(&self, message: &Normalised, scores: &mut Scores) {
        let Some(tone) = Tone::read(message) else { return };
        let said = scores.by_label.iter().copied().fold(0.0, f32::max);
        let (label, strength) = match (self.sources, tone.alone(), tone.stronger()) {
            (Sources::Model, _, _) => match tone.guess() {
                Some(guess) => guess,
                None => return,
            },
            (_, Some(alone), _) if said < FAINT && !scores.taken_back => alone,
            (_, _, Some(more)) if scores.get(EmotionLabel::Dissatisfied) >= 0.6 => {
                (EmotionLabel::Dissatisfied, more)
            }
            _ => return,
        };
        scores.add(label, strength, "tone");
    }

    fn read_words(&self, text: &str, scores: &mut Scores) {
        let Some(automaton) = &self.automaton else { return };
        let mut repeats = 0;
        let mut last = usize::MAX;
        for hit in automaton.find_iter(text) {
            let (word, label, strength) = &self.words[hit.pattern().as_usize()];
            let asked = *label == EmotionLabel::Pleased
                && text[hit.end()..].starts_with(['吗', '么', '不', '没', '?']);
            scores.taken_back |= *label == EmotionLabel::Calm;
            if *label == EmotionLabel::Calm || asked || inside_latin_word(text, hit.start(), hit.end()) {
                continue;
            }
            repeats = if last == hit.pattern().as_usize() { repeats + 1 } else { 0 };
            last = hit.pattern().as_usize();
            let before = clause_before(text, hit.start());
            let reach = if *label == EmotionLabel::Angry && *strength >= STRONG {
                STRONG_NEGATION_REACH
            } else {
                NEGATION_REACH
            };
            let mut strength = *strength;
            if self.intensifiers.occurs(tail(before, INTENSIFIER_REACH)) {
                strength = (strength * 1.2).min(0.97);
            }
            if repeats > 0 {
                strength *= 0.4;
            }
            match (self.negated(tail(before, reach)), label) {
                (false, _) => scores.add(*label, strength, word),
                (true, EmotionLabel::Pleased) => {
                    scores.add(EmotionLabel::Dissatisfied, strength * 0.8, &format!("不{word}"));
                }
                (true, _) => scores.taken_back = true,
            }
        }
    }

    /// Whether an odd number of negations stands right before.
    fn negated(&self, before: &str) -> bool {
        let harmless = self.no_negations.find(before);
        let negations = self
            .negations
            .find(before)
            .into_iter()
            .filter(|(start, end)| !harmless.iter().any(|(from, to)| from <= start && end <= to));
        negations.count() % 2 == 1
    }

    fn read_wide(&self, text: &str, scores: &mut Scores) {
        for (expression, word, label, strength) in &self.wide {
            let Some(hit) = expression.find(text) else { continue };
            // 都5天了 is one sign, also where 5天了 is a word of its own.
            if scores.why.iter().any(|counted| hit.as_str().contains(counted.as_str())) {
                scores.raise(*label, *strength);
            } else {
                scores.add(*label, *strength, word);
            }
        }
    }
}

impl FlagRules {
    fn new(flag: EmotionFlag, expressions: &[Regex]) -> Self {
        let mut rules = Self { flag, found_by: Vec::new(), taken_out: Vec::new() };
        for expression in expressions {
            match expression.as_str().strip_prefix('!') {
                // The rest of a valid expression after a plain sign is valid, unless it begins with a repetition.
                Some(rest) => rules.taken_out.extend(Regex::new(rest).ok()),
                None => rules.found_by.push(expression.clone()),
            }
        }
        rules
    }

    fn hit(&self, text: &str) -> bool {
        if !self.found_by.iter().any(|expression| expression.is_match(text)) {
            return false;
        }
        let mut rest = text.to_owned();
        for expression in &self.taken_out {
            if expression.is_match(&rest) {
                rest = expression.replace_all(&rest, "，").into_owned();
            }
        }
        self.found_by.iter().any(|expression| expression.is_match(&rest))
    }
}

/// `都…天了`: up to eight characters of the same clause may stand in the gap.
fn wide_expression(word: &str) -> Option<Regex> {
    let parts: Vec<String> = word
        .split('…')
        .map(folded)
        .filter(|part| !part.is_empty())
        .map(|part| regex::escape(&part))
        .collect();
    if parts.is_empty() {
        return None;
    }
    Regex::new(&parts.join(r"[^,。!?;\n]{0,8}?")).ok()
}

/// The beginning and the end of a long message.
fn readable(text: &str) -> String {
    let count = text.chars().count();
    if count <= READ_CHARACTERS {
        return text.to_owned();
    }
    let half = READ_CHARACTERS / 2;
    text.chars().take(half).chain(['\n']).chain(text.chars().skip(count - half)).collect()
}

/// "sb" stands in "usb": a Latin word only counts as a whole.
fn inside_latin_word(text: &str, start: usize, end: usize) -> bool {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (latin(text[start..].chars().next()) && latin(text[..start].chars().next_back()))
        || (latin(text[..end].chars().next_back()) && latin(text[end..].chars().next()))
}

fn clause_before(text: &str, at: usize) -> &str {
    let before = &text[..at];
    let from = before
        .rfind([',', '。', '!', '?', ';', '\n'])
        .map_or(0, |cut| cut + before[cut..].chars().next().map_or(1, char::len_utf8));
    &before[from..]
}

fn tail(text: &str, characters: usize) -> &str {
    let from = text.char_indices().rev().nth(characters.saturating_sub(1)).map_or(0, |(at, _)| at);
    &text[from..]
}

fn read_flags(flags: &[EmotionFlag], scores: &mut Scores) {
    for flag in flags {
        match flag {
            EmotionFlag::Abusive => {
                scores.raise(EmotionLabel::Angry, 0.85);
                scores.why.push("abusive".into());
            }
            EmotionFlag::Sarcastic => {
                let praise = scores.get(EmotionLabel::Pleased);
                scores.by_label[index(EmotionLabel::Pleased)] = 0.0;
                scores.raise(EmotionLabel::Dissatisfied, praise.max(0.6));
                scores.why.push("sarcastic".into());
            }
            EmotionFlag::Urgent => scores.raise(EmotionLabel::Urgent, 0.5),
            EmotionFlag::Distrust => scores.raise(EmotionLabel::Hesitant, 0.35),
            EmotionFlag::Safety => scores.raise(EmotionLabel::Anxious, 0.7),
            EmotionFlag::Confused => {}
        }
    }
}

/// Punctuation and capitals make a feeling that is there stronger; alone they only show impatience.
fn read_signs(message: &Normalised, scores: &mut Scores) {
    let text = &message.text;
    let exclamations = text.matches('!').count();
    let mut boost: f32 = 0.0;
    if exclamations >= 1 {
        boost += 0.06;
    }
    if text.contains("!!") {
        boost += 0.10;
    }
    if text.contains("??") || text.contains("?!") || text.contains("!?") {
        boost += 0.08;
    }
    if message.shortened >= 3 {
        boost += 0.06;
    }
    if shouted(text) {
        boost += 0.15;
    }
    if boost == 0.0 {
        return;
    }
    let felt = scores.negative().max(scores.get(EmotionLabel::Pleased)).max(scores.get(EmotionLabel::Urgent));
    if felt >= FAINT {
        for (label, score) in LABELS.iter().zip(scores.by_label.iter_mut()) {
            if *score >= FAINT && *label != EmotionLabel::Hesitant {
                *score += (1.0 - *score) * boost * 1.5;
            }
        }
    } else if boost >= 0.2 || text.matches("??").count() >= 1 && text.chars().count() <= 6 {
        scores.add(EmotionLabel::Dissatisfied, 0.3 + boost, "!?");
    }
}

/// Latin text in capitals, as far as it is more than a model number.
fn shouted(text: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let capitals = text.chars().filter(char::is_ascii_uppercase).count();
    letters >= 12 && capitals * 10 >= letters * 9 && text.contains(' ')
}

/// The strongest feeling leads; a second one that is nearly as strong goes along.
fn settle(mut scores: Scores, flags: Vec<EmotionFlag>) -> Emotion {
    let negative = scores.negative();
    if negative >= FAINT {
        // Praise beside a complaint is mostly what the complaint is measured against.
        scores.by_label[index(EmotionLabel::Pleased)] *= 0.6;
        // Who is in a hurry and complains, complains.
        scores.by_label[index(EmotionLabel::Urgent)] *= 0.7;
        scores.by_label[index(EmotionLabel::Hesitant)] *= 0.6;
    }
    // So much dissatisfaction at once is anger.
    let dissatisfied = scores.get(EmotionLabel::Dissatisfied);
    if dissatisfied >= FURIOUS {
        scores.raise(EmotionLabel::Angry, dissatisfied);
        scores.by_label[index(EmotionLabel::Dissatisfied)] *= 0.9;
    }
    let mut order: Vec<(EmotionLabel, f32)> =
        LABELS.iter().copied().zip(scores.by_label).filter(|(_, score)| *score >= FAINT).collect();
    order.sort_by(|left, right| right.1.total_cmp(&left.1));
    let Some(&(label, intensity)) = order.first() else {
        return Emotion { flags, why: scores.why, ..Emotion::default() };
    };
    let also = order.get(1).filter(|(_, score)| *score >= intensity * 0.6).map(|(label, _)| *label);
    Emotion { label, also, intensity: rounded(intensity), trend: Trend::Steady, flags, why: scores.why }
}

/// A message that says nothing about feeling does not end the feeling of the message before; it fades.
fn carry_over(text: &str, memory: &Memory, emotion: &mut Emotion) {
    let Some(&(before, strength)) = memory.emotions.last() else { return };
    let left = strength * FADING;
    if emotion.label == EmotionLabel::Calm && before.is_negative() && left >= FAINT && !text.is_empty() {
        emotion.label = before;
        emotion.intensity = rounded(left.min(0.45));
        emotion.why.push("before".into());
    }
}

/// Against the last turns: stronger, weaker or the same.
fn trend(emotion: &Emotion, memory: &Memory) -> Trend {
    let pressure = |label: EmotionLabel, strength: f32| if label.is_negative() { strength } else { 0.0 };
    let last: Vec<f32> =
        memory.emotions.iter().rev().take(2).map(|(label, strength)| pressure(*label, *strength)).collect();
    if last.is_empty() {
        return Trend::Steady;
    }
    let before = last.iter().sum::<f32>() / last.len() as f32;
    let change = pressure(emotion.label, emotion.intensity) - before;
    match () {
        () if change > 0.12 => Trend::Rising,
        () if change < -0.12 => Trend::Falling,
        () => Trend::Steady,
    }
}

fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}
