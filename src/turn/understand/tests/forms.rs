use proptest::prelude::*;

use super::{input, small_pack};
use crate::turn::understand::normalise::{MAX_CHARACTERS, normalise};
use crate::turn::understand::private::{PrivateKind, find, mask, mask_past};
use crate::turn::understand::{Reader, read};

#[test]
fn texts_have_one_form() {
    let check = |text: &str, expected: &str| assert_eq!(normalise(text).text, expected, "{text:?}");
    check("哈哈哈哈哈", "哈哈");
    check("太慢了！！！！", "太慢了!!");
    check("？？？", "??");
    check("退款退款退款退款", "退款退款");
    check("ＡＢＣ１２３", "ABC123");
    check("請問什麼時候發貨", "请问什么时候发货");
    check("我 要 退 款", "我要退款");
    check("屏幕花了 重启没用", "屏幕花了 重启没用");
    check("退\u{200B}款\u{FEFF}", "退款");
    check("退\u{0336}款\u{0336}", "退款");
    check("订单\u{0007}1000\u{0000}", "订单1000");
    check("XXXL", "XXXL");
    check("1000000", "1000000");
    check("收到😡😡，不好", "收到,不好");
    check("坏字\u{FFFD}\\ud83d还在", "坏字还在");
    check("第一行\r\n\r\n\r\n第二行", "第一行\n第二行");
    check(" \u{3000}\t ", "");
    check("F6033－UD3（HE）", "F6033-UD3(HE)");
    check("奶粉二段多少钱", "奶粉2段多少钱");
    check("三段", "3段");
    check("等了一段时间了", "等了一段时间了");
    check("分三段折起来的那种", "分三段折起来的那种");
    check("这一段路", "这一段路");
}

#[test]
fn pictures_are_kept_as_signs() {
    let form = normalise("气死了😡❤️👍🏻");
    assert_eq!((form.text.as_str(), form.signs.as_str()), ("气死了", "😡❤👍"));
}

#[test]
fn long_messages_are_cut() {
    let long: String = "要退款没人理,".chars().cycle().take(50_000).collect();
    assert!(normalise(&long).text.chars().count() <= MAX_CHARACTERS);
    let pack = small_pack();
    let reader = Reader::new(&pack);
    assert!(!read(&input(&long), &pack, &reader).intents.is_empty());
}

#[test]
fn private_data_is_found_and_masked() {
    let check = |text: &str, expected: &str| assert_eq!(mask(text, true), expected, "{text:?}");
    check("我的电话13812345678", "我的电话[手机号]");
    check("打138 1234 5678吧", "打[手机号]吧");
    check("13812345678 13912345678", "[手机号] [手机号]");
    check("+86 138-1234-5678", "[手机号]");
    check("座机010-62345678", "座机[手机号]");
    check("身份证11010519491231002X", "身份证[证件号]");
    check("身份证110105194912310021", "身份证110105194912310021");
    check("卡号6222021234567890127", "卡号6222021234567890127");
    check("卡号6222 0200 0000 0000 000", "卡号[银行卡]");
    check("发到 Li.Lei+1@mail.example.com 谢谢", "发到 [邮箱] 谢谢");
    check("验证码是483920", "验证码是[验证码]");
    check("订单20261114008712", "订单20261114008712");
    check("订单号13812345678到哪了", "订单号13812345678到哪了");
    check("尺码90,买3件", "尺码90,买3件");
    check("手机尾号6620", "手机尾号[手机尾号]");
    check("20266620008712 后四位是6620", "20266620008712 后四位是[手机尾号]");
    check("20261114008712 6620", "20261114008712 [手机尾号]");
    check("快递尾号9821到哪了", "快递尾号9821到哪了");
    check("订单尾号8712", "订单尾号8712");
    assert_eq!(mask("call 13812345678", false), "call [phone]");
    assert_eq!(mask("phone ending in 6620", false), "phone ending in [phone end]");
    assert_eq!((mask_past("6620", true), mask_past("6620块", true)), ("[手机尾号]".into(), "6620块".into()));
    assert_eq!(mask("138123456789 13812345678", true).matches("13812345678").count(), 0);
}

#[test]
fn a_masked_number_keeps_its_kind() {
    let kinds: Vec<PrivateKind> =
        find("电话13812345678,邮箱a@b.cn,身份证11010519491231002X").into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [PrivateKind::Phone, PrivateKind::Email, PrivateKind::IdentityCard]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn normalising_twice_changes_nothing(text in "\\PC{0,80}") {
        let once = normalise(&text).text;
        prop_assert_eq!(&normalise(&once).text, &once);
    }

    #[test]
    fn normalising_chinese_twice_changes_nothing(text in "[哈退款乾隆著麼裡發髮！？。a1 \\n\u{200B}😡㊗①]{0,60}") {
        let once = normalise(&text).text;
        prop_assert_eq!(&normalise(&once).text, &once);
    }

    #[test]
    fn a_found_phone_is_masked_everywhere(before in "[一-龟0-9 ,-]{0,20}", number in "1[3-9][0-9]{9}", after in "[一-龟0-9 ,]{0,20}") {
        let text = normalise(&format!("{before}{number}{after}")).text;
        let masked = mask(&text, true);
        // The end of a number may well stand in another number.
        for one in find(&text).into_iter().filter(|one| one.kind != PrivateKind::PhoneEnd) {
            prop_assert!(!masked.contains(&one.value), "{} in {}", one.value, masked);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_makes_reading_panic(texts in proptest::collection::vec(any::<String>(), 3)) {
        let pack = small_pack();
        let reader = READER.with(|reader| reader.clone());
        for text in texts {
            let mut message = super::after("睡袋有货吗", &text);
            message.memory.emotions.push((crate::turn::types::EmotionLabel::Angry, 0.9));
            let reading = read(&message, &pack, &reader);
            prop_assert!((0.0..=1.0).contains(&reading.emotion.intensity));
            prop_assert!(reading.intents.iter().all(|intent| (0.0..=1.0).contains(&intent.confidence)));
            prop_assert!(reading.intents.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
        }
    }
}

thread_local! {
    static READER: std::rc::Rc<Reader> = std::rc::Rc::new(Reader::new(&small_pack()));
}
