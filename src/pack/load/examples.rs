//! What do customers say in the middle of a conversation? Reads `examples/*.yaml`.
//!
//! A scenario's own examples stand with it and speak for themselves. Much of what customers type only has a meaning
//! after what was said before ("那蓝色呢", "我已经关注了"); such examples are kept in files of their own, by scenario,
//! with the customer's question and the shop's answer that came before them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::files::PackFiles;
use super::problem::{At, Problems};
use super::scenarios::Located;
use crate::pack::types::{ExampleInContext, Intent};

/// `券去哪里领`, or `{ customer: 有优惠吗, seller: 有店铺券, say: 去哪里领 }`.
struct RawExample(ExampleInContext);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInContext {
    say: String,
    #[serde(default)]
    customer: Option<String>,
    #[serde(default)]
    seller: Option<String>,
}

impl<'de> Deserialize<'de> for RawExample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = RawExample;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, or `{ customer: …, seller: …, say: … }`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RawExample, E> {
                Ok(RawExample(ExampleInContext { customer: None, seller: None, say: text.to_owned() }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawExample, A::Error> {
                let RawInContext { say, customer, seller } =
                    RawInContext::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawExample(ExampleInContext { customer, seller, say }))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// Adds the examples to the intents of their scenarios.
pub(super) fn read(
    files: &PackFiles,
    scenarios: &[Located],
    intents: &mut BTreeMap<String, Intent>,
    problems: &mut Problems,
) {
    for (path, text) in files.in_folder("examples") {
        for (id, examples) in super::yaml::entries::<Vec<Spanned<RawExample>>>(path, text, problems) {
            let scenario = scenarios.iter().find(|located| located.scenario.id == id);
            let Some(scenario) = scenario else {
                if problems.may_be_scenario(&id) {
                    continue;
                }
                let at = examples.first().map_or(At::file(path), |first| At::text(path, first));
                problems.error(at, format!("examples of `{id}`, and there is no such scenario"));
                continue;
            };
            let Some(intent) = intents.get_mut(&scenario.scenario.intent) else { continue };
            for example in examples {
                if example.value.0.say.trim().is_empty() {
                    problems.error(At::text(path, &example), "an example without text; write what is said");
                    continue;
                }
                intent.in_context.push(example.value.0);
            }
        }
    }
}
