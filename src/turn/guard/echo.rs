//! Whether a sentence only says the question back. Small models do that when the evidence does not answer.

use super::fold::fold;

/// A sentence shorter than this many letters may repeat the question's words and still answer: "能用", "有货".
const SHORTEST: usize = 6;

/// Whether a sentence adds nothing to the question.
pub(super) fn is_echo(sentence: &str, question: &str) -> bool {
    let (sentence, question) = (letters(sentence), letters(question));
    sentence.len() >= SHORTEST && contains(&question, &sentence)
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
