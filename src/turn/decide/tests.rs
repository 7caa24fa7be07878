//! Episodes and goals by example, and what holds for every scenario of the shipped packs.

mod clarify;
mod promises;

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::json;

use super::measure::{MOST_BUBBLES, asks};
use super::*;
use crate::actions::Standing;
use crate::desk::hours::BusinessHours;
use crate::identity::{ConversationIds, CustomerId, MessageId, Scope, ShopId};
use crate::pack::load::{PackSource, load};
use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::{
    Concern, DeskStatus, Draft, Emotion, EmotionLabel, Episode, EpisodeState, Fact, Feedback, Goal,
    HandoffMode, HandoffReason, IntentMatch, Memory, OrderProof, PageContext, Pending, Position, Promised,
    Realisation, ReplyClass, Unreadable,
};

mod people;

fn pack(language: &str) -> Pack {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    load(&PackSource::Folder(folder).files(language).unwrap()).unwrap().pack
}

fn moment(text: &str) -> Now {
    Now::new(text.parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn morning() -> Now {
    moment("2026-11-20T10:12:00+08:00")
}

fn input(text: &str, memory: Memory, now: Now) -> TurnInput {
    TurnInput {
        scope: Scope::customer(ShopId::default(), CustomerId::new("cus_1001").unwrap()),
        conversation: ConversationIds::counted(0).next_id(),
        message: MessageId::generate(),
        text: text.into(),
        history: Vec::new(),
        memory,
        page: PageContext::default(),
        attachments: 0,
        vector: None,
        proof: OrderProof::default(),
        standing: Standing::default(),
        desk: DeskStatus {
            open: true,
            opens_at: None,
            ahead: 2,
            wait_minutes: Some(3),
            crowded: false,
            answer_due: now.timestamp(),
        },
        now,
    }
}

fn fact(kind: RecordKind, id: &str, fields: Value) -> Fact {
    let title = fields["title"].as_str().unwrap_or(id).to_owned();
    Fact {
        id: format!("{kind}:{id}"),
        kind,
        text: fields.to_string(),
        title,
        fields,
        score: 1.0,
        why: String::new(),
        policy: kind == RecordKind::Policy,
    }
}

/// An order on its way with its parcel and its product.
fn facts() -> Facts {
    let shipment = json!({
        "carrier": "中通", "tracking": "78412365509821", "tracking_tail": "9821", "status": "stalled",
        "last_event_at": "2026-11-16 22:40:00", "last_event_place": "武汉转运中心", "last_event_text": "到达武汉转运中心",
        "hours_since_event": 83.5,
    });
    let order = json!({
        "id": "1", "status": "in_transit", "status_text": "运输中", "short_title": "婴儿恒温睡袋", "total": 269.0,
        "placed_at": "2026-11-14 21:05:00", "shipment": shipment,
        "items": [{ "product": "P-SB", "sku": "P-SB-90-TN", "title": "婴儿恒温睡袋" }],
    });
    let product = json!({
        "id": "P-SB", "title": "婴儿恒温睡袋", "short_title": "婴儿恒温睡袋", "price": 269.0, "stock": 6,
        "skus": [{ "id": "P-SB-90-TN", "attributes": { "颜色": "浅驼", "尺码": "90" }, "stock": 6 }],
    });
    let found = vec![
        fact(RecordKind::Order, "1", order),
        fact(RecordKind::Shipment, "1", shipment),
        fact(RecordKind::Product, "P-SB", product),
    ];
    Facts { found, order: Some(0), product: Some(2), relevant: true, ..Facts::default() }
}

fn reading(text: &str, intent: &str) -> Reading {
    Reading {
        text: text.into(),
        question: text.into(),
        masked: text.into(),
        intents: vec![IntentMatch { intent: intent.into(), confidence: 0.9, why: String::new() }],
        ..Reading::default()
    }
}

fn feels(label: EmotionLabel, intensity: f32, reading: Reading) -> Reading {
    Reading { emotion: Emotion { label, intensity, ..Emotion::default() }, ..reading }
}

struct Shop {
    pack: Pack,
    hours: BusinessHours,
}

impl Shop {
    fn open() -> Self {
        let hours = crate::config::Config::default().business_hours().unwrap();
        Self { pack: pack("zh-CN"), hours }
    }

    fn decide(&self, input: &TurnInput, reading: &Reading, facts: &Facts) -> Decision {
        let situation = Situation { input, reading, facts, pack: &self.pack, hours: &self.hours };
        decide(situation, crate::turn::retrieve::variables(facts, input)).0
    }

    /// Decides and remembers what was said, as a turn whose every sentence the guard lets out.
    fn turn(&self, input: &TurnInput, reading: &Reading, facts: &Facts) -> (Decision, Memory) {
        let decision = self.decide(input, reading, facts);
        let mut memory = decision.memory.clone();
        memory.said.extend(drafts(&decision).filter_map(|draft| draft.wording.clone()));
        memory.heard(decision.goals.iter().map(|planned| planned.goal), decision.tier);
        (decision, memory)
    }
}

fn drafts(decision: &Decision) -> impl Iterator<Item = &Draft> {
    decision.goals.iter().filter_map(|planned| match &planned.realisation {
        Realisation::Ready(draft) => Some(draft),
        Realisation::Model(_) => None,
    })
}

fn goals(decision: &Decision) -> Vec<Goal> {
    decision.goals.iter().map(|planned| planned.goal).collect()
}

#[test]
fn a_parcel_and_an_invoice_are_two_matters_and_the_first_can_be_come_back_to() {
    let shop = Shop::open();
    let first = input("我的睡袋到哪了", Memory::default(), morning());
    let (_, memory) = shop.turn(&first, &reading("我的睡袋到哪了", "where_is_parcel"), &facts());
    assert_eq!(memory.episode().map(|episode| episode.matter), Some(Concern::Parcel));
    let second = input("能开发票吗", memory, morning());
    let (_, memory) = shop.turn(&second, &reading("能开发票吗", "want_invoice"), &facts());
    assert_eq!(memory.episodes.len(), 2);
    assert_eq!(memory.episode().map(|episode| episode.matter), Some(Concern::Invoice));

    let check = |text: &str, matter: Option<Concern>| {
        let back = input(text, memory.clone(), morning());
        let recalled = recall(&back, |_| false);
        let found = (recalled.memory.current != memory.current)
            .then(|| recalled.memory.episode().map(|episode| episode.matter))
            .flatten();
        assert_eq!(found, matter, "{text}");
        if matter.is_some() {
            assert_eq!(recalled.memory.question.as_deref(), Some("我的睡袋到哪了"));
            assert_eq!(recalled.memory.pending, Some(Pending::Recalled));
        }
    };
    check("那刚才那个呢", Some(Concern::Parcel));
    check("刚才那个问题呢？", Some(Concern::Parcel));
    check("回到前面的事", Some(Concern::Parcel));
    check("what about the earlier question?", Some(Concern::Parcel));
    check("刚才那个羽绒服多少钱", None);
    check("发票抬头写公司", None);
}

#[test]
fn memory_survives_being_stored() {
    let shop = Shop::open();
    let message = input("我的睡袋到哪了", Memory::default(), morning());
    let (_, memory) = shop.turn(&message, &reading("我的睡袋到哪了", "where_is_parcel"), &facts());
    let stored = serde_json::to_string(&memory).unwrap();
    assert_eq!(serde_json::from_str::<Memory>(&stored).unwrap(), memory);
    assert_eq!(serde_json::from_str::<Memory>("{}").unwrap(), Memory::default());
    // What an earlier version wrote is read without what it had and this one has not.
    let older = r#"{"introduced":true,"ladder_points":3,"tier":"soothing","said":["a.b.c.1"]}"#;
    assert!(serde_json::from_str::<Memory>(older).unwrap().introduced);
}

#[test]
fn two_matters_in_one_message_are_both_heard() {
    let shop = Shop::open();
    let text = "睡袋到哪了，另外帮我开个发票";
    let mut both = reading(text, "where_is_parcel");
    let clause =
        |intent: &str, why: &str| IntentMatch { intent: intent.into(), confidence: 0.8, why: why.into() };
    both.intents.push(clause("want_invoice", ""));
    both.by_clause = vec![clause("where_is_parcel", "睡袋到哪了"), clause("want_invoice", "帮我开个发票")];
    let message = input(text, Memory { introduced: true, ..Memory::default() }, morning());
    let (decision, memory) = shop.turn(&message, &both, &facts());
    assert_eq!(decision.scenario.id, "logistics_stalled");
    let said: Vec<&str> = drafts(&decision).map(|draft| draft.text.as_str()).collect();
    let parked = memory.episodes.iter().find(|episode| episode.state == EpisodeState::Parked);
    assert!(said.iter().any(|text| text.contains("开票") || text.contains("发票")), "{said:?}");
    assert_eq!(parked.map(|episode| episode.question.as_str()), Some("帮我开个发票"));
    // An acceptance of the first is the turn of the second.
    let next = input("好的", memory, morning());
    let recalled = recall(&next, |text| text == "好的");
    assert_eq!(recalled.memory.question.as_deref(), Some("帮我开个发票"));
}

#[test]
fn comfort_is_said_once_a_tier_and_a_promise_once() {
    let shop = Shop::open();
    let upset = |text: &str, feedback| Reading {
        feedback,
        ..feels(EmotionLabel::Anxious, 0.5, reading(text, "where_is_parcel"))
    };
    let introduced = Memory { introduced: true, ..Memory::default() };
    let first = input("都好几天了到哪了", introduced, morning());
    let (one, memory) = shop.turn(&first, &upset("都好几天了到哪了", Feedback::None), &facts());
    assert_eq!(
        (one.tier, goals(&one)),
        (Tier::Proactive, vec![Goal::Soothe, Goal::Commit, Goal::Alternative])
    );
    assert_eq!(one.class, ReplyClass::Breach);
    let second = input("什么时候到", memory, morning());
    let calm = feels(EmotionLabel::Calm, 0.1, reading("什么时候到", "where_is_parcel"));
    let (two, memory) = shop.turn(&second, &calm, &facts());
    assert!(!goals(&two).contains(&Goal::Soothe), "{:?}", goals(&two));
    assert!(!goals(&two).contains(&Goal::Commit), "a promise that is not due is not made again");
    assert!(
        two.left_out.iter().any(|left| left.goal == Goal::Soothe && left.why.contains("comfort was said"))
    );
    let third = input("别跟我说查件", memory, morning());
    let (three, _) = shop.turn(&third, &upset("别跟我说查件", Feedback::Negated), &facts());
    assert_eq!(three.tier, Tier::Soothing, "{:?}", three.tier_why);
    assert!(goals(&three).contains(&Goal::Soothe), "a higher tier names the situation once more");
}

#[test]
fn a_promise_that_is_overdue_is_owned_up_to_by_a_person() {
    let shop = Shop::open();
    let now = moment("2026-11-20T15:00:00+08:00");
    let due: Timestamp = "2026-11-20T14:15:00+08:00".parse().unwrap();
    let episode = Episode {
        number: 1,
        matter: Concern::Parcel,
        scenario: "logistics_stalled".into(),
        intent: "where_is_parcel".into(),
        question: "到哪了".into(),
        contacts: 1,
        last_at: now.timestamp() - 20.minutes(),
        promises: vec![Promised { kind: "trace_reply".into(), due }],
        ..Episode::default()
    };
    let mut memory = Memory { introduced: true, ..Memory::default() };
    memory.put_current(episode);
    let message = input("查到了吗 我的快递到哪了", memory, now);
    let decision = shop.decide(&message, &reading("查到了吗 我的快递到哪了", "where_is_parcel"), &facts());
    let plan = decision.handoff.unwrap();
    assert_eq!(
        (plan.reason, plan.detail.as_deref()),
        (HandoffReason::ComplexAfterSale, Some("promise_broken"))
    );
    assert!(decision.breach, "a promise that was not kept is a breach of ours");
}

#[test]
fn the_third_contact_with_a_matter_within_a_day_goes_to_a_person() {
    let shop = Shop::open();
    let mut memory = Memory { introduced: true, ..Memory::default() };
    let text = "我的快递到哪了";
    let mut reached = Vec::new();
    for hour in [9, 12, 18] {
        let now = moment(&format!("2026-11-20T{hour:02}:00:00+08:00"));
        // Nothing was promised in between, so that only the contacts count.
        memory.episodes.iter_mut().for_each(|episode| episode.promises.clear());
        let message = input(text, memory.clone(), now);
        let (decision, after) = shop.turn(&message, &reading(text, "where_is_parcel"), &facts());
        reached.push((decision.tier, decision.handoff.and_then(|plan| plan.detail)));
        memory = after;
    }
    assert_eq!(reached[0], (Tier::Proactive, None));
    assert_eq!(reached[1].0, Tier::Soothing);
    assert_eq!(reached[2], (Tier::Handoff, Some("repeat_contact".to_owned())));
}

#[test]
fn what_people_did_counts() {
    let hot = Episode {
        number: 1,
        state: EpisodeState::WithPeople,
        position: Position { points: 7, tier: Tier::Handoff, ..Position::default() },
        contacts: 2,
        ..Episode::default()
    };
    let mut memory = Memory::default();
    memory.put_current(hot);
    let returned = memory.clone().after_people(0);
    assert_eq!(returned.episodes[0].position.points, 3, "given back, it does not jump to a person again");
    assert_eq!(returned.episodes[0].state, EpisodeState::Open);
    let solved = memory.clone().after_people(1);
    assert_eq!(solved.episodes[0].position, Position::default());
    assert_eq!((solved.episodes[0].state, solved.episodes[0].contacts), (EpisodeState::Resolved, 0));
    memory.episodes[0].position.danger = true;
    assert!(memory.clone().after_people(0).episodes[0].position.danger, "danger stays until people close it");
    assert!(!memory.after_people(1).episodes[0].position.danger);
}

#[test]
fn an_earlier_conversation_of_the_day_is_known() {
    let mut memory = Memory::default();
    let at = |hours: i64| morning().timestamp() - SignedDuration::from_hours(hours);
    for (number, hours, matter, contacts) in [
        (1, 2, Concern::Parcel, 1),
        (2, 2, Concern::Invoice, 0), // people solved it
        (3, 2, Concern::Shopping, 1),
        (4, 30, Concern::AfterSale, 1),
    ] {
        memory.put(Episode { number, matter, contacts, last_at: at(hours), ..Episode::default() });
    }
    let known: Vec<u32> = memory.unsolved(morning().timestamp()).map(|episode| episode.number).collect();
    assert_eq!(known, [1]);
}

/// Every scenario of both packs, at every tier, for a calm, an upset and a furious customer.
fn for_every_scenario(mut check: impl FnMut(&str, &Decision)) {
    let hours = crate::config::Config::default().business_hours().unwrap();
    for language in ["zh-CN", "en"] {
        let pack = pack(language);
        for scenario in &pack.scenarios {
            for (label, intensity) in
                [(EmotionLabel::Calm, 0.1), (EmotionLabel::Anxious, 0.6), (EmotionLabel::Angry, 0.9)]
            {
                for points in [0, 2, 4, 6] {
                    let decision = of_scenario(&pack, &hours, scenario, (label, intensity, points));
                    check(&format!("{language} {} {label:?} {points}", scenario.id), &decision);
                }
            }
        }
    }
}

fn of_scenario(
    pack: &Pack,
    hours: &BusinessHours,
    scenario: &Scenario,
    (label, intensity, points): (EmotionLabel, f32, u32),
) -> Decision {
    let mut memory = Memory::default();
    memory.put_current(Episode {
        number: 1,
        position: Position { points, ..Position::default() },
        contacts: 1,
        last_at: morning().timestamp(),
        ..Episode::default()
    });
    let message = input("怎么回事", memory, morning());
    let reading = feels(label, intensity, reading("怎么回事", &scenario.intent));
    let facts = facts();
    let situation = Situation { input: &message, reading: &reading, facts: &facts, pack, hours };
    let chosen = scenario::Chosen { scenario, confidence: 0.9, understood: true };
    decide_chosen(
        situation,
        with_voice(crate::turn::retrieve::variables(&facts, &message), pack),
        (&chosen, None),
    )
    .0
}

#[test]
fn no_reply_of_any_scenario_is_too_long_or_asks_twice() {
    for_every_scenario(|name, decision| {
        assert!(decision.goals.len() <= MOST_BUBBLES, "{name}: {:?}", goals(decision));
        let questions = drafts(decision).filter(|draft| asks(&draft.text)).count();
        assert!(
            questions <= 1,
            "{name}: {:?}",
            drafts(decision).map(|draft| &draft.text).collect::<Vec<_>>()
        );
        assert!(!decision.goals.is_empty(), "{name}: nothing is said");
    });
}

#[test]
fn every_reply_keeps_the_order_of_its_class() {
    for_every_scenario(|name, decision| {
        let said = goals(decision);
        let comfort = said.iter().rposition(|goal| matches!(goal, Goal::Soothe | Goal::Apologize));
        let facts = said.iter().position(|goal| matches!(goal, Goal::Answer | Goal::Verdict | Goal::Commit));
        if let (Some(comfort), Some(facts)) = (comfort, facts) {
            assert!(comfort < facts, "{name}: {said:?}");
        }
        if !decision.breach {
            assert!(!said.contains(&Goal::Apologize), "{name}: nothing proves a breach");
        }
        if name.contains(" Calm ") && decision.class == ReplyClass::Field {
            assert!(!said.contains(&Goal::Soothe), "{name}: {said:?}");
        }
        let handoff = said.iter().position(|goal| *goal == Goal::Handoff);
        if decision.handoff.as_ref().is_some_and(|plan| plan.mode == HandoffMode::Now) {
            assert!(
                handoff.is_some_and(|at| said[at + 1..].iter().all(|goal| *goal == Goal::Commit)),
                "{name}"
            );
        }
        assert!(said.iter().filter(|goal| **goal == Goal::Volunteer).count() <= 1, "{name}: {said:?}");
    });
}

#[test]
fn orders_that_cannot_be_read_are_never_said_not_to_exist() {
    let unreadable =
        Unreadable { kinds: vec![RecordKind::Order, RecordKind::Aftersale], why: "it is down".into() };
    let facts = Facts { unreadable: Some(unreadable), ..Facts::default() };
    for language in ["zh-CN", "en"] {
        let shop = Shop { pack: pack(language), ..Shop::open() };
        let needs = |scenario: &&Scenario| {
            scenario.needs.contains(&RecordKind::Order) && scenario.handoff.always.is_none()
        };
        for scenario in shop.pack.scenarios.iter().filter(needs) {
            let message = input("怎么回事", Memory::default(), morning());
            let decision = shop.decide(&message, &reading("怎么回事", &scenario.intent), &facts);
            // Of an intent some scenarios need no order; what is said then needs none.
            if !shop.pack.scenarios.iter().any(|one| one.id == decision.scenario.id && needs(&one)) {
                continue;
            }
            let plan =
                decision.handoff.as_ref().unwrap_or_else(|| panic!("{}: nobody takes over", scenario.id));
            assert_eq!(
                (plan.reason, plan.detail.as_deref()),
                (HandoffReason::Unavailable, Some("orders")),
                "{}",
                scenario.id
            );
            assert!(plan.why.contains("it is down"), "{}", plan.why);
            let places: Vec<String> = drafts(&decision).filter_map(|draft| draft.wording.clone()).collect();
            assert!(places.iter().any(|place| place.starts_with("handoff.unavailable.orders")), "{places:?}");
            assert!(!places.iter().any(|place| place.starts_with("no_order")), "{places:?}");
        }
        // Who has not signed in is asked to, whatever is down.
        let stranger = TurnInput {
            scope: Scope::anonymous(ShopId::default()),
            ..input("到哪了", Memory::default(), morning())
        };
        let decision = shop.decide(&stranger, &reading("到哪了", "where_is_parcel"), &facts);
        assert_eq!(decision.handoff, None, "{language}");
    }
}
