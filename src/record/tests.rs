use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::time::Now;

mod practice;

fn now(text: &str) -> Now {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Now::new(crate::time::parse_shop_time(text, &zone).unwrap(), zone)
}

fn record(value: Value) -> Record {
    Record::from_value(value).unwrap()
}

/// The folder of local data, if this machine has it.
pub(crate) fn shared(path: &str) -> Option<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared", "../../shared"]
        .iter()
        .map(|shared| root.join(shared).join(path))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {path} is not on this machine");
    }
    found
}

#[test]
fn faults_are_named_by_field_and_code() {
    let check = |line: &str, expected: &[(&str, FaultCode)]| {
        let faults = Record::parse(line).map(|_| Vec::new()).unwrap_or_else(|faults| faults);
        let found: Vec<(&str, FaultCode)> =
            faults.iter().map(|fault| (fault.field.as_str(), fault.code)).collect();
        assert_eq!(found, expected, "{line}");
    };
    use FaultCode::*;
    check(r#"{"kind":"product","id":"p1","title":"睡袋","price":269,"colour":"red"}"#, &[]);
    check("[1]", &[("", WrongType)]);
    check("{\"kind\":", &[("", InvalidJson)]);
    check(r#"{"kind":"product","id":"p1","title":"\ud800"}"#, &[("", InvalidJson)]);
    check(r#"{"id":"p1"}"#, &[("kind", Missing)]);
    check(r#"{"kind":"spaceship","id":"p1"}"#, &[("kind", UnknownKind)]);
    check(r#"{"kind":"shipment","id":"p1"}"#, &[("kind", UnknownKind)]);
    check(r#"{"kind":"product","title":"睡袋"}"#, &[("id", Missing)]);
    check(r#"{"kind":"product","id":"  ","title":"睡袋"}"#, &[("id", BadId)]);
    check(r#"{"kind":"product","id":7,"title":"睡袋"}"#, &[("id", WrongType)]);
    check(r#"{"kind":"product","id":"p","title":"a","price":-1}"#, &[("price", ImpossibleValue)]);
    check(r#"{"kind":"product","id":"p","title":"a","price":"cheap"}"#, &[("price", WrongType)]);
    check(r#"{"kind":"product","id":"p","title":"a","stock":1.5}"#, &[("stock", ImpossibleValue)]);
    check(
        r#"{"kind":"product","id":"p","title":"a","skus":[{"id":"s","price":-2}]}"#,
        &[("skus[0].price", ImpossibleValue)],
    );
    check(
        r#"{"kind":"order","id":"o","customer":"c","status":"paid","items":[{"product":"p","quantity":0}]}"#,
        &[("items[0].quantity", ImpossibleValue)],
    );
    check(
        r#"{"kind":"order","id":"o","customer":"c","status":"paid","shipment":{"events":[{"at":"soon"}]}}"#,
        &[("shipment.events[0].at", ImpossibleValue)],
    );
    check(
        r#"{"kind":"order","id":"o","total":-5}"#,
        &[("customer", Missing), ("status", Missing), ("total", ImpossibleValue)],
    );
    check(
        r#"{"kind":"promotion","id":"p","title":"a","valid_from":"2026-11-20","valid_until":"2026-11-01"}"#,
        &[("valid_from", ImpossibleValue)],
    );
    check(
        r#"{"kind":"promotion","id":"p","title":"a","valid_text":"近期"}"#,
        &[("valid_text", ImpossibleValue)],
    );
    check(
        r#"{"kind":"promotion","id":"p","title":"a","valid_from":"2026-11-20","valid_until":"2026-11-20"}"#,
        &[],
    );
    check(r#"{"kind":"policy","id":"p","about":"cancel","then":"maybe"}"#, &[("then", ImpossibleValue)]);
    check(
        r#"{"kind":"policy","id":"p","about":"cancel","then":"allowed","when":"order.status =="}"#,
        &[("when", BadCondition)],
    );
    check(r#"{"kind":"knowledge","id":"k","text":"a","questions":"b"}"#, &[("questions", WrongType)]);
}

#[test]
fn the_body_of_a_call_takes_kind_and_id_from_its_address() {
    let promotion = Record::from_body(
        RecordKind::Promotion,
        "p1",
        json!({"title": "满减", "kind": "full_reduction", "valid_until": "2026-11-30"}),
    )
    .unwrap();
    assert_eq!(promotion.text("promotion_kind"), Some("full_reduction"));
    assert_eq!(promotion.text("kind"), Some("promotion"));
    let faults = Record::from_body(RecordKind::Product, "p1", json!({"id": "p2", "title": "a"})).unwrap_err();
    assert_eq!(faults[0].field, "id");
    assert!(Record::from_body(RecordKind::Product, "p1", json!({"kind": "order", "title": "a"})).is_err());
    assert!(check_shipment(json!({"carrier": "中通", "tracking": "1", "events": []})).is_ok());
    assert_eq!(check_shipment(json!({"expected_at": 5})).unwrap_err()[0].field, "expected_at");
}

#[test]
fn an_import_names_every_fault_by_its_line() {
    let text = "\u{feff}{\"kind\":\"product\",\"id\":\"a\",\"title\":\"x\"}\r\n\n{\"kind\":\"product\"}\nnonsense\n\
                {\"kind\":\"product\",\"id\":\"a\",\"title\":\"x\"}";
    let faults = parse_ndjson(text.as_bytes(), "shop.ndjson").unwrap_err();
    let found: Vec<(usize, FaultCode)> = faults.iter().map(|fault| (fault.line, fault.code)).collect();
    assert_eq!(
        found,
        [
            (3, FaultCode::Missing),
            (3, FaultCode::Missing),
            (4, FaultCode::InvalidJson),
            (5, FaultCode::ImpossibleValue)
        ]
    );
    assert!(faults[0].to_string().starts_with("shop.ndjson:3: `id`"), "{}", faults[0]);
    assert_eq!(parse_ndjson(b"\xff\n", "").unwrap_err()[0].code, FaultCode::InvalidJson);
    assert_eq!(parse_ndjson(b"\xef\xbb\xbf\n\n", "").unwrap(), []);
    let text = "\n{\"kind\":\"product\",\"id\":\"a\",\"title\":\"x\"}\n \r\n{\"kind\":\"product\",\"id\":\"b\",\"title\":\"x\"}";
    let numbered = parse_numbered_ndjson(text.as_bytes(), "").unwrap();
    let lines: Vec<(usize, &str)> =
        numbered.iter().map(|(line, record)| (*line, record.id.as_str())).collect();
    assert_eq!(lines, [(2, "a"), (4, "b")]);
}

#[test]
fn validity_is_read_from_fields_and_from_words() {
    let check = |fields: Value, moment: &str, expected: bool| {
        let mut value = json!({"kind": "knowledge", "id": "k", "text": "t"});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(in_force(&record(value), &now(moment)), expected, "{fields} at {moment}");
    };
    check(json!({}), "2026-11-20", true);
    check(json!({"valid_text": "2025年5月24日-6月18日"}), "2025-06-18 23:59", true);
    check(json!({"valid_text": "2025年5月24日-6月18日"}), "2025-06-19 00:00", false);
    check(json!({"valid_text": "2025年5月24日-6月18日"}), "2025-05-23 23:59", false);
    check(json!({"valid_text": "2025年12月20日至1月5日"}), "2026-01-03", true);
    check(json!({"valid_text": "2025.11.01~2025.11.11"}), "2025-11-12", false);
    check(json!({"valid_text": "即日起至2025年6月18日"}), "2025-06-19", false);
    check(json!({"valid_text": "长期有效"}), "2030-01-01", true);
    check(json!({"valid_until": "2026-11-20"}), "2026-11-20 18:00", true);
    check(json!({"valid_until": "2026-11-20 12:00:00"}), "2026-11-20 18:00", false);
    check(json!({"valid_from": "2026-11-21"}), "2026-11-20 18:00", false);
}

fn order_with(shipment: Value, status: &str) -> Record {
    record(json!({
        "kind": "order", "id": "20261114008712", "customer": "c1", "status": status, "total": 269,
        "ship_by": "2026-11-15 20:00:00", "payment": "微信",
        "items": [{"product": "p1", "title": "婴儿恒温睡袋90码", "price": 269, "quantity": 1}],
        "address": {"name": "陈晓禾", "phone": "19900006620", "province": "湖北省", "city": "武汉市",
                    "district": "江岸区", "street": "春和里18号芳草园3栋1202"},
        "shipment": shipment,
    }))
}

#[test]
fn the_state_of_a_parcel_comes_from_the_surest_sign() {
    let check = |shipment: Value, order: &str, expected: &str| {
        let order = order_with(shipment.clone(), order);
        let parcels = shipment_records(&order, &now("2026-11-18 12:00"));
        assert_eq!(parcels[0].text("status"), Some(expected), "{shipment}");
    };
    let event = |at: &str, status: &str, text: &str| json!({"at": at, "status": status, "text": text});
    check(json!({"tracking": "784123"}), "shipped", "no_pickup");
    check(json!({"events": [event("2026-11-16 10:00:00", "已创建", "您提交了订单")]}), "paid", "no_pickup");
    check(json!({"events": [event("2026-11-18 10:00:00", "运输中", "到达武汉")]}), "shipped", "moving");
    check(json!({"events": [event("2026-11-16 10:00:00", "运输中", "到达武汉")]}), "shipped", "stalled");
    check(
        json!({"events": [event("2026-11-18 09:00:00", "派送中", "正在派送")]}),
        "shipped",
        "out_for_delivery",
    );
    check(json!({"events": [event("2026-11-10 09:00:00", "已签收", "")]}), "delivered", "delivered");
    check(json!({"events": [event("2026-11-18 09:00:00", "", "前台代收")]}), "shipped", "delivered");
    check(json!({"delivered_at": "2026-11-17 09:00:00", "events": []}), "shipped", "delivered");
    check(json!({"events": [event("2026-11-18 09:00:00", "退回中", "收件人拒收")]}), "shipped", "returned");
    check(json!({"status": "stalled"}), "shipped", "stalled");
    // The signature was for the old machine that was fetched.
    check(json!({"events": [event("2026-11-18 09:00:00", "已签收", "旧机已取回")]}), "processing", "moving");
    // The list is not always in order.
    check(
        json!({"events": [event("2026-11-18 10:00:00", "运输中", "到达"), event("2026-11-14 10:00:00", "已揽收", "揽收")]}),
        "shipped",
        "moving",
    );
}

#[test]
fn derived_fields_tell_what_conditions_ask() {
    let shipment = json!({"carrier": "中通", "tracking": "78412365509821", "expected_at": "2026-11-17 18:00:00",
        "events": [{"at": "2026-11-16 09:30:00", "status": "运输中", "place": "武汉转运中心", "text": "到达武汉转运中心"}]});
    let fields = derived_fields(&order_with(shipment, "shipped"), &now("2026-11-18 12:00"));
    assert_eq!(fields["id_tail"], "8712");
    assert_eq!(fields["short_title"], "婴儿恒温睡袋90码");
    let parcel = &fields["shipment"];
    assert_eq!(parcel["tracking_tail"], "9821");
    assert_eq!(parcel["hours_since_event"], 50);
    assert_eq!(parcel["last_event_at"], "2026-11-16 09:30:00");
    assert_eq!(parcel["last_event_place"], "武汉转运中心");
    assert_eq!(parcel["overdue"], true);
    assert_eq!(fields["address"]["city"], "武汉市");
    for field in ["name", "phone", "street"] {
        assert!(fields["address"].get(field).is_none(), "{field}");
    }
    let waiting = derived_fields(&order_with(json!({}), "paid"), &now("2026-11-18 12:00"));
    assert_eq!(waiting["overdue"], true);
}

#[test]
fn evidence_holds_no_people() {
    let text = |word: &str| {
        json!({"carrier": "中通", "tracking": "1", "events": [
        {"at": "2026-11-16 09:30:00", "status": "派送中", "place": "湖北省武汉市江岸区春和里18号芳草园3栋1202", "text": word}]})
    };
    for words in [
        "配送员已揽件，正在为您配送，配送员：周华，电话：13813987654",
        "快件由【张配送员(138****1234)】开始配送",
        "快件已由快递员【刘师傅(ZT2468)】揽收，周华，13813987654",
        "前台代收（签收人：周华）",
        "陈晓禾女士的快件已送到春和里18号芳草园3栋1202，如有疑问请电13813987654",
    ] {
        let order = order_with(text(words), "shipped");
        let moment = now("2026-11-16 12:00");
        let parcels = shipment_records(&order, &moment);
        let fields = derived_fields(&parcels[0], &moment).to_string();
        for told in [evidence_text(&parcels[0], &moment), evidence_text(&order, &moment), fields] {
            for person in ["陈晓禾", "张配送员", "刘师傅", "138", "芳草园", "18号", "1202", "19900006620"]
            {
                assert!(!told.contains(person), "{person} in {told}");
            }
        }
    }
    let told = evidence_text(&order_with(json!({}), "shipped"), &now("2026-11-16"));
    assert!(told.contains("收货地区：湖北省武汉市江岸区"), "{told}");
    assert!(told.contains("婴儿恒温睡袋90码×1，单价269.00元"), "{told}");
}

#[test]
fn descriptions_give_no_money_but_the_price() {
    let product = record(json!({
        "kind": "product", "id": "p", "title": "电热水器60升国家补贴立减15%", "price": 1799,
        "description": "官方售价为1799元。活动到手价低至1416-1353元。容量60升，功率3300W。购买可享补贴最高300元。享20%补贴。限时八五折，8.5折起。",
        "warranty_months": 72,
    }));
    let text = evidence_text(&product, &now("2026-11-20"));
    for kept in ["官方售价为1799元", "容量60升", "价格：1799.00元", "质保（月）：72"] {
        assert!(text.contains(kept), "{kept} missing in {text}");
    }
    for dropped in ["1416", "1353", "300元", "20%", "15%", "8.5折"] {
        assert!(!text.contains(dropped), "{dropped} in {text}");
    }
}

#[test]
fn expired_knowledge_and_customers_are_no_evidence() {
    let old = record(
        json!({"kind": "knowledge", "id": "k", "text": "买一送一", "valid_text": "2025年5月24日-6月18日"}),
    );
    assert_eq!(evidence_text(&old, &now("2026-11-20")), "");
    assert!(evidence_text(&old, &now("2025-06-01")).contains("买一送一"));
    let customer =
        record(json!({"kind": "customer", "id": "c", "name": "陈晓禾", "profile": {"member_level": "金芽"}}));
    assert_eq!(evidence_text(&customer, &now("2026-11-20")), "");
    assert_eq!(derived_fields(&customer, &now("2026-11-20")), json!({"member_level": "金芽"}));
}

#[test]
fn long_titles_become_names() {
    let check = |title: &str, expected: &str| assert_eq!(shorten_title(title), expected, "{title}");
    check("婴儿恒温睡袋", "婴儿恒温睡袋");
    check(
        "美的（Midea）60升超薄双胆扁桶电热水器3300W速热节能免换镁棒大水量F6033-UD3(HE)一级能效以旧换新国家补贴",
        "美的60升超薄双胆扁桶电热水器 F6033-UD3(HE)",
    );
    check(
        "美的（Midea）TECH活水电热水器80升3200W变频速热10重过滤终身镁棒免更换以旧换新国家补贴F8032-RW7(HE)",
        "美的TECH活水电热水器 F8032-RW7(HE)",
    );
    check("【限时特惠】宝宝连体衣", "宝宝连体衣");
}

#[test]
fn a_real_shop_is_read_without_loss_and_told_without_people() {
    let Some(folder) = shared("data/appliance_shop") else { return };
    let moment = now("2025-06-09 12:00");
    let mut people = Vec::new();
    let mut told = Vec::new();
    for (file, count) in [("products", 52), ("knowledge", 237), ("customers", 13), ("orders", 22)] {
        let bytes = std::fs::read(folder.join(format!("{file}.ndjson"))).unwrap();
        let records = parse_ndjson(&bytes, file).unwrap();
        assert_eq!(records.len(), count, "{file}");
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (record, line) in records.iter().zip(lines) {
            let line: Map<String, Value> = serde_json::from_slice(line).unwrap();
            assert_eq!(record.fields, line);
            if record.kind == RecordKind::Customer {
                people.extend([
                    record.text("name").unwrap().to_owned(),
                    record.text("phone").unwrap().to_owned(),
                ]);
            }
            told.push(evidence_text(record, &moment));
            told.push(record.short_title().unwrap_or_default());
            told.extend(
                shipment_records(record, &moment).iter().map(|parcel| evidence_text(parcel, &moment)),
            );
            if record.kind == RecordKind::Order {
                told.push(derived_fields(record, &moment).to_string());
            }
        }
    }
    people.extend(["周华", "张配送员", "1503室", "余杭塘路866号", "光华路8号"].map(str::to_owned));
    for text in &told {
        assert!(!text.contains("立减15%"), "{text}");
        for person in &people {
            assert!(!text.contains(person.as_str()), "{person} in {text}");
        }
    }
}

#[test]
fn the_sample_shop_is_read_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shop");
    let moment = now("2026-11-20 10:00");
    let mut known = std::collections::HashSet::new();
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            let read = parse_ndjson(&std::fs::read(&path).unwrap(), &path.display().to_string());
            records.extend(read.unwrap_or_else(|faults| panic!("{}", faults[0])));
        }
    }
    assert!(records.len() > 200, "{}", records.len());
    known.extend(records.iter().map(|record| (record.kind, record.id.clone())));
    for record in &records {
        for reference in record.references() {
            assert!(
                known.contains(&reference),
                "{} points to {reference:?}, which is not there",
                record.fact_id()
            );
        }
        let people: Vec<&str> = ["name", "phone", "street"]
            .iter()
            .filter_map(|field| record.fields.get("address")?.get(field)?.as_str())
            .collect();
        let parcels = shipment_records(record, &moment);
        for told in parcels.iter().chain([record]).map(|one| evidence_text(one, &moment)) {
            for person in &people {
                assert!(!told.contains(person), "{person} in {told}");
            }
        }
    }
}
