//! What does the system know, and what does it do about a wish? Its orders, its stock, its after-sale cases; each wish is
//! done once, and whoever asks again is answered the same.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::cases::{CaseType, Cases, Opening};
use super::orders;
use super::parcels::{self, Stage};
use crate::actions::{ActionResult, Outcome};
use crate::record::{Record, RecordKind, derived_fields};
use crate::time::Now;

/// Something is kept for a customer for so long.
const RESERVED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What is wanted.
pub struct Wish<'a> {
    /// The action's id.
    pub id: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// The verified customer; empty if nobody has signed in.
    pub customer: &'a str,
    /// What it is done with.
    pub args: &'a Map<String, Value>,
}

impl<'a> Wish<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.args.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// A number of things; people write them as text.
    fn count(&self, name: &str) -> u64 {
        let told = self.args.get(name);
        let number = told.and_then(Value::as_u64);
        number.or_else(|| told?.as_str()?.trim().parse().ok()).filter(|count| *count > 0).unwrap_or(1)
    }
}

/// What is answered to a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It is being done.
    Later,
    /// This came of it.
    Result(ActionResult),
    /// A person has to do it.
    ByPerson,
}

/// What a wish comes to.
#[derive(Debug)]
pub struct Work {
    /// What is answered now.
    pub answer: Answer,
    /// What is found out later.
    pub finding: Option<ActionResult>,
    /// The records that changed.
    pub records: Vec<Value>,
}

impl Work {
    fn answered(answer: Answer) -> Self {
        Self { answer, finding: None, records: Vec::new() }
    }
}

/// What came of a wish, in words.
type Said = (Outcome, String);

fn done(text: impl Into<String>) -> Said {
    (Outcome::Done, text.into())
}

fn failed(text: impl Into<String>) -> Said {
    (Outcome::Failed, text.into())
}

/// Everything the system knows.
#[derive(Debug)]
pub struct Books {
    orders: BTreeMap<String, Record>,
    products: BTreeMap<String, Record>,
    /// Pieces that are kept for customers, by product.
    reserved: BTreeMap<String, u64>,
    cases: Cases,
    answered: BTreeMap<String, Answer>,
}

impl Books {
    /// The books of a shop with these records.
    pub fn new(records: Vec<Record>) -> Self {
        let mut books = Self {
            orders: BTreeMap::new(),
            products: BTreeMap::new(),
            reserved: BTreeMap::new(),
            cases: Cases::default(),
            answered: BTreeMap::new(),
        };
        for record in records {
            let shelf = match record.kind {
                RecordKind::Order => &mut books.orders,
                RecordKind::Product => &mut books.products,
                _ => continue,
            };
            shelf.insert(record.id.clone(), record);
        }
        books
    }

    /// Does what is wanted, once. Asked again it does nothing and answers the same.
    pub fn execute(&mut self, wish: &Wish<'_>, now: &Now) -> Work {
        if let Some(answer) = self.answered.get(wish.id) {
            return Work::answered(answer.clone());
        }
        let work = self.work(wish, now);
        self.answered.insert(wish.id.to_owned(), work.answer.clone());
        work
    }

    /// Leads an order on by one step: the order as it stands then, and what happened.
    pub fn lead_on(&mut self, order: &str, now: &Now) -> Option<(Value, Value)> {
        orders::lead_on(self.orders.get_mut(order)?, now)
    }

    /// Lets an after-sale case go on by one step.
    pub fn next(&mut self, case: &str, now: &Now) -> Option<Value> {
        let order = self.orders.get(self.cases.order_of(case)?)?;
        self.cases.next(case, order, now)
    }

    fn work(&mut self, wish: &Wish<'_>, now: &Now) -> Work {
        if wish.kind == "reserve_stock" {
            let said = self.reserve(wish, now);
            return Work::answered(Answer::Result(result(wish, said)));
        }
        let asks = Asks::of(wish.kind);
        let Some(asks) = asks else { return Work::answered(Answer::ByPerson) };
        let Some(order) = self.order_of(wish) else {
            return Work::answered(Answer::Result(result(wish, failed("系统里没有这个订单"))));
        };
        match asks {
            Asks::Carrier => {
                let finding = Some(result(wish, traced(order, wish, now)));
                Work { answer: Answer::Later, finding, records: Vec::new() }
            }
            Asks::Case(kind) => self.open(kind, wish, now),
            Asks::Cancelling => self.cancel(wish),
            Asks::Word(word) => {
                let said = word(order, wish, now);
                Work::answered(Answer::Result(result(wish, said)))
            }
            Asks::Price => {
                let said = self.protect_price(order, wish);
                Work::answered(Answer::Result(result(wish, said)))
            }
        }
    }

    /// The order that is spoken of, if it is the customer's.
    fn order_of(&self, wish: &Wish<'_>) -> Option<&Record> {
        let order = self.orders.get(wish.text("order")?)?;
        (wish.customer.is_empty() || order.customer() == Some(wish.customer)).then_some(order)
    }

    fn reserve(&mut self, wish: &Wish<'_>, now: &Now) -> Said {
        let product = wish.text("product").and_then(|id| self.products.get(id));
        let Some(product) = product else { return failed("系统里没有这件商品") };
        let stock = derived_fields(product, now).get("stock").and_then(Value::as_u64).unwrap_or_default();
        let kept = self.reserved.entry(product.id.clone()).or_default();
        let left = stock.saturating_sub(*kept);
        let count = wish.count("quantity");
        if left < count {
            let text =
                if left == 0 { "仓库没货了".to_owned() } else { format!("仓库只剩{left}件") };
            return failed(text);
        }
        *kept += count;
        let until = now.timestamp().saturating_add(RESERVED_FOR).unwrap_or(now.timestamp());
        done(format!("给您留了{count}件，留到{}", now.at(until).strftime("%-m月%-d日%H:%M")))
    }

    fn open(&mut self, kind: CaseType, wish: &Wish<'_>, now: &Now) -> Work {
        let Some(order) = wish.text("order").and_then(|id| self.orders.get(id)) else {
            return Work::answered(Answer::ByPerson);
        };
        let sends_back = kind != CaseType::Reissue;
        if sends_back && parcels::stage(order) != Stage::Delivered {
            let said = failed("系统里这单还没有签收，不能寄回");
            return Work::answered(Answer::Result(result(wish, said)));
        }
        let opening = Opening {
            kind,
            order,
            item: wish.text("item"),
            pieces: wish.text("pieces").and_then(pieces),
            reason: ["reason", "fault", "missing", "wish"].into_iter().find_map(|name| wish.text(name)),
            wanted: wish.text("wanted"),
        };
        match self.cases.open(&opening, now) {
            Ok(record) => Work {
                answer: Answer::Result(result(wish, done(kind.told()))),
                finding: None,
                records: vec![record],
            },
            Err(known) => {
                let said = failed(format!("同样的售后单{known}还在办"));
                Work::answered(Answer::Result(result(wish, said)))
            }
        }
    }

    fn cancel(&mut self, wish: &Wish<'_>) -> Work {
        let Some(order) = wish.text("order").and_then(|id| self.orders.get_mut(id)) else {
            return Work::answered(Answer::ByPerson);
        };
        let said = match parcels::stage(order) {
            Stage::Unpaid => done("订单取消了，没有扣款"),
            Stage::Inside => done("订单取消了，付的钱原路退回"),
            Stage::Out | Stage::Delivered => failed("包裹交给快递了，仓库取消不了"),
            Stage::Over => failed("这单早就不在处理中"),
        };
        let mut records = Vec::new();
        if said.0 == Outcome::Done {
            for (field, text) in [("status", "cancelled"), ("status_text", "已取消")] {
                order.fields.insert(field.to_owned(), text.into());
            }
            let mut record = order.fields.clone();
            record.insert("kind".to_owned(), "order".into());
            record.insert("id".to_owned(), order.id.clone().into());
            records.push(Value::Object(record));
        }
        Work { answer: Answer::Result(result(wish, said)), finding: None, records }
    }

    /// What was paid more than the thing costs now.
    fn protect_price(&self, order: &Record, wish: &Wish<'_>) -> Said {
        let wanted = wish.text("product");
        let cents = |price: f64| (price * 100.0).round();
        let difference: f64 = order
            .items()
            .iter()
            .filter(|item| !item.gift && (wanted.is_none() || item.product.as_deref() == wanted))
            .filter_map(|item| {
                let now = self.products.get(item.product.as_deref()?)?.money("price")?;
                Some((cents(item.price?) - cents(now)).max(0.0) * item.quantity)
            })
            .sum();
        if difference > 0.0 {
            done(format!("差价{:.2}元原路退回", difference / 100.0))
        } else {
            failed("现在的价格没有比付款时低")
        }
    }
}

/// What it takes to do something about an order.
enum Asks {
    /// The carrier has to look; that takes a while.
    Carrier,
    /// An after-sale case is opened.
    Case(CaseType),
    /// The order is cancelled.
    Cancelling,
    /// The prices of today are looked at.
    Price,
    /// Somebody says a word.
    Word(fn(&Record, &Wish<'_>, &Now) -> Said),
}

impl Asks {
    /// What a kind of action takes; none for what a person has to do.
    fn of(kind: &str) -> Option<Self> {
        match kind {
            "trace_parcel" => Some(Self::Carrier),
            "urge_dispatch" => Some(Self::Word(urge_dispatch)),
            "urge_parcel" => Some(Self::Word(urge_parcel)),
            "intercept" => Some(Self::Word(intercept)),
            "change_address" => Some(Self::Word(change_address)),
            "change_phone" => Some(Self::Word(change_phone)),
            "cancel_order" => Some(Self::Cancelling),
            "invoice" => Some(Self::Word(invoice)),
            "price_protection" => Some(Self::Price),
            "register_gift" => Some(Self::Word(register_gift)),
            kind => CaseType::of_action(kind).map(Self::Case),
        }
    }
}

/// A result that names the order and the parcel it speaks of.
fn result(wish: &Wish<'_>, (outcome, text): Said) -> ActionResult {
    let name = |argument: &str| wish.text(argument).map(str::to_owned);
    ActionResult { outcome, text: Some(text), order: name("order"), parcel: name("parcel") }
}

/// A number of pieces as people say it; nothing for "全部".
fn pieces(text: &str) -> Option<f64> {
    match text.chars().next()? {
        '一' | '1' => Some(1.0),
        '两' | '二' | '2' => Some(2.0),
        '三' | '3' => Some(3.0),
        _ => None,
    }
}

fn traced(order: &Record, wish: &Wish<'_>, now: &Now) -> Said {
    let Some(parcel) = parcels::parcel(order, wish.text("parcel")) else {
        return failed("快递那边没有这件的记录");
    };
    let carrier = parcels::carrier(parcel);
    match parcels::last_place(parcel, now) {
        Some(place) => done(format!("{carrier}回复：包裹滞留在{place}，今天安排转出")),
        None => done(format!("{carrier}回复：包裹还没有揽收，今天安排上门取件")),
    }
}

fn urge_dispatch(order: &Record, _: &Wish<'_>, _: &Now) -> Said {
    match parcels::stage(order) {
        Stage::Unpaid => failed("这单还没有付清，仓库排不了"),
        Stage::Inside => done("这单排进今天的发货批次，晚上交给快递"),
        Stage::Out | Stage::Delivered => done("这单的包裹交给快递了"),
        Stage::Over => failed("这单不用再发"),
    }
}

fn urge_parcel(order: &Record, wish: &Wish<'_>, _: &Now) -> Said {
    match parcels::parcel(order, wish.text("parcel")) {
        Some(parcel) if parcels::stage(order) == Stage::Out => {
            done(format!("{}站点今天优先派送这件，派送员上门前会先联系您", parcels::carrier(parcel)))
        }
        Some(_) => failed("这件不在派送途中"),
        None => failed("快递那边没有这件的记录"),
    }
}

fn intercept(order: &Record, wish: &Wish<'_>, now: &Now) -> Said {
    let parcel = parcels::parcel(order, wish.text("parcel"));
    match (parcels::stage(order), parcel) {
        (Stage::Out, Some(parcel)) if parcels::is_at_the_door(parcel) => {
            failed("包裹在派送员手里，快递拦不了")
        }
        (Stage::Out, Some(parcel)) => {
            let place = parcels::last_place(parcel, now).unwrap_or_else(|| "发货站点".to_owned());
            done(format!("包裹在{place}拦下了，正在退回仓库"))
        }
        (Stage::Out, None) => failed("快递那边没有这件的记录"),
        (Stage::Delivered, _) => failed("包裹显示签收，快递拦不了"),
        (Stage::Unpaid | Stage::Inside, _) => failed("包裹还没有交给快递，不用拦"),
        (Stage::Over, _) => failed("这单不在处理中"),
    }
}

fn change_address(order: &Record, _: &Wish<'_>, _: &Now) -> Said {
    changed(order, "新地址写进发货单了")
}

fn change_phone(order: &Record, _: &Wish<'_>, _: &Now) -> Said {
    changed(order, "新电话写进发货单了")
}

/// What stands on the parcel can be changed until the parcel is out.
fn changed(order: &Record, text: &str) -> Said {
    match parcels::stage(order) {
        Stage::Unpaid | Stage::Inside => done(text),
        Stage::Out | Stage::Delivered => failed("包裹交给快递了，发货单改不了"),
        Stage::Over => failed("这单不在处理中"),
    }
}

fn invoice(order: &Record, _: &Wish<'_>, _: &Now) -> Said {
    match parcels::stage(order) {
        Stage::Unpaid => failed("这单还没有付清，开不了票"),
        Stage::Over => failed("这单退了，开不了票"),
        _ => done("电子发票开好了，发到您账号里的邮箱"),
    }
}

fn register_gift(order: &Record, _: &Wish<'_>, _: &Now) -> Said {
    match parcels::stage(order) {
        Stage::Unpaid | Stage::Over => failed("这单没有赠品要寄"),
        Stage::Inside => done("赠品放进这单的包裹一起发"),
        Stage::Out | Stage::Delivered => done("赠品登记了补寄，仓库今天发出"),
    }
}
