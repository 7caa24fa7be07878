//! The tickets port: the desk works on the store, and its messages are looked at by the guard, which only warns.

use std::cmp::Reverse;
use std::sync::Arc;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::live::{PAGE, tail};
use super::suggester::{Suggester, until};
use crate::conversation::{Conversations, Receiver};
use crate::desk::types::{AgentNote, DeskTicket, Ticket, TicketStatus};
use crate::http::ports::{
    Answer, DeskEvent, Live, Numbered, PortError, StaffReply, TicketFilter, TicketView, Tickets,
};
use crate::identity::{ActionId, PromiseId, StaffScope, TicketId};
use crate::store::{self, NewMessage, Store, StoreError};
use crate::time::Clock;

/// So long a ticket is put off at most; what is never wanted again is resolved.
const LONGEST_SNOOZE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Works the desk.
pub struct TicketsPort {
    /// Where tickets are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Knows the flows of conversations and the rules in force.
    pub conversations: Conversations,
    /// Suggests replies and looks at what agents write.
    pub suggester: Arc<Suggester>,
}

impl Tickets for TicketsPort {
    fn list(&self, staff: StaffScope, filter: TicketFilter) -> Answer<'_, Vec<DeskTicket>> {
        Box::pin(async move {
            let limit = u32::try_from(filter.limit).unwrap_or(u32::MAX);
            let statuses = match filter.status {
                Some(status) => vec![status],
                None => vec![TicketStatus::Open, TicketStatus::Claimed],
            };
            let mut tickets = Vec::new();
            for status in statuses {
                let wanted = store::TicketFilter {
                    status: Some(status),
                    agent: filter.agent.clone(),
                    tag: filter.tag.clone(),
                    text: filter.text.clone(),
                    limit: Some(limit),
                    ..store::TicketFilter::default()
                };
                tickets.extend(self.store.tickets(&staff, &wanted).await?);
            }
            tickets.sort_by_key(|ticket| (Reverse((ticket.priority, ticket.goes_first)), ticket.opened_at));
            tickets.truncate(filter.limit);
            let queue = self.conversations.queue(&staff).await?;
            Ok(tickets.into_iter().map(|ticket| self.conversations.at_desk(ticket, &queue)).collect())
        })
    }

    fn show(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, TicketView> {
        Box::pin(async move {
            let detail = self.store.ticket(&staff, &ticket).await?;
            let conversation = &detail.conversation.id;
            let actions = self.store.actions(&staff, conversation).await?;
            let promises = self.store.promises(&staff, conversation).await?;
            let flows = self.conversations.progress_of_flows(&staff, conversation).await?;
            let rating = self.store.rating(&staff, &detail.ticket.id).await?;
            let help = self.suggester.help(&detail).await;
            Ok(TicketView {
                rating,
                help,
                flows,
                actions,
                promises,
                ticket: self.shown(&staff, detail.ticket).await?,
                state: detail.conversation.state,
                history: detail.history,
                notes: detail.notes,
            })
        })
    }

    fn claim(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let claimed = self.store.claim(&staff, &ticket, &self.clock.now()).await?;
            if self.conversations.services().at_desk.is_here(&staff) {
                self.store.watch_tickets(&staff).await?;
            }
            self.shown(&staff, claimed).await
        })
    }

    fn reply(&self, staff: StaffScope, ticket: TicketId, new: NewMessage) -> Answer<'_, StaffReply> {
        Box::pin(async move {
            let text = new.text.clone();
            let now = self.clock.now();
            let word = self.conversations.word_given(&new.text, &now);
            let message = self.store.staff_promise(&staff, &ticket, (new, word), &now).await?;
            // The message is sent by now; a warning never keeps it back.
            let detail = self.store.ticket(&staff, &ticket).await?;
            let warnings = self.suggester.warnings(&until(detail, message.at, &message.id), &text).await;
            Ok(StaffReply { message, warnings })
        })
    }

    fn note(&self, staff: StaffScope, ticket: TicketId, text: String) -> Answer<'_, AgentNote> {
        Box::pin(async move { Ok(self.store.note(&staff, &ticket, &text, &self.clock.now()).await?) })
    }

    fn give_back(&self, staff: StaffScope, ticket: TicketId, note: Option<String>) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let returned = self.conversations.give_back(&staff, &ticket, note).await?;
            self.shown(&staff, returned).await
        })
    }

    fn pass_on(
        &self,
        staff: StaffScope,
        ticket: TicketId,
        to: Receiver,
        note: Option<String>,
    ) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            if to.name.as_ref() == Some(&staff.actor) {
                let message = "to: nobody passes a ticket on to themselves".to_owned();
                return Err(PortError::Invalid { field: Some("to".into()), message });
            }
            let passed = self.conversations.pass_on(&staff, &ticket, (to, note)).await?;
            self.shown(&staff, passed).await
        })
    }

    fn snooze(&self, staff: StaffScope, ticket: TicketId, until: Timestamp) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let now = self.clock.now();
            let latest = now.timestamp().saturating_add(LONGEST_SNOOZE).unwrap_or(until);
            if until <= now.timestamp() || until > latest {
                let message = "until: a moment within the next 90 days is expected".to_owned();
                return Err(PortError::Invalid { field: Some("until".into()), message });
            }
            let snoozed = self.store.snooze(&staff, &ticket, until, &now).await?;
            self.shown(&staff, snoozed).await
        })
    }

    fn assign(&self, staff: StaffScope, ticket: TicketId, to: Option<String>) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let assigned = self.store.assign(&staff, &ticket, to, &self.clock.now()).await?;
            self.shown(&staff, assigned).await
        })
    }

    fn tag(&self, staff: StaffScope, ticket: TicketId, tags: Vec<String>) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let tagged = self.store.tag(&staff, &ticket, tags, &self.clock.now()).await?;
            self.shown(&staff, tagged).await
        })
    }

    fn resolve(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket> {
        Box::pin(async move {
            let resolved = self.store.resolve(&staff, &ticket, &self.clock.now()).await?;
            self.shown(&staff, resolved).await
        })
    }

    fn live(&self, staff: StaffScope, after: Option<i64>) -> Answer<'_, Live<DeskEvent>> {
        Box::pin(async move {
            let here = self.conversations.services().at_desk.arrives(staff.clone());
            self.store.watch_tickets(&staff).await?;
            let announcements = self.store.announcements();
            // A number that there is not yet comes from before a backup was put back.
            let newest = self.store.last_desk_event(&staff).await?;
            let last = after.map_or(newest, |after| after.min(newest));
            let (store, scope) = (self.store.clone(), staff.clone());
            let read = move |last: i64| {
                let (store, scope) = (store.clone(), scope.clone());
                async move {
                    let events = store.desk_events(&scope, last, PAGE).await?;
                    Ok(events.into_iter().map(|event| (event.number, event)).collect())
                }
            };
            let (store, conversations) = (self.store.clone(), self.conversations.clone());
            let shop = staff.shop.clone();
            let concerns = move |announcement: &store::Announcement| announcement.shop == shop;
            let events = tail(announcements, last, concerns, read).then(move |(id, event)| {
                let (store, conversations) = (store.clone(), conversations.clone());
                let staff = staff.clone();
                async move { (id, desk_event((&store, &conversations), &staff, &event).await) }
            });
            // An event that cannot be read now is not passed over: the listener comes back and reads it again.
            let readable = events.take_while(|(_, event)| {
                if let Err(error) = event {
                    tracing::warn!(%error, "a desk's stream ends because an event cannot be read");
                }
                std::future::ready(event.is_ok())
            });
            let events = readable.filter_map(|(id, event)| async move {
                event.ok().flatten().map(|event| Numbered { id, event })
            });
            let while_here = events.map(move |event| {
                let _here_while_listening = &here;
                event
            });
            Ok(while_here.boxed())
        })
    }
}

impl TicketsPort {
    /// A ticket with what follows from the settings and the queue.
    async fn shown(&self, staff: &StaffScope, ticket: Ticket) -> Result<DeskTicket, PortError> {
        let queue = self.conversations.queue(staff).await?;
        Ok(self.conversations.at_desk(ticket, &queue))
    }
}

/// What the desk shows of an event; nothing of what is no longer there.
async fn desk_event(
    services: (&Store, &Conversations),
    staff: &StaffScope,
    event: &store::DeskEvent,
) -> Result<Option<DeskEvent>, StoreError> {
    match shown_at_desk(services, staff, event).await {
        Err(StoreError::NotFound { .. }) => Ok(None),
        shown => shown,
    }
}

/// The ticket as it is now, or that a message arrived for one.
async fn shown_at_desk(
    (store, conversations): (&Store, &Conversations),
    staff: &StaffScope,
    event: &store::DeskEvent,
) -> Result<Option<DeskEvent>, StoreError> {
    let body = &event.event.body;
    match event.event.kind.as_str() {
        "ticket" | "handoff" => {
            let id = body.get("ticket").and_then(|id| serde_json::from_value::<TicketId>(id.clone()).ok());
            let Some(id) = id else { return Ok(None) };
            let ticket = store.ticket_alone(staff, &id).await?;
            let queue = conversations.queue(staff).await?;
            Ok(Some(DeskEvent::Ticket(Box::new(conversations.at_desk(ticket, &queue)))))
        }
        "action" => {
            let id = body.get("action").and_then(|id| serde_json::from_value::<ActionId>(id.clone()).ok());
            let Some(id) = id else { return Ok(None) };
            Ok(Some(DeskEvent::Action(Box::new(store.action(staff, &id).await?))))
        }
        "promise" => {
            let id = body.get("promise").and_then(|id| serde_json::from_value::<PromiseId>(id.clone()).ok());
            let Some(id) = id else { return Ok(None) };
            Ok(Some(DeskEvent::Promise(Box::new(store.promise(staff, &id).await?))))
        }
        "message" => {
            let message = body.get("message").and_then(|id| serde_json::from_value(id.clone()).ok());
            let (conversation, moment) = (event.conversation.clone(), event.event.at);
            let ticket = store.ticket_standing_at(staff, &conversation, moment).await?;
            let both = ticket.zip(message);
            Ok(both.map(|(ticket, message)| DeskEvent::Message { ticket, conversation, message }))
        }
        "rating" => {
            let id = body.get("ticket").and_then(|id| serde_json::from_value::<TicketId>(id.clone()).ok());
            let Some(id) = id else { return Ok(None) };
            Ok(store.rating(staff, &id).await?.map(DeskEvent::Rating))
        }
        _ => Ok(None),
    }
}
