//! What was the system asked, and what did it do? Every action once with what came of it, and every step as a line.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::actions::{ActionResult, Outcome};
use crate::time::Now;

/// So many lines are kept; an example may run for days.
const MOST_LINES: usize = 1000;

/// What was asked and done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Log {
    /// The actions, each once, in the order in which they were first asked for.
    pub actions: Vec<Handled>,
    /// Every step, oldest first; the latest thousand.
    pub lines: Vec<Line>,
}

/// An action as the system knows it.
#[derive(Debug, Clone, Serialize)]
pub struct Handled {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What it was to be done with.
    pub args: Map<String, Value>,
    /// How often it was asked for; it was done once.
    pub times: u32,
    /// What came of it; nothing yet, or that a person has to do it, if there is none.
    pub outcome: Option<Outcome>,
    /// What was said of it.
    pub text: Option<String>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// When, in the shop's time.
    pub at: String,
    /// What kind of step.
    pub what: What,
    /// The action, the after-sale case or the order.
    pub about: String,
    /// In words.
    pub text: String,
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Warmdesk asked for something.
    Asked,
    /// It was answered.
    Answered,
    /// A late result was brought to Warmdesk.
    Reported,
    /// A record was written to Warmdesk.
    Wrote,
    /// Somebody was sent away.
    Refused,
    /// Warmdesk did not take what was brought.
    Trouble,
}

impl Log {
    /// Adds a step.
    pub fn note(&mut self, now: &Now, what: What, (about, text): (&str, String)) {
        if self.lines.len() >= MOST_LINES {
            self.lines.remove(0);
        }
        let at = now.zoned().strftime("%Y-%m-%d %H:%M:%S").to_string();
        self.lines.push(Line { at, what, about: about.to_owned(), text });
    }

    /// Counts that an action was asked for.
    pub fn asked(&mut self, (id, kind): (&str, &str), args: &Map<String, Value>) {
        match self.actions.iter_mut().find(|known| known.id == id) {
            Some(known) => known.times += 1,
            None => self.actions.push(Handled {
                id: id.to_owned(),
                kind: kind.to_owned(),
                args: args.clone(),
                times: 1,
                outcome: None,
                text: None,
            }),
        }
    }

    /// Keeps what came of an action.
    pub fn came_of(&mut self, id: &str, result: &ActionResult) {
        if let Some(known) = self.actions.iter_mut().find(|known| known.id == id) {
            known.outcome = Some(result.outcome);
            known.text.clone_from(&result.text);
        }
    }
}
