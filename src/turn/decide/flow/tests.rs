//! Which answers are read, and which are not, for each thing that is asked.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::answer::{self, Asked, Read};
use super::*;
use crate::desk::hours::BusinessHours;
use crate::pack::flows::FlowOption;
use crate::pack::load::{PackSource, load};
use crate::time::Now;
use crate::turn::decide::offer::listed;
use crate::turn::types::{Entity, EntityKind, Facts, Feedback, Reading, TurnInput};

struct Shop {
    pack: Pack,
    hours: BusinessHours,
}

impl Shop {
    fn open() -> Self {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let pack = load(&PackSource::Folder(folder).files("zh-CN").unwrap()).unwrap().pack;
        Self { pack, hours: crate::config::Config::default().business_hours().unwrap() }
    }

    /// What is read in a message; `feedback` as the reader gives it.
    fn read(&self, asks: &Asks, text: &str, asked: impl FnOnce(Asked<'_>) -> Asked<'_>) -> Read {
        let now = Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap());
        let input = TurnInput::first(text, now);
        let affirmed = ["嗯", "好的", "ok", "行"].contains(&text);
        let phone = text.split(' ').find(|part| part.len() == 11 && part.starts_with('1'));
        let entities =
            phone.map(|phone| Entity { kind: EntityKind::Phone, text: phone.into(), value: phone.into() });
        let reading = Reading {
            text: text.into(),
            feedback: if affirmed { Feedback::Affirmed } else { Feedback::None },
            entities: entities.into_iter().collect(),
            ..Reading::default()
        };
        let facts = Facts::default();
        let situation = Situation {
            input: &input,
            reading: &reading,
            facts: &facts,
            pack: &self.pack,
            hours: &self.hours,
        };
        let variables = records();
        let plain = Asked { asks, variables: &variables, recalled: false, interrupted: false };
        answer::read(asked(plain), situation)
    }
}

fn records() -> Value {
    let sku = |id: &str, colour: &str, size: &str, stock: u32| json!({ "id": id, "attributes": { "颜色": colour, "尺码": size }, "stock": stock, "status": "on_sale" });
    let items = json!([
        { "product": "P-DJ", "short_title": "轻暖羽绒服", "attributes": { "颜色": "藏蓝", "尺码": "110" } },
        { "product": "P-BOOK", "short_title": "撕不烂布书" },
        { "product": "P-GIFT", "short_title": "小毛巾", "gift": true },
    ]);
    json!({
        "order": { "items": items },
        "item": items[0],
        "product": { "id": "P-DJ", "skus": [
            sku("NV-110", "藏蓝", "110", 3), sku("NV-120", "藏蓝", "120", 2), sku("PK-120", "雾粉", "120", 4),
            sku("PK-130", "雾粉", "130", 0),
        ] },
    })
}

fn as_is(asked: Asked<'_>) -> Asked<'_> {
    asked
}

/// How a message is read, in one word: the value of the answer, or what it is.
fn word(read: Read) -> String {
    match read {
        Read::Answer(answer) => answer.value,
        Read::Unusable(Some(missing)) => format!("not there: {missing}"),
        Read::Unusable(None) => "unusable".into(),
        Read::No => "no".into(),
        Read::Unsure => "unsure".into(),
        Read::Else => "else".into(),
    }
}

#[test]
fn only_a_plain_yes_confirms() {
    let shop = Shop::open();
    // What is said, and how it is read right after the question, and after something else was answered in between.
    for (text, asked, recalled) in [
        ("确认", "yes", "yes"),
        ("确认取消", "yes", "yes"),
        ("好的 确认", "yes", "yes"),
        ("哦 确认", "yes", "yes"),
        ("对的 取消吧", "yes", "unsure"),
        ("嗯", "yes", "else"),
        ("好的", "yes", "else"),
        ("行 先把钱退了", "unsure", "unsure"),
        ("嗯 那我等你们消息", "unsure", "unsure"),
        ("yes please", "yes", "yes"),
        ("confirm", "yes", "yes"),
        ("确认一下地址对吗?", "else", "else"),
        ("不取消了", "no", "no"),
        ("算了", "no", "no"),
        ("no, wait", "no", "no"),
        ("不确认", "no", "no"),
        ("确认取消订单", "yes", "yes"),
        ("确认一下地址", "else", "else"),
        ("yes but not now", "unsure", "unsure"),
        ("运费谁出", "else", "else"),
        ("取消了钱退到哪", "else", "else"),
    ] {
        let as_word = |read: Read| match read {
            Read::Answer(_) => "yes".to_owned(),
            other => word(other),
        };
        assert_eq!(as_word(shop.read(&Asks::Confirm, text, as_is)), asked, "{text}, asked");
        let again = shop.read(&Asks::Confirm, text, |asked| Asked { recalled: true, ..asked });
        assert_eq!(as_word(again), recalled, "{text}, recalled");
    }
}

#[test]
fn answers_are_read_by_what_is_asked() {
    let shop = Shop::open();
    let option = |id: &str, name: &str, words: &[&str]| FlowOption {
        id: id.into(),
        name: name.into(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let reason = Asks::Choice(vec![
        option("size", "尺码不合", &["大了", "小了"]),
        option("fault", "质量问题", &["坏", "开线"]),
    ]);
    for (asks, text, expected) in [
        (&Asks::Item, "布书", "P-BOOK"),
        (&Asks::Item, "第一个", "P-DJ"),
        (&Asks::Item, "都退", "all"),
        (&Asks::Item, "羽绒服和布书", "unusable"),
        (&Asks::Sku, "120的", "NV-120"),
        (&Asks::Sku, "雾粉120", "PK-120"),
        (&Asks::Sku, "雾粉", "else or unusable"),
        (&Asks::Sku, "雾粉130", "not there: 雾粉 130"),
        (&Asks::Sku, "120的有什么颜色", "else"),
        (&Asks::Sku, "换雾粉120可以吗", "PK-120"),
        (&Asks::Sku, "我问问孩子", "else"),
        (&reason, "小了", "size"),
        (&reason, "2", "fault"),
        (&reason, "袖口开线", "fault"),
        (&reason, "没想好", "unusable"),
        (&reason, "没什么 就那样呗", "unusable"),
        (&Asks::Contact, "厦门市思明区莲前西路 15 号 2 栋 301", "厦门市思明区莲前西路 15 号 2 栋 301"),
        (&Asks::Contact, "电话改成 19900006620", "电话改成 19900006620"),
        (&Asks::Contact, "公司", "unusable"),
        (
            &Asks::InvoiceTitle,
            "杭州暖阳贸易有限公司 91330106MA2B1C2D3E",
            "杭州暖阳贸易有限公司 91330106MA2B1C2D3E",
        ),
        (&Asks::InvoiceTitle, "杭州暖阳贸易有限公司", "unusable"),
        (&Asks::InvoiceTitle, "个人 李芳", "个人 李芳"),
        (&Asks::InvoiceTitle, "抬头改成个人 萧雅雯", "个人 萧雅雯"),
        (&Asks::Picture, "拍不了 已经扔了", "unusable"),
        (&Asks::Picture, "要拍哪里", "else"),
        (&Asks::Text, "开机没反应", "开机没反应"),
        (&Asks::Text, "修一次多少钱", "else"),
        (&Asks::Contact, "不改了", "no"),
    ] {
        let read = word(shop.read(asks, text, as_is));
        let fits = read == expected || (expected.contains(" or ") && expected.contains(&read));
        assert!(fits, "{asks:?}: {text} is read as {read}, not {expected}");
    }
}

#[test]
fn a_contact_is_shown_masked() {
    for (address, shown) in [
        ("厦门市思明区莲前西路 15 号 2 栋 301", "厦门市思明区莲前西路****"),
        ("湖北省武汉市江岸区春和里 18 号", "湖北省武汉市江岸区****"),
        ("5 Harbour Walk, Norwich NR1 1AA", "Harbour Walk, Norwich ****"),
    ] {
        assert_eq!(contact::masked(address), shown);
    }
}

#[test]
fn what_is_offered_has_numbers_and_is_in_stock() {
    let records = records();
    assert_eq!(listed(&choose::items_offered(&records)), "① 轻暖羽绒服；② 撕不烂布书");
    // One thing different comes before two.
    assert_eq!(listed(&choose::variants_offered(&records)), "① 藏蓝 120；② 雾粉 120");
}
