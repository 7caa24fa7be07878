//! What does a person's own message say that no record carries? It is told, never stopped: people know more than records do.
//!
//! Only what a customer could hold the shop to is looked at: money, times, finished actions, things given away. A time by
//! which the person gives a word is owed from now on and needs no record.

use std::collections::BTreeMap;

use crate::turn::types::{By, Draft, Goal};

use super::evidence::Evidence;
use super::numbers;
use super::split::sentences;
use super::values::{Found, Value};
use super::{GuardContext, Sentence, done, fold, promise};

/// What is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoubtKind {
    /// Money that comes from no price, promotion, order or policy.
    Money,
    /// A day, a time or a length of time that stands in no record.
    Time,
    /// A finished action without a record of it.
    Done,
    /// Something given away that no policy gives.
    Promise,
}

/// Something that a person says and no record carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What it is.
    pub kind: DoubtKind,
    /// The words that say it.
    pub found: String,
}

/// Days that point to the conversation more often than to a record.
const NEAR_DAYS: [&str; 6] = ["今天", "今日", "昨天", "昨日", "today", "yesterday"];

/// What a message of a person says that its records do not carry, each thing once, in the order of the text. `gives_word`
/// tells of a sentence whether it says that somebody will do or tell something.
pub fn doubts(text: &str, context: &GuardContext<'_>, gives_word: impl Fn(&str) -> bool) -> Vec<Doubt> {
    let mut found = Vec::new();
    for part in sentences(text) {
        for doubt in of_sentence(&part, context, gives_word(&part)) {
            if !found.contains(&doubt) {
                found.push(doubt);
            }
        }
    }
    found
}

fn of_sentence(part: &str, context: &GuardContext<'_>, gives_word: bool) -> Vec<Doubt> {
    let sentence = Sentence::read(part, By::Wording, context);
    // A word by its own time is owed by then; what it gives away still needs a policy.
    let own: Vec<String> = match gives_word {
        true => {
            sentence.found.iter().filter(|one| is_time(&one.value)).map(|one| slice(&sentence, one)).collect()
        }
        false => Vec::new(),
    };
    let backed: Vec<String> = context.backed.iter().cloned().chain(own).collect();
    let context = &GuardContext { backed: &backed, ..*context };
    let draft = Draft {
        text: part.to_owned(),
        goal: Goal::Answer,
        by: By::Wording,
        evidence: Vec::new(),
        wording: None,
        slots: BTreeMap::new(),
    };
    let folded = fold::fold(part);
    let evidence = Evidence::gather(&draft, &folded, context);
    let mut doubts = values(&sentence, &evidence, context);
    doubts.retain(|doubt| !(gives_word && doubt.kind == DoubtKind::Time));
    if let Err((_, found)) = done::check(&sentence, &evidence, context) {
        doubts.push(Doubt { kind: DoubtKind::Done, found });
    }
    // To send what was bought by a time is owed like any other word.
    let gives = if gives_word { promise::gives_away } else { promise::gives };
    if gives(&sentence.folded)
        && let Err((_, found)) = promise::check(&sentence, &evidence, context)
        && !doubts.iter().any(|doubt| doubt.kind == DoubtKind::Done)
    {
        doubts.push(Doubt { kind: DoubtKind::Promise, found });
    }
    doubts
}

/// Money and times that stand in no record, each looked at by itself.
fn values(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for found in &sentence.found {
        let kind = match &found.value {
            Value::Money(_) => DoubtKind::Money,
            value if is_time(value) => DoubtKind::Time,
            _ => continue,
        };
        let said = slice(sentence, found);
        if kind == DoubtKind::Time && NEAR_DAYS.contains(&said.as_str()) {
            continue;
        }
        let alone = Sentence {
            folded: sentence.folded.clone(),
            chars: sentence.chars.clone(),
            found: vec![found.clone()],
            idle: Vec::new(),
            is_promise: false,
            is_written: false,
            named: sentence.named.clone(),
        };
        if numbers::check(&alone, evidence, &[], context.grounds.now).is_err() {
            doubts.push(Doubt { kind, found: said });
        }
    }
    doubts
}

fn is_time(value: &Value) -> bool {
    matches!(value, Value::Day(_) | Value::Moment(_) | Value::Duration(..))
}

fn slice(sentence: &Sentence, found: &Found) -> String {
    sentence.slice(found.start, found.end)
}

#[cfg(test)]
mod tests {
    use crate::record::RecordKind;
    use crate::turn::guard::tests::{fact, now, pack};
    use crate::turn::guard::{GoalOrder, Grounds};
    use crate::turn::types::{Emotion, Facts, Stage, Tier};

    use super::*;

    #[track_caller]
    fn check(text: &str, gives_word: bool, expected: &[(DoubtKind, &str)]) {
        let pack = pack();
        let facts = Facts {
            found: vec![
                fact(
                    RecordKind::Order,
                    "A1",
                    "订单A1，实付269.00元，11月14日下单",
                    serde_json::json!({"paid_amount": 269.0}),
                ),
                fact(
                    RecordKind::Policy,
                    "return",
                    "签收后7天内可以退货，退款原路退回",
                    serde_json::json!({}),
                ),
            ],
            ..Facts::default()
        };
        let now = now();
        let grounds = Grounds::new(&pack, "我11月16日问过", &facts, &now);
        let context = GuardContext {
            grounds: &grounds,
            emotion: &Emotion::default(),
            stage: Stage::AfterSale,
            tier: Tier::Standard,
            backed: &[],
            done: &["ticket_opened".to_owned()],
            order: GoalOrder::default(),
        };
        let found = doubts(text, &context, |_| gives_word);
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for (doubt, (kind, words)) in found.iter().zip(expected) {
            assert!(doubt.kind == *kind && doubt.found.contains(words), "{text}: {doubt:?}");
        }
    }

    #[test]
    fn only_what_no_record_carries_is_doubted() {
        use DoubtKind::*;
        check("您好，我看一下。", false, &[]);
        check("您实付269元，签收后7天内可以退。", false, &[]);
        check("您11月16日问过，我看到了。", false, &[]);
        check("补您50元。", false, &[(Money, "50元"), (Promise, "补您")]);
        check("3天内到。", false, &[(Time, "3天")]);
        check("今天看一下。", false, &[]);
        check("已经给您退款了。", false, &[(Done, "已经给您退款了")]);
    }

    #[test]
    fn a_word_by_its_own_time_is_owed_and_not_doubted() {
        check("下午4点前给您答复。", true, &[]);
        check("下午4点前给您答复。", false, &[(DoubtKind::Time, "4点")]);
        check("明天给您发出。", true, &[]);
        check("明天给您退款。", true, &[(DoubtKind::Promise, "给您退款")]);
    }
}
