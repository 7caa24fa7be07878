use jiff::tz::TimeZone;

use super::*;

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
    let (report, each) = run(&[row()], &pack, &TimeZone::UTC);
    assert_eq!((report.bad, report.caught, report.good, report.false_blocks), (1, 1, 1, 0));
    assert_eq!(report.by_reason["fee"], Caught { bad: 1, caught: 1 });
    assert_eq!(report.refused_for["number_not_in_evidence"], 1);
    assert_eq!(each[0].planted, None);
    assert_eq!(each[1].planted.as_deref(), Some("fee: 60→80"));
}

/// Prints the scores of a file of rows: `WARMDESK_GUARD_ROWS=FILE`.
#[test]
#[ignore = "needs a file of labelled rows"]
fn measure() {
    let path = std::env::var("WARMDESK_GUARD_ROWS").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Row> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let shipped =
        crate::pack::load::PackFiles::embedded("zh-CN").and_then(|files| crate::pack::load::load(&files));
    println!("with the shipped pack: {}", shipped.is_ok());
    let pack = shipped.map_or_else(|_| crate::turn::guard::tests::pack(), |loaded| loaded.pack);
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    run(&rows[..1], &pack, &zone);
    let started = std::time::Instant::now();
    let (report, each) = run(&rows, &pack, &zone);
    let spent = started.elapsed();
    for one in each.iter().filter(|one| one.passed == one.planted.is_some()) {
        println!("{} {:?} {} | {:?} {:?}", one.id, one.planted, one.text, one.reason, one.detail);
    }
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
    println!("{:?} a sentence", spent / u32::try_from(each.len()).unwrap());
}
