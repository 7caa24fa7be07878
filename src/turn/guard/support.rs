//! Do the things a sentence speaks of stand in the evidence, the question or the language of service?

use std::sync::LazyLock;

use jieba_rs::Jieba;
use regex::Regex;

use crate::pack::types::{GuardLexicon, Pack};
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::is_han;
use super::split::clauses;
use super::values::{Found, Value};
use super::{Sentence, Verdict};

static WORDS: LazyLock<Jieba> = LazyLock::new(Jieba::new);
static SUPERLATIVE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"最([^近晚早后多少终新迟初低高大长快\W])").expect("a fixed pattern"));

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\p{Han}{2})(?:区|县|镇|仓|街道|营业部|转运中心|分拨中心)").expect("a fixed pattern")
});

/// What a shop is held to: who took a parcel, what a thing is made of or certified as, what is given on top.
const HEAVY: [&str; 62] = [
    "邻居",
    "门卫",
    "物业",
    "驿站",
    "快递柜",
    "丰巢",
    "代收",
    "拒收",
    "丢件",
    "丢失",
    "破损",
    "进口",
    "国产",
    "正品",
    "保税",
    "有机",
    "无糖",
    "零糖",
    "防水",
    "食品级",
    "认证",
    "专利",
    "授权",
    "旗舰",
    "独家",
    "联名",
    "限量",
    "新款",
    "停产",
    "热销",
    "现货",
    "预售",
    "赠品",
    "赠送",
    "礼品",
    "运费险",
    "质保",
    "保修",
    "包邮",
    "分期",
    "免息",
    "以旧换新",
    "会员价",
    "积分",
    "无理由",
    "七天无",
    "上门安装",
    "免费安装",
    "延保",
    "以换代修",
    "假一赔",
    "补贴",
    "买一送",
    "发货地",
    "专柜",
    "同款",
    "优惠券",
    "红包",
    "没有区别",
    "没区别",
    "没差别",
    "完全一样",
];
/// What a record may say instead of such a word.
const INSTEAD: [(&str, &str); 2] = [("现货", "有货"), ("现货", "库存")];
/// Words by which a clause asks, or says that it does not know.
const UNSURE: [&str; 14] = [
    "没有写",
    "没写",
    "未注明",
    "没查到",
    "查不到",
    "不确定",
    "不清楚",
    "核实",
    "没有相关",
    "有没有",
    "是不是",
    "是否",
    "如果",
    "吗",
];
/// What may have happened without a record: the talk itself.
const OWN_EVENTS: [&str; 12] =
    ["收到", "了解", "看到", "查到", "理解", "明白", "知道", "知晓", "清楚", "包含", "包括", "含有"];

static UNIVERSAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"无条件|无需任何|不需要任何|没有任何|任何|所有|全部|一律|随时|永远|不管什么|都不用|统统")
        .expect("a fixed pattern")
});
/// Service language in which such words limit nothing.
static COURTESY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(任何|所有)(其他|别的)?(问题|疑问|需要|需求|不清楚|不明白)|随时(可以|都可以|都能|再)?(联系|找|告诉|咨询|问|喊|叫|跟|和|回来|留言|关注|查看|查询|来)")
        .expect("a fixed pattern")
});
static GIFT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(还|另|再|额外|附|加|免费)(赠|送)|(赠|送)(您|你|一|两|个|份)").expect("a fixed pattern")
});
static RECORDED_GIFT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"送[^达货到至上往]").expect("a fixed pattern"));

/// Single characters of service language, which are no part of a name.
const FUNCTION: &str = "是有在会能可以要请帮给让用看说到去来做想问等下上里中外前后内间时天日月年点分秒元块个件位次单号码款种第多少大小好就都也还再又很太更最不没别把被将为向从对和与或及的了着过吗呢吧啊哦呀亲您你我他她它这那";

/// From so many words on, and when so large a part of them is nowhere known, the sentence speaks of something else.
const STRANGE_WORDS: usize = 5;
const STRANGE_PART: f32 = 0.8;

/// Checks one written sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, pack: &Pack) -> Verdict {
    let refuse = |word: &str| Err((GuardReason::ClaimNotInEvidence, word.to_owned()));
    if let Some(found) = SUPERLATIVE.find(&sentence.folded)
        && !evidence.text().contains(found.as_str())
    {
        return refuse(found.as_str());
    }
    if let Some(word) = heavy_claim(sentence, evidence) {
        return refuse(word);
    }
    if let Some(word) = universal(&sentence.folded, evidence) {
        return refuse(&word);
    }
    if GIFT.is_match(&sentence.folded)
        && !evidence.text().contains(['赠', '礼'])
        && !RECORDED_GIFT.is_match(evidence.text())
    {
        return refuse("a gift");
    }
    if let Some(place) = unknown_place(&sentence.folded, evidence) {
        return refuse(&place);
    }
    let (mut content, mut strange) = (0, 0);
    let mut before = "";
    let text: String = sentence
        .chars
        .iter()
        .enumerate()
        .map(|(at, character)| {
            let inside =
                |found: &Found| found.start <= at && at < found.end && !matches!(found.value, Value::Id(_));
            // 7天内能退 is no 内能: what closes a length of time belongs to it.
            let closes = *character == '内' && sentence.found.iter().any(|found| found.end == at);
            if closes || sentence.found.iter().any(inside) { '□' } else { *character }
        })
        .collect();
    let mut run = Run::default();
    for tag in WORDS.tag(&text, false) {
        if let Some(name) = run.push(tag.word, tag.tag, evidence, pack) {
            return refuse(&name);
        }
        let kind = if goes_on(before, tag.word, evidence) { Kind::Idle } else { Kind::of(tag.word, tag.tag) };
        let stands = kind == Kind::Idle || is_known(tag.word, tag.tag, evidence, pack);
        let event = matches!(before, "已" | "已经") && kind != Kind::Idle && !OWN_EVENTS.contains(&tag.word);
        let happened = evidence.text().contains(tag.word) || evidence.backed_text().contains(tag.word);
        if kind == Kind::Thing && !stands || event && !happened {
            return refuse(tag.word);
        }
        content += usize::from(kind != Kind::Idle);
        strange += usize::from(!stands);
        before = tag.word;
    }
    if let Some(name) = run.end(evidence, pack) {
        return refuse(&name);
    }
    let part = strange as f32 / content.max(1) as f32;
    if content >= STRANGE_WORDS && part >= STRANGE_PART { refuse("hardly a word is known") } else { Ok(()) }
}

/// Single characters that the dictionary could not put together: 护|臀|霜 is a name that it does not know.
#[derive(Default)]
struct Run {
    text: String,
    /// Whether one of them names a thing and stands nowhere.
    strange: bool,
}

impl Run {
    /// Takes a word; gives the name that has ended before it, if that is unknown.
    fn push(&mut self, word: &str, tag: &str, evidence: &Evidence<'_>, pack: &Pack) -> Option<String> {
        let mut chars = word.chars();
        let single = chars.next().filter(|first| chars.next().is_none() && is_han(*first));
        let carries = tag.starts_with(['n', 'v', 'a', 'g', 'j', 'x', 'b']) && !FUNCTION.contains(word);
        let Some(character) = single.filter(|_| carries) else { return self.end(evidence, pack) };
        self.text.push(character);
        self.strange |= tag.starts_with(['n', 'g', 'x']) && !evidence.text().contains(character);
        None
    }

    fn end(&mut self, evidence: &Evidence<'_>, pack: &Pack) -> Option<String> {
        let run = std::mem::take(self);
        let known = !run.strange || run.text.chars().count() < 2 || is_known(&run.text, "n", evidence, pack);
        (!known).then_some(run.text)
    }
}

/// Whether a word is cut badly after Latin letters: E|卡里, where the record has E卡.
fn goes_on(before: &str, word: &str, evidence: &Evidence<'_>) -> bool {
    let Some(first) = word.chars().next() else { return false };
    before.ends_with(|character: char| character.is_ascii_alphanumeric())
        && is_han(first)
        && evidence.capitals().contains(&format!("{}{first}", before.to_uppercase()))
}

/// The words of a text that say what something is, does or is like, each with whether it names a thing.
pub(super) fn content_words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    WORDS.tag(text, false).into_iter().filter_map(|tag| match Kind::of(tag.word, tag.tag) {
        Kind::Thing => Some((tag.word, true)),
        Kind::Other => Some((tag.word, false)),
        // 变频, 节能: what tells kinds apart, and set phrases.
        Kind::Idle if tag.tag.starts_with(['b', 'i', 'j', 'l', 'z']) && tag.word.chars().nth(1).is_some() => {
            Some((tag.word, false))
        }
        Kind::Idle => None,
    })
}

/// Whether a word is the language of service.
pub(super) fn is_harmless(word: &str, lexicon: &GuardLexicon) -> bool {
    lexicon.harmless.iter().any(|harmless| harmless == word)
}

/// What a word is to this check.
#[derive(PartialEq, Eq)]
enum Kind {
    /// It names something that must be known.
    Thing,
    /// It says what something does or is like; it only counts.
    Other,
    /// It says nothing.
    Idle,
}

impl Kind {
    fn of(word: &str, tag: &str) -> Self {
        let han = word.chars().filter(|character| is_han(*character)).count();
        let mut characters = word.chars();
        let doubled = han == 2 && characters.next() == characters.next();
        if han < 2 || doubled || word.starts_with(['我', '你', '您', '这', '那', '咱']) {
            return Self::Idle;
        }
        match tag {
            "s" | "vn" => Self::Thing,
            _ if tag.starts_with('n') => Self::Thing,
            _ if tag.starts_with(['v', 'a']) => Self::Other,
            _ => Self::Idle,
        }
    }
}

/// A word that always needs a record of its own; that the customer asked for it is none.
fn heavy_claim<'a>(sentence: &Sentence, evidence: &Evidence<'_>) -> Option<&'a str> {
    clauses(&sentence.folded)
        .into_iter()
        .filter(|clause| !UNSURE.iter().any(|word| clause.contains(word)))
        .find_map(|clause| {
            HEAVY.iter().copied().find(|word| {
                let said =
                    |word: &str| evidence.text().contains(word) || evidence.backed_text().contains(word);
                let instead = INSTEAD.iter().any(|(known, instead)| known == word && said(instead));
                clause.contains(word) && !said(word) && !instead
            })
        })
}

/// 所有, 任何, 随时: no record says so, and what it says is limited.
fn universal(folded: &str, evidence: &Evidence<'_>) -> Option<String> {
    let rest = COURTESY.replace_all(folded, "□");
    let found = UNIVERSAL.find(&rest)?.as_str();
    let recorded = evidence.text().contains(found)
        || matches!(found, "任何" | "所有" | "全部" | "统统")
            && ["全部", "所有", "任何", "全场", "均", "一律", "不限"]
                .iter()
                .any(|word| evidence.text().contains(word));
    (!recorded).then(|| found.to_owned())
}

/// A district, county or town that neither the records nor the customer named.
fn unknown_place(folded: &str, evidence: &Evidence<'_>) -> Option<String> {
    PLACE.captures_iter(folded).find_map(|found| {
        let name = &found[1];
        // 睡袋的区别 names no district.
        let end = found.get(0).map_or(0, |all| all.end());
        if folded[end..].starts_with(['别', '分', '间', '域', '隔']) || name.ends_with('的') {
            return None;
        }
        let common = name.ends_with([
            '地', '城', '市', '小', '社', '专', '景', '郊', '片', '超', '夜', '上', '门', '本', '全', '各',
            '分', '园', '厂', '库', '网', '车', '火',
        ]);
        let known = evidence.text().contains(name) || evidence.question().contains(name);
        (!common && !known).then(|| found[0].to_owned())
    })
}

/// Whether a word stands in the evidence, in the question, or is the language of service; a long word also if its
/// beginning and its end do.
fn is_known(word: &str, tag: &str, evidence: &Evidence<'_>, pack: &Pack) -> bool {
    let stands = |part: &str| {
        is_harmless(part, &pack.guard)
            || evidence.text().contains(part)
            || evidence.question().contains(part)
            || evidence.backed_text().contains(part)
            || pack.voice.shop.contains(part)
            || pack.voice.assistant.contains(part)
    };
    if stands(word) {
        return true;
    }
    let chars: Vec<char> = word.chars().collect();
    // 灰色 where the record lists 灰, 运费 where it has 费 beside 运.
    if let [first, '色' | '款' | '型' | '号' | '类' | '版' | '身' | '口' | '盖' | '底'] = chars.as_slice()
        && evidence.text().contains(*first)
    {
        return true;
    }
    if let [.., first, '色'] = chars.as_slice()
        && evidence.text().contains(*first)
    {
        return true;
    }
    let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    match chars.len() {
        0..=2 => false,
        3 => tag != "ns" && (stands(&part(0, 2)) || stands(&part(1, 3))),
        length => stands(&part(0, 2)) && stands(&part(length - 2, length)),
    }
}
