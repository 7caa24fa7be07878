//! How is a pack written in its files? The YAML shapes, with the lines where each thing stands.
//!
//! Names of enums stay texts here, so that all wrong ones are reported and not only the first.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// A text with its line.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    pub language: String,
    pub voice: RawVoice,
    pub prompt: RawHeadings,
}

/// See [`crate::pack::prompt::PromptHeadings`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeadings {
    pub evidence: String,
    pub history: String,
    pub question: String,
    pub customer: String,
    pub shop: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVoice {
    pub shop: String,
    pub assistant: String,
    pub reply_characters: usize,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScenario {
    pub id: Text,
    pub name: String,
    pub stage: Text,
    pub topic: Text,
    pub intent: Text,
    #[serde(default)]
    pub asks: Option<Text>,
    /// Further intents that may lead here.
    #[serde(default)]
    pub also_from: Vec<Text>,
    #[serde(default)]
    pub when: Option<Text>,
    #[serde(default)]
    pub priority: i32,
    #[serde(default)]
    pub emotion: RawEmotion,
    #[serde(default)]
    pub needs: Vec<Text>,
    #[serde(default)]
    pub reads: Vec<Text>,
    #[serde(default)]
    pub goals: Vec<RawGoal>,
    #[serde(default)]
    pub handoff: RawScenarioHandoff,
    #[serde(default)]
    pub breach: bool,
    #[serde(default)]
    pub examples: Vec<Text>,
    #[serde(default)]
    pub patterns: Vec<Text>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmotion {
    #[serde(default)]
    pub expect: Vec<Text>,
    #[serde(default)]
    pub start: f32,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScenarioHandoff {
    #[serde(default)]
    pub always: Option<RawAlways>,
    #[serde(default)]
    pub after_failed: Option<u32>,
    #[serde(default)]
    pub detail: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlways {
    pub reason: Text,
    pub mode: Text,
}

/// `soothe`, or `answer: { by: model, evidence: [knowledge] }`.
#[derive(Clone)]
pub(super) struct RawGoal {
    pub goal: Text,
    pub body: RawGoalBody,
}

#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGoalBody {
    #[serde(default)]
    pub by: Option<Text>,
    #[serde(default)]
    pub evidence: Vec<Text>,
    #[serde(default)]
    pub about: Option<String>,
    #[serde(default)]
    pub promise: Option<Text>,
    #[serde(default)]
    pub action: Option<Text>,
    #[serde(default)]
    pub flow: Option<Text>,
    #[serde(default)]
    pub when: Option<Text>,
    #[serde(default)]
    pub optional: bool,
}

impl<'de> Deserialize<'de> for RawGoal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<RawGoalShape>::deserialize(deserializer)?;
        let (name, body) = match spanned.value {
            RawGoalShape::Name(name) => (name, RawGoalBody::default()),
            RawGoalShape::Body(name, body) => (name, *body),
        };
        Ok(Self { goal: Spanned::new(name, spanned.referenced, spanned.defined), body })
    }
}

enum RawGoalShape {
    Name(String),
    Body(String, Box<RawGoalBody>),
}

impl<'de> Deserialize<'de> for RawGoalShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = RawGoalShape;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter
                    .write_str("a goal, as in `soothe` or `answer: { by: model, evidence: [knowledge] }`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RawGoalShape, E> {
                Ok(RawGoalShape::Name(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawGoalShape, A::Error> {
                let Some(name) = map.next_key::<String>()? else {
                    return Err(A::Error::custom("a goal must have a name"));
                };
                let body = map.next_value::<RawGoalBody>()?;
                match map.next_key::<String>()? {
                    None => Ok(RawGoalShape::Body(name, Box::new(body))),
                    Some(second) => Err(A::Error::custom(format!(
                        "one goal a list item, found `{name}` and `{second}`; is the second one indented too far to the left?"
                    ))),
                }
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// Variants of each tier; a plain list means `standard`.
pub(super) struct RawTiers(pub BTreeMap<String, Vec<Spanned<RawWording>>>);

impl<'de> Deserialize<'de> for RawTiers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tiers;
        impl<'de> Visitor<'de> for Tiers {
            type Value = RawTiers;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of wordings, or one list a tier")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawTiers, A::Error> {
                let mut variants = Vec::new();
                while let Some(variant) = seq.next_element()? {
                    variants.push(variant);
                }
                Ok(RawTiers(BTreeMap::from([("standard".to_owned(), variants)])))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawTiers, A::Error> {
                let mut tiers = BTreeMap::new();
                while let Some((tier, variants)) = map.next_entry()? {
                    tiers.insert(tier, variants);
                }
                Ok(RawTiers(tiers))
            }
        }
        deserializer.deserialize_any(Tiers)
    }
}

/// A text, or `{ text: …, when: … }`.
pub(super) struct RawWording {
    pub text: String,
    pub when: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWordingBody {
    text: String,
    #[serde(default)]
    when: Option<String>,
}

impl<'de> Deserialize<'de> for RawWording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = RawWording;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a wording: a text, or `{ text: …, when: … }`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RawWording, E> {
                Ok(RawWording { text: text.to_owned(), when: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawWording, A::Error> {
                let body = RawWordingBody::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(RawWording { text: body.text, when: body.when })
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandoff {
    pub unresolved_turns: u32,
    pub not_understood: u32,
    pub rules: Vec<RawHandoffRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandoffRule {
    pub id: Text,
    #[serde(rename = "match")]
    pub matches: Vec<Text>,
    #[serde(default)]
    pub unless: Vec<Text>,
    pub reason: Text,
    #[serde(default)]
    pub detail: Option<String>,
    pub mode: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRedLine {
    pub id: Text,
    pub name: String,
    pub level: Text,
    /// The law or rule it comes from, for people.
    #[serde(default)]
    #[expect(dead_code, reason = "read by the people who edit the file")]
    pub basis: Option<String>,
    #[serde(rename = "match")]
    pub matches: Vec<Text>,
    #[serde(default)]
    pub unless: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPromise {
    pub within_business_minutes: u32,
    pub task: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawActions {
    pub records: BTreeMap<String, Vec<String>>,
    pub actions: Vec<RawAction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAction {
    pub id: Text,
    pub name: String,
    pub by: Text,
    pub started_by: Vec<Text>,
    pub promise: Text,
    #[serde(default)]
    pub policy: Option<Text>,
    #[serde(default)]
    pub confirm: bool,
    #[serde(default)]
    pub arguments: Vec<RawArgument>,
    pub task: String,
    #[serde(default)]
    pub carries: RawCarried,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArgument {
    pub name: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub from: Text,
    #[serde(default)]
    pub optional: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCarried {
    pub started: Vec<String>,
    pub done: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlows {
    pub flows: Vec<RawFlow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlow {
    pub id: Text,
    pub name: String,
    #[serde(default)]
    pub policy: Option<Text>,
    #[serde(default)]
    pub aftersale: Option<Text>,
    #[serde(default)]
    pub takes_over: Vec<Text>,
    #[serde(default)]
    pub ended_by: Vec<Text>,
    pub steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub id: Text,
    pub name: String,
    #[serde(default)]
    pub asks: Option<Text>,
    #[serde(default)]
    pub options: Vec<RawOption>,
    #[serde(default)]
    pub does: Option<Text>,
    #[serde(default)]
    pub waits_for: Option<Text>,
    #[serde(default)]
    pub when: Option<Text>,
    #[serde(default)]
    pub done_when: Option<Text>,
    #[serde(default)]
    pub fails_when: Option<Text>,
    #[serde(default)]
    pub remind_after_hours: Option<u32>,
    #[serde(default)]
    pub expires_after_hours: Option<u32>,
    #[serde(default)]
    pub expires_after_minutes: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOption {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub words: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawEmotions {
    /// By label, then strength, the words.
    pub words: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub flags: BTreeMap<String, Vec<Text>>,
    pub negations: Vec<String>,
    pub intensifiers: Vec<String>,
    pub affirmations: Vec<String>,
    pub rejections: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGuard {
    pub harmless: Vec<String>,
    pub carriers: Vec<String>,
    pub payments: Vec<String>,
    pub polarity: Vec<(String, String)>,
    pub done_claims: Vec<Text>,
    pub written_claims: Vec<Text>,
    pub promises: Vec<Text>,
    pub grants: Vec<Text>,
    pub courtesies: Vec<Text>,
    pub announces: Vec<Text>,
    pub recalls: Vec<Text>,
}
