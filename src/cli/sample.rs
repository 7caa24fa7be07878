//! The sample shop, embedded in the program: its records with all times shifted to the present, its customers and
//! its example questions.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;
use crate::record::{Record, RecordKind, parse_ndjson};
use crate::time::Now;

/// The name under which the store keeps the sample shop's records.
pub const SOURCE: &str = "sample shop";

#[derive(RustEmbed)]
#[folder = "tests/shop/"]
struct Files;

/// Beside the other one, not in it: whoever indexes the sample shop's folder indexes one shop.
#[derive(RustEmbed)]
#[folder = "tests/shop_en/"]
struct EnglishFiles;

/// `shop.toml`.
#[derive(Debug, Clone, Deserialize)]
pub struct SampleShop {
    /// The shop's name.
    pub name: String,
    /// The assistant's name.
    pub assistant: String,
    /// The moment around which its records are written.
    pub reference_time: String,
}

fn file<F: RustEmbed>(name: &str) -> anyhow::Result<Vec<u8>> {
    Ok(F::get(name).with_context(|| format!("the sample shop lacks {name}"))?.data.into_owned())
}

/// Names and reference time.
pub fn shop() -> anyhow::Result<SampleShop> {
    described::<Files>()
}

fn described<F: RustEmbed>() -> anyhow::Result<SampleShop> {
    Ok(toml::from_str(std::str::from_utf8(&file::<F>("shop.toml")?)?)?)
}

/// The sample shop's sister that speaks another language: its names, and its records as they stand.
pub fn sister(language: &str) -> anyhow::Result<(SampleShop, Vec<Record>)> {
    anyhow::ensure!(language == "en", "the sample shop has no sister that speaks `{language}`");
    Ok((described::<EnglishFiles>()?, read::<EnglishFiles>()?))
}

fn read<F: RustEmbed>() -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for name in F::iter().filter(|name| name.ends_with(".ndjson")) {
        let read = parse_ndjson(&file::<F>(&name)?, &name);
        records.extend(read.map_err(|faults| anyhow::anyhow!("{}", faults[0]))?);
    }
    Ok(records)
}

/// Gives the sample shop's names to the settings, where those name no other.
pub fn name_shop(config: &mut Config) -> anyhow::Result<()> {
    let shop = shop()?;
    config.shop.name.get_or_insert(shop.name);
    config.shop.assistant.get_or_insert(shop.assistant);
    Ok(())
}

/// The example questions: the customer who asks, if one does, and the question.
pub fn questions() -> anyhow::Result<Vec<(Option<String>, String)>> {
    let text = String::from_utf8(file::<Files>("questions.txt")?)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|line| match line.split_once('\t') {
            Some((customer, question)) => (Some(customer.to_owned()), question.to_owned()),
            None => (None, line.to_owned()),
        })
        .collect())
}

/// All records, with every time that has a clock part moved by the time that has passed since the reference: parcels
/// that stood still for three days stand still for three days today.
pub fn records(now: &Now) -> anyhow::Result<Vec<Record>> {
    let reference: Timestamp =
        shop()?.reference_time.parse().context("shop.toml: reference_time is no time")?;
    let shift = now.timestamp().duration_since(reference);
    let mut records = read::<Files>()?;
    for record in &mut records {
        for value in record.fields.values_mut() {
            shifted(value, shift, now);
        }
    }
    Ok(records)
}

/// The customers, with what is interesting about each.
pub fn customers(records: &[Record]) -> Vec<(String, String)> {
    let of_kind = records.iter().filter(|record| record.kind == RecordKind::Customer);
    of_kind.map(|record| (record.id.clone(), record.text("name").unwrap_or(&record.id).to_owned())).collect()
}

fn shifted(value: &mut Value, shift: SignedDuration, now: &Now) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shifted(item, shift, now)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shifted(field, shift, now)),
        Value::String(text) if has_clock(text) => {
            if let Some(moved) = now.parse(text).and_then(|moment| moment.checked_add(shift).ok()) {
                *text = now.at(moved).strftime("%Y-%m-%d %H:%M:%S").to_string();
            }
        }
        _ => {}
    }
}

/// A time with a clock part: `2026-11-20 10:12…`. Bare dates (birthdays, batches) and prose stay as they are.
fn has_clock(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 16
        && bytes.len() <= 25
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && matches!(bytes[10], b'T' | b' ')
        && bytes[13] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn the_sample_shop_is_always_today() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let now = Now::new("2027-03-01T02:12:00Z".parse().unwrap(), zone);
        let records = records(&now).unwrap();
        let order = records.iter().find(|record| record.id == "20261114008712").unwrap();
        let shipment = order.shipments()[0];
        let last = shipment["events"].as_array().unwrap().last().unwrap()["at"].as_str().unwrap();
        let silence = now.timestamp().duration_since(now.parse(last).unwrap());
        assert_eq!(silence.as_mins(), 83 * 60 + 32, "the parcel stood still for 83.5 hours and still does");
        assert!(records.len() > 250);
    }

    #[test]
    fn only_times_with_a_clock_are_moved() {
        for (text, expected) in [
            ("2026-11-20 10:12:00", true),
            ("2026-11-20T10:12:00+08:00", true),
            ("2026-05-01", false),
            ("签收后7天内可退", false),
            ("2026年11月20日 10:12", false),
        ] {
            assert_eq!(has_clock(text), expected, "{text}");
        }
    }
}
