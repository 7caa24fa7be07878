//! Of what is a person warned who has written to a customer? In the language of the pack, each with what and why; nothing
//! is stopped.

use serde_json::json;

use crate::desk::hours::BusinessHours;
use crate::desk::promised::{WordGrounds, gives_word};
use crate::pack::types::Pack;
use crate::pack::wording::render_template;
use crate::time::Now;
use crate::turn::guard::{DoubtKind, GoalOrder, Grounds, GuardContext, doubts};
use crate::turn::types::{Emotion, Facts, Stage, Tier};

/// What a message is looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Warned<'a> {
    /// What a person wrote.
    pub text: &'a str,
    /// What was said in the conversation before, on both sides: times that stand there are known.
    pub said_before: &'a str,
    /// Sentences that were suggested; they passed the guard on better grounds than are gathered here.
    pub suggested: &'a [String],
    /// What the records say about the conversation and about the message.
    pub facts: &'a Facts,
    /// Records of the conversation that carry claims of finished actions.
    pub done: &'a [String],
    /// Which days are working days.
    pub hours: &'a BusinessHours,
}

/// Red lines that a message touches, then what no record carries. A word that the person gives is owed from now on, and no
/// reason to warn; what it gives away is.
pub fn warnings(warned: &Warned<'_>, pack: &Pack, now: &Now) -> Vec<String> {
    let texts = &pack.desk.warnings;
    let told = |template: &str, found: &str| {
        let english = pack.language.starts_with("en");
        let rendered = render_template(template, &json!({ "found": found }), now, english);
        rendered.map_or_else(|| found.to_owned(), |(text, _)| text)
    };
    let touched = pack.red_lines.iter().filter_map(|line| Some((line, line.find(warned.text)?)));
    let mut warnings: Vec<String> = touched
        .map(|(line, found)| told(&texts.red_line, &format!("{} {}：{found}", line.id, line.name)))
        .collect();
    let written =
        warned.suggested.iter().fold(warned.text.to_owned(), |text, known| text.replace(known, "\n"));
    let written = (pack.desk.words.no_gifts.iter())
        .fold(written, |text, no_gift| no_gift.replace_all(&text, "□").into_owned());
    let word = WordGrounds { pack, hours: warned.hours, now };
    let grounds = Grounds::new(pack, warned.said_before, warned.facts, now);
    let context = GuardContext {
        grounds: &grounds,
        emotion: &Emotion::default(),
        stage: Stage::Service,
        tier: Tier::Standard,
        backed: &[],
        done: warned.done,
        order: GoalOrder::default(),
    };
    for doubt in doubts(&written, &context, |sentence| gives_word(sentence, &word)) {
        let template = match doubt.kind {
            DoubtKind::Money => &texts.money,
            DoubtKind::Time => &texts.time,
            DoubtKind::Done => &texts.done,
            DoubtKind::Promise => &texts.promise,
        };
        warnings.push(told(template, &doubt.found));
    }
    warnings
}
