use super::{after, input, lexicon, reading};
use crate::turn::types::{Feedback, Pending};
use crate::turn::understand::feedback::FeedbackWords;

#[test]
fn fragments_become_whole_questions() {
    let check = |before: &str, text: &str, expected: &str| {
        assert_eq!(reading(&after(before, text)).question, expected, "{text:?} after {before:?}");
    };
    check("a产品多少钱", "b产品呢", "b产品多少钱");
    check("这款睡袋粉色有货吗?", "那蓝色呢", "这款睡袋蓝色有货吗");
    check("恒温睡袋多少钱", "那粉色呢?", "恒温睡袋粉色多少钱");
    check("睡袋90码有货吗", "100码呢", "睡袋100码有货吗");
    check("睡袋90码有货吗", "那100呢", "睡袋100码有货吗");
    check("恒温睡袋多少钱", "那个粉色的呢", "恒温睡袋粉色的多少钱");
    check("寄到北京几天", "上海呢", "寄到上海几天");
    check("恒温睡袋有粉色吗", "多少钱", "恒温睡袋多少钱");
    check("恒温睡袋有粉色吗", "它能退吗", "恒温睡袋能退吗");
    check("恒温睡袋有粉色吗", "这个包邮吗", "恒温睡袋包邮吗");
    check("能退吗", "为什么?", "能退吗,为什么");
    check("你们有什么优惠", "还有呢", "你们有什么优惠,还有别的吗");
    check("我的快递到哪了", "???", "我的快递到哪了");
    check("我的快递到哪了", "不是这个", "我的快递到哪了");
    check("睡袋多少钱", "不是这个,我问的是运费多少", "运费多少");
    check("我那单发货了吗", "不是这个 我问的是奶嘴那单", "奶嘴发货了吗");
    check("我那单发货了吗", "不对,买奶粉的那个订单", "奶粉发货了吗");
    check("我的快递到哪了", "20261114008712", "我的快递到哪了 20261114008712");
    check(
        "how much is the sleeping bag",
        "what about the pink one",
        "how much is the sleeping bag, pink one",
    );
}

#[test]
fn whole_questions_stay_as_they_are() {
    let check = |before: &str, text: &str| {
        assert_eq!(reading(&after(before, text)).question, text, "{text:?} after {before:?}");
    };
    check("恒温睡袋有粉色吗", "我昨天买的那个什么时候发货");
    check("恒温睡袋有粉色吗", "退款呢");
    check("恒温睡袋有粉色吗", "人呢");
    check("恒温睡袋有粉色吗", "转人工");
    check("恒温睡袋有粉色吗", "好的谢谢");
    check("恒温睡袋有粉色吗", "有人吗");
    check("发票也帮我开一下", "2段的价格呢");
    assert_eq!(reading(&input("多少钱")).question, "多少钱");
    assert_eq!(reading(&input("它能退吗")).question, "它能退吗");
}

#[test]
fn on_a_products_page_this_is_that_product() {
    let mut message = after("恒温睡袋有粉色吗", "这个多少钱");
    message.page.product = Some("P2".into());
    assert_eq!(reading(&message).question, "这个多少钱");
}

#[test]
fn a_choice_of_order_goes_on_with_the_question() {
    let mut message = after("我的快递到哪了", "第二个");
    assert_eq!(reading(&message).question, "第二个");
    message.memory.pending = Some(Pending::ChooseOrder { orders: vec!["order:1".into(), "order:2".into()] });
    let read = reading(&message);
    assert_eq!(read.question, "我的快递到哪了 第二个");
    assert_eq!(read.intents[0].intent, "where_is_parcel");
}

#[test]
fn feedback_on_the_answer_before() {
    let check = |text: &str, expected: Feedback| {
        assert_eq!(reading(&after("我的快递到哪了", text)).feedback, expected, "{text:?}");
    };
    check("好的", Feedback::Affirmed);
    check("嗯嗯好的谢谢亲", Feedback::Affirmed);
    check("OK", Feedback::Affirmed);
    check("行吧", Feedback::Affirmed);
    check("不是这个", Feedback::Negated);
    check("没用", Feedback::Negated);
    check("还是不行啊", Feedback::Negated);
    check("不对,我问的是退款", Feedback::Negated);
    check("有点不满意", Feedback::Negated);
    check("凭什么不能退", Feedback::Negated);
    check("我没用优惠券可以补吗", Feedback::None);
    check("不是这个颜色的我要粉色", Feedback::None);
    check("???", Feedback::Prodded);
    check("？！", Feedback::Prodded);
    check("...", Feedback::Prodded);
    check("我的快递到哪了啊", Feedback::Repeated);
    check("我快递到哪了?", Feedback::Repeated);
    check("能开发票吗", Feedback::None);
    check("好的吗", Feedback::None);
    check("行吗?", Feedback::None);
    assert_eq!(reading(&input("不是这个")).feedback, Feedback::None);
}

#[test]
fn a_reaction_keeps_the_intent_of_the_question() {
    for text in ["???", "不是这个", "没用"] {
        let read = reading(&after("我的快递到哪了", text));
        assert_eq!(
            read.intents.first().map(|first| first.intent.as_str()),
            Some("where_is_parcel"),
            "{text}"
        );
    }
    let mut message = after("嗯那个事", "???");
    message.memory.intent = Some("refund_where".into());
    assert_eq!(reading(&message).intents[0].intent, "refund_where");
}

#[test]
fn what_follows_an_acceptance_is_what_is_asked() {
    let words = FeedbackWords::new(&lexicon("zh-CN"));
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(words.after_acceptance(text), expected, "{text}");
    };
    check("好,我想想", Some("我想想"));
    check("行 那能退吗", Some("那能退吗"));
    check("ok, let me think", Some("let me think"));
    check("好的", None);
    check("好用吗", None);
    check("我想想,好", None);
}
