//! How is something offered to choose from: numbered in the text, and as cards where a channel has them?

use crate::turn::types::Choice;

/// The signs of the choices; more is no choice but a list.
pub const NUMBERS: [&str; 5] = ["①", "②", "③", "④", "⑤"];

/// Names with their numbers. Whoever chooses one says its number, as people do who read the text.
pub fn numbered(names: impl Iterator<Item = String>) -> Vec<Choice> {
    let choice =
        |(name, number): (String, &str)| Choice { label: format!("{number} {name}"), say: number.to_owned() };
    names.zip(NUMBERS).map(choice).collect()
}

/// "① 儿童餐具套装（11月16日）；② …": what a channel without cards shows.
pub fn listed(choices: &[Choice]) -> String {
    let latin = |choice: &Choice| choice.label.chars().skip(1).all(|one| one.is_ascii());
    let separator = if choices.iter().all(latin) { "; " } else { "；" };
    choices.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>().join(separator)
}
