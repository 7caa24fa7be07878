//! The typing port: tells each side that the other one is typing, from memory to memory.
//!
//! A customer's stream listens to its own conversation only, so that a sign wakes nobody whom it does not concern,
//! however many streams are open. Who is not listening at that moment never hears of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::desk::types::TicketStatus;
use crate::http::ports::{Answer, Reader, Side, Typing, TypingSign, TypingSigns};
use crate::identity::{ConversationId, Scope, ShopId, StaffScope, TicketId};
use crate::store::Store;

/// How many signs a slow listener may fall behind before it misses some, which does no harm.
const BEHIND_IN_CONVERSATION: usize = 4;
const BEHIND_AT_DESK: usize = 64;

/// Below so many conversations nobody looks for those that are not listened to any more.
const FEW: usize = 256;

/// Passes signs on.
pub struct TypingPort {
    store: Store,
    desks: broadcast::Sender<(ShopId, TypingSign)>,
    conversations: Mutex<Listened>,
}

/// The conversations that somebody listens to, or did.
struct Listened {
    senders: HashMap<ConversationId, broadcast::Sender<TypingSign>>,
    /// From so many on those without a listener are forgotten.
    sweep_from: usize,
}

impl TypingPort {
    /// Nobody listens yet.
    pub fn new(store: Store) -> Self {
        let listened = Listened { senders: HashMap::new(), sweep_from: FEW };
        Self { store, desks: broadcast::channel(BEHIND_AT_DESK).0, conversations: Mutex::new(listened) }
    }

    fn send(&self, shop: ShopId, sign: TypingSign) {
        let listened = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody may be listening; then the sign is gone, as it should be.
        if let Some(sender) = listened.senders.get(&sign.conversation) {
            let _ = sender.send(sign.clone());
        }
        drop(listened);
        let _ = self.desks.send((shop, sign));
    }
}

impl Listened {
    fn listen(&mut self, conversation: &ConversationId) -> broadcast::Receiver<TypingSign> {
        if self.senders.len() >= self.sweep_from {
            self.senders.retain(|_, sender| sender.receiver_count() > 0);
            self.sweep_from = FEW.max(2 * self.senders.len());
        }
        let sender = self.senders.entry(conversation.clone());
        sender.or_insert_with(|| broadcast::channel(BEHIND_IN_CONVERSATION).0).subscribe()
    }
}

impl Typing for TypingPort {
    fn customer(&self, scope: Scope, conversation: ConversationId) -> Answer<'_, ()> {
        Box::pin(async move {
            let conversation = self.store.conversation(&scope, &conversation).await?;
            if let Some(ticket) = self.store.standing_ticket(&conversation).await? {
                let sign = TypingSign {
                    conversation: conversation.id,
                    ticket: ticket.id,
                    side: Side::Customer,
                    name: None,
                };
                self.send(scope.shop, sign);
            }
            Ok(())
        })
    }

    fn staff(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, ()> {
        Box::pin(async move {
            let ticket = self.store.ticket_alone(&staff, &ticket).await?;
            let has_it =
                ticket.status == TicketStatus::Claimed && ticket.agent.as_ref() == Some(&staff.actor);
            if has_it {
                let sign = TypingSign {
                    conversation: ticket.conversation,
                    ticket: ticket.id,
                    side: Side::Staff,
                    name: Some(self.store.shown_name(&staff, &staff.actor).await?),
                };
                self.send(staff.shop, sign);
            }
            Ok(())
        })
    }

    fn in_conversation(&self, reader: &Reader, conversation: &ConversationId) -> TypingSigns {
        let mut listened = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        let signs = BroadcastStream::new(listened.listen(conversation));
        let other_side = match reader {
            Reader::Customer(_) => Side::Staff,
            Reader::Staff(_) => Side::Customer,
        };
        let of_other_side = move |sign: &TypingSign| sign.side == other_side;
        signs.filter_map(move |sign| std::future::ready(sign.ok().filter(of_other_side))).boxed()
    }

    fn at_desk(&self, staff: &StaffScope) -> TypingSigns {
        let shop = staff.shop.clone();
        let signs = BroadcastStream::new(self.desks.subscribe());
        let of_customers = move |item: Result<(ShopId, TypingSign), _>| {
            let (of, sign) = item.ok()?;
            (of == shop && sign.side == Side::Customer).then_some(sign)
        };
        signs.filter_map(move |item| std::future::ready(of_customers(item))).boxed()
    }
}
