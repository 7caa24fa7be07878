//! Whether a sentence answers nothing: says the question back, as small models do when the evidence does not answer, or
//! speaks of nothing that the evidence or the question speaks of.

use super::Sentence;
use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::fold;

/// A sentence shorter than this many letters may repeat the question's words and still answer: "能用", "有货".
const SHORTEST: usize = 6;

/// Whether a sentence adds nothing to the question.
pub(super) fn is_echo(sentence: &str, question: &str) -> bool {
    let (sentence, question) = (letters(sentence), letters(question));
    sentence.len() >= SHORTEST && contains(&question, &sentence)
}

/// 您好，感谢您的反馈: whether a sentence has no value, and no words in common with the records or the question.
pub(super) fn is_talk(sentence: &Sentence, evidence: &Evidence<'_>) -> bool {
    let own = features(&sentence.folded, &[]);
    if own.is_empty() || !sentence.found.is_empty() {
        return false;
    }
    shared(&own, evidence.question_features()) == 0
        && evidence.clauses().iter().all(|clause| shared(&own, &clause.features) == 0)
        && !evidence.backed_text().contains(sentence.folded.trim())
}

/// Letters and digits alone, without the particles that turn a statement into a question.
fn letters(text: &str) -> Vec<char> {
    const PARTICLES: &str = "吗呢么吧啊呀您你请问";
    let text = fold(text).to_lowercase();
    text.chars().filter(|character| character.is_alphanumeric() && !PARTICLES.contains(*character)).collect()
}

fn contains(whole: &[char], part: &[char]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saying_the_question_back_is_no_answer() {
        let check = |sentence: &str, question: &str, echo: bool| {
            assert_eq!(is_echo(sentence, question), echo, "{sentence} / {question}");
        };
        check("没有isofix能装安全座椅。", "没有ISOFIX能装安全座椅吗", true);
        check("请问没有isofix能装安全座椅吗？", "没有isofix能装安全座椅吗", true);
        check("没有 ISOFIX 也能装，用安全带固定。", "没有isofix能装安全座椅吗", false);
        check("能用。", "我家三个月宝宝能用吗", false);
    }
}
