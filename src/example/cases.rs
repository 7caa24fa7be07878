//! How does an after-sale case go on? Opened, the goods back, inspected, and the money or the new parcel on its way; after
//! every step the whole record as it stands then.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::record::{Item, Record};
use crate::time::Now;

/// The first number of a day's cases here; the shop's own are smaller.
const FIRST_NUMBER: usize = 101;
/// The customer has so long to send something back.
const TO_SEND_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Each later step is done within so long.
const TO_GO_ON: SignedDuration = SignedDuration::from_hours(48);
/// The money is there within so long.
const TO_REFUND: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What a case comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseType {
    /// Goods back, money back.
    ReturnRefund,
    /// Goods back, other goods out.
    Exchange,
    /// Goods back, repaired, out again.
    Repair,
    /// Goods out.
    Reissue,
}

/// One state of a case: its code, and how the shop calls it.
type State = (&'static str, &'static str);

impl CaseType {
    /// The type of case that an action opens.
    pub fn of_action(kind: &str) -> Option<Self> {
        match kind {
            "return_refund" => Some(Self::ReturnRefund),
            "exchange" => Some(Self::Exchange),
            "repair" => Some(Self::Repair),
            "reissue" => Some(Self::Reissue),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::ReturnRefund => "return_refund",
            Self::Exchange => "exchange",
            Self::Repair => "repair",
            Self::Reissue => "reissue",
        }
    }

    /// The states in their order.
    fn states(self) -> &'static [State] {
        match self {
            Self::ReturnRefund => &[
                ("wait_return", "退货已通过，等顾客寄回"),
                ("wait_inspect", "退货在仓库，等验货"),
                ("refunding", "验货通过，退款已提交"),
                ("refunded", "退货完成，已原路退款"),
            ],
            Self::Exchange => &[
                ("wait_return", "换货已通过，等顾客寄回"),
                ("wait_inspect", "换回的商品在仓库，等验货"),
                ("wait_ship", "验货通过，新的一件等仓库发出"),
                ("shipped", "新的一件已发出"),
            ],
            Self::Repair => &[
                ("wait_return", "寄修已登记，等顾客寄回"),
                ("inspecting", "寄修已收到，检测中"),
                ("wait_ship", "修好了，等仓库寄回"),
                ("shipped", "修好的商品已寄回"),
            ],
            Self::Reissue => &[("wait_ship", "补发已登记，等仓库发出"), ("shipped", "补发已发出")],
        }
    }

    /// What the customer is told when it is opened. That it is opened says Warmdesk, and this follows it.
    pub fn told(self) -> &'static str {
        match self {
            Self::ReturnRefund => "请在7天内寄到浙江省杭州市余杭区暖芽仓退货组，寄出后把快递单号发在这里",
            Self::Exchange => "请在7天内把原来的寄到浙江省杭州市余杭区暖芽仓换货组，寄出后把快递单号发在这里",
            Self::Repair => "请寄到浙江省杭州市余杭区暖芽仓维修组，配件一起放进去，寄出后把快递单号发在这里",
            Self::Reissue => "仓库今天发出",
        }
    }
}

/// One after-sale case.
#[derive(Debug)]
struct Case {
    kind: CaseType,
    step: usize,
    record: Value,
}

impl Case {
    fn is_at_its_end(&self) -> bool {
        self.step + 1 >= self.kind.states().len()
    }
}

/// What a case is opened with.
pub struct Opening<'a> {
    pub kind: CaseType,
    pub order: &'a Record,
    /// The line of the order; without it all that was paid for.
    pub item: Option<&'a str>,
    /// How many of it; without it all.
    pub pieces: Option<f64>,
    /// What the customer said of it.
    pub reason: Option<&'a str>,
    /// What the customer wants instead.
    pub wanted: Option<&'a str>,
}

/// All cases.
#[derive(Debug, Default)]
pub struct Cases(Vec<Case>);

impl Cases {
    /// Opens one: its record. `Err` is the number of one that is open for the same already.
    pub fn open(&mut self, opening: &Opening<'_>, now: &Now) -> Result<Value, String> {
        let items = lines(opening);
        let same = |case: &&Case| {
            case.kind == opening.kind
                && !case.is_at_its_end()
                && case.record["order"] == opening.order.id.as_str()
                && case.record["items"] == json!(items)
        };
        if let Some(known) = self.0.iter().find(same) {
            return Err(known.record["id"].as_str().unwrap_or_default().to_owned());
        }
        let day = now.zoned().strftime("%Y%m%d");
        let id = format!("AS-{day}-{}", FIRST_NUMBER + self.0.len());
        let mut record = json!({
            "kind": "aftersale", "id": id, "order": opening.order.id,
            "customer": opening.order.customer(), "items": items, "type": opening.kind.as_str(),
            "cause": "unknown", "applied_at": shown(now, SignedDuration::ZERO), "evidence": [],
        });
        if opening.kind == CaseType::ReturnRefund {
            record["amount"] = json!(amount(opening));
        }
        if let Some(reason) = opening.reason {
            record["remarks"] = reason.into();
        }
        if let Some(wanted) = opening.wanted {
            record["exchange_to"] = json!({ "product": opening.item, "title": wanted });
        }
        let mut case = Case { kind: opening.kind, step: 0, record };
        enter(&mut case, opening.order, now);
        let record = case.record.clone();
        self.0.push(case);
        Ok(record)
    }

    /// The order of a case.
    pub fn order_of(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|case| case.record["id"] == id)?.record["order"].as_str()
    }

    /// Lets a case go on by one step: its record; none if there is no such case or it is at its end.
    pub fn next(&mut self, id: &str, order: &Record, now: &Now) -> Option<Value> {
        let case = self.0.iter_mut().find(|case| case.record["id"] == id && !case.is_at_its_end())?;
        case.step += 1;
        enter(case, order, now);
        Some(case.record.clone())
    }
}

/// Writes into the record what its state brings with it.
fn enter(case: &mut Case, order: &Record, now: &Now) {
    let (status, text) = case.kind.states()[case.step];
    let sends_back = status == "wait_return";
    let record = &mut case.record;
    record["status"] = status.into();
    record["status_text"] = text.into();
    // A later step never loses against an earlier one, whatever the clocks say.
    record["version"] = (case.step + 1).into();
    record["deadline_at"] = shown(now, if sends_back { TO_SEND_BACK } else { TO_GO_ON }).into();
    let at = shown(now, SignedDuration::ZERO);
    let number: u64 = record["id"]
        .to_string()
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |number, digit| (number * 10 + u64::from(digit - b'0')) % 10_000_000_000);
    match status {
        "wait_inspect" | "inspecting" => {
            record["return_shipment"] = json!({
                "carrier": "顺丰", "tracking": format!("SF{number:012}"), "status": "delivered", "delivered_at": at,
            });
        }
        "refunding" => {
            record["refund"] = json!({
                "channel": order.text("payment").unwrap_or("原支付渠道"), "submitted_at": at,
                "latest_at": shown(now, TO_REFUND), "done_at": null,
            });
        }
        "refunded" => record["refund"]["done_at"] = at.into(),
        "shipped" => {
            record["new_shipment"] = json!({
                "carrier": "中通", "tracking": format!("ZT{number:012}"), "status": "moving", "shipped_at": at,
                "events": [{ "at": at, "status": "已揽收", "place": "杭州转运中心", "text": "快件已由杭州转运中心揽收" }],
            });
        }
        _ => {}
    }
}

/// The lines of the order that the case is about.
fn affected(opening: &Opening<'_>) -> Vec<Item> {
    let mut items: Vec<Item> = opening.order.items().into_iter().filter(|item| !item.gift).collect();
    if let Some(wanted) = opening.item {
        items.retain(|item| item.product.as_deref() == Some(wanted) || item.sku.as_deref() == Some(wanted));
    }
    if let (Some(pieces), [item]) = (opening.pieces, items.as_mut_slice()) {
        item.quantity = item.quantity.min(pieces);
    }
    items
}

fn lines(opening: &Opening<'_>) -> Vec<Value> {
    let line = |item: Item| {
        let mut line = json!({ "title": item.title, "quantity": item.quantity });
        for (field, id) in [("product", item.product), ("sku", item.sku)] {
            if let Some(id) = id {
                line[field] = id.into();
            }
        }
        line
    };
    affected(opening).into_iter().map(line).collect()
}

/// What was paid for the lines, in yuan, whole cents.
fn amount(opening: &Opening<'_>) -> f64 {
    let paid = |item: &Item| item.price.unwrap_or_default() * item.quantity;
    let sum: f64 = affected(opening).iter().map(paid).sum();
    (sum * 100.0).round() / 100.0
}

/// A time in the shop's own time, as its records have it.
fn shown(now: &Now, later: SignedDuration) -> String {
    let moment = now.timestamp().saturating_add(later).unwrap_or(now.timestamp());
    now.at(moment).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
