use super::lexicon;
use crate::turn::types::{Emotion, EmotionFlag, EmotionLabel, Feedback, Memory, Trend};
use crate::turn::understand::emotion::{EmotionReader, Sources};
use crate::turn::understand::normalise::normalise;

fn emotion(text: &str, memory: &Memory) -> Emotion {
    EmotionReader::new(&lexicon("zh-CN")).read(&normalise(text), memory, Feedback::None)
}

#[test]
fn labels() {
    use EmotionLabel::{Angry, Anxious, Calm, Disappointed, Dissatisfied, Hesitant, Pleased, Urgent};
    let check = |text: &str, expected: EmotionLabel| {
        let read = emotion(text, &Memory::default());
        assert_eq!(read.label, expected, "{text:?}: {read:?}");
    };
    check("请问这款有货吗", Calm);
    check("好不好用", Calm);
    check("报警器响不响", Calm);
    check("好评差评都看了才来问的", Calm);
    check("我不是来投诉的就问问", Calm);
    check("再这样我只能差评了", Angry);
    check("能不能便宜一点", Calm);
    check("买三包有差价吗", Calm);
    check("滚筒洗衣机垃圾袋", Calm);
    check("质量好吗,满意吗", Calm);
    check("你们就是骗子", Angry);
    check("垃圾店", Angry);
    check("sb客服", Angry);
    check("尼玛什么玩意", Angry);
    check("usb接口的有吗", Calm);
    check("都5天了还没发货", Dissatisfied);
    check("等了一个星期没人理", Dissatisfied);
    check("不满意", Dissatisfied);
    check("一点也不好看", Dissatisfied);
    check("我没生气,就是问问", Calm);
    check("太失望了", Disappointed);
    check("好担心会不会丢件", Anxious);
    check("等着用,麻烦快点发", Urgent);
    check("有点纠结,不知道选哪个", Hesitant);
    check("非常满意,服务态度很好", Pleased);
    check("😡😡", Angry);
    check("谢谢", Pleased);
    check("麻烦帮我查一下昨天买的发货没有谢谢", Calm);
}

#[test]
fn strong_words_are_taken_back_only_by_what_stands_right_before() {
    let label = |text: &str| emotion(text, &Memory::default()).label;
    assert_eq!(label("明天不到就算了,什么玩意"), EmotionLabel::Angry);
    assert_eq!(label("不发货什么玩意"), EmotionLabel::Angry);
    assert_eq!(label("你们不是流氓"), EmotionLabel::Calm);
}

#[test]
fn classifiers_speak_only_where_words_are_silent_and_nothing_is_asked() {
    let reader = |sources| EmotionReader::new(&lexicon("zh-CN")).with_sources(sources);
    let read = |sources, text: &str| {
        reader(sources).read(&normalise(text), &Memory::default(), Feedback::None).label
    };
    let check = |text: &str, lexicon: EmotionLabel, both: EmotionLabel| {
        assert_eq!(read(Sources::Lexicon, text), lexicon, "{text} by words");
        assert_eq!(read(Sources::Both, text), both, "{text} by both");
    };
    check("你们这些人一点诚意都没有", EmotionLabel::Calm, EmotionLabel::Dissatisfied);
    check("你们这些人一点诚意都没有吗", EmotionLabel::Calm, EmotionLabel::Calm);
    check("发票抬头写公司的名字", EmotionLabel::Calm, EmotionLabel::Calm);
}

#[test]
fn strength_grows_with_signs() {
    let strength = |text: &str| emotion(text, &Memory::default()).intensity;
    assert!(strength("非常不合理") > strength("不合理"));
    assert!(strength("太慢了！！！") > strength("太慢了"));
    assert!(strength("骗子骗子骗子") > strength("骗子"));
    assert_eq!(strength("请问有货吗"), 0.0);
}

#[test]
fn a_second_feeling_goes_along() {
    let read = emotion("太失望了,说话不算数", &Memory::default());
    assert!(
        read.label == EmotionLabel::Disappointed && read.also == Some(EmotionLabel::Dissatisfied),
        "{read:?}"
    );
}

#[test]
fn flags() {
    use EmotionFlag::{Abusive, Confused, Distrust, Safety, Sarcastic, Urgent};
    let check = |text: &str, flag: EmotionFlag, expected: bool| {
        let read = emotion(text, &Memory::default());
        assert_eq!(read.flags.contains(&flag), expected, "{text:?}: {read:?}");
    };
    for text in [
        "我家宝宝拉肚子喝了你们的奶粉",
        "喝了你家奶粉孩子吐了",
        "用了两天脸上起红疹",
        "插上电就冒烟了",
        "热水器漏电",
        "手被电了一下",
        "充电器炸了",
        "吃出玻璃",
        "不想活了",
        "用一会儿就冒烟",
        "没想到漏电了",
        "擦了以后宝宝过敏了",
    ] {
        check(text, Safety, true);
    }
    for text in [
        "报警器响不响",
        "会不会漏电",
        "漏电保护器有货吗",
        "宝宝过敏体质能用吗",
        "防触电插座多少钱",
        "会过敏吗",
        "急死我了",
        "笑死",
        "万一漏电怎么办",
        "跳楼价吗",
        "家电到了没",
        "没有过敏",
        "拉肚子能喝这个吗",
        "穿了发热了很舒服",
        "打火机能寄吗",
    ] {
        check(text, Safety, false);
    }
    check("傻逼", Abusive, true);
    check("s b客服", Abusive, true);
    check("一群沙雕", Abusive, true);
    check("cao ni ma", Abusive, true);
    check("马的,又没货", Abusive, true);
    check("马的饲料有吗", Abusive, false);
    check("TMD", Abusive, true);
    check("你妈妈用的那款", Abusive, false);
    check("你马上发货", Abusive, false);
    check("操作说明书", Abusive, false);
    check("30日你们发货吗", Abusive, false);
    check("你们真行啊,等了十天还没发", Sarcastic, true);
    check("呵呵", Sarcastic, true);
    check("真好用", Sarcastic, false);
    check("等着用呢", Urgent, true);
    check("不急", Urgent, false);
    check("这是什么意思,看不懂", Confused, true);
    check("不会是假货吧", Distrust, true);
    check("防伪码在哪", Distrust, false);
}

#[test]
fn the_trend_compares_with_the_turns_before() {
    let memory = |labels: &[(EmotionLabel, f32)]| Memory { emotions: labels.to_vec(), ..Memory::default() };
    let check = |text: &str, before: &[(EmotionLabel, f32)], expected: Trend| {
        assert_eq!(emotion(text, &memory(before)).trend, expected, "{text:?} after {before:?}");
    };
    check("你们就是骗子", &[(EmotionLabel::Calm, 0.0)], Trend::Rising);
    check("你们就是骗子", &[], Trend::Steady);
    check("好的谢谢", &[(EmotionLabel::Angry, 0.9), (EmotionLabel::Angry, 0.9)], Trend::Falling);
    check("请问有货吗", &[(EmotionLabel::Calm, 0.0)], Trend::Steady);
}

#[test]
fn a_feeling_fades_over_silent_messages() {
    let mut memory = Memory { emotions: vec![(EmotionLabel::Angry, 0.9)], ..Memory::default() };
    let first = emotion("单号发我", &memory);
    assert_eq!(first.label, EmotionLabel::Angry);
    assert!(first.intensity < 0.5, "a faded feeling must not count on the ladder");
    memory.emotions.push((first.label, first.intensity));
    assert_eq!(emotion("嗯单号呢", &memory).label, EmotionLabel::Calm);
}

#[test]
fn the_english_lexicon_reads_english() {
    let reader = EmotionReader::new(&lexicon("en"));
    let check = |text: &str, expected: EmotionLabel| {
        let read = reader.read(&normalise(text), &Memory::default(), Feedback::None);
        assert_eq!(read.label, expected, "{text:?}: {read:?}");
    };
    check("Where can I find the size chart?", EmotionLabel::Calm);
    check("This is a SCAM", EmotionLabel::Angry);
    check("I am not happy with this", EmotionLabel::Dissatisfied);
    check("My parcel still hasn't arrived!!", EmotionLabel::Dissatisfied);
    check("Love it, thank you so much", EmotionLabel::Pleased);
    let smoke = reader.read(&normalise("the charger caught fire"), &Memory::default(), Feedback::None);
    assert!(smoke.flags.contains(&EmotionFlag::Safety));
    let detector =
        reader.read(&normalise("do you sell a smoke detector"), &Memory::default(), Feedback::None);
    assert!(!detector.flags.contains(&EmotionFlag::Safety));
}
