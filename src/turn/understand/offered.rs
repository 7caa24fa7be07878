//! Does the customer take what the assistant offered when it spoke first? "要", "好呀", "来一个".
//!
//! Thanks and "知道了" take nothing, and neither does anything where the word offered nothing: to the notice that an order is paid
//! "好的" is no wish for another address.

use std::sync::LazyLock;

use regex::Regex;

use crate::turn::types::{Pending, TurnInput};

static TAKES: LazyLock<Regex> = LazyLock::new(|| {
    let wants = "^(?:嗯+|好|行|那)*(?:我)?(?:要|想要|需要|想看|来(?:一?[个件份])?|要一?[个件份]|看看|说说|讲讲|介绍(?:一)?下)(?:的|吧|呀|啊|哦|看)*[,。!~ ]*$";
    let agrees = "|^(?:嗯+|好+|行|可以|成)(?:的|吧|呀|啊|哦|哒|滴|嘞)*[,。!~ ]*$";
    let english =
        "|^(?:yes|sure|ok(?:ay)?|please|i (?:do|would)|tell me|go on|show me)(?:,? ?please| more)?[.! ]*$";
    Regex::new(&format!("{wants}{agrees}{english}")).expect("a fixed expression")
});

/// What the customer says by taking the offer; none if something else is said, or nothing was offered.
pub(super) fn taken(folded: &str, input: &TurnInput) -> Option<String> {
    let Some(Pending::Nudge { yes, .. }) = &input.memory.pending else { return None };
    yes.clone().filter(|_| TAKES.is_match(folded.trim()))
}

/// Compiles the fixed expressions of this module.
pub(super) fn prepare() {
    LazyLock::force(&TAKES);
}
