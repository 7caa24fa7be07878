//! Which words of a sentence can be changed so that it says something else: carriers, yes and no, products?

use std::sync::LazyLock;

use regex::Regex;

use super::values::{read, same};
use super::{Dice, Kind, Maker, Mutant};

/// A word, and what makes a true sentence false in its place. Longer words before those they hold.
const SIDES: &[(&str, &str)] = &[
    ("不可以", "可以"),
    ("可以", "不可以"),
    ("不可叠加", "可叠加"),
    ("不能", "可以"),
    ("不支持", "支持"),
    ("支持", "不支持"),
    ("不需要", "需要"),
    ("需要", "不需要"),
    ("无需", "需要"),
    ("不包邮", "包邮"),
    ("包邮", "不包邮"),
    ("免费", "收费"),
    ("有货", "缺货"),
    ("现货", "预售"),
    ("无货", "有货"),
    ("断货", "有货"),
    ("缺货", "有货"),
    ("在售", "已下架"),
    ("不适用", "适用"),
    ("适用", "不适用"),
    ("不适合", "适合"),
    ("适合", "不适合"),
    ("不参加", "参加"),
    ("参加", "不参加"),
    ("不含", "含有"),
    ("已签收", "未签收"),
    ("已发货", "未发货"),
    ("已揽收", "未揽收"),
    ("不超过", "不少于"),
    ("不少于", "不超过"),
    ("以上", "以下"),
    ("以下", "以上"),
    ("以内", "以外"),
    ("之前", "之后"),
    ("之后", "之前"),
    ("：是", "：否"),
    ("：否", "：是"),
    ("由顾客承担", "由我们承担"),
    ("顾客承担", "我们承担"),
    ("我们出", "您出"),
];

/// What follows a word that then says neither yes nor no: 适用月龄.
const LABELS: [&str; 8] = ["月龄", "体重", "年龄", "身高", "人群", "范围", "室温", "品牌"];

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9]+(?:\.[0-9]+)?|[零一二两三四五六七八九十百千]+").expect("a fixed pattern")
});

/// Where numbers stand in a value.
pub(super) fn numbers(text: &str) -> Vec<(usize, usize)> {
    NUMBER.find_iter(text).map(|found| (found.start(), found.end())).collect()
}

impl Maker<'_> {
    /// Each carrier by another that nobody spoke of.
    pub(super) fn changed_carriers(&self, dice: &mut Dice) -> Vec<Mutant> {
        let strange = |name: &&String| {
            let known = |text: &&str| text.contains(name.as_str());
            !self.ground.evidence.iter().any(known)
        };
        let others: Vec<&String> = self.ground.carriers.iter().filter(strange).collect();
        let mut made = Vec::new();
        let mut rest = self.sentence.to_owned();
        let mut names: Vec<&String> = self.ground.carriers.iter().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in names {
            let Some(start) = rest.find(name.as_str()) else { continue };
            let place = (start, start + name.len());
            if let Some(other) = dice.shuffled(others.clone()).first() {
                made.push(self.with(Kind::Carrier, place, other));
            }
            rest = rest.replace(name.as_str(), &"\u{0}".repeat(name.len()));
        }
        made
    }

    /// Each word of yes or no by its opposite.
    pub(super) fn changed_sides(&self) -> Vec<Mutant> {
        let mut rest = self.sentence.to_owned();
        let mut made = Vec::new();
        for (word, opposite) in SIDES {
            for (start, _) in self.sentence.match_indices(word) {
                let place = (start, start + word.len());
                let free = rest[place.0..place.1] == **word;
                let label = LABELS.iter().any(|label| self.sentence[place.1..].starts_with(label));
                // 可不可以, 是否支持: a question has no side.
                let rest_of_clause =
                    self.sentence[place.1..].split(['，', '。', '；', '！']).next().unwrap_or_default();
                let asks = ["是否", "可不", "能"].iter().any(|ask| self.sentence[..start].ends_with(ask))
                    || rest_of_clause.contains(['吗', '？']);
                if free && !label && !asks {
                    made.push(self.with(Kind::Polarity, place, opposite));
                }
                if free {
                    rest.replace_range(place.0..place.1, &"\u{0}".repeat(word.len()));
                }
            }
        }
        made
    }

    /// Each product by another, of which no record says what the sentence says.
    pub(super) fn changed_products(&self, dice: &mut Dice) -> Vec<Mutant> {
        let mut names: Vec<&String> = self.ground.products.iter().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let Some((name, start)) =
            names.iter().find_map(|name| self.sentence.find(name.as_str()).map(|start| (*name, start)))
        else {
            return Vec::new();
        };
        let place = (start, start + name.len());
        let values: Vec<_> = read(self.sentence)
            .into_iter()
            .filter(|value| value.end <= place.0 || value.start >= place.1)
            .collect();
        let rest = self.sentence[place.1..].trim_start_matches('的').trim_end_matches('。');
        let says_so = |record: &str, other: &str| {
            let held = read(record);
            let holds = || values.iter().all(|value| held.iter().any(|known| same(known, value)));
            record.contains(other) && if values.is_empty() { record.contains(rest) } else { holds() }
        };
        let fits = |other: &&&String| {
            !other.contains(name.as_str())
                && !name.contains(other.as_str())
                && !self.ground.evidence.iter().any(|record| says_so(record, other))
        };
        dice.shuffled(names.clone())
            .iter()
            .find(fits)
            .map(|other| self.with(Kind::Product, place, other))
            .into_iter()
            .collect()
    }
}
