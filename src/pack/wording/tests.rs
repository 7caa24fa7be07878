use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::pack::condition::Condition;
use crate::pack::load::{PackFiles, load};
use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::turn::generate::speak::backed_by_the_desk;
use crate::turn::guard::{GoalOrder, Grounds, GuardContext, vet};
use crate::turn::types::{By, Draft, Emotion, Fact, Facts, Stage};

fn now() -> Now {
    Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

/// A text and its condition.
type Variant<'a> = (&'a str, Option<&'a str>);

fn book(variants: &[(&str, Tier, &[Variant<'_>])]) -> WordingBook {
    let mut book = WordingBook { language: "zh-CN".into(), ..WordingBook::default() };
    for (place, tier, texts) in variants {
        let listed = texts.iter().enumerate().map(|(number, (text, when))| Wording {
            id: format!("{place}.{tier:?}.{number}"),
            template: (*text).to_owned(),
            when: when.map(|when| Condition::parse(when).unwrap()),
            slots: parse_template(text)
                .unwrap()
                .into_iter()
                .filter_map(
                    |part| if let Part::Slot(slot) = part { Some(slot.path.to_owned()) } else { None },
                )
                .collect(),
        });
        book.variants.insert(((*place).to_owned(), Goal::Soothe, *tier), listed.collect());
    }
    book
}

#[test]
fn the_first_unsaid_variant_whose_slots_have_values_is_taken() {
    let book = book(&[
        ("stalled", Tier::Standard, &[("停在{{ shipment.last_event_place }}", None), ("停着", None)]),
        ("stalled", Tier::Soothing, &[("换条路", Some("order.total > 100"))]),
        (COMMON, Tier::Standard, &[("我来看", None)]),
    ]);
    let known = json!({"shipment": {"last_event_place": "武汉"}, "order": {"total": 269}});
    let unknown = json!({"shipment": {"last_event_place": null}});
    #[rustfmt::skip]
    let cases: [(&Value, Tier, &[&str], Option<&str>); 7] = [
        (&known, Tier::Standard, &[], Some("停在武汉")),
        (&known, Tier::Standard, &["stalled.Standard.0"], Some("停着")),
        (&unknown, Tier::Standard, &[], Some("停着")),
        (&known, Tier::Soothing, &[], Some("换条路")),
        (&unknown, Tier::Soothing, &[], Some("停着")),
        (&unknown, Tier::Handoff, &["stalled.Standard.1"], Some("我来看")),
        (&unknown, Tier::Handoff, &["stalled.Standard.1", "common.Standard.0"], None),
    ];
    for (variables, tier, said, expected) in cases {
        let said: Vec<String> = said.iter().map(|id| (*id).to_owned()).collect();
        let request = WordingRequest {
            place: "stalled",
            goal: Goal::Soothe,
            tier,
            variables,
            said: &said,
            now: &now(),
            seed: 0,
        };
        let picked = book.pick(&request).map(|rendered| rendered.text);
        assert_eq!(picked.as_deref(), expected, "{tier:?} after {said:?}");
    }
}

#[test]
fn the_seed_chooses_among_variants_that_say_the_same_amount() {
    let book = book(&[("a", Tier::Standard, &[("一", None), ("二", None), ("{{ shop.name }}", None)])]);
    let variables = json!({"shop": {"name": "店"}});
    let said = |seed| {
        let request = WordingRequest {
            place: "a",
            goal: Goal::Soothe,
            tier: Tier::Standard,
            variables: &variables,
            said: &[],
            now: &now(),
            seed,
        };
        book.pick(&request).unwrap().text
    };
    assert_eq!([said(0), said(1), said(2), said(3)], ["一", "二", "一", "二"]);
}

#[test]
fn filters_write_values_for_people() {
    let variables = json!({
        "t": {"past": "2026-11-16 22:40", "today": "2026-11-20T22:40:00+08:00", "tomorrow": "2026-11-21 10:00",
              "date": "2026-11-18", "old": "2025-04-30 17:45", "utc": "2026-11-20T23:00:00Z"},
        "n": {"money": 269, "text": "1088.1", "id": "78412365509821"},
    });
    #[rustfmt::skip]
    let cases = [
        ("t.past | moment", Some("11月16日22:40"), Some("2026-11-16 22:40")),
        ("t.today | moment", Some("今天22:40"), Some("today 22:40")),
        ("t.tomorrow | moment", Some("明天10:00"), Some("tomorrow 10:00")),
        ("t.utc | moment", Some("明天07:00"), Some("tomorrow 07:00")),
        ("t.date | moment", Some("11月18日"), Some("2026-11-18")),
        ("t.old | moment", Some("2025年4月30日17:45"), Some("2025-04-30 17:45")),
        ("t.today | day", Some("11月20日"), Some("2026-11-20")),
        ("n.money | money", Some("269.00"), Some("269.00")),
        ("n.text | money", Some("1088.10"), Some("1088.10")),
        ("n.id | tail", Some("9821"), Some("9821")),
        ("n.id | tail(6)", Some("509821"), Some("509821")),
        ("n.id | money | tail(2)", Some("00"), Some("00")),
        ("n.id | moment", None, None),
        ("t.nothing | moment", None, None),
        ("t", None, None),
    ];
    for (slot, chinese, english) in cases {
        let slot = parse_slot(slot).unwrap();
        assert_eq!(slot.render(&variables, &now(), false).as_deref(), chinese, "{}", slot.source);
        assert_eq!(slot.render(&variables, &now(), true).as_deref(), english, "{}", slot.source);
    }
}

#[test]
fn what_is_no_template_is_refused() {
    for (template, expected) in [
        ("{{ order.total", TemplateError::Unclosed),
        ("{% if a %}", TemplateError::Statement),
        ("{{ order.items[0] }}", TemplateError::Path("order.items[0]".into())),
        ("{{ }}", TemplateError::Path(String::new())),
        ("{{ order.total | upper }}", TemplateError::Filter("upper".into())),
        ("{{ order.total | tail(x) }}", TemplateError::Filter("tail(x)".into())),
    ] {
        assert_eq!(parse_template(template), Err(expected), "{template}");
    }
}

/// Every field that the shipped packs put into slots, as the stages provide them.
fn full_variables() -> Value {
    json!({
        "order": {
            "id": "20261114008712", "id_tail": "8712", "status": "processing", "status_text": "处理中",
            "short_title": "婴儿恒温睡袋", "total": 269.0, "paid_amount": 269.0, "payment": "微信",
            "placed_at": "2026-11-14 21:05", "paid_at": "2026-11-14 21:07", "ship_by": "2026-11-15 21:07",
            "close_at": "2026-11-21 21:05", "invoice": {"title": "陈女士", "status_text": "开票中", "number": "26117000000003456721", "issued_at": "2026-11-19 10:30"},
            "balance": 169.0, "presale": {"deposit": 100.0, "balance_from": "2026-11-16 00:00",
                "balance_until": "2026-11-22 23:59", "ship_by": "2026-11-23 23:59"},
            "service": {"type": "安装", "appointment": "2026-11-19 09:00"},
            "address": {"city": "武汉市", "district": "江岸区"}, "item_count": 2,
        },
        "shipment": {
            "carrier": "中通", "tracking": "78412365509821", "tracking_tail": "9821", "status": "stalled",
            "last_event_at": "2026-11-16 22:40", "last_event_text": "到达武汉转运中心",
            "last_event_place": "武汉转运中心", "expected_at": "2026-11-21", "delivered_at": "2026-11-19 17:45",
            "hours_since_event": 83.5,
        },
        "product": {"id": "p1", "ordered": {"name": "浅驼 90", "stock": 6}, "short_title": "婴儿恒温睡袋", "price": 269.0, "stock": 6, "status": "on_sale",
            "care_tips": "30℃以下机洗，阴凉处晾干。",
            "restock_at": "2026-11-30", "ship_within_hours": 24, "shelf_life_days": 365, "warranty": "12 个月",
            "offer": {"price": 359.0, "promotion_price": 329.0, "promotion_amount": 30.0, "coupon_price": 319.0,
                "promotion": {"title": "满300减30", "threshold": 300.0, "amount": 30.0, "valid_until": "2026-11-25 23:59:59"},
                "coupon": {"title": "满300减10", "threshold": 300.0, "amount": 10.0, "expires_at": "2026-11-30 23:59:59"}},
            "size_advice": {"size": "130", "decided_by": "weight", "height": 118, "weight": 26, "months": 60, "from": 25, "until": 30,
                "dimensions": "衣长 54、袖长 47", "other_size": "120", "other_from": 115, "other_until": 124, "other_limit": 25,
                "other_dimensions": "衣长 50、袖长 44"},
            "presale": {"deposit": 50.0, "balance_from": "2026-11-20 20:00",
                "balance_until": "2026-11-22 23:59", "ship_by": "2026-11-28 18:00"}},
        "promotion": {"id": "m1", "title": "满300减30", "valid_until": "2026-11-25 23:59"},
        "coupon": {"id": "c1", "threshold": 300.0, "amount": 10.0, "expires_at": "2026-11-30 23:59"},
        "aftersale": {"status_text": "退款中", "amount": 248.0, "deadline_at": "2026-11-21 23:59",
            "new_shipment": {"carrier": "中通", "tracking": "78412365509822"},
            "refund": {"latest_at": "2026-11-22 18:00", "done_at": "2026-11-19 15:48"}},
        "batch": {"id": "b1", "produced_at": "2026-08-03", "expires_at": "2028-08-02"},
        "notice": {"id": "n1", "title": "降雪延误", "text": "受降雪影响，包裹转运变慢。"},
        "desk": {"agent": "小林", "group": "售后组", "open": true, "opens_at": "2026-11-21 09:00", "ahead": 2, "wait_minutes": 3, "due": "2026-11-20 14:15"},
        "commitment": {"due": "2026-11-20 14:15", "new_due": "2026-11-20 16:15"},
        "action": {"name": "查件", "carrier": "中通", "result": "到达武汉转运中心"},
        "verdict": {"says": "可以"},
        "offer": {"id": "p2", "short_title": "睡袋收纳包", "price": 39.0, "stock": 20, "status": "on_sale"},
        "event": {"at": "2026-11-19 20:10:00", "price_before": 299.0},
        "history": {"views": 4},
        "shop": {"name": "暖铺"}, "assistant": {"name": "小暖"},
        "conversation": {"unresolved_turns": 2, "first_turn": false, "need": "周日出院要穿"},
        "guess": {"first": "尺码", "second": "发货时间"},
        "choices": "1. 婴儿恒温睡袋 2. 儿童餐具",
    })
}

fn fact(kind: RecordKind, id: &str, text: &str, fields: &Value) -> Fact {
    Fact {
        id: format!("{kind}:{id}"),
        kind,
        title: id.to_owned(),
        text: text.to_owned(),
        fields: fields.clone(),
        score: 1.0,
        why: String::new(),
        policy: false,
    }
}

fn full_facts(variables: &Value) -> Facts {
    let order = "订单20261114008712：处理中；商品：婴儿恒温睡袋90码×1，单价269.00元；订单总金额269.00元；实付269.00元；支付方式：微信；\
        2026-11-14 21:05下单；2026-11-14 21:07付款；2026-11-15 21:07前发货；2026-11-21 21:05关闭；尾款169.00元，2026-11-16 00:00开始付，2026-11-22 23:59截止，2026-11-23 23:59前发出；已签收；已发出；已下架；预约2026-11-19 09:00安装；发票号码26117000000003456721，2026-11-19 10:30开具；\
        2 婴儿恒温睡袋 2 儿童餐具；1 婴儿恒温睡袋";
    let shipment = "寄往武汉市江岸区；物流公司中通，物流单号78412365509821，尾号9821，预计2026-11-21送达；2026-11-16 22:40 到达武汉转运中心；2026-11-19 17:45已签收";
    let product = "婴儿恒温睡袋：269.00元，库存6，30℃以下机洗，阴凉处晾干。2026-11-30到货，付款后24小时内发货；预售，不是现货；保质期365天；\
        身高118厘米、体重26公斤、月龄60个月，建议130码；130码：体重25公斤–30公斤、身高25厘米–30厘米；120码：身高115厘米–124厘米、体重25公斤、身高25厘米；质保12个月；\
        定金50.00元，尾款2026-11-20 20:00开始付，2026-11-22 23:59截止，2026-11-28 18:00前发货";
    let promotion = "满300减30，到2026-11-25 23:59";
    let coupon = "优惠券：满300.00元减10.00元，2026-11-30 23:59前有效";
    let aftersale = "售后：退款中，退款248.00元，新的包裹中通78412365509822，处理期限2026-11-21 23:59，最晚2026-11-22 18:00到账，2026-11-19 15:48退款成功";
    let found = vec![
        fact(RecordKind::Order, "20261114008712", order, &variables["order"]),
        fact(RecordKind::Shipment, "20261114008712", shipment, &variables["shipment"]),
        fact(RecordKind::Product, "p1", product, &variables["product"]),
        fact(RecordKind::Promotion, "m1", promotion, &variables["promotion"]),
        fact(RecordKind::Aftersale, "a1", aftersale, &variables["aftersale"]),
        fact(RecordKind::Coupon, "c1", coupon, &variables["coupon"]),
        fact(RecordKind::Batch, "b1", "批次：2026-08-03生产，2028-08-02到期", &variables["batch"]),
        fact(RecordKind::Product, "p2", "睡袋收纳包：39.00元，库存20", &variables["offer"]),
        fact(RecordKind::Notice, "n1", "降雪延误：受降雪影响，包裹转运变慢。", &variables["notice"]),
    ];
    Facts {
        found,
        order: Some(0),
        product: Some(2),
        order_choices: Vec::new(),
        relevant: true,
        ..Facts::default()
    }
}

/// The record on which the wording of an action rests: it is begun before it is spoken of, and what is late has a ticket.
fn record_behind(place: &str) -> Option<String> {
    let (kind, moment) = place.strip_prefix("action.")?.split_once('.')?;
    match moment {
        "started" | "running" => Some(format!("started:{kind}")),
        "done" => Some(format!("done:{kind}")),
        _ => None,
    }
}

/// A flow in which everything is answered.
fn full_flow(pack: &Pack, place: &str) -> Value {
    let of_place = place.strip_prefix("flow.").and_then(|rest| pack.flows.get(rest.split('.').next()?));
    let Some(kind) = of_place.or_else(|| pack.flows.values().next()) else { return Value::Null };
    let answer = |value: &str| crate::flows::Answer { value: value.into(), shown: value.into() };
    let answers = kind.steps.iter().map(|step| (step.id.clone(), answer("婴儿恒温睡袋"))).collect();
    let at = kind.steps.last().map_or("", |step| step.id.as_str());
    let mut flow = crate::flows::as_variable(kind, &answers, (at, now().timestamp()), &now());
    flow["until"] = "2026-11-21 12:00:00".into();
    flow["unavailable"] = "婴儿恒温睡袋".into();
    flow
}

/// What the guard objects to in a wording of a pack, rendered with everything known.
fn objection(pack: &Pack, (place, goal, tier): (&str, Goal, Tier), wording: &Wording) -> Option<String> {
    let mut variables = full_variables();
    variables["flow"] = full_flow(pack, place);
    let facts = full_facts(&variables);
    let request =
        WordingRequest { place, goal, tier, variables: &variables, said: &[], now: &now(), seed: 0 };
    let Some(rendered) = pack.wording.render(wording, &request) else {
        return Some("a slot has no value".into());
    };
    // As the conversation backs them: due times, the place in the queue, the wait with its unit.
    let backed: Vec<String> = rendered
        .slots
        .iter()
        .filter(|(path, _)| {
            ["desk.", "commitment.", "conversation.", "flow."].iter().any(|root| path.starts_with(root))
        })
        .flat_map(|(_, value)| [value.clone(), format!("{value}分钟"), format!("{value} minutes")])
        .collect();
    let has_ticket = matches!(goal, Goal::Handoff | Goal::Commit);
    let tickets =
        if has_ticket { vec!["ticket_opened".to_owned(), "handoff".to_owned()] } else { Vec::new() };
    let of_flow = place.strip_prefix("flow.").and_then(|rest| pack.flows.get(rest.split('.').next()?));
    let of_flow = of_flow.and_then(|flow| Some(format!("done:{}", flow.first_action()?)));
    let done = record_behind(place)
        .or(of_flow)
        .map_or(tickets.clone(), |record| tickets.iter().cloned().chain([record]).collect());
    let draft = Draft {
        text: rendered.text,
        goal,
        by: By::Wording,
        evidence: facts.found.iter().map(|fact| fact.id.clone()).collect(),
        wording: Some(rendered.id),
        slots: rendered.slots,
    };
    let backed: Vec<String> = backed.into_iter().chain(backed_by_the_desk(&draft)).collect();
    let now = now();
    let grounds = Grounds::new(pack, "", &facts, &now);
    let context = GuardContext {
        grounds: &grounds,
        emotion: &Emotion { intensity: 0.8, ..Emotion::default() },
        stage: Stage::AfterSale,
        tier,
        backed: &backed,
        done: &done,
        order: GoalOrder::default(),
    };
    let refusal = vet(&draft, &context).err()?;
    Some(format!("{:?} {} in {}", refusal.reason, refusal.detail, draft.text))
}

#[test]
fn every_shipped_wording_renders_and_passes_the_guard() {
    for language in ["zh-CN", "en"] {
        let pack = load(&PackFiles::embedded(language).unwrap()).unwrap().pack;
        let objections: Vec<String> = pack
            .wording
            .variants
            .iter()
            .flat_map(|((place, goal, tier), variants)| {
                variants.iter().map(move |wording| ((place.as_str(), *goal, *tier), wording))
            })
            .filter_map(|(key, wording)| Some(format!("{}: {}", wording.id, objection(&pack, key, wording)?)))
            .collect();
        assert!(objections.is_empty(), "{language}:\n{}", objections.join("\n"));
    }
}
