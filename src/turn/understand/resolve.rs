//! What is the whole question? "b产品呢", "多少钱", "它能退吗", "不是这个" only make sense with what was asked before.

use std::sync::LazyLock;

use regex::Regex;

use super::clauses::{clauses, strip_politeness};
use super::feedback::FeedbackWords;
use super::normalise::normalise;
use crate::turn::types::{Author, Entity, EntityKind, Feedback, Pending, TurnInput};

/// The longest question kept, in characters, so that chains of fragments cannot grow without end.
const LONGEST_QUESTION: usize = 200;
/// Longer messages are complete by themselves.
const LONGEST_FRAGMENT: usize = 18;

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($source).expect("a fixed expression"));
    };
}

expression!(
    WHY,
    r"(?i)^(?:那|这)?(?:是)?(?:为什么|为啥|为何|怎么会(?:这样)?|咋回事|怎么回事|why|why not|how come)(?:呢|啊|呀|不行|不能|不可以)?[?!]*$"
);
expression!(
    MORE,
    r"(?i)^(?:那)?(?:还有|还有呢|还有吗|还有没有|还有别的|还有其他|还有其它|别的|其他|其它|还有什么|还有哪些|what else|anything else|any others?)(?:的)?(?:呢|吗|么|没)?[?!]*$"
);
expression!(THEN, r"(?i)^(?:然后|后来|接着|接下来|and then|then)(?:呢|怎么办)?[?!]*$");
expression!(
    ELLIPSIS,
    r"(?i)^(?:(?:那么?|如果是|要是|换成|假如是)(?:个|款|件|种|条|双)?(?P<led>.{1,16}?)(?:的话)?(?:呢|吗|么|可以吗|行吗|也是吗|一样吗|也一样吗|咋样|怎么样)?|(?P<bare>.{1,16}?)(?:的话)?呢|(?:what about|how about|and)(?: the)? (?P<english>.{1,40}?))[?!]*$"
);
// Nouns that with 呢 make a whole question of their own.
expression!(
    OWN_TOPIC,
    r"^(?:你们?|您|我的?)?(?:人|客服|人工|快递|物流|退款|钱|发票|货|包裹|赠品|礼品|订单|东西|结果|答复|回复|运费|优惠券?|券|活动|售后|地址|我|你|老板|回答)$"
);
// A thing and what of it is asked for, with 呢 a whole question too: "2段的价格呢".
expression!(
    OWN_FIELD,
    r"^.{1,12}的(?:价格|价钱|单价|运费|邮费|尺寸|尺码|码数|材质|面料|重量|颜色|成分|配方|质保|保修|保质期|日期|库存|优惠|活动|赠品)$"
);
expression!(
    ASKS,
    r"(?i)怎么|什么|哪|多少|几|吗|为什么|有没有|能|可以|是不是|啥|何时|会|不|没|退|换|发|到|想|要|how|what|when|why|can|does|is "
);
expression!(
    PREDICATE,
    r"(?i)多少钱|多少|什么价|价格|啥价|怎么卖|几块|几天|几月|多久|什么时候|啥时候|何时|有没有|有货|有现货|还有|没有|有|能不能|能否|能|可不可以|可以|怎么|如何|支持|包邮|是不是|是什么|是|质保|保修|保质期|发什么|发货|什么|啥|适合|适不适合|好用|好不好|耐用|会|需要|要不要|送|退|换|到哪|到了|大概|一共|贵|便宜|how much|how long|\bwhen\b|\bcan\b|\bdoes\b|\bis\b|\bin stock\b"
);
expression!(
    FIELD_QUESTION,
    r"^(?:大概|一般|到底)?(?:多少钱|多少|什么价|啥价|价格|怎么卖|几块|有货|有现货|有没有货|有没有现货|有库存|还有货|没货|能退|能换|可以退|可以换|能不能退|能不能换|可不可以退|支持退|支持七天|退吗|包邮|质保|保修|保质期|几天|多久|什么材质|啥材质|什么颜色|什么面料|什么尺码|多大|多重|多长|好用|怎么用|怎么洗|怎么装|适合|会不会|会掉|会起|掉色|起球|缩水|有优惠|有活动|有什么颜色|有哪些颜色|有几种|便宜|能便宜|可以便宜|打折|发什么快递|什么时候发|什么时候到|哪天发|哪天到|什么牌子|哪里产|产地)"
);
expression!(
    PRONOUN,
    r"^(?:那|请问)?(?:它|他|她|这个|那个|这款|那款|这件|那件|这条|那条|这双|这种|那种|该商品|这东西|此款)(?:的)?"
);
expression!(
    POSSESSION,
    r"^(?:我想买|我要买|想买|我买的|我买了|我想要|我想问|我看中了?|我看|我拍的|我拍了|你们家的?|你家的?|咱家的?|店里的?|这款|这个|那款|那个|这件|那件|关于|你们的?|之前的?|一下|的)+"
);
expression!(
    COLOUR,
    r"(?:深|浅|亮|粉|天|米|藏|墨|雾霾|奶|酒)?(?:红|橙|黄|绿|青|蓝|紫|黑|白|灰|粉|棕|咖|驼|杏|银|金|卡其|米|裸|肤)色|粉色|白的|黑的|红的|蓝的|粉的|灰的|绿的"
);
expression!(
    SIZE,
    r"(?i)\d{2,3}(?:\.5)?码|[2-6]?x{1,4}[sl]码?|\b[sml]码|[SML]号?码|加大码|大码|中码|小码|均码|大号|中号|小号|\d+(?:\.\d+)?(?:ml|l|kg|g|cm|寸|段|升|斤|片|包|个月)"
);
expression!(
    DAY,
    r"今天|明天|后天|昨天|今晚|明早|周[一二三四五六日天]|星期[一二三四五六日天]|\d{1,2}号|\d{1,2}月\d{1,2}[日号]?"
);
expression!(
    PLACE,
    r"北京|上海|天津|重庆|广东|广州|深圳|东莞|佛山|浙江|杭州|宁波|温州|江苏|南京|苏州|无锡|四川|成都|湖北|武汉|湖南|长沙|河南|郑州|河北|石家庄|山东|济南|青岛|山西|太原|陕西|西安|安徽|合肥|福建|福州|厦门|江西|南昌|辽宁|沈阳|大连|吉林|长春|黑龙江|哈尔滨|云南|昆明|贵州|贵阳|广西|南宁|海南|海口|三亚|甘肃|兰州|宁夏|银川|青海|西宁|内蒙古?|呼和浩特|新疆|乌鲁木齐|西藏|拉萨|香港|澳门|台湾|乡下|农村|县城"
);
expression!(
    CORRECTION,
    r"^(?:我)?(?:问的是|说的是|要的是|想问的是|想要的是|指的是|是想问|是问|是说|想问|问)"
);
// A name and the order it stands for: "奶嘴那单", "买奶粉的那个订单".
expression!(
    NAMED_ORDER,
    r"(?i)^(?:我|就|是|要|看|问|查)*(?:买|拍)?(?P<name>[^,。!? ]{1,12}?)的?(?:那|这)(?:一?个订单|一?个单子?|一?单|一?笔|一?件)(?:吧|呢|的|呀|啊)*$|^(?:the )?order (?:with|of|for) the (?P<english>.{2,30})$"
);
expression!(
    CHOICE,
    r"^(?:就|要|选|是)?(?:第?[一二三四五六七八九\d]{1,2}(?:个|单|笔|条)?|最近(?:的|那)?(?:个|单|一单|一个)?|上面(?:那|的)?个?|下面(?:那|的)?个?|前(?:一|面那)个|后(?:一|面那)个|最后一个|都(?:是|要|看)?|这个|这单|那单)(?:吧|的|呢|哦)?$"
);

/// A question made whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The whole question.
    pub question: String,
    /// Whether it was taken from the question before as a whole: a prod, a rejection, a choice.
    pub continues: bool,
}

/// Compiles the fixed expressions of this module.
pub fn prepare() {
    for expression in [
        &WHY,
        &MORE,
        &THEN,
        &ELLIPSIS,
        &OWN_TOPIC,
        &OWN_FIELD,
        &ASKS,
        &PREDICATE,
        &FIELD_QUESTION,
        &PRONOUN,
        &POSSESSION,
        &COLOUR,
        &SIZE,
        &DAY,
        &PLACE,
        &CORRECTION,
        &NAMED_ORDER,
        &CHOICE,
    ] {
        LazyLock::force(expression);
    }
}

/// Resolves a normalised text against the conversation.
pub fn resolve(
    text: &str,
    input: &TurnInput,
    feedback: Feedback,
    entities: &[Entity],
    words: &FeedbackWords,
) -> Resolved {
    let own = Resolved { question: text.to_owned(), continues: false };
    let Some(previous) = previous_question(input) else { return own };
    let continued = |question: String| Resolved { question: bounded(&question), continues: true };
    // Who only tells the numbers that were asked for asks what was asked before.
    if matches!(input.memory.pending, Some(Pending::Recalled)) || input.proof.is_bare() {
        return continued(previous);
    }
    match feedback {
        Feedback::Affirmed | Feedback::Repeated => return own,
        Feedback::Prodded => return continued(previous),
        Feedback::Negated => {
            return match correction(text, words) {
                Some(rest) => match of_named_order(&rest, &previous) {
                    Some(question) => continued(question),
                    None => {
                        let question = fragment(&rest, &previous, input).unwrap_or(rest);
                        Resolved { question, continues: false }
                    }
                },
                None => continued(previous),
            };
        }
        Feedback::None => {}
    }
    if chooses(text, input) || only_an_id(text, entities) {
        return continued(format!("{previous} {text}"));
    }
    match fragment(text, &previous, input) {
        Some(question) => Resolved { question: bounded(&question), continues: false },
        None => own,
    }
}

/// The question before: as remembered, or the customer's last message that says something.
fn previous_question(input: &TurnInput) -> Option<String> {
    let remembered = input.memory.question.as_deref().map(|question| normalise(question).text);
    remembered.filter(|question| says_something(question)).or_else(|| {
        let own = input.history.iter().rev().filter(|message| message.author == Author::Customer);
        own.map(|message| normalise(&message.text).text).find(|text| says_something(text))
    })
}

fn says_something(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).count() >= 2
}

fn bounded(question: &str) -> String {
    question.chars().take(LONGEST_QUESTION).collect()
}

/// What follows a rejection: "不是这个,我问的是运费" asks for the freight.
fn correction(text: &str, words: &FeedbackWords) -> Option<String> {
    let folded = text.to_lowercase();
    let same_length = folded.len() == text.len();
    let source = if same_length { text } else { folded.as_str() };
    let rest: Vec<&str> = clauses(source)
        .into_iter()
        .skip_while(|clause| words.is_rejection(&clause.to_lowercase()))
        .map(|clause| CORRECTION.find(clause).map_or(clause, |hit| &clause[hit.end()..]))
        .collect();
    let rest = rest.join(",");
    says_something(&rest).then_some(rest)
}

/// "我问的是奶嘴那单": the question before, of the order that is named.
fn of_named_order(text: &str, previous: &str) -> Option<String> {
    let captures = NAMED_ORDER.captures(text)?;
    if let Some(name) = captures.name("english") {
        return Some(format!("{}, the {}", trimmed(previous), name.as_str()));
    }
    let name = captures.name("name")?.as_str();
    let (_, predicate) = split(trimmed(previous));
    Some(if predicate.is_empty() { format!("{name},{previous}") } else { format!("{name}{predicate}") })
}

fn chooses(text: &str, input: &TurnInput) -> bool {
    matches!(input.memory.pending, Some(Pending::ChooseOrder { .. })) && CHOICE.is_match(text)
}

/// Whether the message is nothing but an id, a model number or a size.
fn only_an_id(text: &str, entities: &[Entity]) -> bool {
    entities.iter().any(|entity| {
        let named = matches!(
            entity.kind,
            EntityKind::Order | EntityKind::Tracking | EntityKind::Product | EntityKind::Size
        );
        let rest = text.replacen(&entity.text, "", 1);
        let rest: String = rest.replace("订单号", "").replace("订单", "").replace("单号", "");
        named && rest.chars().filter(|c| c.is_alphanumeric() && *c != '是').count() == 0
    })
}

/// Completes a fragment; `None` if the text is complete.
fn fragment(text: &str, previous: &str, input: &TurnInput) -> Option<String> {
    let core = strip_politeness(text).trim_matches([' ', ',', '。']);
    let longest = if core.is_ascii() { 3 * LONGEST_FRAGMENT } else { LONGEST_FRAGMENT };
    if core.chars().count() > longest || core.contains('\n') {
        return None;
    }
    if WHY.is_match(core) {
        return Some(format!("{},为什么", trimmed(previous)));
    }
    if MORE.is_match(text) || MORE.is_match(core) {
        return Some(format!("{},还有别的吗", trimmed(previous)));
    }
    if THEN.is_match(core) {
        return Some(format!("{},然后呢", trimmed(previous)));
    }
    if let Some(pronoun) = PRONOUN.find(core) {
        return by_pronoun(core, pronoun.end(), previous, input);
    }
    if FIELD_QUESTION.is_match(core) {
        return subject_of_conversation(previous, input).map(|subject| format!("{subject}{core}"));
    }
    by_ellipsis(text.trim(), previous)
}

fn trimmed(question: &str) -> &str {
    question.trim_end_matches(['?', '!', ' ', ',', '。', '~'])
}

/// "它能退吗": the pronoun stands for what was talked about.
fn by_pronoun(text: &str, end: usize, previous: &str, input: &TurnInput) -> Option<String> {
    let rest = &text[end..];
    // On a product's page "这个" is that product, and the facts know it better than words.
    let on_page = input.page.product.is_some() && !text.contains('它');
    if on_page || !says_something(rest) {
        return None;
    }
    if let Some(rest) = rest.strip_suffix(['呢']).filter(|rest| !says_something(rest)) {
        return Some(format!("{rest}{previous}"));
    }
    subject_of_conversation(previous, input).map(|subject| format!("{subject}{rest}"))
}

/// "粉色呢": what differs takes the place of its like in the question before.
fn by_ellipsis(text: &str, previous: &str) -> Option<String> {
    let captures = ELLIPSIS.captures(text)?;
    let new = captures.name("led").or(captures.name("bare")).or(captures.name("english"))?.as_str().trim();
    let whole = OWN_TOPIC.is_match(new) || OWN_FIELD.is_match(new);
    if whole || ASKS.is_match(new) || new.is_empty() {
        return None;
    }
    let previous = trimmed(previous);
    if captures.name("english").is_some() {
        return Some(format!("{previous}, {new}"));
    }
    if let Some(old) = SIZE.find(previous).filter(|_| new.bytes().all(|byte| byte.is_ascii_digit())) {
        // "那100呢" after "90码": the unit is the same.
        let unit = old.as_str().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        return Some(format!("{}{new}{unit}{}", &previous[..old.start()], &previous[old.end()..]));
    }
    for kind in [&*COLOUR, &*SIZE, &*DAY, &*PLACE] {
        if !kind.is_match(new) {
            continue;
        }
        if let Some(old) = kind.find(previous) {
            return Some(format!("{}{new}{}", &previous[..old.start()], &previous[old.end()..]));
        }
        let (subject, predicate) = split(previous);
        return Some(format!("{subject}{new}{predicate}"));
    }
    let (_, predicate) = split(previous);
    if predicate.is_empty() {
        Some(format!("{previous},{new}呢"))
    } else {
        Some(format!("{new}{predicate}"))
    }
}

/// Cuts a question where it begins to ask: "a产品" and "多少钱".
fn split(question: &str) -> (&str, &str) {
    match PREDICATE.find(question) {
        Some(hit) => question.split_at(hit.start()),
        None => (question, ""),
    }
}

/// What the conversation is about, in the customer's own words.
fn subject_of_conversation(previous: &str, input: &TurnInput) -> Option<String> {
    subject(previous).or_else(|| {
        let own = input.history.iter().rev().filter(|message| message.author == Author::Customer).take(4);
        own.filter_map(|message| subject(&normalise(&message.text).text)).next()
    })
}

/// The thing a question is about: what stands before it begins to ask.
fn subject(question: &str) -> Option<String> {
    clauses(question).into_iter().rev().find_map(|clause| {
        let clause = strip_politeness(clause);
        let clause = POSSESSION.find(clause).map_or(clause, |hit| &clause[hit.end()..]);
        let (subject, predicate) = split(clause);
        let subject = subject.trim().trim_end_matches(['的', '都', '还', '也', '现', '在']);
        let length = subject.chars().count();
        let nobody = [
            "你们", "我们", "老板", "客服", "快递", "我", "你", "您", "这", "那", "什么", "订单", "退款",
            "请问",
        ];
        let useful = !predicate.is_empty()
            && (2..=20).contains(&length)
            && !nobody.iter().any(|word| subject.contains(word));
        useful.then(|| subject.to_owned())
    })
}
