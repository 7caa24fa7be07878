//! Does the customer take what the assistant offered when it spoke first? "要", "好呀", "来一个".

use std::sync::LazyLock;

use regex::Regex;

use super::feedback::FeedbackWords;
use crate::turn::types::{Pending, TurnInput};

static TAKES: LazyLock<Regex> = LazyLock::new(|| {
    let chinese = "^(?:嗯+|好|行|那)*(?:我)?(?:要|想要|需要|想看|来(?:一?[个件份])?|要一?[个件份]|看看|说说|讲讲|介绍(?:一)?下)(?:的|吧|呀|啊|哦|看)*[,。!~ ]*$";
    let english =
        "|^(?:yes|sure|ok(?:ay)?|please|i (?:do|would)|tell me|go on|show me)(?:,? ?please| more)?[.! ]*$";
    Regex::new(&format!("{chinese}{english}")).expect("a fixed expression")
});

/// What the customer says by taking the offer; none if something else is said.
pub(super) fn taken(folded: &str, input: &TurnInput, feedback: &FeedbackWords) -> Option<String> {
    let Some(Pending::Nudge { choices, .. }) = &input.memory.pending else { return None };
    let first = choices.first()?;
    let takes = TAKES.is_match(folded.trim()) || feedback.affirms(folded);
    takes.then(|| first.say.clone())
}

/// Compiles the fixed expressions of this module.
pub(super) fn prepare() {
    LazyLock::force(&TAKES);
}
