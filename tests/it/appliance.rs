//! What does a real appliance shop allow, judged by the policies that were written for it? Each row is the state of an
//! order, a question, and what has to come of it.

use serde_json::Value;

use jiff::tz::TimeZone;
use warmdesk::desk::hours::BusinessHours;
use warmdesk::pack::condition::Case;
use warmdesk::policy::{Policy, judge};
use warmdesk::record::{Record, RecordKind, parse_ndjson, shipment_records};
use warmdesk::time::Now;
use warmdesk::turn::retrieve::variables;
use warmdesk::turn::types::{Fact, Facts, TurnInput};

use crate::app::{RunningShop, appliance_shop, config, mute, records, repository};

fn now() -> Now {
    Now::new("2025-06-16T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

/// What is known of one order and one of its products.
fn case(shop: &[Record], order: &str, product: Option<&str>) -> Value {
    let now = now();
    let find = |kind: RecordKind, id: &str| {
        shop.iter()
            .find(|record| record.kind == kind && record.id == id)
            .unwrap_or_else(|| panic!("{kind} {id}"))
    };
    let order = find(RecordKind::Order, order);
    let mut facts = Facts { found: vec![Fact::of(order, &now)], order: Some(0), ..Facts::default() };
    facts.found.extend(shipment_records(order, &now).iter().map(|parcel| Fact::of(parcel, &now)));
    let guessed = order.items().first().and_then(|item| item.product.clone());
    facts.product_is_guessed = product.is_none() && order.items().len() > 1;
    if let Some(product) = product.map(str::to_owned).or(guessed) {
        facts.product = Some(facts.found.len());
        facts.found.push(Fact::of(find(RecordKind::Product, &product), &now));
    }
    variables(&facts, &TurnInput::first("", now))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one line an order and a question")]
fn every_order_gets_the_verdict_its_state_allows() {
    let Some(folder) = appliance_shop() else {
        eprintln!("skipped: no shared/data/appliance_shop above {}", env!("CARGO_MANIFEST_DIR"));
        return;
    };
    let shop = parse_ndjson(records(&folder).as_bytes(), "appliance_shop").unwrap();
    let own = parse_ndjson(records(&repository("tests/appliance")).as_bytes(), "tests/appliance").unwrap();
    let policies: Vec<(String, Policy)> =
        own.iter().map(|record| (record.id.clone(), Policy::read(&record.fields).unwrap())).collect();
    let hours = BusinessHours::daily(TimeZone::get("Asia/Shanghai").unwrap(), 9 * 60, 22 * 60);
    let now = now();
    let check = |(order, product): (&str, Option<&str>),
                 (about, said): (&str, &str),
                 expected: &str,
                 tells: &str| {
        let variables = case(&shop, order, product);
        let mine: Vec<&Policy> =
            policies.iter().map(|(_, policy)| policy).filter(|policy| policy.about == about).collect();
        let judged =
            judge(&mine, Case { variables: &variables, now: &now, hours: &hours }, &[said], &|_| true, false);
        let (outcome, text) = match judged {
            None => ("none".to_owned(), String::new()),
            Some(Ok(judgement)) => {
                let text = judgement.says.first().map(|said| said.text.clone()).unwrap_or_default();
                (judgement.outcome.as_str().to_owned(), text)
            }
            Some(Err(question)) => {
                let text = question.says.first().map(|said| said.text.clone()).unwrap_or_default();
                (format!("asks {}", question.about), text)
            }
        };
        assert_eq!(outcome, expected, "{about} of {order}: {text}");
        assert!(text.contains(tells), "{about} of {order} does not tell {tells}: {text}");
    };
    let (processing, paid, shipped, delivered, returned) = (
        ("315302660376", None),
        ("114503292673", None),
        ("313845560208", None),
        ("874713723844", None),
        ("312635190435", None),
    );
    // Cancelling: while it is not sent, back to the card it was paid with.
    check(processing, ("cancel", "能取消吗"), "allowed", "2009.00 元退回京东E卡");
    check(paid, ("cancel", "不想要了"), "allowed", "3999.00 元退回京东E卡");
    check(("314635854890", None), ("cancel", "取消"), "allowed", "2293.99 元原路退回");
    check(shipped, ("cancel", "取消"), "refused", "已经发出");
    check(delivered, ("cancel", "取消"), "refused", "已经发出");
    check(returned, ("cancel", "取消"), "refused", "");
    // Address and model may be changed as long.
    check(processing, ("change_address", "改地址"), "allowed", "复述一遍");
    check(shipped, ("change_address", "改地址"), "refused", "改不了");
    check(processing, ("exchange", "换个型号"), "allowed", "差价多退少补");
    check(shipped, ("exchange", "换个型号"), "refused", "发货之前");
    // Returns: seven days from the day after signing, not installed.
    check(delivered, ("return", "能退吗"), "asks installed", "6月22日24:00前");
    check(delivered, ("return", "还没装，能退吗"), "allowed", "退 1911.04 元");
    check(delivered, ("return", "装好了不想要了"), "needs_person", "同事看过");
    check(("931050936855", None), ("return", "没装"), "allowed", "6月18日24:00前");
    check(("314415092676", None), ("return", "没装"), "refused", "5月7日24:00为止");
    check(shipped, ("return", "没装"), "none", "");
    // Price protection: what was paid less what everybody pays now.
    check(("312571444239", None), ("price_protection", "降价了"), "allowed", "差额 990.00 元");
    check(("312705335872", None), ("price_protection", "降价了"), "allowed", "差额 418.94 元");
    check(processing, ("price_protection", "降价了"), "refused", "没有差额");
    check(("713254136242", None), ("price_protection", "降价了"), "asks item", "");
    check(
        ("713254136242", Some("100191942156")),
        ("price_protection", "降价了"),
        "allowed",
        "差额 266.00 元",
    );
    check(("713254136242", Some("100192946480")), ("price_protection", "降价了"), "refused", "1353.00 元");
    check(returned, ("price_protection", "降价了"), "none", "");
    // Invoices.
    check(processing, ("invoice", "开发票"), "allowed", "登记过发票");
    check(paid, ("invoice", "开发票"), "allowed", "税号");
    check(returned, ("invoice", "开发票"), "refused", "");
    // Fees, by model and by warranty.
    check(("314415092676", None), ("install_fee", "安装费多少"), "allowed", "300.00 元封顶");
    check(("312705335872", None), ("install_fee", "安装费多少"), "allowed", "100.00 元");
    check(processing, ("install_fee", "安装收费吗"), "allowed", "0.00 元，不收费");
    check(("313077433902", None), ("install_fee", "安装费"), "none", "");
    check(("314221120906", None), ("repair_fee", "修要钱吗"), "allowed", "2033年4月29日");
    check(("314221120906", None), ("warranty", "保修到哪天"), "allowed", "整机保修 8 年，到 2033年4月29日");
    check(delivered, ("warranty", "保修到哪天"), "allowed", "整机保修 10 年，到 2035年6月15日");
    check(("315273801924", None), ("warranty", "保修到哪天"), "needs_person", "同事");
    // Gifts, registered within days of signing.
    check(processing, ("gift", "赠品怎么领"), "allowed", "签收后 20 天内");
    check(("313077433902", None), ("gift", "赠品怎么领"), "refused", "5月7日24:00为止");
    check(("313601294520", Some("100042754740")), ("gift", "煎锅呢"), "allowed", "签收后 20 天内");
}

/// The same through the door: signed in, asked in plain words, answered from the policy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policies_of_a_real_shop_answer_its_customers() {
    let Some(folder) = appliance_shop() else {
        eprintln!("skipped: no shared/data/appliance_shop above {}", env!("CARGO_MANIFEST_DIR"));
        return;
    };
    let shop = RunningShop::empty(mute(), config(), "2025-06-16T10:12:00+08:00").await;
    let lines = records(&folder) + &records(&repository("tests/appliance"));
    let report = shop.import(&lines).await;
    assert_eq!(report["accepted"], lines.lines().count(), "{report}");
    for (customer, question, tells) in [
        ("cnjd13330062133_p", "订单能取消吗", "2009.00 元退回京东E卡"),
        ("cnjd13330062133_p", "收货地址能改吗", "复述一遍"),
        ("cnjdzhongx520970", "买完就降价了，能退差价吗", "差额 990.00 元"),
    ] {
        let reply = shop.chat(Some(customer), question).await;
        let said = reply["reply"].as_str().unwrap();
        assert!(said.contains(tells), "{question}: {said}\n{reply}");
    }
    shop.stop().await;
}
