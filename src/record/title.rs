//! How a shop's long product titles become names that can be said in a sentence.

use std::sync::LazyLock;

use regex::Regex;

/// A derived short title is at most this long, its model number not counted.
const LONGEST: usize = 24;
/// A title may be cut before a number or another script once it has this many characters.
const LONG_ENOUGH: usize = 12;
/// A title may be cut at a space once it has this many characters.
const LONG_ENOUGH_AT_SPACE: usize = 6;

static BRACKETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"【[^】]*】|\[[^\]]*\]|「[^」]*」").expect("the expression is a constant"));

/// Foreign brand names behind the Chinese one: 美的（Midea）.
static LATIN_BRAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\p{Han})[（(][A-Za-z][A-Za-z .&'-]*[）)]").expect("the expression is a constant")
});

/// What advertises or promises a price and is no name of the thing.
static ADVERTISING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:国家|政府|地方)?(?:节能)?补贴(?:立减|再减|后|减)?\s*\d*(?:\.\d+)?\s*[%％折]?",
        r"|国补(?:立减|再减|减)?\s*\d*(?:\.\d+)?\s*[%％]?|立减\s*\d+(?:\.\d+)?\s*(?:[%％]|元)?",
        r"|以旧换新|售完即止|行业爆款|爆款|热卖|热销|限时(?:特惠|特价|抢购|秒杀)?|特惠|特价|秒杀|抢购|包邮|新品上市|新款上市",
        r"|满\s*\d+\s*[减送]\s*\d*|第[二2]件(?:半价|\d折)|买[一二三\d]+送[一二三\d]+|\d+(?:\.\d+)?折",
        r"|(?:京东|天猫|淘宝|拼多多|抖音)?(?:超级)?(?:618|双11|双十一|双12|年货节|大促|狂欢)|官方旗舰店|旗舰店|官方正品|正品保证|京东自营",
        r"|优于\s*\d+\s*[Ll升]|(?:券后|到手|活动)价?\s*[¥￥]?\s*\d+(?:\.\d+)?\s*元?|[¥￥]\s*\d+(?:\.\d+)?|\d+(?:\.\d+)?\s*元",
    ))
    .expect("the expression is a constant")
});

static MODEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Z]{1,6}\d[A-Z0-9.]*(?:[-‑][A-Z0-9.]+)*(?:\([A-Z]+\))?|[A-Z]{2,6}[-‑][A-Z0-9.]*\d[A-Z0-9.]*(?:\([A-Z]+\))?")
        .expect("the expression is a constant")
});

static SPACES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\s　]+").expect("the expression is a constant"));

/// The title without advertising: no subsidies, no prices, no slogans in brackets, nothing else cut.
pub fn clean_title(title: &str) -> String {
    let without = ADVERTISING.replace_all(title, " ");
    let without = BRACKETS.replace_all(&without, |found: &regex::Captures<'_>| {
        let inner: String =
            found[0].chars().skip(1).take(found[0].chars().count().saturating_sub(2)).collect();
        let inner = inner.trim().to_owned();
        // A bracket often holds the series name, which belongs to the thing; slogans are gone already.
        if inner.chars().any(|character| character.is_ascii_alphanumeric()) && inner.chars().count() <= 16 {
            format!(" {inner} ")
        } else {
            " ".to_owned()
        }
    });
    let tidy = SPACES.replace_all(without.trim(), " ").into_owned();
    if tidy.is_empty() { title.trim().to_owned() } else { tidy }
}

/// A name for a sentence, cut from a long title. Titles that are short enough stay as they are.
pub fn shorten_title(title: &str) -> String {
    let bare = ADVERTISING.replace_all(title, " ");
    let bare = BRACKETS.replace_all(&bare, " ");
    let bare = LATIN_BRAND.replace_all(&bare, "$1");
    let bare = SPACES.replace_all(bare.trim(), " ").into_owned();
    if bare.is_empty() {
        return title.chars().take(LONGEST).collect();
    }
    if bare.chars().count() <= LONGEST {
        return bare;
    }
    let head = head_of(&bare);
    match MODEL.find_iter(&bare).filter(|found| found.as_str().len() >= 5).last() {
        Some(model) if !head.contains(model.as_str()) => format!("{head} {}", model.as_str()),
        _ => head,
    }
}

/// The first part of a title, up to a natural break.
fn head_of(title: &str) -> String {
    let characters: Vec<char> = title.chars().collect();
    let mut end = characters.len().min(LONGEST);
    for index in 1..characters.len().min(LONGEST + 1) {
        let (before, here) = (characters[index - 1], characters[index]);
        let at_space = here == ' ' && index >= LONG_ENOUGH_AT_SPACE;
        let at_script = index >= LONG_ENOUGH
            && !before.is_ascii()
            && (here.is_ascii_digit() || here.is_ascii_uppercase());
        if at_space || at_script {
            end = index;
            break;
        }
    }
    characters[..end].iter().collect::<String>().trim().to_owned()
}
