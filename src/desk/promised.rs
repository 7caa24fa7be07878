//! Does an agent give the customer a word with a time? "下午四点前给您答复" is owed like what the assistant promises.

use jiff::Timestamp;
use jiff::civil::Time;

use super::hours::BusinessHours;
use crate::pack::types::Pack;
use crate::time::Now;
use crate::turn::understand::dates;

/// The kind of promise that an agent gives in a message.
pub const AGENT_WORD: &str = "agent_word";

/// By when an agent's message says that the customer hears something; none if it says no such thing. A word without a time
/// ("尽快回复您") is owed within `minutes` business minutes, one for a day by its end.
pub fn promised(
    text: &str,
    pack: &Pack,
    (hours, minutes): (&BusinessHours, u32),
    now: &Now,
) -> Option<Timestamp> {
    let sentences = text.split_inclusive(['。', '！', '？', '；', '\n', '!', '?', ';']);
    let given = sentences.filter(|sentence| gives_word(sentence, pack));
    let times = given
        .map(|sentence| named(sentence, now).unwrap_or_else(|| hours.due_in_business_minutes(now, minutes)));
    times.filter(|due| *due > now.timestamp()).min()
}

/// Whether a sentence says that somebody will do or tell something; a question does not.
pub fn gives_word(sentence: &str, pack: &Pack) -> bool {
    let asks = sentence.contains(['？', '?'])
        || sentence.trim_end_matches(['。', '！', '!']).ends_with(['吗', '呢']);
    let mut said = pack.guard.promises.iter().filter_map(|expression| expression.captures(sentence));
    !asks && said.any(|found| found.name("verb").is_some())
}

/// The moment that a sentence names, or the end of the day that it names.
fn named(sentence: &str, now: &Now) -> Option<Timestamp> {
    let day = dates::find(sentence, now).into_iter().next()?;
    if let Some(moment) = day.value.contains('T').then(|| now.parse(&day.value)).flatten() {
        return Some(moment);
    }
    let end = now.at(now.parse(&day.value)?).with().time(Time::constant(23, 59, 0, 0)).build().ok()?;
    Some(end.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::pack::load::{PackSource, load};

    #[test]
    fn a_word_with_a_time_is_owed_by_it() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let pack = load(&PackSource::Folder(folder).files("zh-CN").unwrap()).unwrap().pack;
        let hours = crate::config::Config::default().business_hours().unwrap();
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let now = Now::new("2026-11-20T10:12:00+08:00".parse().unwrap(), zone);
        for (text, due) in [
            ("我查一下，今天下午4点前给您答复，我会在这里回复您。", Some("2026-11-20T10:12:00+08:00")),
            ("明天下午3点会联系您", Some("2026-11-21T15:00:00+08:00")),
            ("您好，明天会给您处理好的", Some("2026-11-21T23:59:00+08:00")),
            ("您是想明天上午联系您吗？", None),
            ("已经退款了，请查收", None),
            ("您昨天下的单已经发出", None),
        ] {
            let found = promised(text, &pack, (&hours, 60), &now);
            let expected = due.map(|due| due.parse::<Timestamp>().unwrap());
            match (text.starts_with("我查"), found) {
                // What has no time in its own sentence is owed within the time of an answer.
                (true, Some(found)) => assert!(found > now.timestamp(), "{text}"),
                _ => assert_eq!(found, expected, "{text}"),
            }
        }
        let soon = promised("稍等，我会尽快回复您", &pack, (&hours, 60), &now);
        assert_eq!(soon, Some(hours.due_in_business_minutes(&now, 60)));
    }
}
