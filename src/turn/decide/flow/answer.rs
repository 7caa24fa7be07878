//! Does a message answer what a step asks, and can the answer be used?

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::choose::{self, Picked};
use super::contact;
use crate::flows::Answer;
use crate::pack::flows::{Asks, FlowOption};
use crate::turn::decide::Situation;
use crate::turn::types::{EntityKind, Feedback};

/// A yes to what was repeated: "确认", "对的 取消吧", "yes please". Nothing else may stand beside it.
static YES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:[好行嗯对是]+的?[,，。! ]*)?(?:我)?(?:都)?(?:确[认定]|没错|没问题|同意|就这样|可以的?|是的|对的?|好的?|行|",
        r"(?:那就)?(?:帮我|给我)?(?:取消|改|退|换|拦|拦截|办|开|提交|申请|修)(?:了|掉)?)",
        r"(?:(?:取消|修改|提交|申请|办理|退货?|换货?|拦截|开票|报修|补发|无误|了|吧|的|啊|哈|谢谢|麻烦了?))*[。.! ~]*$",
        r"|(?i)^(?:yes|yep|yeah|sure|ok(?:ay)?|correct|right|confirm(?:ed)?|i confirm|go ahead|please do|do it)",
        r"(?:[, ]*(?:please|thanks|thank you|that.?s right|correct|go ahead|cancel it|confirm(?:ed)?|do it))*[.! ]*$",
    ))
    .expect("a fixed expression")
});

/// The word itself with nothing beside it but what is agreed to, which is a yes whatever was said in between: "确认", "确认取消".
static EXPLICIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:(?:[好行嗯对是哦噢啊那吧]|可以|没问题|没错)+的?[,，。! ]*)?(?:我)?(?:确认|确定)",
        r"(?:要|取消|修改|改|退货?|退款|换货?|拦截?|补发|补差|开票?|报修|维修|提交|申请|办理?|无误|订单|这单|了|吧|的|啊|哈|谢谢|麻烦|[,，。.! ~])*$",
        r"|^(?:ok(?:ay)?,? )?(?:yes|i confirm|confirm(?:ed)?)",
        r"(?:[,.! ]+(?:i confirm|confirm(?:ed)?|please|thanks|thank you|go ahead|do it|correct|that.?s (?:right|correct|fine)",
        r"|(?:cancel|change|return|exchange|send|issue) (?:it|that|them|the order)))*[.! ]*$",
    ))
    .expect("a fixed expression")
});

/// "行 先把50退了": a yes with some words beside it.
static BEGINS_LIKE_YES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:[好行嗯对]的?|可以|没问题|是的|ok(?:ay)?|yes|sure)[吧啊呀,，。! ]+\S.{0,14}$")
        .expect("a fixed expression")
});

/// A no: "不取消了", "先别", "算了".
static NO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:那|先|还是|等等|等下|啊)*(?:不(?:用|要|了|取消|改|退|换|拦|修|开|办|确认|确定|是|对)|别|算了|等等|等一下|暂时不|先不|取消不了)",
        r"|^(?:no|nope|not yet|don.?t|do not|never ?mind|wait|stop|cancel that)\b",
    ))
    .expect("a fixed expression")
});

/// "没有照片", "拍不了", "扔了": there will be no picture.
static NO_PICTURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)没(?:有|法|拍|办法)?.{0,4}(?:照片|图|拍照?)|拍不了|不会拍|不想拍|(?:已经)?(?:扔|丢|倒)(?:了|掉)|no (?:photo|picture)|can.?t (?:take|send)|threw it",
    )
    .expect("a fixed expression")
});

/// A question, by its mark or its words.
static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[?？]|[吗呢么]\s*$|多少|多久|怎么|(?:^|[^没])什么|哪[里儿个天些]|几[天点号]|谁|能不能|可不可以|是不是|会不会|有没有|^(?:how|what|when|why|where|who|which|can|could|will|is|are|do|does)\b")
        .expect("a fixed expression")
});

/// The end of an answer that only asks politely.
static POLITE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:可以|行|好|成|能)(?:吗|不|吧|么)?\s*[?？]?$|,? (?:ok(?:ay)?|please|is that (?:ok|fine))\s*\?$").expect("a fixed expression")
});

/// "等会儿再说", "我问问孩子": the answer comes later.
static LATER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)等(?:会|下|一下|一会)|稍(?:后|等)|晚点|待会|回头|再说|问问|问一下|商量|想想|考虑|看看再|later|let me (?:ask|think|check)|hold on|one moment")
        .expect("a fixed expression")
});

/// A company, school or office, which needs a tax number on its invoices.
static COMPANY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[\p{Han}A-Za-z0-9()（）]{2,30}?(?:公司|集团|工厂|学校|小学|中学|大学|幼儿园|医院|研究院|研究所|事务所|商行|中心|单位|[店厂局社])|\b[\w .&-]{2,40}? (?:inc|ltd|llc|gmbh|co|corp)\b\.?")
        .expect("a fixed expression")
});
/// 15, 18 or 20 signs, the unified social credit code among them; or what stands behind the word.
static TAX_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:税号|纳税人识别号|信用代码|tax (?:id|number|no)|vat)[ :：是为]*([0-9A-Za-z]{8,20})|\b([0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}|\d{15}|[0-9A-Z]{20})\b")
        .expect("a fixed expression")
});
/// What stands around a person's name: "抬头写个人 李芳就行".
static AROUND_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)发票|抬头|个人|改[成为]|换成|应该|错了?|名字|姓名|开[票个]?|写|填|就是?|叫|是|我的?|给|吧|行|可以|谢谢|the|invoice|to|name|in|my|personal|private|person|please|thanks|[\p{P}\s]")
        .expect("a fixed expression")
});

/// How a message stands to what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// It answers.
    Answer(Answer),
    /// It answers, but so that nothing can be done with it; what is wanted and not there, if that is why.
    Unusable(Option<String>),
    /// It is a no.
    No,
    /// It may be the yes that was asked for, and may be one to something else.
    Unsure,
    /// It says something else.
    Else,
}

/// How a question was put.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What is asked.
    pub asks: &'a Asks,
    /// What conditions and slots read.
    pub variables: &'a Value,
    /// Whether it was only recalled after the answer to something else: a mere "嗯" is no yes then.
    pub recalled: bool,
    /// Whether the message is surely about something else.
    pub interrupted: bool,
}

/// Reads the answer to the question that is open.
pub fn read(asked: Asked<'_>, situation: Situation<'_>) -> Read {
    let text = situation.reading.text.trim();
    if *asked.asks == Asks::Confirm {
        return confirmed(text, (asked.recalled, asked.interrupted), situation);
    }
    let says_no = refuses(text) && !asked.interrupted && volunteered(asked, situation).is_none();
    if says_no && !matches!(asked.asks, Asks::Choice(_) | Asks::Text) {
        return Read::No;
    }
    if is_question(text) && (asked.interrupted || !is_polite(text)) {
        return Read::Else;
    }
    if *asked.asks == Asks::Sku
        && let Some(name) = missing_variant(asked, situation)
    {
        return Read::Unusable(Some(name));
    }
    if let Some(answer) = volunteered(asked, situation).or_else(|| by_number(asked, text)) {
        return Read::Answer(answer);
    }
    if asked.interrupted || LATER.is_match(text) {
        return Read::Else;
    }
    match asked.asks {
        Asks::Text if text.chars().any(char::is_alphanumeric) => Read::Answer(plain(text)),
        Asks::Picture if NO_PICTURE.is_match(text) => Read::Unusable(None),
        Asks::Picture | Asks::Tracking => Read::Else,
        _ if situation.reading.feedback == Feedback::Prodded => Read::Else,
        _ => Read::Unusable(None),
    }
}

/// What a message says of a question by itself, whether or not it was asked. A yes and free words are never taken so.
pub fn volunteered(asked: Asked<'_>, situation: Situation<'_>) -> Option<Answer> {
    let text = situation.reading.text.trim();
    match asked.asks {
        Asks::Item => choose::item(situation, asked.variables),
        Asks::Sku => match choose::variant(situation, asked.variables)? {
            Picked::There(answer) => Some(answer),
            Picked::Missing(_) => None,
        },
        Asks::Choice(options) => by_words(options, text),
        Asks::Contact => contact::read(situation),
        Asks::InvoiceTitle => invoice_title(text),
        Asks::Picture => pictures(situation),
        Asks::Tracking => {
            let mut entities = situation.reading.entities.iter();
            let number = entities.find(|entity| entity.kind == EntityKind::Tracking)?;
            Some(plain(&number.value))
        }
        Asks::Text | Asks::Confirm => None,
    }
}

/// The variant that a message wants and that is not in stock.
pub fn missing_variant(asked: Asked<'_>, situation: Situation<'_>) -> Option<String> {
    match choose::variant(situation, asked.variables)? {
        Picked::There(_) => None,
        Picked::Missing(name) => Some(name),
    }
}

/// Whether a message is a short no.
fn refuses(text: &str) -> bool {
    NO.is_match(text) && text.chars().count() <= 12
}

/// Whether a message says the word of a confirmation itself.
pub fn is_explicit_yes(text: &str) -> bool {
    EXPLICIT.is_match(text.trim())
}

/// "换藏蓝120可以吗": an answer that only asks politely.
fn is_polite(text: &str) -> bool {
    POLITE.is_match(text)
}

/// Whether a message asks something.
pub fn is_question(text: &str) -> bool {
    QUESTION.is_match(text)
}

fn confirmed(text: &str, (recalled, interrupted): (bool, bool), situation: Situation<'_>) -> Read {
    if text.contains(['?', '？']) {
        return Read::Else;
    }
    let affirmed = situation.reading.feedback == Feedback::Affirmed || YES.is_match(text);
    if is_explicit_yes(text) || (affirmed && !recalled) {
        return Read::Answer(plain(text));
    }
    if refuses(text) {
        // "算了 直接退货吧" is another wish, not only a no.
        return if interrupted { Read::Else } else { Read::No };
    }
    if BEGINS_LIKE_YES.is_match(text) { Read::Unsure } else { Read::Else }
}

fn plain(text: &str) -> Answer {
    Answer { value: text.to_owned(), shown: text.to_owned() }
}

fn by_number(asked: Asked<'_>, text: &str) -> Option<Answer> {
    match asked.asks {
        Asks::Choice(options) => {
            let place = (0..options.len()).find(|place| choose::says_place(text, *place))?;
            Some(of_option(options.get(place)?))
        }
        Asks::Item => choose::item_by_number(asked.variables, text),
        Asks::Sku => choose::variant_by_number(asked.variables, text),
        _ => None,
    }
}

/// The option whose words stand first in the text; the longest of those that begin there.
fn by_words(options: &[FlowOption], text: &str) -> Option<Answer> {
    let text = text.to_lowercase();
    let place = |option: &FlowOption| {
        let words = option.words.iter().chain(std::iter::once(&option.name));
        words.filter_map(|word| Some((text.find(&word.to_lowercase())?, usize::MAX - word.len()))).min()
    };
    let found = options.iter().filter_map(|option| Some((place(option)?, option)));
    found.min_by_key(|(place, _)| *place).map(|(_, option)| of_option(option))
}

fn of_option(option: &FlowOption) -> Answer {
    Answer { value: option.id.clone(), shown: option.name.clone() }
}

fn pictures(situation: Situation<'_>) -> Option<Answer> {
    let count = situation.input.attachments;
    let english = situation.pack.language.starts_with("en");
    let shown = match (english, count) {
        (false, _) => format!("{count} 张照片"),
        (true, 1) => "1 photo".to_owned(),
        (true, _) => format!("{count} photos"),
    };
    (count > 0).then(|| Answer { value: count.to_string(), shown })
}

/// A company with its tax number, whose end is shown, or a person.
fn invoice_title(text: &str) -> Option<Answer> {
    let tax = TAX_NUMBER.captures(text).and_then(|found| found.get(1).or(found.get(2)));
    let company = COMPANY.find(text).map(|found| found.as_str().trim());
    if let Some(company) = company {
        let company = AROUND_TITLE.replace(company, "").into_owned();
        let number = tax?.as_str();
        let end: String = number.chars().skip(number.chars().count().saturating_sub(4)).collect();
        return Some(Answer {
            value: format!("{company} {number}"), shown: format!("{company}（…{end}）")
        });
    }
    let personal = ["个人", "personal", "private person", "my name"]
        .iter()
        .any(|word| text.to_lowercase().contains(word));
    let name = AROUND_NAME.replace_all(text, "").into_owned();
    let named = (2..=20).contains(&name.chars().count())
        && !is_question(text)
        && name.chars().all(char::is_alphabetic);
    let shown = if text.is_ascii() { "a person" } else { "个人" };
    let title = if named { format!("{shown} {name}") } else { shown.to_owned() };
    personal.then(|| plain(&title))
}

/// What stands before a company's name.
static AROUND_TITLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:发票)?(?:抬头)?(?:是|写|开|就|:|：|公司)*").expect("a fixed expression")
});
