use super::*;

#[test]
fn a_file_with_a_fault_is_refused_with_its_name_and_a_reason() {
    let check = |text: &str, expected: &str| {
        let error = read("a.yaml", text).unwrap_err().to_string();
        assert!(error.starts_with("a.yaml") && error.contains(expected), "{text}: {error}");
    };
    check(
        "about: x\nclock: y\nturns:\n  - tier: standard\n",
        "turn 1: needs one of `say`, `staff`, `result` and `later`",
    );
    check(
        "about: x\nclock: y\nturns:\n  - { say: a, staff: gives_back }\n",
        "turn 1: needs one of `say`, `staff`, `result` and `later`",
    );
    check("about: x\nclock: y\nturns:\n  - { say: a, colour: red }\n", "colour");
    check("about: x\nturns: []\n", "clock");
}

#[test]
fn the_report_counts_what_went_wrong() {
    let turn = |faults: &[&str]| ToldTurn {
        say: "在吗".into(),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        ..ToldTurn::default()
    };
    let told = |turns| Told { name: "a".into(), about: "b".into(), turns };
    let report = Report::of(vec![
        told(vec![turn(&[]), turn(&[])]),
        told(vec![turn(&["said before: 在的"]), turn(&["`x` is missing", "`y` is said"])]),
    ]);
    assert_eq!((report.dialogues, report.right), (2, 1));
    assert_eq!((report.turns, report.wrong_turns, report.repeats), (4, 2, 1));
    assert!(report.each[1].faults().contains("2. 在吗"));
}
