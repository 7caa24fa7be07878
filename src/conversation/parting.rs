//! What does the customer hear when a person gives the conversation back or passes it on? One approved line through the guard,
//! written with the move.

use serde_json::{Value, json};

use super::Conversations;
use super::word::{HISTORY, Kind, Speech};
use crate::desk::types::Ticket;
use crate::identity::{StaffScope, TicketId};
use crate::store::{Parting, PassedOn, StoreError};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::Goal;

/// To whom a conversation is passed on.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    /// The person; without a name it goes back to the queue.
    pub name: Option<String>,
    /// The group, as the customer reads it.
    pub group: Option<String>,
}

impl Conversations {
    /// An agent gives a conversation back to the assistant. The customer hears who goes on with it and, if something was
    /// promised, by when.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn give_back(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        note: Option<String>,
    ) -> Result<Ticket, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let seen = services.store.ticket_alone(agent, ticket).await?;
        let promises = services.store.promises(agent, &seen.conversation).await?;
        let open = promises.iter().filter(|promise| promise.state.is_open() && promise.due > now.timestamp());
        let of_agent =
            open.filter(|promise| promise.by == agent.actor || promise.ticket.as_ref() == Some(ticket));
        let owed = of_agent.map(|promise| promise.due).min();
        let shown = services.store.shown_name(agent, &agent.actor).await?;
        let mut variables = json!({ "desk": { "agent": shown } });
        let kind = match owed {
            Some(due) => {
                variables["commitment"] = json!({ "due": now.at(due).to_string() });
                said_by("returned_to_bot", Goal::Commit)
            }
            None => said_by("returned_to_bot", Goal::Answer),
        };
        let why = format!("{} has given the conversation back", agent.actor);
        let said = self.parting_word((agent, &seen), (&kind, variables), why, &now).await?;
        services.store.return_to_bot(agent, ticket, Parting { said, note }, &now).await
    }

    /// An agent passes a conversation on, to somebody or back to the queue.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn pass_on(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        (to, note): (Receiver, Option<String>),
    ) -> Result<Ticket, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let seen = services.store.ticket_alone(agent, ticket).await?;
        let mut desk = json!({});
        if let Some(name) = &to.name {
            desk["agent"] = services.store.shown_name(agent, name).await?.into();
        }
        if let Some(group) = &to.group {
            desk["group"] = group.as_str().into();
        }
        let kind = said_by("transfer_between_people", Goal::Handoff);
        let why = format!("{} has passed the conversation on", agent.actor);
        let said = self.parting_word((agent, &seen), (&kind, json!({ "desk": desk })), why, &now).await?;
        let passed = PassedOn { to: to.name, parting: Parting { said, note } };
        services.store.pass_on(agent, ticket, passed, &now).await
    }

    /// The first wording that the guard lets out; a move is never held up because nothing can be said of it.
    pub(super) async fn parting_word(
        &self,
        (staff, seen): (&StaffScope, &Ticket),
        (kind, mut variables): (&Kind, Value),
        why: String,
        now: &Now,
    ) -> Result<Option<(SentenceTrace, Trace)>, StoreError> {
        let services = self.services();
        let rules = services.rules.load_full();
        let conversation = services.store.conversation_for_staff(staff, &seen.conversation).await?;
        let history =
            services.store.history(&conversation.owner_scope(), &conversation.id, None, HISTORY).await?;
        variables["shop"] = json!({ "name": rules.pack.voice.shop });
        variables["assistant"] = json!({ "name": rules.pack.voice.assistant });
        let speech = Speech {
            pack: &rules.pack,
            history: &history,
            now,
            seed: now.timestamp().as_millisecond().unsigned_abs(),
            variables,
            facts: Vec::new(),
            done: vec!["ticket_opened".to_owned(), "handoff".to_owned()],
        };
        Ok(speech.say(kind, &mut Vec::new()).map(|word| word.told(why)))
    }
}

fn said_by(place: &str, goal: Goal) -> Kind {
    Kind { places: vec![place.to_owned()], goal }
}
