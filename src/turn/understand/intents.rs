//! What does the customer want? Three kinds of evidence put together: linear models over groups of characters, the
//! nearest examples, and expressions; with a vector a fourth. What is asked is found in the whole message and in its
//! clauses, what it is about in the conversation around it too.
//!
//! All evidence is added as logarithms and becomes one distribution over intents. A topic is as likely as its intents
//! together, and the leading intent is the likeliest of the likeliest topic: two scenarios that share a topic do not
//! make the reading unsure.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::around::Around;
use super::clauses::{pieces, strip_politeness};
use super::groups::one_spelling;
use super::heads::{Heads, Labels, Said};
use super::material::{Earlier, Fingerprint, Material, Pattern};
use super::meant::Meant;
use super::nearest::{NearestExamples, Score};
use super::sense::Sense;
use super::stage::cues;
use crate::pack::expressions::Expressions;
use crate::pack::types::Pack;
use crate::turn::types::{IntentMatch, Matter, Stage};

/// Readings that are less sure than this are left out: the assistant asks rather than guesses.
pub const UNDERSTOOD: f32 = 0.3;
/// At most so many characters of a message are read.
const READ_CHARACTERS: usize = 400;
/// At most so many intents are named.
const MAX_INTENTS: usize = 6;
/// A message longer than this says more in its clauses than as a whole.
const WHOLE_CHARACTERS: usize = 60;
/// At most so many topics are guessed at, and only those that are likelier than this.
const MAX_GUESSES: usize = 3;
const GUESS: f32 = 0.06;
/// Topics that nobody is asked about.
const NEVER_GUESSED: [&str; 2] = ["smalltalk", "other"];

/// What each kind of evidence counts beside the intents' own model: the topics' model, the nearest examples, an
/// expression, the message's vector, and the stage. A few numbers for everything, chosen by hand while looking at
/// real utterances; they are not learned.
const TOPIC_MODEL: f32 = 1.0;
const NEAREST: f32 = 6.0;
const EXPRESSION: f32 = 1.5;
/// What is added for an expression that is nearly always right and matches all of the text: "人工" needs no more.
const DECISIVE: f32 = 4.0;
const MEANT: f32 = 1.5;
const STAGE: f32 = 0.3;
/// All logarithms are divided by it, because kinds of evidence that agree are not independent.
const HEAT: f32 = 1.6;
/// Words and a vector often err alike: what the logarithms of both together are divided by.
const MEANT_HEAT: f32 = 1.3;
/// What the whole of a short and of a long message counts beside its clauses.
const WHOLE_OF_SHORT: f32 = 0.65;
const WHOLE_OF_LONG: f32 = 0.4;
/// A text is known if so much of it, or more, is like an example or matched by an expression.
const KNOWN: f32 = 0.35;
/// What it counts that all of a text's groups stand in some examples.
const FAMILIAR: f32 = 0.6;
/// The share every stage has before anything is read.
const STAGE_FLOOR: f32 = 0.03;
/// What the stages' own model counts beside the intents.
const STAGE_MODEL: f32 = 0.4;
/// What the stage by the message's vector counts beside them.
const STAGE_MEANT: f32 = 0.6;
/// What an earlier message counts for the stage by its model and by its cues, fading from message to message; and what
/// the shop's counts beside the customer's.
const STAGE_EARLIER: f32 = 0.4;
const CUE_EARLIER: f32 = 0.7;
const FADE: f32 = 0.75;
const SELLER_SHARE: f32 = 0.7;
/// Hardly any message in the middle of a conversation is about no purchase.
const SERVICE_ALONE: f32 = 0.3;
const SERVICE_LATER: f32 = 1.0;

/// The examples and expressions of a pack, ready to read messages with.
#[derive(Debug)]
pub struct IntentReader {
    names: Vec<String>,
    labels: Vec<Labels>,
    /// The stage of each intent's scenario, also of those that may be said at any stage.
    stages: Vec<Option<Stage>>,
    /// The name of each topic; `None` stands for the topic of an intent without a scenario.
    topics: Vec<Option<String>>,
    smalltalk: Vec<bool>,
    heads: Heads,
    nearest: NearestExamples,
    /// The expressions of all intents, and what each is worth.
    expressions: Expressions,
    patterns: Vec<Pattern>,
    sense: Sense,
}

/// What was read: intents by falling confidence, and what the message is about.
#[derive(Debug, Clone, Default)]
pub struct Understood {
    /// The intents.
    pub intents: Vec<IntentMatch>,
    /// The likeliest topic and stage, however unsure.
    pub matter: Option<Matter>,
    /// The likeliest intents of the likeliest topics, however unsure.
    pub guesses: Vec<String>,
}

/// What was right about an example that was read as if it were new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Its intent.
    pub intent: bool,
    /// Its topic.
    pub topic: bool,
    /// Its stage, if it tells one.
    pub stage: Option<bool>,
}

/// How one text fits all intents.
struct Piece {
    /// The probability of each intent.
    intents: Vec<f32>,
    /// The probability of each stage by the stages' own model; empty without one.
    stages: Vec<f32>,
    /// How well the text is known: unlike all examples is near 0.
    known: f32,
    /// Why, for each intent that an expression or a near example speaks for.
    scores: Vec<Score>,
    hits: Vec<(usize, f32, String)>,
}

/// The readers in use, by what they learned from.
static IN_USE: Mutex<Vec<(Fingerprint, Weak<IntentReader>)>> = Mutex::new(Vec::new());

impl IntentReader {
    /// Prepares the intents of a pack. Learning takes a second or two, so a pack that differs from one in use only in what
    /// is answered shares its reader: a changed wording is in force at once.
    pub fn of(pack: &Pack) -> Arc<Self> {
        let material = Material::of(pack);
        let fingerprint = material.fingerprint(&pack.intents);
        // Held while learning, so that the same is not learned twice side by side.
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|(_, reader)| reader.strong_count() > 0);
        let known = in_use.iter().find(|(known, _)| *known == fingerprint);
        if let Some(reader) = known.and_then(|(_, reader)| reader.upgrade()) {
            return reader;
        }
        let reader = Arc::new(Self::learn(pack, material));
        in_use.push((fingerprint, Arc::downgrade(&reader)));
        reader
    }

    /// Reads a part of a pack's examples as if they were new, by what is learned from the others: every `folds`th one,
    /// beginning with the one at `fold`. Gives for each its intent's, topic's and stage's own name and the read ones.
    pub fn left_out(pack: &Pack, fold: usize, folds: usize) -> Vec<LeftOut> {
        let mut material = Material::of(pack);
        let out = material.leave_out(fold, folds);
        let reader = Self::learn(pack, material);
        let read = |(intent, example): (usize, Earlier)| {
            let around = Around::after(example.customer.as_deref(), example.seller.as_deref());
            let Understood { intents, matter, .. } = reader.read(&example.text, &around, None);
            let topic = reader.topics[reader.labels[intent].topic].clone();
            let (read_topic, read_stage) = matter.map(|matter| (matter.topic, matter.stage)).unzip();
            LeftOut {
                intent: reader.names[intent] == intents.first().map_or("", |first| first.intent.as_str()),
                topic: topic == read_topic,
                stage: reader.labels[intent].stage.map(|_| reader.stages[intent] == read_stage),
            }
        };
        out.into_iter().map(read).collect()
    }

    fn learn(pack: &Pack, mut material: Material) -> Self {
        material.judge_patterns(&pack.intents);
        let sizes = [material.names.len(), material.topics.len(), Stage::ALL.len()];
        let heads = Heads::train(&material.said(), sizes);
        let near = material.alone().map(|(intent, text)| (intent, one_spelling(strip_politeness(text))));
        let nearest = NearestExamples::new(material.names.len(), near);
        let sense = Sense::new(material.said().iter().map(|(said, _)| said.text));
        let smalltalk = material.topic_is("smalltalk");
        let expressions =
            Expressions::new(pack.intents.iter().flat_map(|intent| intent.patterns.clone()).collect());
        let Material { names, labels, stages, topics, patterns, .. } = material;
        Self { names, labels, stages, topics, smalltalk, heads, nearest, expressions, patterns, sense }
    }

    /// Reads a normalised question.
    pub(super) fn read(&self, question: &str, around: &Around, meant: Option<&Meant>) -> Understood {
        let text: String = question.chars().take(READ_CHARACTERS).collect::<String>().to_lowercase();
        if self.names.is_empty() || !text.chars().any(|c| !c.is_whitespace()) {
            return Understood::default();
        }
        let whole = strip_politeness(&text);
        let whole_piece = self.piece(whole, around);
        let mut parts = pieces(&text);
        parts.retain(|part| part != whole);
        let parts: Vec<Piece> = parts.iter().map(|part| self.piece(strip_politeness(part), around)).collect();
        let long = whole.chars().count() > WHOLE_CHARACTERS;
        let mut intents = self.pooled(&whole_piece, &parts, long);
        if let Some(meant) = meant {
            let by_topic: Vec<f32> = self.topics.iter().map(|topic| meant.topic(topic.as_deref())).collect();
            let evidence: Vec<f32> = self.labels.iter().map(|labels| by_topic[labels.topic]).collect();
            self.weigh(&mut intents, &evidence, MEANT, MEANT_HEAT);
        }
        let stage = self.stage(&text, &intents, &whole_piece, (around, meant));
        let by_stage: Vec<f32> = self
            .labels
            .iter()
            .map(|labels| labels.stage.map_or(0.0, |at| stage[at].max(0.02).ln()))
            .collect();
        self.weigh(&mut intents, &by_stage, STAGE, 1.0);
        self.understood(&intents, &stage, (&whole_piece, &parts), around)
    }

    /// Reads one text by all evidence but vectors.
    fn piece(&self, text: &str, around: &Around) -> Piece {
        let said = Said { text, customer: around.customer(), seller: around.seller() };
        let read = self.heads.read(said);
        let scores = self.nearest.scores(&one_spelling(text));
        let hits = self.hits(text);
        let of = |list: &[f32], at: usize, least: f32| list.get(at).map_or(0.0, |share| (share + least).ln());
        let mut evidence: Vec<f32> = self
            .labels
            .iter()
            .enumerate()
            .map(|(intent, labels)| {
                of(&read.intents, intent, 1e-4)
                    + TOPIC_MODEL * of(&read.topics, labels.topic, 1e-3)
                    + NEAREST * scores[intent].score
            })
            .collect();
        for (intent, worth, _) in &hits {
            evidence[*intent] += EXPRESSION * worth + DECISIVE * worth.powi(6);
        }
        let near = scores.iter().map(|score| score.score).fold(0.0, f32::max);
        let near = near.max(read.familiarity * FAMILIAR) * self.sense.of(text);
        let known = hits.iter().map(|hit| hit.1).fold(near, f32::max);
        Piece { intents: shares(&evidence, HEAT), stages: read.stages, known, scores, hits }
    }

    /// The best hit of each intent's expressions: the intent, what it is worth here, and the words it matched.
    fn hits(&self, text: &str) -> Vec<(usize, f32, String)> {
        let length = text.chars().count().max(1) as f32;
        let mut best: Vec<(usize, f32, String)> = Vec::new();
        for (number, expression) in self.expressions.possible(text) {
            let Some(hit) = expression.find(text) else { continue };
            let pattern = &self.patterns[number];
            let covered = (hit.as_str().chars().count() as f32 / length).min(1.0);
            let worth = pattern.precision * (0.5 + 0.5 * covered);
            match best.iter_mut().find(|(intent, _, _)| *intent == pattern.intent) {
                Some(known) if known.1 >= worth => {}
                Some(known) => *known = (pattern.intent, worth, hit.as_str().to_owned()),
                None => best.push((pattern.intent, worth, hit.as_str().to_owned())),
            }
        }
        best
    }

    /// The whole message and its clauses as one distribution; a long story as a whole is near to nothing.
    fn pooled(&self, whole: &Piece, parts: &[Piece], long: bool) -> Vec<f32> {
        if parts.len() < 2 && !(long && parts.len() == 1) {
            return whole.intents.clone();
        }
        let mut mean = vec![0.0_f32; self.names.len()];
        for part in parts {
            // A clause that is clear about its topic counts more than one that may be anything.
            let clear = part.intents.iter().copied().fold(0.0, f32::max) * part.known;
            for (mean, share) in mean.iter_mut().zip(&part.intents) {
                *mean += clear * share;
            }
        }
        let sum: f32 = mean.iter().sum::<f32>().max(1e-6);
        let share = if long { WHOLE_OF_LONG } else { WHOLE_OF_SHORT };
        let joined: Vec<f32> = mean
            .iter()
            .zip(&whole.intents)
            .map(|(part, whole)| share * (whole + 1e-4).ln() + (1.0 - share) * (part / sum + 1e-4).ln())
            .collect();
        shares(&joined, 1.0)
    }

    /// Adds evidence to a distribution.
    fn weigh(&self, intents: &mut Vec<f32>, evidence: &[f32], weight: f32, heat: f32) {
        let joined: Vec<f32> =
            intents.iter().zip(evidence).map(|(share, more)| (share + 1e-5).ln() + weight * more).collect();
        *intents = shares(&joined, heat);
    }

    /// The probability of each stage, by the message and by what was said before it.
    fn stage(
        &self,
        text: &str,
        intents: &[f32],
        whole: &Piece,
        (around, meant): (&Around, Option<&Meant>),
    ) -> Vec<f32> {
        let mut by_intents = [STAGE_FLOOR; Stage::ALL.len()];
        for (labels, share) in self.labels.iter().zip(intents) {
            if let Some(stage) = labels.stage {
                by_intents[stage] += share;
            }
        }
        let mut evidence: Vec<f32> = by_intents.iter().map(|share| share.ln()).collect();
        let mut add = |text: &str, stages: &[f32], weight: f32, cue: f32| {
            let told = cues(text);
            for (at, evidence) in evidence.iter_mut().enumerate() {
                let share = stages.get(at).map_or(0.0, |share| (share + 0.02).ln());
                *evidence += weight * share + cue * told[at];
            }
        };
        add(text, &whole.stages, STAGE_MODEL, 1.0);
        if let Some(meant) = meant {
            add("", meant.stages(), STAGE_MEANT, 0.0);
        }
        let (mut weight, mut cue) = (STAGE_EARLIER, CUE_EARLIER);
        for (customer, earlier) in around.latest() {
            let own = if customer { 1.0 } else { SELLER_SHARE };
            add(earlier, &self.heads.stages(earlier), weight * own, cue * own);
            weight *= FADE;
            cue *= FADE;
        }
        evidence[Stage::ALL.len() - 1] -= if around.is_empty() { SERVICE_ALONE } else { SERVICE_LATER };
        shares(&evidence, 1.0)
    }

    /// The intents that are sure enough, and the likeliest topic and stage.
    fn understood(
        &self,
        intents: &[f32],
        stage: &[f32],
        (whole, parts): (&Piece, &[Piece]),
        around: &Around,
    ) -> Understood {
        let known = parts.iter().map(|part| part.known).fold(whole.known, f32::max);
        let confidence = self.confidences(intents, known);
        let Some(lead) = self.lead(intents) else { return Understood::default() };
        let mut found: Vec<(usize, f32)> = confidence
            .iter()
            .copied()
            .enumerate()
            .filter(|(intent, confidence)| *confidence >= UNDERSTOOD || *intent == lead)
            .collect();
        for part in parts {
            let own = self.confidences(&part.intents, part.known);
            let Some(intent) = self.lead(&part.intents) else { continue };
            let sure = if self.smalltalk[intent] { own[intent] * 0.5 } else { own[intent] * 0.9 };
            match found.iter_mut().find(|(known, _)| *known == intent) {
                Some(known) if intent != lead => known.1 = known.1.max(sure),
                Some(_) => {}
                None => found.push((intent, sure)),
            }
        }
        let first = confidence[lead];
        let sure = self.topic_shares(intents)[self.labels[lead].topic] * familiarity(known);
        for (intent, confidence) in &mut found {
            if *intent != lead {
                *confidence = confidence.min(first - 0.001);
            }
        }
        found.retain(|(_, confidence)| *confidence >= UNDERSTOOD);
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found.truncate(MAX_INTENTS);
        let at =
            (0..Stage::ALL.len()).max_by(|left, right| stage[*left].total_cmp(&stage[*right])).unwrap_or(0);
        let calm = self.smalltalk[lead] && around.is_empty();
        let stage = if calm { self.stages[lead] } else { Some(Stage::ALL[at]) };
        let matter = self.topics[self.labels[lead].topic].clone().zip(stage);
        let matches = found.into_iter().map(|(intent, confidence)| IntentMatch {
            intent: self.names[intent].clone(),
            confidence: (confidence.clamp(0.0, 0.98) * 1000.0).round() / 1000.0,
            why: self.why(intent, whole, parts),
        });
        Understood {
            intents: matches.collect(),
            matter: matter.map(|(topic, stage)| Matter { topic, stage, confidence: sure }),
            guesses: if known < KNOWN / 2.0 { Vec::new() } else { self.guesses(intents) },
        }
    }

    /// The likeliest intent of each of the likeliest topics that can be asked about.
    fn guesses(&self, intents: &[f32]) -> Vec<String> {
        let shares = self.topic_shares(intents);
        let may_be = |topic: &usize| {
            let name = self.topics[*topic].as_deref();
            shares[*topic] >= GUESS && name.is_some_and(|name| !NEVER_GUESSED.contains(&name))
        };
        let mut topics: Vec<usize> = (0..shares.len()).filter(may_be).collect();
        topics.sort_by(|left, right| shares[*right].total_cmp(&shares[*left]));
        let likeliest = |topic: &usize| {
            let of_topic = (0..intents.len()).filter(|intent| self.labels[*intent].topic == *topic);
            of_topic.max_by(|left, right| intents[*left].total_cmp(&intents[*right]).then(right.cmp(left)))
        };
        let guessed = topics.iter().filter_map(likeliest).take(MAX_GUESSES);
        guessed.map(|intent| self.names[intent].clone()).collect()
    }

    /// The likeliest intent of the likeliest topic.
    fn lead(&self, intents: &[f32]) -> Option<usize> {
        let topics = self.topic_shares(intents);
        (0..intents.len()).max_by(|left, right| {
            let topic = |intent: &usize| topics[self.labels[*intent].topic];
            topic(left)
                .total_cmp(&topic(right))
                .then(intents[*left].total_cmp(&intents[*right]))
                .then(right.cmp(left))
        })
    }

    fn topic_shares(&self, intents: &[f32]) -> Vec<f32> {
        let mut topics = vec![0.0_f32; self.topics.len()];
        for (labels, share) in self.labels.iter().zip(intents) {
            topics[labels.topic] += share;
        }
        topics
    }

    /// How sure each intent is: as sure as its topic, less if other intents of the topic are as likely, and less if the
    /// text is unlike everything known.
    fn confidences(&self, intents: &[f32], known: f32) -> Vec<f32> {
        let topics = self.topic_shares(intents);
        let familiar = familiarity(known);
        self.labels
            .iter()
            .zip(intents)
            .map(|(labels, share)| {
                let topic = topics[labels.topic].max(1e-6);
                topic * (0.5 + 0.5 * share / topic) * if share / topic < 0.2 { 0.5 } else { 1.0 } * familiar
            })
            .collect()
    }

    fn why(&self, intent: usize, whole: &Piece, parts: &[Piece]) -> String {
        let all = || std::iter::once(whole).chain(parts);
        let hit = all().flat_map(|piece| &piece.hits).find(|hit| hit.0 == intent);
        if let Some((_, _, words)) = hit {
            return words.clone();
        }
        let best =
            all().map(|piece| piece.scores[intent]).max_by(|left, right| left.score.total_cmp(&right.score));
        best.and_then(|score| self.nearest.example(score))
            .map_or_else(String::new, |text| format!("≈ {text}"))
    }
}

/// How far a text that is known so well can be trusted to mean what it looks like.
fn familiarity(known: f32) -> f32 {
    (known / KNOWN).min(1.0)
}

/// Logarithmic evidence as shares of one; a heat above 1 makes them more alike.
fn shares(evidence: &[f32], heat: f32) -> Vec<f32> {
    let highest = evidence.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = evidence.iter().map(|one| ((one - highest) / heat).exp()).collect();
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}
