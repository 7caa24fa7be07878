//! Which moves are legal: the state machines of an action and of a promise, as pure functions.

use super::{ActionState, PromiseState};

/// Something that happens to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionMove {
    /// The customer says yes.
    Confirm,
    /// Somebody begins, or tries again.
    Begin,
    /// Its time is over without a result.
    Lapse,
    /// It was done.
    Finish,
    /// It could not be done.
    Fail,
    /// It is not wanted any more.
    Cancel,
}

impl ActionMove {
    /// Every move.
    pub const ALL: [Self; 6] =
        [Self::Confirm, Self::Begin, Self::Lapse, Self::Finish, Self::Fail, Self::Cancel];
}

/// Something that happens to a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromiseMove {
    /// The customer gets the word.
    Keep,
    /// Its time came without a result, and another one is told.
    Renegotiate,
    /// Its time came again without a result.
    Break,
}

impl PromiseMove {
    /// Every move.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Renegotiate, Self::Break];
}

/// A move that is not allowed where things stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step} is not possible while it is {state}")]
pub struct IllegalStep {
    step: String,
    state: String,
}

/// How an action stands after a move. What is over stays as it is; a result is taken whether or not anybody said that he
/// had begun.
///
/// # Errors
/// [`IllegalStep`] if the move is not possible.
pub fn next_action(state: ActionState, step: ActionMove) -> Result<ActionState, IllegalStep> {
    use ActionState::{Cancelled, Confirmed, Done, Failed, Overdue, Requested, Running};
    match (state, step) {
        (Requested, ActionMove::Confirm) => Ok(Confirmed),
        (Requested | Confirmed | Running, ActionMove::Begin) => Ok(Running),
        // A late try stays late.
        (Overdue, ActionMove::Begin | ActionMove::Lapse) => Ok(Overdue),
        (Requested | Confirmed | Running, ActionMove::Lapse) => Ok(Overdue),
        (Requested | Confirmed | Running | Overdue, ActionMove::Finish) => Ok(Done),
        (Requested | Confirmed | Running | Overdue, ActionMove::Fail) => Ok(Failed),
        (Requested | Confirmed | Running | Overdue, ActionMove::Cancel) => Ok(Cancelled),
        _ => Err(IllegalStep {
            step: format!("{step:?}").to_lowercase(),
            state: format!("{state:?}").to_lowercase(),
        }),
    }
}

/// How a promise stands after a move: it is renegotiated once, and broken after that.
///
/// # Errors
/// [`IllegalStep`] if the move is not possible.
pub fn next_promise(state: PromiseState, step: PromiseMove) -> Result<PromiseState, IllegalStep> {
    use PromiseState::{Broken, Kept, Open, Renegotiated};
    match (state, step) {
        (Open | Renegotiated, PromiseMove::Keep) => Ok(Kept),
        (Open, PromiseMove::Renegotiate) => Ok(Renegotiated),
        (Open | Renegotiated, PromiseMove::Break) => Ok(Broken),
        _ => Err(IllegalStep {
            step: format!("{step:?}").to_lowercase(),
            state: format!("{state:?}").to_lowercase(),
        }),
    }
}
