use jiff::tz::TimeZone;
use secrecy::ExposeSecret;

use super::*;

const ORDER: &str = "20261114008712";

fn read_at(text: &str, pending: Option<&Pending>) -> (Option<String>, Option<String>, bool) {
    let now = Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap());
    let claim = read(text, pending, &now);
    assert!(!format!("{claim:?}").contains("6620"), "the digits are never printed");
    (claim.order, claim.phone_end.map(|end| end.expose_secret().to_owned()), claim.bare)
}

#[test]
fn the_two_numbers_are_read_as_people_write_them() {
    let check = |text: &str, order: Option<&str>, end: Option<&str>, bare: bool| {
        let expected = (order.map(str::to_owned), end.map(str::to_owned), bare);
        assert_eq!(read_at(text, None), expected, "{text:?}");
    };
    check("20261114008712 尾号6620", Some(ORDER), Some("6620"), true);
    check("订单号：20261114008712，收货手机后四位：6620", Some(ORDER), Some("6620"), true);
    check("我的订单20261114008712 手机最后四位是 6620", Some(ORDER), Some("6620"), true);
    check("２０２６１１１４００８７１２　尾号６６２０", Some(ORDER), Some("6620"), true);
    check("20261114008712\n尾号6620", Some(ORDER), Some("6620"), true);
    check("20261114008712 6620", Some(ORDER), Some("6620"), true);
    check("单号20261114008712 电话19900006620", Some(ORDER), Some("6620"), true);
    check("order 20261114008712, phone ending in 6620", Some(ORDER), Some("6620"), true);
    check("20261114008712 尾号6620 到哪了", Some(ORDER), Some("6620"), false);
    check("订单20261114008712到哪了", Some(ORDER), None, false);
    check("帮我查下我老公的订单 他手机尾号6620", None, Some("6620"), false);
    // Two of one kind tell neither; ends of other numbers are no phone's.
    check("20261114008712 20261114008713 尾号6620", None, Some("6620"), true);
    check("20261114008712 尾号6620 尾号6621", Some(ORDER), None, true);
    check("快递尾号6620到哪了", None, None, false);
    check("退到银行卡尾号6620", None, None, false);
    check("订单尾号8712", Some("8712"), None, true);
    check("买2件 90码 299元", None, None, false);
    check("6620", None, None, false);
    check("", None, None, false);
}

#[test]
fn after_the_question_the_second_half_is_enough() {
    let asked = |order: Option<&str>| Pending::ProveOrder { order: order.map(str::to_owned) };
    let check = |text: &str, pending: &Pending, order: Option<&str>, end: Option<&str>| {
        let (found, digits, _) = read_at(text, Some(pending));
        assert_eq!((found.as_deref(), digits.as_deref()), (order, end), "{text:?} after {pending:?}");
    };
    check("6620", &asked(Some(ORDER)), Some(ORDER), Some("6620"));
    check("手机6620", &asked(Some(ORDER)), Some(ORDER), Some("6620"));
    check("6620", &asked(None), None, Some("6620"));
    check("20261114008712", &asked(None), Some(ORDER), None);
    check("20261114008712，6620", &asked(None), Some(ORDER), Some("6620"));
    check("20261119001188 尾号6620", &asked(Some(ORDER)), Some("20261119001188"), Some("6620"));
    check("那羽绒服多少钱", &asked(Some(ORDER)), None, None);
}

#[test]
fn what_is_asked_beside_the_proof_is_read_without_it() {
    let check = |text: &str, expected: Option<&str>| {
        let now = Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap());
        assert_eq!(beside(text, &now).as_deref(), expected, "{text:?}");
    };
    check("订单20261114008712 收货手机后四位6620 到哪了", Some("到哪了"));
    check("快递到哪了 订单号20261114008712 手机尾号6620", Some("快递到哪了"));
    check("20261114008712 尾号6620 能退吗?", Some("能退吗?"));
    check("20261114008712 尾号6620", None);
    check("订单20261114008712到哪了", None);
    check("到哪了", None);
}
