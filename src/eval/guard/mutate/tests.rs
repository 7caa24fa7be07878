use super::*;

/// Everything a sentence becomes, for a few seeds.
fn all(sentence: &str, evidence: &[&str]) -> Vec<Mutant> {
    let carriers = ["顺丰", "中通", "京东物流", "京东"].map(str::to_owned);
    let products = ["折叠推车 L2", "折叠推车", "静音吸奶器", "学饮杯"].map(str::to_owned).into();
    let ground = Ground { evidence, carriers: &carriers, products: &products };
    (0..20).flat_map(|seed| mutants(sentence, &ground, &mut Dice::new(seed))).collect()
}

#[track_caller]
fn check(sentence: &str, kind: Kind, from: &str) {
    let made = all(sentence, &[sentence]);
    let of_kind: Vec<&Mutant> =
        made.iter().filter(|mutant| mutant.kind == kind && mutant.from == from).collect();
    assert!(!of_kind.is_empty(), "{sentence}: {kind:?} {from}: {made:?}");
    for mutant in of_kind {
        assert_ne!(mutant.text, sentence);
        assert_eq!(mutant.text, sentence.replacen(&mutant.from, &mutant.to, 1), "{mutant:?}");
    }
}

#[track_caller]
fn check_none(sentence: &str, kind: Kind) {
    let made = all(sentence, &[sentence]);
    assert!(made.iter().all(|mutant| mutant.kind != kind), "{sentence}: {kind:?}: {made:?}");
}

#[test]
fn each_kind_is_found_where_it_stands() {
    check("清洗费60元一次。", Kind::Money, "60元");
    check("清洗费￥1,299.00。", Kind::Money, "￥1,299.00");
    check("清洗费六十块一次。", Kind::Money, "六十块");
    check("七天内可以退。", Kind::Duration, "七天");
    check("3 个工作日内到账。", Kind::Duration, "3 个工作日");
    check("质保 24 个月。", Kind::Duration, "24 个月");
    check("2026-11-16 22:40 到达。", Kind::Date, "2026-11-16");
    check("2026-11-16 22:40 到达。", Kind::Date, "22:40");
    check("11月16日到达。", Kind::Date, "11月16日");
    check("下午两点前。", Kind::Date, "下午两点");
    check("明天送达。", Kind::Date, "明天");
    check("周三休息。", Kind::Date, "周三");
    check("单号78412365509821。", Kind::Id, "78412365509821");
    check("换 LR41 电池。", Kind::Id, "LR41");
    check("54×44×19 厘米。", Kind::Digit, "54");
    check("3 个工作日内到账。", Kind::Unit, "个工作日");
    check("承重50公斤。", Kind::Unit, "公斤");
    check("走中通。", Kind::Carrier, "中通");
    check("走京东物流。", Kind::Carrier, "京东物流");
    check("支持退货。", Kind::Polarity, "支持");
    check("不能机洗。", Kind::Polarity, "不能");
    check("防泼水：是。", Kind::Polarity, "：是");
    check("折叠推车 L2重6.4公斤。", Kind::Product, "折叠推车 L2");
}

#[test]
fn what_says_nothing_is_left_alone() {
    check_none("1.先断电。", Kind::Digit);
    check_none("适用月龄见详情。", Kind::Polarity);
    check_none("是否支持分期要看卡。", Kind::Polarity);
    check_none("走京东物流。", Kind::Product);
    check_none("谢谢您。", Kind::Date);
}

/// Every kind keeps to places of its own: a carrier in a longer name is not found again.
#[test]
fn a_longer_word_hides_those_it_holds() {
    let made = all("不支持退货，走京东物流。", &["不支持退货，走京东物流。"]);
    let of = |kind| {
        made.iter()
            .filter(|mutant| mutant.kind == kind)
            .map(|mutant| mutant.from.as_str())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(of(Kind::Polarity), BTreeSet::from(["不支持"]));
    assert_eq!(of(Kind::Carrier), BTreeSet::from(["京东物流"]));
}

/// What another record holds would be true.
#[test]
fn a_change_that_leaves_the_sentence_true_is_not_made() {
    let evidence = ["保修7天", "1天 2天 3天 4天 5天 6天 八天 9天 14天 17天", "3天 48小时"];
    for mutant in all("保修7天。", &evidence).iter().filter(|mutant| mutant.kind == Kind::Duration) {
        assert!(
            !["1天", "3天", "5天", "6天", "8天", "9天", "14天", "17天"].contains(&mutant.to.as_str()),
            "{mutant:?}"
        );
    }
    // 24小时 is one day, in another unit.
    let made = all("需要2天。", &["需要2天", "另需24小时"]);
    assert!(made.iter().all(|mutant| mutant.to != "1天"), "{made:?}");
    // The other product has the same weight.
    let made =
        all("学饮杯重96克。", &["学饮杯重96克", "静音吸奶器重96克", "折叠推车 L2重96克", "折叠推车重96克"]);
    assert!(made.iter().all(|mutant| mutant.kind != Kind::Product), "{made:?}");
}

#[test]
fn the_same_seed_gives_the_same_changes() {
    let evidence = ["订单总金额269元，11月16日22:40到达，单号78412365509821"];
    let carriers = [];
    let products = BTreeSet::new();
    let ground = Ground { evidence: &evidence, carriers: &carriers, products: &products };
    let made = |seed| mutants(evidence[0], &ground, &mut Dice::new(seed));
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
}

#[test]
fn numbers_are_spoken_as_people_speak_them() {
    for (number, said) in [
        (0, "零"),
        (2, "两"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (1299, "一千二百九十九"),
        (3010, "三千零一十"),
    ] {
        assert_eq!(spoken(number), said);
    }
}
