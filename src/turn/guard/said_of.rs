//! Is what a sentence says of a thing said by the record of that thing?
//!
//! Only products are told apart: a policy or an entry of the help pages may speak of many things, by many names.

use crate::record::RecordKind;
use crate::turn::types::GuardReason;

use super::clause::Clause;
use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{is_han, without_space};
use super::numbers::says;
use super::split::clauses;
use super::subject::marks;
use super::values::Found;
use super::{Sentence, Verdict};

/// The longest name that is looked for, in characters: titles of products are long.
const HEAD: usize = 48;
/// Words that mean what is spoken of anyway.
const GENERIC: [&str; 22] = [
    "您", "你", "我", "它", "这", "那", "该", "此", "本", "店", "其", "宝宝", "孩子", "商品", "产品", "订单",
    "包裹", "目前", "现在", "一般", "不", "没",
];
/// The field in which orders and products name what they are about.
const ITEM: &str = "商品";

/// Refuses what a record says of its product, said of something that the record is not about: 护臀霜的芯体厚度 where only a
/// nappy has one, and the name of a thing that no record has in the field of such names.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    items(sentence, evidence)?;
    let Some((head, rest)) = parts(&sentence.folded) else { return Ok(()) };
    let (wanted, name) = (features(rest, &[]), Name::read(head));
    let asked = evidence.question().contains(&without_space(head));
    let generic = GENERIC.iter().any(|word| head.contains(word));
    if asked || generic || wanted.is_empty() || features(head, &[]).is_empty() {
        return Ok(());
    }
    let (best, sources) = sources(rest, &wanted, sentence, evidence);
    let is_product = |record: &usize| evidence.facts[*record].fact.kind == RecordKind::Product;
    if best == 0 || !sources.iter().all(is_product) {
        return Ok(());
    }
    let says_it = |known: &Clause| shared(&wanted, &known.features) == best;
    let is_source = |record: usize| name.fits(record, evidence, says_it);
    if sources.iter().any(|record| is_source(*record)) && !name.is_another(&sources, evidence) {
        return Ok(());
    }
    Err((GuardReason::ClaimNotInEvidence, format!("{head} is not what the record is about")))
}

/// Refuses 商品：X×1 where no record that has such a field knows X.
fn items(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    for clause in clauses(&sentence.folded) {
        let Some(item) = item(clause) else { continue };
        let name = Name::read(item);
        let is_item = |known: &Clause| self::item(&known.text).is_some();
        let mut records = (0..evidence.facts.len())
            .filter(|record| evidence.clauses_of(*record).iter().any(is_item))
            .peekable();
        if records.peek().is_some() && !records.any(|record| name.fits(record, evidence, is_item)) {
            return Err((GuardReason::ClaimNotInEvidence, item.to_owned()));
        }
    }
    Ok(())
}

/// What the field of a thing's name says, without how many there are.
fn item(clause: &str) -> Option<&str> {
    let named = clause.strip_prefix(ITEM)?.strip_prefix(['：', ':'])?;
    Some(named.split('×').next().unwrap_or(named))
}

/// What a sentence is about, and what it says of that: X的…, without the clauses that follow. In a field, X的Y：…, the name may
/// have a 的 of its own; a name of one character is none.
fn parts(folded: &str) -> Option<(&str, &str)> {
    let clause = clauses(folded).first().copied()?;
    let at = match clause.find(['：', ':']) {
        Some(colon) => clause[..colon].rfind('的'),
        None => clause.match_indices('的').map(|(at, _)| at).find(|at| clause[..*at].chars().count() > 1),
    }?;
    let (head, rest) = (clause[..at].trim(), &clause[at + '的'.len_utf8()..]);
    ((2..=HEAD).contains(&head.chars().count()) && !rest.is_empty()).then_some((head, rest))
}

/// The records that may be the source of what is said: those with a clause that speaks most of it, and of these, if there are
/// any, those that hold its values. Also how much such a clause has of it.
fn sources(rest: &str, wanted: &[u64], sentence: &Sentence, evidence: &Evidence<'_>) -> (usize, Vec<usize>) {
    let score = |record: usize| {
        let clauses = evidence.clauses_of(record).iter();
        clauses.map(|known| shared(wanted, &known.features)).max().unwrap_or(0)
    };
    let scores: Vec<usize> = (0..evidence.facts.len()).map(score).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    let all: Vec<usize> = (0..scores.len()).filter(|record| scores[*record] == best).collect();
    let found = sentence.found.iter();
    let values: Vec<&Found> =
        found.filter(|found| rest.contains(&sentence.slice(found.start, found.end))).collect();
    let holds = |record: usize, found: &Found| {
        let mut known = evidence.known().iter().filter(|known| known.record == record);
        known.any(|known| says(&found.value, known.value, found.about, evidence.now()))
    };
    let mut holding = all.clone();
    holding.retain(|record| values.iter().all(|found| holds(*record, found)));
    (best, if holding.is_empty() { all } else { holding })
}

/// What something is called in a sentence.
struct Name {
    /// Its pairs of Chinese characters.
    pairs: Vec<String>,
    /// Its sizes and stages: L码, 2段.
    sizes: Vec<String>,
}

impl Name {
    fn read(text: &str) -> Self {
        let (pairs, others): (Vec<_>, Vec<_>) =
            marks(text).into_iter().partition(|mark| mark.chars().all(is_han));
        Self { pairs, sizes: others.into_iter().filter(|mark| is_size(mark)).collect() }
    }

    /// Whether a record can be about what is called so: the last word names the thing (蒸汽消毒锅 is a 锅) and stands in the
    /// record's own name or in a clause that says what is said; half of the rest stands anywhere in it; and it has no other
    /// size.
    fn fits(&self, record: usize, evidence: &Evidence<'_>, says_it: impl Fn(&Clause) -> bool) -> bool {
        let known = evidence.facts[record];
        let in_clause = |last: &str| {
            let mut clauses = evidence.clauses_of(record).iter().filter(|known| says_it(known));
            clauses.any(|known| known.text.contains(last))
        };
        let thing =
            self.pairs.last().is_none_or(|last| known.name().contains(last.as_str()) || in_clause(last));
        let held = self.pairs.iter().filter(|pair| known.capitals().contains(pair.as_str())).count();
        let other_size = |size: &String| {
            let kind = size.chars().next_back();
            let mut theirs =
                known.called().iter().filter(|mark| is_size(mark) && mark.chars().next_back() == kind);
            !known.called().contains(size) && theirs.next().is_some()
        };
        thing && 2 * held >= self.pairs.len() && !self.sizes.iter().any(other_size)
    }

    /// Whether another product in sight has all of it in its name, and none of some records has: 电热水器 is no 燃气热水器.
    fn is_another(&self, sources: &[usize], evidence: &Evidence<'_>) -> bool {
        let has_all = |record: usize| {
            let name = evidence.facts[record].name();
            self.pairs.iter().all(|pair| name.contains(pair.as_str()))
        };
        let mut others = evidence.products().iter().filter(|product| !sources.contains(&product.record));
        !sources.iter().any(|record| has_all(*record)) && others.any(|product| has_all(product.record))
    }
}

/// Whether what a name is known by is a size or a stage.
fn is_size(mark: &str) -> bool {
    mark.ends_with(['段', '码']) && !mark.chars().all(is_han)
}
