//! Which of the customer's own orders a message is about. An order of somebody else is as if it did not exist.

use super::Wanted;
use crate::knowledge::analyzer::Analyzer;
use crate::record::{Record, RecordKind, shipment_records};
use crate::turn::types::{EntityKind, Pending, Reading, TurnInput};

/// At most so many orders are offered to choose from.
const MOST_CHOICES: usize = 5;
/// A number of so many characters is that of an order, not its end.
const WHOLE_NUMBER: usize = 8;
/// So many characters before a number may say what it is.
const NEAR: usize = 7;

/// What came of it; the numbers are places in the list of orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OrderFocus {
    /// The order that is meant.
    pub order: Option<usize>,
    /// Why it is taken to be meant.
    pub why: &'static str,
    /// The orders to choose from, if it is not clear.
    pub choices: Vec<usize>,
    /// Whether the message names an order by a number that none of these has.
    pub unknown: bool,
}

impl OrderFocus {
    fn on(order: usize, why: &'static str) -> Self {
        Self { order: Some(order), why, ..Self::default() }
    }
}

/// Finds the order that is meant, the surest sign first.
pub(super) fn focus_order(
    orders: &[Record],
    analyzer: &Analyzer,
    reading: &Reading,
    input: &TurnInput,
    wanted: &Wanted,
) -> OrderFocus {
    if orders.is_empty() {
        return OrderFocus::default();
    }
    if let Some(order) = named(orders, reading) {
        return OrderFocus::on(order, "消息里说到的订单");
    }
    // What holds of another order is no answer to a question about this one.
    if names_unknown(reading) {
        return OrderFocus { unknown: true, ..OrderFocus::default() };
    }
    if let Some(order) = chosen(orders, reading, input) {
        return OrderFocus::on(order, "顾客选的订单");
    }
    let by_id = |id: &str| orders.iter().position(|order| order.id == id);
    if let Some(order) = input.page.order.as_deref().and_then(by_id) {
        return OrderFocus::on(order, "页面上的订单");
    }
    let by_words = by_product_words(orders, analyzer, reading);
    let remembered =
        input.memory.order.as_deref().map(|id| id.strip_prefix("order:").unwrap_or(id)).and_then(by_id);
    match (remembered, by_words.as_slice()) {
        (Some(order), []) => return OrderFocus::on(order, "正在谈的订单"),
        (Some(order), words) if words.contains(&order) => return OrderFocus::on(order, "正在谈的订单"),
        (_, [order]) => return OrderFocus::on(*order, "含有消息里说到的商品"),
        _ => {}
    }
    if orders.len() == 1 {
        return OrderFocus::on(0, "顾客唯一的订单");
    }
    if let Some(order) = wanted.flow_order.as_deref().and_then(by_id) {
        return OrderFocus::on(order, "正在办的订单");
    }
    if !asks_about_orders(&wanted.kinds) {
        return OrderFocus::default();
    }
    let among: Vec<usize> = if by_words.is_empty() { (0..orders.len()).collect() } else { by_words };
    by_state(orders, &among, input)
}

fn asks_about_orders(wanted: &[RecordKind]) -> bool {
    wanted.iter().any(|kind| matches!(kind, RecordKind::Order | RecordKind::Shipment | RecordKind::Aftersale))
}

/// The order whose number, tail of a number or tracking number stands in the message.
fn named(orders: &[Record], reading: &Reading) -> Option<usize> {
    let numbers = |order: &Record| -> Vec<String> {
        let tracking = order
            .shipments()
            .into_iter()
            .filter_map(|parcel| parcel.get("tracking")?.as_str().map(str::to_owned));
        std::iter::once(order.id.clone()).chain(tracking).collect()
    };
    if let Some(order) = orders.iter().position(|order| {
        numbers(order).iter().any(|number| number.len() >= 6 && contains_number(&reading.text, number))
    }) {
        return Some(order);
    }
    let said = reading
        .entities
        .iter()
        .filter(|entity| matches!(entity.kind, EntityKind::Order | EntityKind::Tracking));
    for entity in said {
        let ending: Vec<usize> = (0..orders.len())
            .filter(|index| {
                let tail = entity.value.as_str();
                tail.chars().count() >= 4
                    && numbers(&orders[*index]).iter().any(|number| number.ends_with(tail))
            })
            .collect();
        if let [order] = ending.as_slice() {
            return Some(*order);
        }
    }
    None
}

/// Whether a whole number is called that of an order. A bare number may be of a parcel that is sent back, or a tax number.
fn names_unknown(reading: &Reading) -> bool {
    let called_order = |number: &str| {
        let text = reading.text.to_lowercase();
        let Some(at) = text.find(&number.to_lowercase()) else { return false };
        let before = &text[..at];
        let near = &before[before.char_indices().rev().nth(NEAR).map_or(0, |(at, _)| at)..];
        near.contains("订单") || near.contains("order")
    };
    reading.entities.iter().any(|entity| {
        entity.kind == EntityKind::Order
            && entity.text.chars().count() >= WHOLE_NUMBER
            && called_order(&entity.text)
    })
}

/// Whether a number stands in a text, not as part of a longer one.
fn contains_number(text: &str, number: &str) -> bool {
    let text = text.to_lowercase();
    let number = number.to_lowercase();
    text.match_indices(&number).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + number.len()..].chars().next();
        !before.is_some_and(|one| one.is_ascii_alphanumeric())
            && !after.is_some_and(|one| one.is_ascii_alphanumeric())
    })
}

/// The answer to "which of these orders": 第二个, 2, ②, 最近那个.
fn chosen(orders: &[Record], reading: &Reading, input: &TurnInput) -> Option<usize> {
    let Some(Pending::ChooseOrder { orders: offered }) = &input.memory.pending else { return None };
    let text: String =
        reading.text.chars().filter(|one| !one.is_whitespace() && !one.is_ascii_punctuation()).collect();
    let place = (0..offered.len()).find(|place| says_place(&text, *place))?;
    let id = offered.get(place)?;
    let id = id.strip_prefix("order:").unwrap_or(id);
    orders.iter().position(|order| order.id == id)
}

/// Whether a text means the first, second, … of what was offered (`place` counts from 0): "第二个", "2", "②".
pub fn says_place(text: &str, place: usize) -> bool {
    const NUMBERS: [[&str; 3]; 5] =
        [["1", "一", "①"], ["2", "二", "②"], ["3", "三", "③"], ["4", "四", "④"], ["5", "五", "⑤"]];
    const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    let Some(numbers) = NUMBERS.get(place) else { return false };
    let lower = text.to_lowercase();
    let mut english = lower.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut beside =
        english.clone().filter(|word| !["the", "one", "please", "number", "option"].contains(word));
    if beside.next() == ORDINALS.get(place).copied() && beside.next().is_none() && english.next().is_some() {
        return true;
    }
    let first = place == 0 && ["最近", "最新", "最上面"].iter().any(|word| text.contains(word));
    first
        || numbers.iter().any(|number| {
            text == *number
                || ["第", "选", "选择", "订单"].iter().any(|before| {
                    let said = format!("{before}{number}");
                    text == said
                        || ["个", "单", "条", "项", "笔"]
                            .iter()
                            .any(|after| text.contains(&format!("{said}{after}")))
                })
        })
        || text.contains(numbers[2])
}

/// The orders that hold most of the product words of the message, if any does.
fn by_product_words(orders: &[Record], analyzer: &Analyzer, reading: &Reading) -> Vec<usize> {
    let terms = analyzer.query(&reading.question);
    let words: Vec<&str> =
        terms.words.iter().map(|(word, _)| word.as_str()).filter(|word| word.chars().count() >= 2).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let scores: Vec<usize> = orders
        .iter()
        .map(|order| {
            let titles: String =
                order.items().iter().map(|item| analyzer.normalise(&item.title) + "\n").collect();
            words.iter().filter(|word| titles.contains(**word)).map(|word| word.chars().count()).sum()
        })
        .collect();
    let best = scores.iter().copied().max().unwrap_or_default();
    if best == 0 {
        return Vec::new();
    }
    (0..orders.len()).filter(|index| scores[*index] == best).collect()
}

/// The one order that is abnormal, else the one that is not finished, else a choice.
fn by_state(orders: &[Record], among: &[usize], input: &TurnInput) -> OrderFocus {
    let states: Vec<(usize, bool, bool)> = among
        .iter()
        .map(|index| {
            let (abnormal, unfinished) = state(&orders[*index], input);
            (*index, abnormal, unfinished)
        })
        .collect();
    let abnormal: Vec<usize> =
        states.iter().filter(|(_, abnormal, _)| *abnormal).map(|(index, ..)| *index).collect();
    let unfinished: Vec<usize> =
        states.iter().filter(|(_, _, unfinished)| *unfinished).map(|(index, ..)| *index).collect();
    match (abnormal.as_slice(), unfinished.as_slice(), among) {
        ([order], _, _) => OrderFocus::on(*order, "有异常的订单"),
        (_, [order], _) => OrderFocus::on(*order, "未完成的订单"),
        (_, [], [order]) => OrderFocus::on(*order, "含有消息里说到的商品"),
        (_, [], all) => choices(all),
        (_, several, _) => choices(several),
    }
}

fn choices(among: &[usize]) -> OrderFocus {
    OrderFocus { choices: among.iter().copied().take(MOST_CHOICES).collect(), ..OrderFocus::default() }
}

/// Whether an order is abnormal (overdue, stalled, on its way back), and whether it is not finished yet.
fn state(order: &Record, input: &TurnInput) -> (bool, bool) {
    let fields = crate::record::derived_fields(order, &input.now);
    let overdue = fields.get("overdue").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let finished = matches!(
        order.text("status"),
        Some("delivered" | "returned" | "cancelled" | "closed" | "completed" | "refunded")
    );
    let parcels = shipment_records(order, &input.now);
    let stalled = parcels.iter().any(|parcel| parcel.text("status") == Some("stalled"));
    (!finished && (overdue || stalled), !finished)
}
