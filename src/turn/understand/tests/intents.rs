use super::{input, small_pack};
use crate::turn::understand::clauses::{clauses, strip_politeness};
use crate::turn::understand::{Reader, read};

#[test]
fn the_first_intent() {
    let pack = small_pack();
    let reader = Reader::new(&pack);
    let check = |text: &str, expected: Option<&str>| {
        let intents = read(&input(text), &pack, &reader).intents;
        assert_eq!(intents.first().map(|first| first.intent.as_str()), expected, "{text:?}: {intents:?}");
    };
    check("亲,我的快递现在到哪里了", Some("where_is_parcel"));
    check("请问一下我买的东西物流信息怎么查不到", Some("where_is_parcel"));
    check("退款", Some("refund_where"));
    check("退的钱还没收到呢", Some("refund_where"));
    check("人工", Some("person_request"));
    check("人工!!", Some("person_request"));
    check("在吗", Some("presence_check"));
    check("?", Some("presence_check"));
    check("？？？", Some("presence_check"));
    check("在吗 我的快递到哪了", Some("where_is_parcel"));
    check("你好，L码还有没有", Some("stock_query"));
    check("邮费要多少", Some("shipping_fee"));
    check("開發票", Some("invoice_request"));
    check("量子力学的测不准原理", None);
    check("", None);
    check("嗯", None);
}

#[test]
fn several_intents_in_one_message() {
    let pack = small_pack();
    let reader = Reader::new(&pack);
    let check = |text: &str, expected: &[&str]| {
        let intents = read(&input(text), &pack, &reader).intents;
        for name in expected {
            assert!(intents.iter().any(|intent| intent.intent == *name), "{name} in {text:?}: {intents:?}");
        }
    };
    check("我的快递到哪了,另外能开发票吗", &["where_is_parcel", "invoice_request"]);
    check("还有货吗\n包邮吗", &["stock_query", "shipping_fee"]);
    check("我上周买的那个快递到现在还没收到货我不想要了我要退货", &["where_is_parcel", "want_return"]);
}

#[test]
fn a_surer_reading_has_more_confidence() {
    let pack = small_pack();
    let reader = Reader::new(&pack);
    let confidence =
        |text: &str| read(&input(text), &pack, &reader).intents.first().map_or(0.0, |one| one.confidence);
    assert!(confidence("我的快递到哪了") > confidence("东西到哪"));
    assert!(confidence("我的快递到哪了") > 0.8);
}

#[test]
fn an_empty_pack_understands_nothing() {
    let mut pack = small_pack();
    pack.intents.clear();
    let reader = Reader::new(&pack);
    assert!(read(&input("我的快递到哪了"), &pack, &reader).intents.is_empty());
}

#[test]
fn clauses_and_politeness() {
    let check = |text: &str, expected: &[&str]| assert_eq!(clauses(text), expected, "{text:?}");
    check("你好,我要退货。多少天到账?", &["你好", "我要退货", "多少天到账"]);
    check("屏幕花了 重启没用", &["屏幕花了", "重启没用"]);
    check("要4.5公斤的 v2.1版", &["要4.5公斤的 v2.1版"]);
    check("不要了.退款", &["不要了", "退款"]);
    check("可以退吗另外能开发票吗", &["可以退吗", "能开发票吗"]);
    check("??", &[]);
    assert_eq!(strip_politeness("亲,请问包邮吗"), "包邮吗");
    assert_eq!(strip_politeness("你好"), "你好");
}
