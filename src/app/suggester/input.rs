//! What is a turn given that nobody hears: the message of another platform, or the latest wish of a ticket's customer?

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::conversation::Services;
use crate::conversation::types::StoredMessage;
use crate::desk::note::telling;
use crate::http::ports::SuggestRequest;
use crate::identity::{ConversationId, Identity, MessageId, Scope, StaffScope};
use crate::store::{Conversation, StoreError, TicketDetail};
use crate::time::Now;
use crate::turn::Rules;
use crate::turn::types::{Author, Memory, OrderProof, PastMessage, TurnInput};
use crate::turn::understand;

/// How many earlier messages a turn sees, as in a conversation.
const HISTORY: usize = 20;

/// The turn of a message of another platform. Whom staff name is taken at their word: they may see every customer.
pub(super) async fn of_request(
    services: &Services,
    staff: &StaffScope,
    request: SuggestRequest,
    rules: &Rules,
) -> Result<TurnInput, StoreError> {
    let now = services.clock.now();
    let scope = match request.customer.clone() {
        Some(customer) => Scope::customer(staff.shop.clone(), customer),
        None => Scope::anonymous(staff.shop.clone()),
    };
    let conversation = named_by(&request);
    let past = |(author, text): (Author, String)| PastMessage {
        id: MessageId::generate(),
        author,
        text,
        at: now.timestamp(),
    };
    let kept = request.context.len().saturating_sub(HISTORY);
    let history: Vec<PastMessage> = request.context.into_iter().skip(kept).map(past).collect();
    let memory = remembered(&history, rules, &now);
    let standing = services.standing(&scope, &conversation).await?;
    Ok(TurnInput {
        scope,
        conversation,
        history,
        memory: memory.after_promises(&standing),
        page: request.page,
        // Numbers are compared where the customer tells them, not where staff repeat them.
        proof: if services.proofs.is_some() { OrderProof::Untried } else { OrderProof::Off },
        desk: services.desk(staff, None, &now).await?,
        standing,
        ..TurnInput::first(&request.message, now)
    })
}

/// The turn of the latest message of a ticket's customer that says what is wanted; none if there is no message. The
/// ladder and what was offered are left behind: a person is there already.
pub(super) async fn of_ticket(
    services: &Services,
    detail: &TicketDetail,
) -> Result<Option<TurnInput>, StoreError> {
    let now = services.clock.now();
    let conversation = &detail.conversation;
    let by_customer = |message: &&StoredMessage| message.author == Author::Customer;
    let newest: Vec<&StoredMessage> = detail.history.iter().rev().filter(by_customer).collect();
    let texts: Vec<&str> = newest.iter().map(|message| message.text.as_str()).collect();
    let Some(message) = newest.get(telling(&texts)) else { return Ok(None) };
    let at = detail.history.iter().position(|other| other.id == message.id).unwrap_or_default();
    let before = &detail.history[at.saturating_sub(HISTORY)..at];
    let scope = scope_of(services, conversation, &now).await?;
    let standing = services.standing(&scope, &conversation.id).await?;
    let known = &conversation.memory;
    let memory = Memory {
        introduced: true,
        scenario: known.scenario.clone(),
        intent: known.intent.clone(),
        question: known.question.clone(),
        order: known.order.clone(),
        products: known.products.clone(),
        said: known.said.clone(),
        ..Memory::default()
    };
    let staff = StaffScope { shop: conversation.shop.clone(), actor: "assistant".to_owned() };
    Ok(Some(TurnInput {
        scope,
        conversation: conversation.id.clone(),
        message: message.id.clone(),
        history: before.iter().map(past).collect(),
        memory: memory.after_promises(&standing),
        attachments: message.attachments.len(),
        desk: services.desk(&staff, Some(&conversation.id), &now).await?,
        standing,
        ..TurnInput::first(&message.text, now)
    }))
}

fn past(message: &StoredMessage) -> PastMessage {
    PastMessage { id: message.id.clone(), author: message.author, text: message.text.clone(), at: message.at }
}

/// What the earlier messages of the customer have come to, so that what follows is understood.
fn remembered(history: &[PastMessage], rules: &Rules, now: &Now) -> Memory {
    let mut memory = Memory { introduced: true, ..Memory::default() };
    for (index, message) in history.iter().enumerate() {
        if message.author != Author::Customer {
            continue;
        }
        let input = TurnInput {
            history: history[..index].to_vec(),
            memory: memory.clone(),
            ..TurnInput::first(&message.text, now.clone())
        };
        memory.asked(&understand::read(&input, &rules.pack, &rules.reader));
    }
    memory
}

/// A conversation that is nowhere. The same question has the same name, so that it is answered alike.
fn named_by(request: &SuggestRequest) -> ConversationId {
    let mut hasher = DefaultHasher::new();
    (&request.message, &request.customer).hash(&mut hasher);
    let name = format!("{}suggest_{:016x}", ConversationId::PREFIX, hasher.finish());
    name.parse().unwrap_or_else(|_| ConversationId::generate())
}

/// On whose behalf a ticket's records are read: its customer, or whoever has proven to hold an order in it.
async fn scope_of(services: &Services, conversation: &Conversation, now: &Now) -> Result<Scope, StoreError> {
    let scope = conversation.owner_scope();
    let holder = services.store.order_holder(&scope, conversation, now).await?;
    Ok(match holder {
        Some(holder) => Scope { identity: Identity::Holder(holder), ..scope },
        None => scope,
    })
}
