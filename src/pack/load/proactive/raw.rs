//! How is `proactive.yaml` written? The YAML shapes, with the lines where each thing stands.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::pack::load::raw::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProactive {
    #[serde(default)]
    pub brakes: RawBrakes,
    #[serde(default)]
    pub stopped_by: Vec<Text>,
    pub rules: Vec<RawRule>,
}

/// A number with its line.
pub(super) type Number = Spanned<u32>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawBrakes {
    pub enabled: Option<bool>,
    pub dry_run: Option<bool>,
    pub quiet: Option<RawQuiet>,
    pub a_day: Option<Number>,
    pub a_week: Option<Number>,
    pub orders_a_day: Option<Number>,
    pub apart_minutes: Option<Number>,
    pub after_dismissal_days: Option<Number>,
    pub after_trouble_hours: Option<Number>,
    pub rule_an_hour: Option<Number>,
    pub shop_an_hour: Option<Number>,
    pub holdout_percent: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuiet {
    pub from: Text,
    pub until: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub id: Text,
    pub name: String,
    #[serde(default)]
    pub enabled: Option<bool>,
    pub on: Vec<Text>,
    pub purpose: Text,
    #[serde(default)]
    pub when: Option<Text>,
    #[serde(default)]
    pub still: Option<Text>,
    pub moment: Spanned<RawMoment>,
    #[serde(default)]
    pub expires_after_minutes: Option<u32>,
    #[serde(default)]
    pub expires_after_hours: Option<u32>,
    #[serde(default)]
    pub expires_after_days: Option<u32>,
    #[serde(default)]
    pub priority: i32,
    pub once_per: Text,
    #[serde(default)]
    pub renewed: bool,
    #[serde(default)]
    pub cancelled_by: Vec<Text>,
    #[serde(default)]
    pub offers: Option<Text>,
    #[serde(default)]
    pub does: Option<Text>,
    #[serde(default)]
    pub a_day: Option<u32>,
    #[serde(default)]
    pub choices: Vec<RawChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChoice {
    pub label: Text,
    pub say: String,
    #[serde(default)]
    pub yes: bool,
}

/// `now`, or what it is counted from.
pub(super) enum RawMoment {
    Named(String),
    Counted(Box<RawCounted>),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCounted {
    pub after_minutes: Option<u32>,
    pub after_hours: Option<u32>,
    pub after_days: Option<u32>,
    pub days_of: Option<String>,
    pub less: Option<u32>,
    pub at: Option<String>,
    pub before: Option<String>,
    pub minutes: Option<u32>,
    pub hours: Option<u32>,
}

impl<'de> Deserialize<'de> for RawMoment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = RawMoment;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a moment: `now`, or `{ after_hours: 24 }` and the like")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<RawMoment, E> {
                Ok(RawMoment::Named(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMoment, A::Error> {
                let counted = RawCounted::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(RawMoment::Counted(Box::new(counted)))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}
