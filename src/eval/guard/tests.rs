use jiff::tz::TimeZone;

use super::*;

fn vetting<'a>(pack: &'a Pack, products: &'a BTreeSet<String>, mutate: Option<u64>) -> Vetting<'a> {
    static ZONE: TimeZone = TimeZone::UTC;
    Vetting { pack, zone: &ZONE, mutate, products }
}

fn row() -> Row {
    serde_json::from_str(
        r#"{"id": "r1", "question": "多少钱", "evidence": [{"id": "e", "kind": "fee", "text": "清洗费60元/次"}],
            "good": ["清洗费60元一次。"], "bad": [{"text": "清洗费80元一次。", "why": "fee: 60→80"}]}"#,
    )
    .unwrap()
}

#[test]
fn sentences_are_counted_by_what_became_of_them() {
    let pack = crate::turn::guard::tests::pack();
    let (report, each) = run(&[row()], &vetting(&pack, &BTreeSet::new(), None));
    assert_eq!((report.bad, report.caught, report.good, report.false_blocks), (1, 1, 1, 0));
    assert_eq!(report.by_reason["fee"], Caught { bad: 1, caught: 1 });
    assert_eq!(report.refused_for["number_not_in_evidence"], 1);
    assert_eq!(each[0].planted, None);
    assert_eq!(each[1].planted.as_deref(), Some("fee: 60→80"));
}

#[test]
fn true_sentences_are_falsified_and_what_is_blocked_is_not() {
    let pack = crate::turn::guard::tests::pack();
    let mut row = row();
    row.good.push("清洗费90元一次。".into());
    let (report, each) = run(&[row], &vetting(&pack, &BTreeSet::new(), Some(7)));
    let mutations = report.mutations.expect("mutations were asked for");
    assert_eq!(mutations.by_kind[&Kind::Money], Tally { made: 1, caught: 1 });
    assert_eq!(mutations.by_kind[&Kind::Digit], Tally { made: 1, caught: 1 });
    assert_eq!(report.false_blocks, 1);
    let planted =
        each.iter().filter_map(|one| one.planted.as_deref()).filter(|planted| planted.contains('→'));
    assert!(
        planted.clone().any(|planted| planted.starts_with("money: 60元→")),
        "{:?}",
        planted.collect::<Vec<_>>()
    );
}

/// A little shop: what its records say passes, and what is changed in it does not.
#[test]
fn records_vouch_for_their_own_sentences() {
    let lines = r#"{"kind": "product", "id": "P1", "title": "折叠推车", "price": 899.0, "status": "on_sale", "attributes": {"车重": "6.4 公斤"}}
{"kind": "product", "id": "P2", "title": "静音吸奶器", "price": 399.0, "status": "on_sale", "attributes": {"续航": "120 分钟"}}
{"kind": "customer", "id": "c1", "name": "欧阳小满", "phone": "13900001111"}
{"kind": "order", "id": "20261114008712", "customer": "c1", "status": "delivered", "total": 899.0, "items": [{"product": "P1", "title": "折叠推车", "price": 899.0, "quantity": 1}], "shipment": {"carrier": "中通", "tracking": "78412365509821", "status": "delivered", "delivered_at": "2026-11-16T20:00:00", "events": []}}"#;
    let records = crate::record::parse_ndjson(lines.as_bytes(), "shop").unwrap();
    let now = Now::new("2026-11-20T02:00:00Z".parse().unwrap(), TimeZone::UTC);
    let told = told(&records, &now, 0);
    let ids: Vec<&str> = told.iter().map(|told| told.id.as_str()).collect();
    assert_eq!(ids, ["product:P1", "product:P2", "order:20261114008712"], "a customer is no evidence");
    assert!(told[0].sentences.contains(&"折叠推车的价格：899.00元。".to_owned()), "{:?}", told[0].sentences);
    assert_eq!(told[2].facts.found.len(), 4, "the order, its parcel, and the products");

    let pack = crate::turn::guard::tests::pack();
    let products = product_names(&records);
    let (report, each) = run_records(&told, &vetting(&pack, &products, Some(0)), &now);
    let wrong: Vec<&Each> = each.iter().filter(|one| one.passed == one.planted.is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(report.false_blocks, 0);
    let mutations = report.mutations.expect("mutations were asked for");
    for kind in [
        Kind::Digit,
        Kind::Date,
        Kind::Id,
        Kind::Money,
        Kind::Duration,
        Kind::Unit,
        Kind::Carrier,
        Kind::Product,
    ] {
        assert!(mutations.by_kind[&kind].made > 0, "{kind:?}");
    }
}

/// The rows that come with the program: none of their faults passes unless it is known to, and hardly a true sentence is
/// blocked.
#[test]
fn the_rows_of_the_sample_shop_are_judged_rightly() {
    let rows: Vec<Row> = include_str!("../../../tests/data/guard_rows.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let files = crate::pack::load::PackFiles::embedded("zh-CN").unwrap();
    let pack = crate::pack::load::load(&files).unwrap().pack;
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let products = BTreeSet::new();
    let by = Vetting { pack: &pack, zone: &zone, mutate: Some(0), products: &products };
    let (report, each) = run(&rows, &by);
    let wrong: Vec<String> = each
        .iter()
        .filter(|one| one.passed == one.planted.is_some())
        .map(|one| format!("{} {:?} {} {:?} {:?}", one.id, one.planted, one.text, one.reason, one.detail))
        .collect();
    let wrong = wrong.join("\n");
    assert!(report.false_blocks * 100 <= report.good * 5, "{wrong}");
    assert!(report.caught * 100 >= report.bad * 90, "{wrong}");
    let mutations = report.mutations.expect("mutations were asked for");
    for (kind, tally) in &mutations.by_kind {
        let least = match kind {
            // Answers in other words than the record's; on the records themselves it is 0.9 too.
            Kind::Polarity => 0.85,
            Kind::Unit | Kind::Carrier | Kind::Product => 0.9,
            _ => 1.0,
        };
        assert!(tally.share() >= least, "{kind:?} {tally:?}\n{wrong}");
    }
}
