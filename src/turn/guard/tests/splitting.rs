use proptest::prelude::*;

use super::super::split::{SentenceSplitter, clauses, sentences};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(sentences(text), expected, "{text}");
}

#[test]
fn sentences_end_where_a_reader_ends_them() {
    check("您好。订单已发货！预计4月7日到？", &["您好。", "订单已发货！", "预计4月7日到？"]);
    check("共1,299.50元，F6033-JE6(HE)一台。", &["共1,299.50元，F6033-JE6(HE)一台。"]);
    check("“已签收！”是系统写的。好", &["“已签收！”是系统写的。", "好"]);
    check("好的！！~您看；可以吗", &["好的！！", "~您看；", "可以吗"]);
    check("一\n\n二", &["一\n\n", "二"]);
    check("https://a.cn/x?id=1 在这里", &["https://a.cn/x?id=1 在这里"]);
    check("（注意！没有关上的括号。后面", &["（注意！没有关上的括号。后面"]);
}

#[test]
fn a_sentence_without_end_is_cut_at_a_comma_and_never_in_a_number() {
    let long = "这款机器的加热速度和保温能力都很不错，".repeat(4) + "价格是1,299元";
    let found = sentences(&long);
    assert!(found.len() > 1, "{found:?}");
    assert!(found.iter().all(|sentence| sentence.chars().count() <= 80), "{found:?}");
    assert!(found.iter().any(|sentence| sentence.contains("1,299元")), "{found:?}");
    assert_eq!(sentences(&"字".repeat(500)).concat(), "字".repeat(500));
}

#[test]
fn an_end_waits_for_what_belongs_to_it() {
    let mut splitter = SentenceSplitter::new();
    assert!(splitter.push("好的！").is_empty());
    assert_eq!(splitter.push("！您"), ["好的！！"]);
    assert_eq!(splitter.finish(), ["您"]);
    assert!(splitter.finish().is_empty());
    // However many marks come one by one, they stay together, and each is looked at once.
    for _ in 0..5_000 {
        assert!(splitter.push("！").is_empty());
    }
    assert_eq!(splitter.push("您"), ["！".repeat(5_000)]);
    assert_eq!(splitter.push("好?x"), Vec::<String>::new());
    assert_eq!(splitter.finish(), ["您好?x"]);
}

#[test]
fn clauses_keep_grouped_digits_together() {
    assert_eq!(clauses("共1,299元，两件、包邮。"), ["共1,299元", "两件、包邮"]);
    assert_eq!(clauses("80码缺货、90码有货"), ["80码缺货", "90码有货"]);
    assert_eq!(clauses("，。"), Vec::<&str>::new());
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(pieces in proptest::collection::vec("[一-三a1-2，。！？;“”（）.,\\n ~🎉]{0,12}", 0..40)) {
        let mut splitter = SentenceSplitter::new();
        let mut found = Vec::new();
        for piece in &pieces {
            found.extend(splitter.push(piece));
        }
        found.extend(splitter.finish());
        prop_assert_eq!(found.concat(), pieces.concat());
        prop_assert!(found.iter().all(|sentence| !sentence.is_empty()));
        // However the text is cut into pieces, the sentences are the same.
        prop_assert_eq!(found, sentences(&pieces.concat()));
    }
}
