//! Do two questions ask the same? A new question joins the gap it is most like, if it is like one at all, and begins a
//! gap of its own otherwise.
//!
//! That is the simplest grouping there is: no gap is ever split or merged, so what operations have answered stays what
//! they have answered. Where an embedder has made vectors, meaning decides; otherwise pairs of characters do, which for
//! Chinese questions of a few words see nearly as much. Questions about different products, and questions with different
//! numbers in them ("90码", "130码"), are never the same.

use std::collections::BTreeMap;

use crate::model::Vector;

/// From this cosine on two questions mean the same. What multilingual-e5 makes of unrelated questions lies around 0.8.
const SAME_MEANING: f32 = 0.93;

/// From this share of common pairs of characters on two questions are worded the same. One changed word of a short
/// question ("能放洗衣机洗", "能放洗碗机洗": 0.71) stays below.
const SAME_WORDS: f32 = 0.75;

/// A question as it is compared.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its words.
    pub text: String,
    /// What it means, if there is an embedder.
    pub vector: Option<Vector>,
    /// The product in view.
    pub product: Option<String>,
}

/// The place of the question that asks the same; the one most like it, if there are several.
pub fn same_question(asked: &Asked, known: &[Asked]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (place, other) in known.iter().enumerate() {
        let Some(likeness) = likeness(asked, other) else { continue };
        if best.is_none_or(|(_, before)| likeness > before) {
            best = Some((place, likeness));
        }
    }
    best.map(|(place, _)| place)
}

/// How alike two questions are, from 0 to 1; `None` if they do not ask the same.
fn likeness(one: &Asked, other: &Asked) -> Option<f32> {
    if one.product != other.product || numbers(&one.text) != numbers(&other.text) {
        return None;
    }
    let words = common_pairs(&one.text, &other.text);
    let meaning = match (&one.vector, &other.vector) {
        (Some(one), Some(other)) => Some(one.cosine(other)),
        _ => None,
    };
    match meaning {
        Some(meaning) if meaning >= SAME_MEANING => Some(meaning),
        Some(_) => (words == 1.0).then_some(words),
        None => (words >= SAME_WORDS).then_some(words),
    }
}

/// Letters and characters of a text in lower case, without anything between them and without words that ask nothing.
fn letters(text: &str) -> Vec<char> {
    const FILLERS: [&str; 16] = [
        "请问", "你好", "您好", "麻烦", "一下", "亲", "谢谢", "你们", "咱们", "我想", "呢", "吗", "呀", "啊",
        "嘛", "哦",
    ];
    let mut text = text.to_lowercase();
    for word in FILLERS {
        text = text.replace(word, "");
    }
    text.chars().filter(|one| one.is_alphanumeric()).collect()
}

fn pairs(text: &str) -> BTreeMap<(char, char), usize> {
    let letters = letters(text);
    let mut pairs = BTreeMap::new();
    if let [alone] = letters.as_slice() {
        pairs.insert((*alone, *alone), 1);
    }
    for pair in letters.windows(2) {
        *pairs.entry((pair[0], pair[1])).or_default() += 1;
    }
    pairs
}

/// The share of pairs of characters that two texts have in common (Dice).
fn common_pairs(one: &str, other: &str) -> f32 {
    let (one, other) = (pairs(one), pairs(other));
    let all = one.values().sum::<usize>() + other.values().sum::<usize>();
    if all == 0 {
        return 0.0;
    }
    let common: usize = one.iter().map(|(pair, count)| count.min(other.get(pair).unwrap_or(&0))).sum();
    2.0 * common as f32 / all as f32
}

/// The numbers of a text, in their order.
fn numbers(text: &str) -> Vec<&str> {
    text.split(|one: char| !one.is_ascii_digit()).filter(|run| !run.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(text: &str, product: Option<&str>, vector: Option<&[f32]>) -> Asked {
        Asked {
            text: text.to_owned(),
            vector: vector.map(|numbers| Vector::normalised(numbers.to_vec())),
            product: product.map(str::to_owned),
        }
    }

    #[test]
    fn questions_are_grouped_by_their_words_where_nothing_says_what_they_mean() {
        let check = |one: &str, other: &str, same: bool| {
            let known = [asked(other, None, None)];
            assert_eq!(same_question(&asked(one, None, None), &known).is_some(), same, "{one} / {other}");
        };
        check("你们有实体店吗", "请问你们有实体店吗？", true);
        check("有没有实体店", "你们有没有实体店呀", true);
        check("Do you ship to Canada?", "do you ship to canada", true);
        check("这个能放洗衣机洗吗", "这个能放洗碗机洗吗", false);
        check("90码的有货吗", "130码的有货吗", false);
        check("你们有实体店吗", "可以开专票吗", false);
        check("？？", "！", false);
    }

    #[test]
    fn meaning_decides_where_it_is_known() {
        let check = |one: (&str, &[f32]), other: (&str, &[f32]), same: bool| {
            let known = [asked(other.0, None, Some(other.1))];
            let found = same_question(&asked(one.0, None, Some(one.1)), &known);
            assert_eq!(found.is_some(), same, "{} / {}", one.0, other.0);
        };
        check(("有没有门店可以逛", &[1.0, 0.1]), ("你们有实体店吗", &[1.0, 0.0]), true);
        check(("能退吗", &[1.0, 0.0]), ("不能退吗", &[0.5, 1.0]), false);
        check(("能退吗", &[1.0, 0.0]), ("能退吗", &[0.5, 1.0]), true);
    }

    #[test]
    fn another_product_is_another_question_and_the_likest_is_taken() {
        let question = asked("怎么清洗", Some("P-1"), None);
        let known = [
            asked("怎么清洗", Some("P-2"), None),
            asked("怎么清洗", None, None),
            asked("怎么样清洗", Some("P-1"), None),
            asked("请问怎么清洗？", Some("P-1"), None),
        ];
        assert_eq!(same_question(&question, &known), Some(3));
        assert_eq!(same_question(&question, &known[..2]), None);
    }

    proptest! {
        #[test]
        fn likeness_has_no_sides(one in "[一-三0-9a-c有货吗能]{0,12}", other in "[一-三0-9a-c有货吗能]{0,12}") {
            let (one, other) = (asked(&one, None, None), asked(&other, None, None));
            prop_assert_eq!(likeness(&one, &other), likeness(&other, &one));
        }
    }
}
