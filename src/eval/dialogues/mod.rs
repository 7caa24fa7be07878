//! Do whole conversations go as they should? Each file tells one as data: when, who, what is said, and what is asked of
//! each answer.
//!
//! Every conversation runs over an application of its own: a store, an index and the wording of the pack in force, with a
//! model that writes what the file says and nothing else. So a file gives the same result on every machine.

mod checks;
mod run;
mod stage;

use serde::{Deserialize, Serialize};

use crate::actions::Outcome;

pub use run::run;
pub use stage::{Shop, Stage};

/// A conversation told as data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// What it shows.
    pub about: String,
    /// The moment at which it begins.
    pub clock: String,
    /// The language of the shop it is held in; without one, that of the settings.
    #[serde(default)]
    pub language: Option<String>,
    /// The signed customer, if there is one.
    #[serde(default)]
    pub customer: Option<String>,
    /// How the shop's records differ: fields that are laid over them, and records that it has besides. Each names its `kind`
    /// and its `id`.
    #[serde(default)]
    pub records: Vec<serde_json::Value>,
    /// Whether the shop's own system executes actions; without it people do.
    #[serde(default)]
    pub connected: bool,
    /// How many other customers wait at the desk.
    #[serde(default)]
    pub queue: usize,
    /// What the model writes where the key stands in its prompt; without any it has nothing to say.
    #[serde(default)]
    pub model: Vec<Scripted>,
    /// The messages in order.
    pub turns: Vec<Exchange>,
}

/// What the model writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// Stands in its prompt.
    pub when: String,
    /// What it writes then.
    pub says: String,
}

/// One message, and what is asked of the answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exchange {
    /// What the customer says.
    pub say: Option<String>,
    /// What a person of the shop does instead of a message of the customer.
    pub staff: Option<StaffStep>,
    /// What the shop's own system brings instead of a message: the result of an open action. What is said then is looked at.
    pub result: Option<Brought>,
    /// Time passes instead of a message, and what is due by then is said.
    pub later: bool,
    /// The clock is put here first.
    pub clock: Option<String>,
    /// What has changed meanwhile, in the same way.
    pub records: Vec<serde_json::Value>,
    /// The product whose page the customer has open.
    pub product: Option<String>,
    /// Pictures that come with the message.
    pub pictures: usize,
    /// Begins a new conversation of the same customer.
    pub anew: bool,
    /// The scenario; `a|b` means one of the two.
    pub scenario: Option<String>,
    /// The tier; `a|b` means one of the two.
    pub tier: Option<String>,
    /// Each stands in a reason of the tier: "rejected", "irony", "breach".
    pub why: Vec<String>,
    /// The class of the reply, which orders its goals; `a|b` means one of the two.
    pub class: Option<String>,
    /// The emotion's label; `a|b` means one of the two.
    pub emotion: Option<String>,
    /// The reason of the handoff; `none` if there must not be one.
    pub handoff: Option<String>,
    /// The finer reason of the handoff.
    pub detail: Option<String>,
    /// How urgent the handoff is.
    pub mode: Option<String>,
    /// Who has the conversation afterwards: bot, waiting, human or resolved.
    pub state: Option<String>,
    /// Which matter it is about: the number of its episode.
    pub episode: Option<u32>,
    /// How the episode stands.
    pub episode_state: Option<String>,
    /// Where every sentence has to come from.
    pub by: Option<String>,
    /// The goals in their order.
    pub goals: Option<Vec<String>>,
    /// Goals that must not be served.
    pub no_goals: Vec<String>,
    /// Kinds of promise that stand behind a ticket.
    pub promises: Option<Vec<String>>,
    /// The open flow and its step afterwards, as in `exchange wanted`; `none` if none may be open.
    pub flow: Option<String>,
    /// Each has to be said; `a|b` means one of the two.
    pub must: Vec<String>,
    /// None may be said.
    pub must_not: Vec<String>,
    /// The answer may say a thing again that was said before.
    pub repeats: bool,
    /// Nothing may be said at all.
    pub silent: bool,
    /// At most so many sentences; three if nothing is said here.
    pub at_most: Option<usize>,
}

/// What the shop's own system brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    /// The kind of the open action.
    pub action: String,
    /// `done` or `failed`.
    pub outcome: Outcome,
    /// What was found or done.
    #[serde(default)]
    pub text: Option<String>,
}

/// What a person of the shop does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffStep {
    /// Takes the conversation and writes.
    Says(String),
    /// Gives it back to the assistant.
    GivesBack,
    /// Closes the matter.
    Resolves,
    /// Takes the one of the other customers who has waited longest, so that the queue moves.
    TakesAnother,
}

/// What became of one conversation.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its file, without folder and ending.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// What became of each message.
    pub turns: Vec<ToldTurn>,
}

/// What became of one message.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ToldTurn {
    /// What was said to the assistant.
    pub say: String,
    /// The scenario.
    pub scenario: Option<String>,
    /// The tier.
    pub tier: Option<String>,
    /// The points that led to it.
    pub tier_why: Vec<String>,
    /// The emotion: label and intensity.
    pub emotion: Option<String>,
    /// The handoff: reason, finer reason and mode.
    pub handoff: Option<String>,
    /// The number of the episode.
    pub episode: Option<u32>,
    /// The goals, each with the places of its sentences, or why none serves it.
    pub goals: Vec<String>,
    /// What was answered.
    pub reply: Vec<String>,
    /// What the guard did not let out, and why.
    pub refused: Vec<String>,
    /// What is wrong with the answer.
    pub faults: Vec<String>,
}

/// How it went as a whole.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Conversations told.
    pub dialogues: usize,
    /// How many of them went as they should.
    pub right: usize,
    /// Messages in all of them.
    pub turns: usize,
    /// Messages whose answers have a fault.
    pub wrong_turns: usize,
    /// Sentences that were said twice in a conversation although the file does not allow it.
    pub repeats: usize,
    /// What became of each.
    pub each: Vec<Told>,
}

impl Report {
    /// Counts what became of conversations.
    pub fn of(each: Vec<Told>) -> Self {
        let turns = each.iter().flat_map(|told| &told.turns);
        let faults = || turns.clone().flat_map(|turn| &turn.faults);
        Self {
            dialogues: each.len(),
            right: each.iter().filter(|told| told.is_right()).count(),
            turns: turns.clone().count(),
            wrong_turns: turns.clone().filter(|turn| !turn.faults.is_empty()).count(),
            repeats: faults().filter(|fault| fault.starts_with(checks::SAID_BEFORE)).count(),
            each,
        }
    }
}

impl Told {
    /// Whether no answer has a fault.
    pub fn is_right(&self) -> bool {
        self.turns.iter().all(|turn| turn.faults.is_empty())
    }

    /// What is wrong, for people; empty if nothing is.
    pub fn faults(&self) -> String {
        let wrong = self.turns.iter().enumerate().filter(|(_, turn)| !turn.faults.is_empty());
        let lines = wrong.map(|(number, turn)| {
            let said = turn.reply.join(" / ");
            format!(
                "  {}. {}\n     {} {} {} {}: {said}\n     refused {:?}\n     {}",
                number + 1,
                turn.say.replace('\n', " / "),
                turn.scenario.as_deref().unwrap_or("-"),
                turn.tier.as_deref().unwrap_or("-"),
                turn.emotion.as_deref().unwrap_or("-"),
                turn.handoff.as_deref().unwrap_or(""),
                turn.refused,
                turn.faults.join("\n     "),
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Told {
    /// The whole conversation with everything that was decided, for people.
    pub fn in_full(&self) -> String {
        let mut text = format!("{}: {}\n", self.name, self.about);
        for (number, turn) in self.turns.iter().enumerate() {
            text += &format!("\n{}. 顾客：{}\n", number + 1, turn.say.replace('\n', " / "));
            let Some(scenario) = &turn.scenario else {
                turn.reply.iter().for_each(|line| text += &format!("   → {line}\n"));
                continue;
            };
            text += &format!(
                "   {scenario} | {} | {} | episode {}{}\n",
                turn.emotion.as_deref().unwrap_or("-"),
                turn.tier.as_deref().unwrap_or("-"),
                turn.episode.map_or_else(|| "-".to_owned(), |number| number.to_string()),
                turn.handoff.as_ref().map(|handoff| format!(" | {handoff}")).unwrap_or_default(),
            );
            text += &format!("   points: {}\n", turn.tier_why.join("; "));
            text += &format!("   goals: {}\n", turn.goals.join("; "));
            turn.reply.iter().for_each(|line| text += &format!("   → {line}\n"));
        }
        text
    }
}

/// A file that cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum DialogueError {
    /// It is no dialogue.
    #[error("{name}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The application it runs over failed.
    #[error("{name}: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// What failed.
        reason: String,
    },
}

/// Reads a dialogue.
///
/// # Errors
/// With the line, if the text is none.
pub fn read(name: &str, text: &str) -> Result<Dialogue, DialogueError> {
    let unreadable = |reason: String| DialogueError::Unreadable { name: name.to_owned(), reason };
    let dialogue: Dialogue = serde_saphyr::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    for (index, turn) in dialogue.turns.iter().enumerate() {
        let named = [turn.say.is_some(), turn.staff.is_some(), turn.result.is_some(), turn.later];
        if named.iter().filter(|named| **named).count() != 1 {
            let message = format!("turn {}: needs one of `say`, `staff`, `result` and `later`", index + 1);
            return Err(unreadable(message));
        }
    }
    Ok(dialogue)
}

#[cfg(test)]
mod tests;
