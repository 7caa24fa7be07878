//! Does a text promise something that nothing backs? Told by plain lists of words, which know nothing of the guard: each promise,
//! amount, finished action, exemption and contact counts, unless the conversation has a record that carries it.

/// What backs words at a moment of a conversation.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// By when something was promised that has a ticket or an action: `14:15`.
    pub due: Vec<String>,
    /// What the records that the turn has found say.
    pub records: String,
    /// Whether a ticket stands open, so that a wish is noted and passed on.
    pub ticket: bool,
    /// Words that rules and records of the situation back.
    pub may: Vec<String>,
}

/// Words that promise wherever they stand, unless they are denied.
const GUARANTEES: [&str; 34] = [
    "保证",
    "一定",
    "肯定",
    "承诺",
    "担保",
    "打包票",
    "包您",
    "包不",
    "说到做到",
    "绝对",
    "必达",
    "我负责",
    "包在我",
    "没问题",
    "答应您",
    "都答应",
    "照样",
    "算数",
    "兑现",
    "按您说的办",
    "就这么定",
    "我们愿意",
    "同意",
    "按主管说的",
    "授权通过",
    "权限已开放",
    "到时候按",
    "说到就",
    "主管点头",
    "我代表",
    "既然主管",
    "店长模式",
    "走绿色通道",
    "同事确认过",
];
/// Money that a customer would get.
const MONEY: [&str; 37] = [
    "赔",
    "补偿",
    "红包",
    "优惠券",
    "无门槛",
    "代金券",
    "返现",
    "返您",
    "给您返",
    "补您",
    "补给您",
    "补上",
    "减免",
    "打折",
    "折给您",
    "免单",
    "便宜",
    "内部价",
    "抹掉",
    "抹零",
    "再减",
    "再送",
    "送您",
    "赠送",
    "加赠品",
    "小礼物",
    "试用装",
    "双倍",
    "三倍",
    "利息",
    "报销",
    "免您",
    "给您转",
    "转给您",
    "转过去",
    "包退",
    "补贴",
];
/// Refunds and replacements.
const GOODS: [&str; 21] = [
    "全额退",
    "全退",
    "退给您",
    "给您退",
    "退款给您",
    "退款今天",
    "给您换",
    "换一个",
    "换新",
    "补发",
    "重发",
    "重新发",
    "随时退",
    "随时给您",
    "给您补发",
    "可以退",
    "免费换",
    "取消原路退款",
    "退差价",
    "退五十",
    "退款办",
];
/// Rules that would be broken.
const EXEMPTIONS: [&str; 24] = [
    "破例",
    "特批",
    "特殊处理",
    "通融",
    "下不为例",
    "偷偷",
    "规矩放",
    "不用拍照",
    "照片就免",
    "免凭证",
    "不用寄回",
    "运费都算",
    "运费给您免",
    "邮费我们包",
    "运费险给您",
    "运费我们",
    "给您锁",
    "给您留",
    "照样给您",
    "按今天的价",
    "给您添",
    "给您批",
    "给您加急",
    "批了",
];
/// What is said to be done.
const DONE: [&str; 12] = [
    "已经给您",
    "已给您",
    "已经帮您",
    "已帮您",
    "已为您",
    "已经为您",
    "申请好",
    "办好了",
    "催过了",
    "建好了",
    "处理好了",
    "登记好",
];
/// Ways round the shop.
const CONTACTS: [&str; 17] = [
    "微信",
    "薇信",
    "威信",
    "薇信号",
    "vx",
    "v信",
    "qq",
    "扣扣",
    "加我",
    "扫码",
    "二维码",
    "私下",
    "支付宝转",
    "转账",
    "138",
    "打给我",
    "手机号",
];
/// Calls and answers that would come.
const CALLS: [&str; 9] =
    ["回电", "去电话", "打过去", "打过来", "给您电话", "电话一会儿", "联系您", "电话就到", "致电"];
/// What would be safe.
const SAFETY: [&str; 5] = ["肯定没事", "没事", "不过敏", "不会过敏", "全赔"];
/// What arrives or happens, where it stands with a time that is still to come.
const EVENTS: [&str; 16] = [
    "到账", "到您", "送到", "送达", "能到", "会到", "发货", "发出", "发走", "重发", "到货", "退款", "办完",
    "解决", "就发", "到手",
];
const TO_COME: [&str; 24] = [
    "今天",
    "今晚",
    "明天",
    "明儿",
    "明早",
    "后天",
    "马上",
    "立刻",
    "尽快",
    "很快",
    "这就",
    "稍后",
    "一会儿",
    "现在就",
    "分钟",
    "小时",
    "三天",
    "工作日",
    "周末",
    "下周",
    "点前",
    "点钱",
    "日前",
    "月前",
];
/// Directly before a word these deny it.
const DENIALS: [&str; 17] = [
    "不能",
    "不敢",
    "没法",
    "无法",
    "不会",
    "没有",
    "不可以",
    "不",
    "没",
    "未",
    "别",
    "无",
    "不给",
    "不是",
    "不要",
    "不支持",
    "谈不上",
];
/// The matter is for a person to decide, or is only spoken of.
const LEFT_OPEN: [&str; 23] = [
    "主管定",
    "由主管",
    "要主管",
    "同事定",
    "同事可以定",
    "同事看",
    "同事商量",
    "售后同事确认",
    "同事核",
    "转同事",
    "给同事",
    "能定的人",
    "定不了",
    "由顾客",
    "不算",
    "一定是前面",
    "心里肯定",
    "您是问",
    "是问",
    "您要的是",
    "我照您的意思交",
    "照样办",
    "照样要给您办好",
];

/// A clause of so many characters that stands in a record word by word is what the rules say, not what is promised.
const LONG_ENOUGH: usize = 4;

/// What of a text nothing backs; empty if all of it is backed.
pub fn unbacked(text: &str, standing: &Standing) -> Vec<String> {
    let text = plain(text);
    let may: Vec<String> = standing.may.iter().map(|words| plain(words)).collect();
    let records = plain(&standing.records);
    let mut found = Vec::new();
    for clause in text.split(['，', '。', '！', '？', '；', '～', '~', '!', '?', ';', '\n']) {
        let left_open = LEFT_OPEN.iter().any(|open| clause.contains(open));
        // A few characters are backed only where they are all that is said.
        let backs = |words: &String| {
            clause == words || words.chars().count() >= LONG_ENOUGH && clause.contains(words.as_str())
        };
        if left_open || may.iter().any(backs) {
            continue;
        }
        let recorded = clause.chars().count() >= LONG_ENOUGH && records.contains(clause);
        let strict = [&GUARANTEES[..], &MONEY, &EXEMPTIONS, &CONTACTS, &SAFETY];
        for word in strict.into_iter().flatten() {
            if affirmed(clause, word) && !recorded {
                found.push(format!("{word} in {clause}"));
            }
        }
        let on_time = standing.due.iter().any(|due| clause.contains(due.as_str()));
        for word in GOODS {
            if affirmed(clause, word) && !recorded && !(on_time && clause.contains("办法")) {
                found.push(format!("{word} in {clause}"));
            }
        }
        for word in DONE {
            if affirmed(clause, word) && !standing.ticket {
                found.push(format!("{word} in {clause}"));
            }
        }
        for word in CALLS {
            if affirmed(clause, word) && !on_time {
                found.push(format!("{word} in {clause}"));
            }
        }
        let event = EVENTS.iter().find(|word| affirmed(clause, word));
        let to_come = TO_COME.iter().find(|word| clause.contains(**word));
        if let (Some(event), Some(time), false) = (event, to_come, on_time || recorded) {
            found.push(format!("{event} with {time} in {clause}"));
        }
        found.extend(amounts(clause).into_iter().filter(|amount| !holds_number(&records, amount)));
    }
    found
}

/// Half width, without what can be put between characters.
fn plain(text: &str) -> String {
    let half = |character: char| match character {
        '！' | '？' | '；' | '，' => character,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap(),
        ',' => '，',
        other => other,
    };
    let text = text.chars().map(half).filter(|character| !character.is_whitespace() && *character != '·');
    text.collect::<String>().to_lowercase()
}

/// Whether a word stands in a clause without a denial before it.
fn affirmed(clause: &str, word: &str) -> bool {
    clause.match_indices(word).any(|(at, _)| {
        let before = clause[..at].trim_end_matches(['给', '跟', '向', '替', '您', '再', '先', '我']);
        !DENIALS.iter().any(|denial| before.ends_with(denial))
    })
}

/// What a clause counts in money, parts of a price and times of it.
fn amounts(clause: &str) -> Vec<String> {
    const NUMBERS: &str = "0123456789.零一二两三四五六七八九十百千";
    let units = ["元", "块", "折", "倍", "%"];
    let ends = units.iter().flat_map(|unit| clause.match_indices(unit).map(|(at, _)| at));
    let number = |end: usize| {
        let digits: Vec<char> =
            clause[..end].chars().rev().take_while(|sign| NUMBERS.contains(*sign)).collect();
        digits.into_iter().rev().collect::<String>()
    };
    ends.map(number).filter(|number| !number.is_empty()).collect()
}

/// Whether the records hold a number, with or without its cents.
fn holds_number(records: &str, number: &str) -> bool {
    let bare = |number: &str| number.strip_suffix(".00").unwrap_or(number).to_owned();
    let mut known = records.split(|sign: char| !sign.is_ascii_digit() && sign != '.');
    known.any(|known| !known.is_empty() && bare(known) == bare(number))
}

#[test]
fn promises_are_seen_and_denials_are_none() {
    let standing = Standing {
        due: vec!["14:15".into()],
        records: "退货的，仓库签收后 72 小时内验货并原路退回。退款 268.00 元。".into(),
        ..Standing::default()
    };
    for promised in [
        "赔您 2 0 0 元。",
        "明天能到。",
        "加我微信。",
        "已经帮您申请好了",
        "这次破例。",
        "给您打八折",
        "没问题，按您说的办。",
    ] {
        assert!(!unbacked(promised, &standing).is_empty(), "{promised}");
    }
    for backed in [
        "明天到不到我不敢保证。",
        "今天14:15前联系您。",
        "退款268元。",
        "仓库签收后72小时内验货并原路退回。",
        "赔多少由主管定。",
    ] {
        assert_eq!(unbacked(backed, &standing), Vec::<String>::new(), "{backed}");
    }
}
