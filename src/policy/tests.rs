use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::desk::hours::BusinessHours;
use crate::pack::condition::Case;
use crate::record::{FaultCode, parse_ndjson};
use crate::time::Now;

fn now() -> Now {
    Now::new("2026-11-18T12:40:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn hours() -> BusinessHours {
    BusinessHours::daily(TimeZone::get("Asia/Shanghai").unwrap(), 9 * 60, 22 * 60)
}

fn policy(fields: Value) -> Policy {
    let Value::Object(fields) = fields else { panic!("a policy is an object") };
    Policy::read(&fields).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// 5-B: two tins, signed three days ago.
fn case() -> Value {
    json!({
        "order": {"status": "delivered", "paid_amount": 496.0, "paid_at": "2026-11-12 20:31:00",
                  "discounts": [{"amount": 40.0, "items": ["P-MF3"]}],
                  "items": [{"product": "P-MF3", "title": "奶粉", "price": 268.0, "quantity": 2}],
                  "shipment": {"delivered_at": "2026-11-15 13:20:00"}},
        "item": {"product": "P-MF3", "title": "奶粉", "price": 268.0, "quantity": 2, "place": 0},
        "product": {"id": "P-MF3", "category": "奶粉", "return_class": "opened_excluded", "price": 268.0},
    })
}

fn judged(policies: &[Value], variables: &Value, heard: &[&str], may_ask: bool) -> Judged {
    let policies: Vec<Policy> = policies.iter().map(|fields| policy(fields.clone())).collect();
    let policies: Vec<&Policy> = policies.iter().collect();
    let (now, hours) = (now(), hours());
    judge(&policies, Case { variables, now: &now, hours: &hours }, heard, &|_| may_ask, false)
}

fn sealed() -> Value {
    json!({
        "about": "return", "then": "allowed",
        "when": "order.status == 'delivered' && now <= values.until && !said.opened",
        "values": {"until": {"type": "time", "expr": "days_after_signed(7)"}, "refund": {"type": "money", "expr": "refund_share(1)"},
                   "discount": {"type": "money", "expr": "discount_share(1)"}},
        "asks": {"opened": {"text": "没开封的 {{ values.until }}前可以退。开了吗？", "yes": ["开了", "开封"], "no": ["没开", "未开封"]}},
        "says": {"allowed": ["可以退 {{ values.refund }} 元（{{ item.price | money }} 元减分摊的满减 {{ values.discount }} 元）。", "可以退。"]},
    })
}

#[test]
fn values_are_worked_out_and_told_by_their_type() {
    let judgement = judged(&[sealed()], &case(), &["没开封"], true).unwrap().unwrap();
    assert_eq!(judgement.outcome, Outcome::Allowed);
    let texts: Vec<&str> = judgement.says.iter().map(|said| said.text.as_str()).collect();
    assert_eq!(texts, ["可以退 248.00 元（268.00 元减分摊的满减 20.00 元）。", "可以退。"]);
    assert_eq!(judgement.values["refund"].as_evidence(&now()), json!({"money": 248.0}));
    assert_eq!(judgement.values["until"].as_evidence(&now()), json!({"time": "2026-11-22 23:59:59"}));
    // What cannot be worked out is not told, and the saying that needs it is passed over.
    let mut unclear = case();
    unclear["order"]["paid_amount"] = json!(500.0);
    let judgement = judged(&[sealed()], &unclear, &["没开封"], true).unwrap().unwrap();
    assert_eq!(judgement.says.iter().map(|said| said.text.as_str()).collect::<Vec<_>>(), ["可以退。"]);
}

#[test]
fn what_only_the_customer_knows_is_asked_for_once_and_read_from_their_words() {
    let question = judged(&[sealed()], &case(), &["奶粉能退吗"], true).unwrap().unwrap_err();
    assert_eq!(question.about, "opened");
    assert_eq!(question.says[0].text, "没开封的 11月22日24:00前可以退。开了吗？");
    let outcome = |heard: &[&str], may_ask: bool| {
        judged(&[sealed()], &case(), heard, may_ask).map(|judged| judged.map(|judgement| judgement.outcome))
    };
    assert_eq!(outcome(&["没开封", "开了一罐"], true), Some(Ok(Outcome::Allowed)), "the latest word counts");
    assert_eq!(outcome(&["开了一罐"], true), None, "it is opened: this policy says nothing");
    assert_eq!(outcome(&["一罐开了，一罐没开"], true), None, "a part of it is opened");
    assert_eq!(outcome(&["能退吗"], false), None, "asked before: not asked again, and nothing follows");
    let mut otherwise = sealed();
    otherwise["else"] = json!("refused");
    let judge = |may_ask| judged(&[otherwise.clone()], &case(), &["能退吗"], may_ask);
    assert_eq!(
        judge(false).unwrap().unwrap().outcome,
        Outcome::NeedsPerson,
        "not known is no reason to refuse"
    );
    // Nothing is asked where the answer changes nothing.
    let mut unsigned = case();
    unsigned["order"]["status"] = json!("shipped");
    assert_eq!(
        judged(&[otherwise], &unsigned, &["能退吗"], true).unwrap().unwrap().outcome,
        Outcome::Refused
    );
}

#[test]
fn which_of_several_items_is_asked_for() {
    let mut several = case();
    several["order"]["items"] = json!([{"product": "A", "price": 10.0}, {"product": "B", "price": 20.0}, {"product": "G", "price": 0.0, "gift": true}]);
    several["order"]["paid_amount"] = json!(30.0);
    several["order"]["discounts"] = json!([]);
    several.as_object_mut().unwrap().remove("item");
    let question = judged(&[sealed()], &several, &["没开封"], true).unwrap().unwrap_err();
    assert_eq!((question.about.as_str(), question.says.len()), (ITEM, 0));
    several["item"] = json!({"product": "B", "price": 20.0, "place": 1});
    assert_eq!(judged(&[sealed()], &several, &["没开封"], true).unwrap().unwrap().outcome, Outcome::Allowed);
}

#[test]
fn the_more_particular_policy_comes_first_and_equals_that_disagree_go_to_a_person() {
    let plain = |then: &str| json!({"about": "return", "then": then});
    let with = |base: Value, field: &str, value: Value| {
        let mut changed = base;
        changed[field] = value;
        changed
    };
    let of_product = with(plain("refused"), "scope", json!({"products": ["P-MF3"]}));
    let of_category = with(plain("needs_person"), "scope", json!({"categories": ["奶粉"]}));
    let of_other = with(plain("refused"), "scope", json!({"products": ["P-X"]}));
    let conditional = with(plain("refused"), "when", json!("order.status == 'delivered'"));
    let limited = with(plain("refused"), "valid_until", json!("2026-12-01"));
    let check = |policies: &[&Value], expected: Outcome, disagree: bool| {
        let policies: Vec<Value> = policies.iter().map(|one| (*one).clone()).collect();
        let judgement = judged(&policies, &case(), &[], true).unwrap().unwrap();
        assert_eq!((judgement.outcome, judgement.disagrees.is_some()), (expected, disagree), "{policies:?}");
    };
    let (allowed, refused) = (plain("allowed"), plain("refused"));
    check(&[&allowed, &of_category, &of_product], Outcome::Refused, false);
    check(&[&allowed, &of_category], Outcome::NeedsPerson, false);
    check(&[&allowed, &of_other], Outcome::Allowed, false);
    check(&[&allowed, &conditional], Outcome::Refused, false);
    check(&[&allowed, &limited], Outcome::Refused, false);
    check(&[&allowed, &refused], Outcome::NeedsPerson, true);
    check(&[&refused, &refused], Outcome::Refused, false);
    // The same is seen before any case: when they are read.
    let seen = |one: &Value, other: &Value| conflict(&policy(one.clone()), &policy(other.clone())).is_some();
    assert!(seen(&allowed, &refused));
    for other in [&of_product, &conditional, &limited, &allowed] {
        assert!(!seen(&allowed, other), "{other}");
    }
    let turned = with(conditional.clone(), "then", json!("allowed"));
    assert!(
        seen(&conditional, &with(turned, "when", json!("order.status=='delivered'"))),
        "white space is no difference"
    );
    assert!(!seen(&allowed, &with(refused, "about", json!("exchange"))));
    let mut conflicts = Conflicts::default();
    let fields = |value: &Value| value.as_object().unwrap().clone();
    assert!(conflicts.look_at("one", &fields(&allowed)).is_empty());
    assert!(conflicts.look_at("two", &fields(&plain("refused")))[0].contains("`one`"));
    assert!(
        conflicts.look_at("one", &fields(&plain("refused"))).is_empty(),
        "a corrected policy replaces itself"
    );
}

#[test]
fn a_type_that_a_record_does_not_keep_goes_to_a_person() {
    let mut odd = case();
    odd["order"]["status"] = json!(5);
    let conditional = json!({"about": "return", "then": "allowed", "when": "order.status.contains('x')"});
    assert_eq!(judged(&[conditional], &odd, &[], true).unwrap().unwrap().outcome, Outcome::NeedsPerson);
}

/// Every fault is named by file, line and field when the record is read.
#[test]
#[expect(clippy::too_many_lines, reason = "a table: one line a fault")]
fn a_policy_that_makes_no_sense_is_refused_by_field() {
    let check = |more: Value, field: &str, named: &str| {
        let mut record = json!({"kind": "policy", "id": "p", "about": "return", "then": "allowed"});
        for (name, value) in more.as_object().unwrap() {
            record[name] = value.clone();
        }
        let faults = parse_ndjson(format!("\n{record}\n").as_bytes(), "policies.ndjson").unwrap_err();
        let fault = faults.iter().find(|fault| fault.field == field).unwrap_or_else(|| panic!("{faults:?}"));
        assert_eq!((fault.line, fault.code), (2, FaultCode::BadCondition), "{fault}");
        assert!(
            fault.to_string().starts_with("policies.ndjson:2: ") && fault.message.contains(named),
            "{fault}"
        );
    };
    let when = |source: &str| json!({"when": source});
    check(when("order.colour == 'red'"), "when", "no field `colour`");
    check(when("order.shipment.speed > 1"), "when", "no field `speed`");
    check(when("parcel.status == 'x'"), "when", "unknown name `parcel`");
    check(when("days_after_sign(7) > now"), "when", "unknown function `days_after_sign`");
    check(when("now <= days_after_signed('seven')"), "when", "days_after_signed(days)");
    check(when("now <= days_after_signed()"), "when", "days_after_signed(days)");
    check(when("order.status > 5"), "when", "cannot be compared");
    check(when("order.status == 5"), "when", "cannot be the same");
    check(when("order.ship_by < now"), "when", "time(…)");
    check(when("order.paid_amount"), "when", "true or false is needed");
    check(when("order.status == 'paid' && order.paid_amount + order.status > 1"), "when", "cannot be added");
    check(when("order.paid_amount * order.paid_amount > 1"), "when", "multiplied");
    check(when("order.items.exists(item, item.colour == 'red')"), "when", "no field `colour`");
    check(when("order.status in 'paid'"), "when", "looks through a list");
    check(when("said.opened"), "when", "no field `opened`");
    check(when("values.refund > 1.0"), "when", "no field `refund`");
    check(when("order.status =="), "when", "column");
    let values = |kind: &str, source: &str| json!({"values": {"v": {"type": kind, "expr": source}}});
    check(values("money", "days_after_signed(7)"), "values.v.expr", "an amount of money is needed");
    check(values("time", "order.paid_amount"), "values.v.expr", "a moment is needed");
    check(values("money", "order.paid - 1"), "values.v.expr", "no field `paid`");
    check(values("colour", "1"), "values.v.type", "money, time, percent, count, text");
    check(json!({"values": {"v": {"type": "money"}}}), "values.v", "`expr`");
    check(
        json!({"values": {"v": {"type": "time", "value": "3 个工作日"}}}),
        "values.v.value",
        "a moment is needed",
    );
    check(json!({"values": [1]}), "values", "an object");
    check(json!({"says": {"allowed": "退 {{ values.refund }} 元"}}), "says.allowed", "no field `refund`");
    check(
        json!({"says": {"allowed": ["好", "退 {{ order.refund }} 元"]}}),
        "says.allowed[1]",
        "no field `refund`",
    );
    check(json!({"says": {"allowed": "退 {{ order.total | euro }}"}}), "says.allowed", "unknown filter");
    check(
        json!({"says": {"allowed": {"text": "好", "when": "order.total"}}}),
        "says.allowed.when",
        "true or false",
    );
    check(json!({"says": {"maybe": "好"}}), "says.maybe", "no outcome");
    check(json!({"says": {"allowed": 5}}), "says.allowed", "a text");
    check(
        json!({"asks": {"opened": {"text": "开了吗？", "yes": ["开了"]}}}),
        "asks.opened",
        "`yes` and `no`",
    );
}

#[test]
fn amounts_are_exact_to_the_cent() {
    // In doubles 0.1 + 0.2 is more than 0.3, and 549.9 − 499.9 is no 50.
    let mut variables = case();
    variables["order"]["paid_amount"] = json!(549.9);
    variables["order"]["goods_amount"] = json!(499.9);
    let holds = |when: &str| {
        let fields = json!({"about": "x", "then": "allowed", "else": "refused", "when": when});
        judged(&[fields], &variables, &[], true).unwrap().unwrap().outcome == Outcome::Allowed
    };
    assert!(holds("order.paid_amount - order.goods_amount == 50.0"));
    assert!(holds(
        "order.paid_amount - order.goods_amount <= 50.0 && order.paid_amount - order.goods_amount >= 50.0"
    ));
    assert!(holds("order.goods_amount * 0.1 == 49.99"));
    assert!(holds("order.paid_amount / 3 == 183.3"));
    assert!(!holds("order.paid_amount - order.goods_amount < 50.0"));
}

#[test]
fn conditions_are_cut_only_where_all_parts_must_hold() {
    let check = |source: &str, expected: &[&str]| assert_eq!(read::conjuncts(source), expected, "{source}");
    check("a && b", &["a", "b"]);
    check("a && (b && c) && 'x && y' == z", &["a", "(b && c)", "'x && y' == z"]);
    check("a && b || c", &["a && b || c"]);
    check("a && (b || c)", &["a", "(b || c)"]);
    check("a ? b : c && d", &["a ? b : c && d"]);
    check("a", &["a"]);
}
