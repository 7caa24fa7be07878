use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::pack::condition::Condition;
use crate::pack::load::{PackError, PackFiles, load};
use crate::pack::proactive::{Cause, GOALS, Offer, Purpose, place_of};
use crate::pack::types::Pack;
use crate::pack::wording::render_template;
use crate::record::{Record, parse_ndjson, shipment_records};
use crate::time::Now;
use crate::turn::generate::speak::backed_by_the_desk;
use crate::turn::guard::{GoalOrder, Grounds, GuardContext, vet};
use crate::turn::types::{By, Draft, Emotion, Fact, Facts, Goal, Stage, Tier};

/// A rule with nothing wrong with it, and what it says.
const RULES: &str = "\
brakes: { a_day: 2, quiet: { from: \"22:00\", until: \"9:00\" } }
stopped_by: [marketing_optout]
rules:
  - id: probe
    name: 试
    on: [order_delivered]
    purpose: order
    when: \"order.status == 'delivered'\"
    moment: { after_hours: 24 }
    expires_after_hours: 12
    once_per: order
";
const WORDING: &str = "\
proactive.probe:
  answer:
    - 东西到了，看看对不对。
proactive.probe.why:
  explain:
    - 这是订单通知。
";

fn pack(rules: &str, wording: &str) -> PackFiles {
    let mut files = PackFiles::embedded("zh-CN").unwrap();
    files.texts.insert(FILE.into(), rules.to_owned());
    files.texts.insert("wording/proactive.yaml".into(), wording.to_owned());
    files
}

/// All that is wrong, whether the pack is taken or refused.
fn report(files: &PackFiles) -> String {
    let problems = match load(files) {
        Ok(loaded) => loaded.warnings,
        Err(PackError::Refused { problems, .. }) => problems,
        Err(other) => panic!("{other}"),
    };
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn shipped(language: &str) -> Pack {
    load(&PackFiles::embedded(language).unwrap()).unwrap().pack
}

/// `from` in the rules replaced by `to`, and what that is told.
#[track_caller]
fn refuses(from: &str, to: &str, expected: &str) {
    assert!(RULES.contains(from), "{from}");
    let rules = RULES.replace(from, to);
    let report = report(&pack(&rules, WORDING));
    assert!(report.contains(expected), "{rules}\nshould say {expected}\nbut says\n{report}");
}

#[test]
fn a_pack_may_have_no_rules_and_a_sound_rule_is_taken() {
    assert_eq!(report(&pack(RULES, WORDING)), "");
    let mut without = PackFiles::embedded("zh-CN").unwrap();
    without.texts.remove(FILE);
    without.texts.remove("wording/proactive.yaml");
    let pack = load(&without).unwrap().pack;
    assert!(pack.proactive.rules.is_empty() && pack.proactive.brakes == Brakes::default());
}

#[test]
fn a_bad_rule_is_refused_with_file_line_and_reason() {
    let on = "on: [order_delivered]";
    let when = "when: \"order.status == 'delivered'\"";
    let moment = "moment: { after_hours: 24 }";
    let expires = "expires_after_hours: 12";
    let once = "once_per: order";
    #[rustfmt::skip]
    let cases: Vec<(&str, String, &str)> = vec![
        (on, "on: [order_deliverd]".into(), "proactive.yaml:6: error: on: unknown name `order_deliverd`"),
        (on, "on: []".into(), "proactive.yaml:4: error: `on` of `probe` is empty"),
        ("purpose: order", "purpose: fun".into(), "proactive.yaml:7: error: purpose: unknown name `fun`"),
        (once, "once_per: week".into(), "proactive.yaml:11: error: once_per: unknown name `week`"),
        (once, format!("{once}\n    offers: all"), "proactive.yaml:12: error: offers: unknown name `all`"),
        (once, format!("{once}\n    colour: red"), "proactive.yaml:12: error: unknown field `colour`"),
        ("[marketing_optout]", "[nowhere]".into(), "proactive.yaml:2: error: `stopped_by` names the unknown scenario `nowhere`"),
        (when, "when: \"order.status =\"".into(), "proactive.yaml:8: error: `order.status =` is not a condition"),
        (when, "when: \"order.state == 'x'\"".into(), "proactive.yaml:8: error: `order.state == 'x'` is not a condition: `order` has no field `state`"),
        (when, "when: \"order.paid_amount == 'x'\"".into(), "which cannot be the same"),
        (when, "when: order.paid_amount".into(), "it gives an amount of money, not true or false"),
        (when, "when: \"desk.open\"".into(), "unknown name `desk`"),
        (when, "when: \"history.clicks > 3\"".into(), "`history` has no field `clicks`"),
        (when, "when: \"event.solved\"".into(), "proactive.yaml:8: error: `event.solved` comes with `conversation_ended` only"),
        (when, "when: \"event.weight > 3\"".into(), "proactive.yaml:8: warning: `event.weight` is known only where the shop's own system sends it"),
        (when, "when: \"customer.child_months > 3\"".into(), "has to be `purpose: care`"),
        (when, "still: \"customer.child_birthday_today\"".into(), "has to be `purpose: care`"),
        (moment, "moment: later".into(), "proactive.yaml:9: error: this is no moment; known are `now`"),
        (moment, "moment: { after_hours: 1, after_days: 1 }".into(), "proactive.yaml:9: error: this is no moment"),
        (moment, "moment: { after_hours: 0 }".into(), "proactive.yaml:9: error: this is no moment"),
        (moment, "moment: { after_days: 1, at: \"25:00\" }".into(), "proactive.yaml:9: error: this is no moment"),
        (moment, "moment: { before: order.close_at }".into(), "proactive.yaml:9: error: this is no moment"),
        (moment, "moment: { days_of: customer.age }".into(), "it has to be a field `product.…` or `order.…`"),
        (moment, "moment: { days_of: order.close_at }".into(), "the moment of `probe` needs a number"),
        (moment, "moment: { before: product.price, hours: 13 }".into(), "`product.price` is an amount of money"),
        (moment, "moment: { before: order.lapses, hours: 13 }".into(), "`order` has no field `lapses`"),
        (moment, "moment: { before: order.close_at, hours: 1 }".into(), "`probe` may be said after the time it comes before"),
        (moment, "moment: { after_days: 1, at: \"23:00\" }".into(), "proactive.yaml:4: warning: `at: 23:00` of `probe` lies in the quiet hours"),
        (moment, "moment: now\n    renewed: true".into(), "there is no time that `renewed` could begin anew"),
        (expires, "priority: 1".into(), "proactive.yaml:4: error: `probe` needs one of `expires_after_minutes`"),
        (expires, "expires_after_days: 0".into(), "`probe` needs one of `expires_after_minutes`"),
        (expires, "expires_after_hours: -1".into(), "proactive.yaml:10: error:"),
    ];
    for (from, to, expected) in cases {
        refuses(from, &to, expected);
    }
}

#[test]
fn what_contradicts_itself_or_goes_too_far_is_refused() {
    let once = "once_per: order";
    #[rustfmt::skip]
    let cases: Vec<(&str, String, &str)> = vec![
        (once, "once_per: conversation".into(), "`once_per: conversation` of `probe` needs a conversation; `order_delivered` brings none"),
        (once, "once_per: child_month".into(), "has to be `purpose: care`"),
        (once, format!("{once}\n    offers: next_stage"), "has to be `purpose: care`"),
        (once, format!("{once}\n    cancelled_by: [order_delivered]"), "`probe` is cancelled by `order_delivered`, which begins it"),
        (once, format!("{once}\n    a_day: 0"), "warning: `a_day: 0` never lets `probe` be said"),
        (once, format!("{once}\n    does: sorcery"), "unknown action `sorcery`"),
        (once, format!("{once}\n    does: cancel_order"), "`cancel_order` cannot be begun unasked: it needs the customer's yes"),
        (once, format!("{once}\n    does: reserve_stock"), "the policy about `reserve` has to allow it first"),
        (once, format!("{once}\n    does: create_task"), "its `wish` is only known from what somebody says"),
        (once, format!("{once}\n    does: trace_parcel"), "`probe` begins an action and does not say until when"),
        (once, format!("{once}\n    choices: [{{ label: 这个标签实在是太长了吧, say: 好 }}]"), "a label has 1 to 10 characters"),
        (once, format!("{once}\n    choices: [{{ label: 好, say: '' }}]"), "the choice `好` says nothing"),
        (once, format!("{once}\n    choices: [{{ label: 一, say: 一, yes: true }}, {{ label: 二, say: 二, yes: true }}]"), "a plain yes to `probe` takes several choices"),
        (once, format!("{once}\n    choices: [{{ label: 好, say: 好 }}, {{ label: 好, say: 行 }}]"), "two choices are called `好`"),
        (once, format!("{once}\n    choices: [{{ label: 一, say: 一 }}, {{ label: 二, say: 二 }}, {{ label: 三, say: 三 }}, {{ label: 四, say: 四 }}]"), "has 4 choices, at most 3 are read"),
        ("until: \"9:00\"", "until: \"22:00\"".into(), "proactive.yaml:1: error: `quiet` begins and ends at 22:00"),
        ("until: \"9:00\"", "until: early".into(), "proactive.yaml:1: error: `early` is no time of day"),
        ("a_day: 2", "a_day: 0".into(), "proactive.yaml:1: warning: `a_day: 0` lets nothing be said"),
        ("a_day: 2", "a_day: 9".into(), "warning: `a_week` allows less than `a_day`"),
        ("a_day: 2", "holdout_percent: 101".into(), "proactive.yaml:1: error: `holdout_percent` is a share of 100 at most"),
    ];
    for (from, to, expected) in cases {
        refuses(from, &to, expected);
    }
}

/// What only goes wrong together.
#[test]
fn a_rule_must_get_from_its_events_what_it_needs() {
    let cases = [
        (
            "product_viewed",
            "once_per: order",
            "`once_per: order` of `probe` needs an order; `product_viewed`",
        ),
        ("day_begun", "once_per: product", "`once_per: product` of `probe` needs a product; `day_begun`"),
        ("search", "once_per: day\n    offers: goes_with", "`offers: goes_with` of `probe` needs a product"),
        ("conversation_ended", "once_per: event", "would be begun again by the talk that it brings about"),
    ];
    for (event, once, expected) in cases {
        let rules = RULES.replace("order_delivered", event).replace("once_per: order", once);
        let report = report(&pack(&rules, WORDING));
        assert!(report.contains(expected), "{rules}\nshould say {expected}\nbut says\n{report}");
    }
    let twice = format!("{RULES}{}", RULES.split_once("rules:\n").unwrap().1);
    assert!(
        report(&pack(&twice, WORDING)).contains("proactive.yaml:12: error: the id `probe` is used twice")
    );
    let offer = RULES.replace("purpose: order", "purpose: offer\n    does: trace_parcel");
    assert!(report(&pack(&offer, WORDING)).contains("it has to be `purpose: order`"));
}

#[test]
fn what_a_rule_says_names_only_what_it_knows() {
    let answer = |text: &str| WORDING.replace("东西到了，看看对不对。", text);
    let why = |text: &str| WORDING.replace("这是订单通知。", text);
    #[rustfmt::skip]
    let cases: Vec<(String, &str)> = vec![
        (answer("\"{{ desk.ahead }}位在前面\""), "wording/proactive.yaml:3: error: `desk.ahead` is not known to a rule"),
        (answer("\"{{ offer.short_title }}也合适\""), "`offer.short_title` is known only where the rule `offers` something"),
        (answer("\"{{ commitment.due | moment }}前回您\""), "`commitment.due` is known only where the rule `does` something"),
        (answer("\"孩子{{ customer.child_months }}\""), "`customer.child_months` is never said"),
        (answer("\"看了{{ history.in_cart }}\""), "nothing provides the slot `history.in_cart`"),
        (answer("\"{{ event.solved }}\""), "`event.solved` comes with `conversation_ended` only"),
        (answer("{ text: 好, when: \"customer.child_months > 3\" }"), "this `when` reads the child's profile"),
        (answer("{ text: 好, when: \"order.total == 'x'\" }"), "wording/proactive.yaml:3: error: `order.total == 'x'` is not a condition"),
        (answer("\"{{ product.short_title }}仅剩几件了\""), "`仅剩` says that little is left; give the variant a bound"),
        (answer("{ text: 最后几件了, when: \"product.stock > 10\" }"), "says that little is left"),
        (answer("快下单，手慢无"), "crosses the red line R03"),
        (answer("请给个好评"), "crosses the red line R09"),
        (answer("看到您看了四次"), "crosses the red line R17"),
        (answer("{ text: 好, when: \"order.total > 3.0\" }"), "warning: every wording of `proactive.probe` has a `when`"),
        (WORDING.replace("answer", "recommend"), "`probe` has nothing to say"),
        (WORDING.replace("answer", "verdict"), "`proactive.probe` has no goal `verdict`; known are soothe, answer"),
        (WORDING.replace("explain", "answer"), "`proactive.probe.why` is said for `explain`, not for `answer`"),
        (why("\"{{ order.id }}的通知\""), "`order.id` is not known any more when a customer asks why"),
        (WORDING.split("proactive.probe.why").next().unwrap().into(), "proactive.yaml:4: error: nothing says why a customer reads `probe`"),
        (format!("{WORDING}proactive.other:\n  answer:\n    - 好\n"), "`proactive.other` is neither a scenario nor a named place"),
    ];
    for (wording, expected) in cases {
        let report = report(&pack(RULES, &wording));
        assert!(report.contains(expected), "{wording}\nshould say {expected}\nbut says\n{report}");
    }
    // Little may be said of little.
    let bounded =
        answer("{ text: \"{{ product.short_title }}仅剩几件了\", when: \"product.stock <= 10\" }\n    - 好");
    assert_eq!(report(&pack(RULES, &bounded)), "");
}

#[test]
fn what_cannot_be_read_at_all_is_told_once() {
    let refused = load(&pack("rules: [", WORDING));
    let Err(PackError::Refused { problems, .. }) = refused else { panic!("it is taken") };
    assert!(problems.iter().all(|problem| problem.file == FILE), "{problems:?}");
}

#[test]
fn the_shipped_rules_are_read_as_they_are_meant() {
    for language in ["zh-CN", "en"] {
        let Pack { proactive, .. } = shipped(language);
        let rule = |id: &str| proactive.rule(id).unwrap_or_else(|| panic!("{language}: {id}"));
        assert!(proactive.rules.is_sorted_by_key(|rule| -rule.priority));
        assert_eq!(proactive.stopped_by, ["marketing_optout"]);
        assert_eq!(proactive.brakes, Brakes::default());
        assert_eq!(rule("viewed_often").moment, Moment::Now);
        let stalled = rule("shipment_stalled");
        assert!(stalled.renewed && stalled.when.is_none() && stalled.still.is_some());
        assert_eq!(stalled.does.as_deref(), Some("trace_parcel"));
        assert_eq!(
            rule("unpaid_order").moment,
            Moment::Before { field: "order.close_at".into(), lead: SignedDuration::from_mins(30) }
        );
        let ten = Some(Time::constant(10, 0, 0, 0));
        assert_eq!(
            rule("repurchase").moment,
            Moment::DaysOf { field: "product.replenish_days".into(), less: 3, at: ten }
        );
        assert_eq!(rule("repurchase").once_per, Cause::Item);
        assert_eq!(
            (rule("next_stage").purpose, rule("next_stage").offers),
            (Purpose::Care, Some(Offer::NextStage))
        );
        // A second order on the same day is confirmed, too.
        assert!(rule("order_paid").a_day > 1);
        // "好的" to a notice, a reminder to pay or an invitation begins nothing.
        let takes: Vec<&str> = proactive
            .rules
            .iter()
            .filter(|rule| rule.said_by_yes().is_some())
            .map(|rule| rule.id.as_str())
            .collect();
        assert_eq!(takes, ["viewed_often", "restocked", "price_dropped", "repurchase", "next_stage"]);
    }
}

/// The two packs differ in words alone.
#[test]
fn both_shipped_packs_have_the_same_rules() {
    let told = |language: &str| -> Vec<String> {
        let pack = shipped(language);
        let rules = pack.proactive.rules.iter();
        rules
            .map(|rule| {
                let goals: Vec<Goal> = GOALS
                    .into_iter()
                    .filter(|goal| {
                        pack.wording.variants.contains_key(&(place_of(&rule.id), *goal, Tier::Standard))
                    })
                    .collect();
                format!(
                    "{} {:?} {:?} {:?} {goals:?} {}",
                    rule.id,
                    rule.on,
                    rule.purpose,
                    rule.moment,
                    rule.choices.len()
                )
            })
            .collect()
    };
    assert_eq!(told("zh-CN"), told("en"));
}

/// Whoever presses a button says something that the pack has heard before.
#[test]
fn the_buttons_of_shipped_rules_say_what_is_understood() {
    for language in ["zh-CN", "en"] {
        let pack = shipped(language);
        let examples = pack.intents.iter().flat_map(|intent| &intent.examples);
        let known: Vec<&String> =
            examples.chain(&pack.emotions.affirmations).chain(&pack.emotions.rejections).collect();
        for rule in &pack.proactive.rules {
            for choice in &rule.choices {
                assert!(known.contains(&&choice.say), "{language}: {}: {}", rule.id, choice.say);
            }
        }
    }
}

/// Infant formula for the first year is never offered, in whichever language the shop names it, and neither is what the shop has
/// excluded, be it after the word was planned.
#[test]
fn no_shipped_rule_offers_infant_formula() {
    for language in ["zh-CN", "en"] {
        let pack = shipped(language);
        let mut offers = 0;
        for rule in pack.proactive.rules.iter().filter(|rule| rule.purpose != Purpose::Order) {
            let conditions: Vec<&Condition> = rule.when.iter().chain(&rule.still).collect();
            if !conditions.iter().any(|condition| condition.source().contains("stock")) {
                continue;
            }
            offers += 1;
            let begins = |title: &str, from: u32| {
                rule.when.as_ref().unwrap().holds(&offering(rule, title, from, true), &now()).unwrap()
            };
            assert!(begins("纸尿裤 M 码", 6), "{}", rule.id);
            assert!(begins("幼儿配方奶粉 3 段", 12), "{}", rule.id);
            for title in ["较大婴儿配方奶粉 2 段", "Follow-on Formula 2"] {
                assert!(!begins(title, 6), "{}: {title}", rule.id);
            }
            for title in ["婴儿配方乳粉", "Infant formula, stage 1"] {
                assert!(!begins(title, 0), "{}: {title}", rule.id);
            }
            for condition in conditions {
                let excluded = offering(rule, "纸尿裤 M 码", 6, false);
                assert!(!condition.holds(&excluded, &now()).unwrap(), "{}: {}", rule.id, condition.source());
            }
        }
        assert_eq!(offers, 7, "{language}");
    }
}

/// What a rule would read of something on sale that is meant from some month on.
fn offering(rule: &NudgeRule, title: &str, from: u32, recommend: bool) -> Value {
    let mut variables = variables();
    for name in ["product", "offer"] {
        let more = json!({ "title": title, "life_stage": { "from_month": from, "to_month": from + 6 }, "stock": 50,
            "status": "on_sale", "recommend": recommend, "replenish_days": 10 });
        variables[name].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    variables["customer"]["child_months"] = from.into();
    variables["history"]["in_cart"] = (rule.id == "cart_left").into();
    variables
}

/// What was not said any more when the customer came back is asked about again only after that, and after the last word.
#[test]
fn a_talk_that_goes_on_is_followed_up_after_its_last_end() {
    for language in ["zh-CN", "en"] {
        let Pack { proactive, .. } = shipped(language);
        for rule in proactive.begun_by(EventType::ConversationEnded) {
            assert!(rule.renewed, "{language}: {}", rule.id);
        }
    }
}

/// A parcel that was collected is not said to wait, whatever the word for it.
#[test]
fn what_was_collected_does_not_wait_to_be_collected() {
    let check = |language: &str, text: &str, waits: bool| {
        let pack = shipped(language);
        let mut variables = variables();
        variables["shipment"]["status"] = "moving".into();
        variables["shipment"]["last_event_text"] = text.into();
        let when = pack.proactive.rule("arrived_not_collected").unwrap().when.as_ref().unwrap();
        assert_eq!(when.holds(&variables, &now()).unwrap(), waits, "{text}");
    };
    check("zh-CN", "快件已暂存至听涛里驿站，请凭取件码 3-2-8801 取件", true);
    check("zh-CN", "已放入自提柜，待取", true);
    check("zh-CN", "您已在听涛里驿站完成取件", false);
    check("zh-CN", "包裹已从驿站被取走，取件成功", false);
    check("zh-CN", "已到达江干服务站，准备派送", false);
    check("zh-CN", "快件已由听涛里驿站代签收，请及时取件签收", true);
    check("zh-CN", "已签收，感谢使用自提柜", false);
    check("en", "Ready for collection at the parcel shop", true);
    check("en", "Delivered to the parcel shop, to be collected by 24 November", true);
    check("en", "Collected by the customer at the parcel shop", false);
    check("en", "Has been picked up at the parcel locker", false);
}

/// What lies in the past is not announced.
#[test]
fn no_time_that_is_over_is_promised() {
    for language in ["zh-CN", "en"] {
        let pack = shipped(language);
        for (rule, slot) in [("order_paid", "order.ship_by"), ("order_shipped", "shipment.expected_at")] {
            let said = &pack.wording.variants[&(place_of(rule), Goal::Answer, Tier::Standard)];
            let announced = said.iter().filter(|wording| wording.slots.iter().any(|named| named == slot));
            let mut count = 0;
            for wording in announced {
                count += 1;
                let when = wording.when.as_ref().unwrap();
                let (name, field) = slot.split_once('.').unwrap();
                let holds = |time: &str| {
                    let mut variables = variables();
                    variables[name][field] = time.into();
                    variables["order"]["item_count"] = 2.into();
                    when.holds(&variables, &now()).unwrap()
                };
                assert!(
                    holds("2026-11-20T18:00:00") && !holds("2026-11-20T09:00:00"),
                    "{language}: {}",
                    wording.id
                );
            }
            assert!(count >= 3, "{language}: {rule}");
        }
    }
}

/// Friday, 20 November 2026, in the morning.
fn now() -> Now {
    let moment: Timestamp = "2026-11-20T02:12:00Z".parse().unwrap();
    Now::new(moment, TimeZone::get("Asia/Shanghai").unwrap())
}

fn record(fields: Value) -> Record {
    parse_ndjson(format!("{fields}\n").as_bytes(), "").unwrap().remove(0)
}

/// What is known of an order, its parcel, its product, something beside it and a promotion.
fn facts() -> Vec<Fact> {
    let order = record(json!({
        "kind": "order", "id": "20261114008712", "customer": "cus_1", "status": "in_transit", "total": 269.0, "paid_amount": 269.0,
        "placed_at": "2026-11-14T21:05:00", "paid_at": "2026-11-14T21:07:00", "ship_by": "2026-11-15T21:07:00",
        "close_at": "2026-11-20T12:00:00", "items": [{ "product": "P-SB", "title": "婴儿恒温睡袋", "price": 269.0, "quantity": 1 }],
        "address": { "name": "陈晓禾", "phone": "19900006620", "province": "湖北省", "city": "武汉市", "district": "江岸区", "street": "春和里 18 号" },
        "shipment": { "carrier": "中通", "tracking": "78412365509821", "expected_at": "2026-11-21T20:00:00",
            "events": [{ "at": "2026-11-16T22:40:00", "status": "运输中", "place": "武汉转运中心", "text": "到达武汉转运中心" }] },
    }));
    let product = |id: &str, title: &str, price: f64| {
        record(
            json!({ "kind": "product", "id": id, "title": title, "price": price, "status": "on_sale", "stock": 8,
            "care_tips": "反面机洗，水温不超过 30℃，低温烘干或平铺晾。", "life_stage": { "from_month": 6, "to_month": 12 } }),
        )
    };
    let promotion = record(
        json!({ "kind": "promotion", "id": "promo", "title": "店铺券满 300 减 10", "text": "实付满 300.00 元可用一张。",
        "valid_from": "2026-11-01T00:00:00", "valid_until": "2026-11-30T23:59:59", "threshold": 300.0, "reduce": 10.0 }),
    );
    let now = now();
    let parcels = shipment_records(&order, &now);
    let records =
        [order, product("P-SB", "婴儿恒温睡袋", 269.0), product("P-HAT", "儿童护耳帽", 49.0), promotion];
    records.iter().chain(&parcels).map(|record| Fact::of(record, &now)).collect()
}

fn variables() -> Value {
    let facts = facts();
    let fields = |place: usize| facts[place].fields.clone();
    json!({
        "order": fields(0), "product": fields(1), "offer": fields(2), "promotion": fields(3), "shipment": fields(4),
        "event": { "at": "2026-11-19 11:00:00", "price_before": 299.0, "stage": "pre_sale", "topic": "product", "scenario": "product_attribute",
            "solved": true, "negative": false, "danger": false, "handed_over": false },
        "history": { "views": 4, "in_cart": false, "ordered_since": false, "ordered_lately": false },
        "customer": { "child_months": 6, "child_birthday_today": true },
        "commitment": { "due": "2026-11-20 14:00:00" }, "shop": { "name": "暖芽母婴" }, "assistant": { "name": "小暖" },
    })
}

/// Every sentence that a shipped rule may say goes through the gate that every reply goes through.
#[test]
fn the_guard_lets_out_everything_that_the_shipped_rules_say() {
    let (now, variables) = (now(), variables());
    let facts = Facts { found: facts(), relevant: true, ..Facts::default() };
    let mut wrong = String::new();
    for language in ["zh-CN", "en"] {
        let pack = shipped(language);
        let grounds = Grounds::new(&pack, "", &facts, &now);
        let emotion = Emotion::default();
        let done = ["started:trace_parcel".to_owned()];
        let said = pack.wording.variants.iter().filter(|((place, ..), _)| place.starts_with("proactive."));
        for ((_, goal, _), variants) in said {
            assert!(variants.len() >= 3, "{language}: {}", variants[0].id);
            for wording in variants {
                let rendered = render_template(&wording.template, &variables, &now, language == "en");
                let (text, slots): (String, BTreeMap<String, String>) = rendered
                    .unwrap_or_else(|| panic!("{language}: {} has a slot without a value", wording.id));
                let wording = Some(wording.id.clone());
                let draft =
                    Draft { text, goal: *goal, by: By::Wording, evidence: Vec::new(), wording, slots };
                let context = GuardContext {
                    grounds: &grounds,
                    emotion: &emotion,
                    stage: Stage::AfterSale,
                    tier: Tier::Standard,
                    backed: &backed_by_the_desk(&draft),
                    done: &done,
                    order: GoalOrder::default(),
                };
                if let Err(refusal) = vet(&draft, &context) {
                    wrong.push_str(&format!(
                        "{language}: {} {:?}: {}\n",
                        draft.text, refusal.reason, refusal.detail
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
