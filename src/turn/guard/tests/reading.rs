use unicode_normalization::UnicodeNormalization;

use super::super::fold::{fold, tighten};
use super::super::values::{Day, Measure, Moment, Span, Value, extract};
use super::now;
use crate::turn::numerals::{Amount, UNIT};

fn values(text: &str) -> Vec<Value> {
    let chars: Vec<char> = fold(text).chars().collect();
    extract(&chars, &now()).into_iter().map(|found| found.value).collect()
}

#[track_caller]
fn check(text: &str, expected: &[Value]) {
    assert_eq!(values(text), expected, "{text}");
}

fn hundredths(number: i128) -> Amount {
    Amount(number * UNIT / 100)
}

fn yuan(cents: i128) -> Value {
    Value::Money(hundredths(cents))
}

fn day(year: Option<i16>, month: i8, day: i8) -> Value {
    Value::Day(Day { year, month: Some(month), day: Some(day), weekday: None })
}

fn at(hour: i8, minute: i8) -> Value {
    Value::Moment(Moment { hour, minute: Some(minute), half_day_open: false })
}

fn length(seconds: i128) -> Value {
    Value::Duration(Amount::whole(seconds), Span::Second)
}

fn measure(number: i128, kind: Measure) -> Value {
    Value::Measure(Amount::whole(number), kind)
}

#[test]
fn money_is_read_in_every_spelling() {
    for text in [
        "1299元",
        "1,299元",
        "￥1299",
        "¥1,299.00元",
        "一千二百九十九元",
        "１２９９元",
        "1299 块",
        "1299.00元钱",
    ] {
        check(text, &[yuan(129_900)]);
    }
    check("1.3万元", &[yuan(1_300_000)]);
    check("一万三块钱", &[yuan(1_300_000)]);
    check("九十九块九", &[yuan(9_990)]);
    check("12元5角", &[yuan(1_250)]);
    check("1304.8元", &[yuan(130_480)]);
    check("二十到三十元", &[yuan(2_000), yuan(3_000)]);
    check("三点五元", &[yuan(350)]);
}

#[test]
fn days_and_times_are_read_in_every_spelling() {
    check("2025-04-07 14:00:00", &[day(Some(2025), 4, 7), at(14, 0)]);
    check("2025-04-07T14:00", &[day(Some(2025), 4, 7), at(14, 0)]);
    check(
        "2025年4月7日下午两点",
        &[day(Some(2025), 4, 7), Value::Moment(Moment { hour: 14, minute: None, half_day_open: false })],
    );
    check("4月7号傍晚五点四十五分", &[day(None, 4, 7), at(17, 45)]);
    check("四月七日 上午11:24", &[day(None, 4, 7), at(11, 24)]);
    check("今晚八点半", &[day(Some(2026), 11, 20), at(20, 30)]);
    check("明天", &[day(Some(2026), 11, 21)]);
    check("下周一", &[day(Some(2026), 11, 23)]);
    check("2026/11/18", &[day(Some(2026), 11, 18)]);
    check("13点45分", &[at(13, 45)]);
}

#[test]
fn lengths_of_time_measures_and_counts_are_told_apart() {
    check("24小时", &[length(86_400)]);
    check("三天", &[length(3 * 86_400)]);
    check("7日内", &[length(7 * 86_400)]);
    check("一个工作日", &[Value::Duration(Amount::whole(1), Span::Workday)]);
    check(
        "3-5个工作日",
        &[Value::Duration(Amount::whole(3), Span::Workday), Value::Duration(Amount::whole(5), Span::Workday)],
    );
    check("8年", &[Value::Duration(Amount::whole(96), Span::Month)]);
    check("28公斤", &[measure(28_000, Measure::Mass)]);
    check("28kg", &[measure(28_000, Measure::Mass)]);
    check("6千克", &[measure(6_000, Measure::Mass)]);
    check("0.5m", &[measure(500, Measure::Length)]);
    check(
        "710×316x555mm",
        &[measure(710, Measure::Length), measure(316, Measure::Length), measure(555, Measure::Length)],
    );
    check("八折", &[Value::Discount(Amount::whole(8))]);
    check("百分之三十", &[Value::Percent(Amount::whole(30))]);
    check("两台", &[Value::Count(Amount::whole(2), Some('台'))]);
    check("×2", &[Value::Count(Amount::whole(2), None)]);
    check("12斤8两", &[measure(6_400, Measure::Mass)]);
    check("十二斤八两", &[measure(6_400, Measure::Mass)]);
    check(
        "6–12 月龄",
        &[Value::Duration(Amount::whole(6), Span::Month), Value::Duration(Amount::whole(12), Span::Month)],
    );
    check("4 个营业小时", &[Value::Duration(Amount::whole(4), Span::Workhour)]);
    check("3 段", &[measure(3, Measure::Stage)]);
    check("②十二个月", &[Value::Plain(Amount::whole(2)), Value::Duration(Amount::whole(12), Span::Month)]);
    check("7×24小时", &[Value::Plain(Amount::whole(7)), length(86_400)]);
    check("80角", &[yuan(800)]);
    check("六角扳手", &[]);
    check("换大一号", &[]);
    check("9 mm²", &[Value::Measure(Amount(9), Measure::Area)]);
    check("30元/0.5米", &[yuan(3_000), measure(500, Measure::Length)]);
}

#[test]
fn ids_are_read_whole_and_in_capitals() {
    check("单号jd1234567890", &[Value::Id("JD1234567890".into())]);
    check("订单313021098954", &[Value::Id("313021098954".into())]);
    check("JSQ30-MK6", &[Value::Id("JSQ30-MK6".into())]);
    check("尾号2673", &[Value::Tail("2673".into())]);
    check("AK5PRO和M10 Max", &[Value::Id("AK5PRO".into()), Value::Id("M10".into())]);
}

#[test]
fn words_with_numerals_in_them_are_no_values() {
    for text in ["万一", "一下", "十分满意", "一起", "第一时间", "便宜一点", "两种方式", "一样的", "三包"]
    {
        let found = values(text);
        assert!(found.is_empty() || text == "三包", "{text}: {found:?}");
    }
}

#[test]
fn hidden_words_are_folded_and_tightened() {
    assert_eq!(fold("ＶＸ１２\u{200b}3，①"), "VX123，1 ");
    assert_eq!(tighten("加 微.信♥"), "加微信");
}

#[test]
fn what_is_not_looked_up_has_no_other_form() {
    for character in ('\u{3400}'..='\u{9fff}').chain(['、', '。']) {
        assert_eq!(fold(&character.to_string()), std::iter::once(character).nfkc().collect::<String>());
    }
}
