//! Services that keep everything in memory and answer by the words of the message.

pub mod accounts;
pub mod customers;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use warmdesk::actions::{Action, ActionResult, BackedBy, Promise, PromiseState};
use warmdesk::assist::{Suggested, Suggestion};
use warmdesk::conversation::Receiver;
use warmdesk::conversation::types::*;
use warmdesk::customers::Erased;
use warmdesk::desk::types::*;
use warmdesk::flows::FlowProgress;
use warmdesk::gaps::*;
use warmdesk::http::ports::Facts;
use warmdesk::http::ports::*;
use warmdesk::identity::*;
use warmdesk::pack::desk::Phrase;
use warmdesk::pictures::Picture;
use warmdesk::proactive::{Person, ShopEvent};
use warmdesk::record::RecordKind;
use warmdesk::store::{NewMessage, NudgeOutcome};
use warmdesk::turn::trace::*;
use warmdesk::turn::types::*;
use warmdesk::webhooks::{Delivery, Webhook};

/// The shop's secret.
pub const SECRET: &str = "fake-secret-of-the-shop";

pub struct Talk {
    pub scope: Scope,
    pub state: ConversationState,
    pub ticket: Option<TicketId>,
    pub messages: Vec<StoredMessage>,
}

#[derive(Default)]
struct Inner {
    talks: BTreeMap<ConversationId, Talk>,
    sessions: BTreeMap<String, Session>,
    tickets: BTreeMap<TicketId, (Ticket, Vec<AgentNote>)>,
    records: BTreeMap<(RecordKind, String), Map<String, Value>>,
    deletions: Vec<DeletedWhen>,
    taken: Vec<IncomingMessage>,
    talk_log: Vec<(ConversationId, Numbered<ConversationEvent>)>,
    desk_log: Vec<Numbered<DeskEvent>>,
    staff: accounts::Book,
    pictures: BTreeMap<PictureId, (Scope, Picture, Vec<u8>)>,
    ratings: BTreeMap<TicketId, Rating>,
}

/// One fake for all ports.
pub struct Fake {
    inner: Mutex<Inner>,
    talk_events: broadcast::Sender<(ConversationId, Numbered<ConversationEvent>)>,
    desk_events: broadcast::Sender<Numbered<DeskEvent>>,
    signs: broadcast::Sender<TypingSign>,
    /// Streams that were dropped before their end.
    pub cancelled: Arc<AtomicUsize>,
    /// Whether the index answers.
    pub index: AtomicBool,
    /// The pause before each sentence.
    pub pause: Duration,
}

pub fn moment() -> Timestamp {
    "2026-11-18T02:00:00Z".parse().unwrap()
}

impl Fake {
    pub fn new(pause: Duration) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            talk_events: broadcast::channel(64).0,
            desk_events: broadcast::channel(64).0,
            signs: broadcast::channel(64).0,
            cancelled: Arc::default(),
            index: AtomicBool::new(true),
            pause,
        })
    }

    pub fn ports(self: &Arc<Self>) -> Ports {
        Ports {
            access: self.clone(),
            accounts: self.clone(),
            chat: self.clone(),
            conversations: self.clone(),
            tickets: self.clone(),
            pictures: self.clone(),
            typing: self.clone(),
            ratings: self.clone(),
            assist: self.clone(),
            actions: self.clone(),
            proactive: self.clone(),
            facts: self.clone(),
            gaps: self.clone(),
            customers: self.clone(),
            webhooks: self.clone(),
            health: self.clone(),
        }
    }

    /// The messages that reached the conversation service.
    pub fn taken(&self) -> Vec<IncomingMessage> {
        self.inner.lock().unwrap().taken.clone()
    }

    /// The records that were written.
    pub fn record(&self, kind: RecordKind, id: &str) -> Option<Map<String, Value>> {
        self.inner.lock().unwrap().records.get(&(kind, id.to_owned())).cloned()
    }

    /// What ordered the newest removal.
    pub fn newest_deletion(&self) -> DeletedWhen {
        self.inner.lock().unwrap().deletions.last().copied().unwrap()
    }

    fn announce_talk(&self, inner: &mut Inner, talk: &ConversationId, event: ConversationEvent) {
        let id = i64::try_from(inner.talk_log.len()).unwrap() + 1;
        let numbered = Numbered { id, event };
        inner.talk_log.push((talk.clone(), numbered.clone()));
        let _nobody_listens = self.talk_events.send((talk.clone(), numbered));
    }

    fn announce_desk(&self, inner: &mut Inner, event: DeskEvent) {
        let id = i64::try_from(inner.desk_log.len()).unwrap() + 1;
        let numbered = Numbered { id, event };
        inner.desk_log.push(numbered.clone());
        let _nobody_listens = self.desk_events.send(numbered);
    }

    fn change(
        &self,
        id: &TicketId,
        state: ConversationState,
        change: impl FnOnce(&mut Ticket) -> Result<(), PortError>,
    ) -> Result<DeskTicket, PortError> {
        let mut inner = self.inner.lock().unwrap();
        let (ticket, _) = inner.tickets.get_mut(id).ok_or(PortError::NotFound("ticket"))?;
        change(ticket)?;
        let ticket = ticket.clone();
        if let Some(talk) = inner.talks.get_mut(&ticket.conversation) {
            talk.state = state;
            if ticket.status == TicketStatus::Returned || ticket.status == TicketStatus::Resolved {
                talk.ticket = None;
            }
        }
        let event = ConversationEvent::State {
            state,
            ticket: (state == ConversationState::Human).then(|| id.clone()),
            agent: ticket.agent.clone(),
        };
        self.announce_talk(&mut inner, &ticket.conversation, event);
        self.announce_desk(&mut inner, DeskEvent::Ticket(Box::new(at_desk(ticket.clone()))));
        Ok(at_desk(ticket))
    }
}

fn at_desk(ticket: Ticket) -> DeskTicket {
    DeskTicket { ticket, clocks: Clocks::default(), wait: None }
}

fn answer<'a, T: Send + 'a>(result: Result<T, PortError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(result))
}

pub fn stored(author: Author, text: &str) -> StoredMessage {
    StoredMessage {
        id: MessageId::generate(),
        author,
        name: None,
        text: text.to_owned(),
        attachments: Vec::new(),
        choices: Vec::new(),
        at: moment(),
        trace: None,
    }
}

impl Access for Fake {
    fn key<'a>(&'a self, presented: &'a str) -> Answer<'a, Option<StaffKey>> {
        let scopes = match presented {
            "key-all" | "key-lin" => KeyScope::ALL.to_vec(),
            "key-desk" => vec![KeyScope::Desk],
            "key-facts" => vec![KeyScope::Facts],
            "key-chat" => vec![KeyScope::Chat],
            "key-events" => vec![KeyScope::Events],
            "key-admin" => vec![KeyScope::Admin],
            _ => return answer(Ok(None)),
        };
        let name = presented.trim_start_matches("key-").to_owned();
        answer(Ok(Some(StaffKey { name, shop: ShopId::default(), scopes })))
    }

    fn customer_secret<'a>(&'a self, _shop: &'a ShopId) -> Answer<'a, SecretString> {
        answer(Ok(SecretString::from(SECRET)))
    }

    fn open_session(&self, shop: ShopId, identity: Identity) -> Answer<'_, OpenedSession> {
        let mut inner = self.inner.lock().unwrap();
        let visitor = match &identity {
            Identity::Anonymous(Some(visitor)) => visitor.clone(),
            _ => VisitorId::generate(),
        };
        let identity = match identity {
            customer @ Identity::Customer(_) => customer,
            Identity::Anonymous(_) | Identity::Holder(_) => Identity::Anonymous(Some(visitor.clone())),
        };
        let scope = Scope { shop, identity };
        let known = inner.talks.iter().find(|(_, talk)| talk.scope == scope).map(|(id, _)| id.clone());
        let conversation = known.unwrap_or_else(ConversationId::generate);
        inner.talks.entry(conversation.clone()).or_insert_with(|| Talk {
            scope: scope.clone(),
            state: ConversationState::Bot,
            ticket: None,
            messages: Vec::new(),
        });
        let session = Session { conversation, visitor, scope };
        let token = format!("{SESSION_PREFIX}{}", inner.sessions.len());
        inner.sessions.insert(token.clone(), session.clone());
        answer(Ok(OpenedSession { token, session }))
    }

    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Session>> {
        answer(Ok(self.inner.lock().unwrap().sessions.get(token).cloned()))
    }

    fn join_visitor<'a>(&'a self, customer: &'a Scope, token: &'a str) -> Answer<'a, bool> {
        let session = self.inner.lock().unwrap().sessions.get(token).cloned();
        let is_visitor = session.is_some_and(|session| session.scope.verified_customer().is_none());
        answer(Ok(is_visitor && customer.verified_customer().is_some()))
    }
}

/// Notices when it is dropped before the end of its stream.
struct Watched {
    ended: bool,
    cancelled: Arc<AtomicUsize>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.ended {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub fn scenario() -> ScenarioMatch {
    ScenarioMatch {
        id: "logistics_stalled".into(),
        name: "物流异常".into(),
        stage: Stage::AfterSale,
        topic: "logistics".into(),
        confidence: 0.93,
    }
}

pub fn sentence(text: &str, goal: Goal, by: By, evidence: &[&str]) -> SentenceTrace {
    SentenceTrace {
        text: text.into(),
        goal,
        by,
        evidence: evidence.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn said(message: &IncomingMessage) -> Vec<SentenceTrace> {
    if message.text.contains("人工") {
        return vec![sentence("好的，这就为您转接人工客服，前面还有1位。", Goal::Handoff, By::Wording, &[])];
    }
    let mut sentences = vec![sentence("您好，我是小暖，本店的AI客服。", Goal::Greet, By::Wording, &[])];
    if message.scope.verified_customer().is_some() {
        sentences.push(sentence(
            "让您久等了，包裹在路上耽搁了，换谁都会着急。",
            Goal::Soothe,
            By::Wording,
            &[],
        ));
        sentences.push(sentence(
            "中通快递（单号尾号9821）最近一次更新是11月16日22:40，到达武汉转运中心。",
            Goal::Answer,
            By::Evidence,
            &["shipment:20261114008712"],
        ));
        sentences.push(sentence(
            "我会在明天10:00前把核实结果告诉您。",
            Goal::Commit,
            By::Wording,
            &["order:20261114008712"],
        ));
    } else {
        sentences.push(sentence(
            "睡袋90码适合身高80到90厘米的宝宝。",
            Goal::Answer,
            By::Model,
            &["product:SLEEP-90"],
        ));
    }
    sentences
}

fn reply(talk: &ConversationId, sentences: Vec<SentenceTrace>, handoff: Option<Handoff>) -> ChatReply {
    let text: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let fact = FactTrace {
        id: "shipment:20261114008712".into(),
        kind: "shipment".into(),
        title: "中通 78412365509821".into(),
        text: "物流公司中通，物流单号78412365509821".into(),
        why: "the customer's order".into(),
    };
    ChatReply {
        conversation: talk.to_string(),
        message: MessageId::generate().into(),
        reply: text.join("\n"),
        sentences,
        scenario: Some(scenario()),
        emotion: Some(EmotionSummary {
            label: EmotionLabel::Anxious,
            intensity: 0.75,
            trend: Trend::Rising,
            also: None,
        }),
        tier: Some(Tier::Soothing),
        evidence: vec![fact],
        handoff,
        commitments: vec![Commitment {
            kind: "trace_reply".into(),
            due: "2026-11-19T02:00:00Z".parse().unwrap(),
            backed_by: BackedBy::Ticket("tkt_promise".parse().unwrap()),
        }],
        choices: Vec::new(),
        guard: Some(GuardSummary {
            refused: vec![Refusal {
                draft: "明天一定到。".into(),
                reason: GuardReason::PromiseNotBacked,
                detail: "一定".into(),
            }],
        }),
        superseded_by: None,
        timing: Some(Timing {
            first_sentence_ms: Some(3.0),
            total_ms: 2210.0,
            stages: BTreeMap::from([("understand".to_owned(), 0.5)]),
            model: Some(ModelTiming {
                prompt_tokens: 212,
                cached_tokens: 180,
                generated_tokens: 41,
                ..ModelTiming::default()
            }),
        }),
    }
}

fn note(message: &StoredMessage, scope: &Scope) -> HandoffNote {
    let identity = scope
        .verified_customer()
        .map_or_else(|| "anonymous".to_owned(), |customer| format!("verified {customer}"));
    let fact = |id: &str, title: &str, text: &str| NoteFact {
        id: id.into(),
        title: title.into(),
        text: text.into(),
    };
    HandoffNote {
        summary: vec![
            SummaryLine { text: "顾客要求人工客服".into(), messages: vec![message.id.clone()] },
            SummaryLine {
                text: "包裹两天没有更新，已说明物流现状".into(),
                messages: vec![message.id.clone()],
            },
        ],
        wish: message.text.clone(),
        identity,
        emotion: vec![EmotionPoint {
            message: message.id.clone(),
            label: EmotionLabel::Anxious,
            intensity: 0.8,
        }],
        orders: vec![fact(
            "order:20261114008712",
            "订单20261114008712",
            "已发货；婴儿恒温睡袋90码·浅驼×1；订单总金额269.00元",
        )],
        products: vec![fact("product:SLEEP-90", "婴儿恒温睡袋90码", "价格：269.00元")],
        tried: vec!["说明了物流现状".into(), "承诺明天10:00前回复".into()],
        evidence: vec![fact("shipment:20261114008712", "中通", "2026-11-16 22:40 到达武汉转运中心")],
        blocked: vec![Refusal {
            draft: "明天一定到。".into(),
            reason: GuardReason::PromiseNotBacked,
            detail: "一定".into(),
        }],
        promises: vec![Commitment {
            kind: "trace_reply".into(),
            due: "2026-11-19T02:00:00Z".parse().unwrap(),
            backed_by: BackedBy::Ticket("tkt_promise".parse().unwrap()),
        }],
        suggestions: vec!["您好，我是客服小林，我来帮您核实这个包裹。".into()],
        ..HandoffNote::default()
    }
}

/// A promise of a ticket that is still owed.
fn promised(ticket: &Ticket, made: &Commitment) -> Promise {
    Promise {
        id: "prm_1".parse().unwrap(),
        shop: ShopId::default(),
        conversation: ticket.conversation.clone(),
        kind: made.kind.clone(),
        by: "assistant".into(),
        action: None,
        ticket: Some(ticket.id.clone()),
        state: PromiseState::Open,
        due: made.due,
        first_due: made.due,
        reminded: false,
        with_person: false,
        made_at: moment(),
        settled_at: None,
    }
}

impl Fake {
    fn known(&self, conversation: &ConversationId) -> Result<(), PortError> {
        let known = self.inner.lock().unwrap().talks.contains_key(conversation);
        if known { Ok(()) } else { Err(PortError::NotFound("conversation")) }
    }

    /// Stores the message, opens a ticket if it is asked for, and says what will be said.
    fn begin(&self, message: &IncomingMessage) -> Result<(ConversationId, ChatReply), PortError> {
        let mut inner = self.inner.lock().unwrap();
        inner.taken.push(message.clone());
        let id = message.conversation.clone().unwrap_or_else(ConversationId::generate);
        if message.conversation.is_some() {
            let known = inner.talks.get(&id).is_some_and(|talk| talk.scope == message.scope);
            if !known {
                return Err(PortError::NotFound("conversation"));
            }
        }
        let talk = inner.talks.entry(id.clone()).or_insert_with(|| Talk {
            scope: message.scope.clone(),
            state: ConversationState::Bot,
            ticket: None,
            messages: Vec::new(),
        });
        let mut from_customer = stored(Author::Customer, &message.text);
        from_customer.attachments = message.attachments.clone();
        talk.messages.push(from_customer.clone());
        if let Some(ticket) = talk.ticket.clone() {
            let handoff = Handoff {
                reason: HandoffReason::AskedForPerson,
                detail: None,
                mode: HandoffMode::Now,
                ticket: ticket.clone(),
            };
            let event =
                DeskEvent::Message { ticket, conversation: id.clone(), message: from_customer.id.clone() };
            self.announce_desk(&mut inner, event);
            let mut reply = reply(&id, Vec::new(), Some(handoff));
            reply.message.clear();
            reply.commitments.clear();
            return Ok((id, reply));
        }
        let sentences = said(message);
        let mut handoff = None;
        if message.text.contains("人工") {
            let ticket = self.open_ticket(&mut inner, &id, &from_customer, &message.scope);
            handoff = Some(Handoff {
                reason: HandoffReason::AskedForPerson,
                detail: None,
                mode: HandoffMode::Now,
                ticket,
            });
        }
        let reply = reply(&id, sentences, handoff);
        let talk = inner.talks.get_mut(&id).unwrap();
        let mut answered = stored(Author::Assistant, &reply.reply);
        answered.id = reply.message.parse().unwrap();
        answered.trace = Some(Trace { sentences: reply.sentences.clone(), ..Trace::default() });
        talk.messages.push(answered);
        Ok((id, reply))
    }

    fn open_ticket(
        &self,
        inner: &mut Inner,
        talk: &ConversationId,
        message: &StoredMessage,
        scope: &Scope,
    ) -> TicketId {
        let ticket = Ticket {
            id: TicketId::generate(),
            conversation: talk.clone(),
            status: TicketStatus::Open,
            reason: HandoffReason::AskedForPerson,
            detail: None,
            mode: HandoffMode::Now,
            agent: None,
            priority: if scope.verified_customer().is_some() { Priority::High } else { Priority::Normal },
            opened_at: Timestamp::now(),
            due: Timestamp::now() + jiff::SignedDuration::from_mins(3),
            assignee: None,
            tags: Vec::new(),
            snoozed_until: None,
            reopens: None,
            escalation: Escalation::Nobody,
            goes_first: false,
            waiting_since: Some(Timestamp::now()),
            first_response_at: None,
            closed_at: None,
            note: note(message, scope),
        };
        let id = ticket.id.clone();
        inner.tickets.insert(id.clone(), (ticket.clone(), Vec::new()));
        let entry = inner.talks.get_mut(talk).unwrap();
        entry.state = ConversationState::Waiting;
        entry.ticket = Some(id.clone());
        let event = ConversationEvent::State {
            state: ConversationState::Waiting,
            ticket: Some(id.clone()),
            agent: None,
        };
        self.announce_talk(inner, talk, event);
        self.announce_desk(inner, DeskEvent::Ticket(Box::new(at_desk(ticket))));
        id
    }
}

impl Chat for Fake {
    fn take(&self, message: IncomingMessage) -> Answer<'_, BoxStream<'static, TurnEvent>> {
        match message.text.as_str() {
            "忙" => return answer(Err(PortError::Busy { retry_after_seconds: 7 })),
            "关" => return answer(Err(PortError::Unavailable("the store"))),
            "坏" => {
                return answer(Err(PortError::Internal(anyhow::anyhow!(
                    "page 7 of /data/warmdesk.db is torn"
                ))));
            }
            "崩" => panic!("a fault in a service"),
            _ => {}
        }
        let (_, reply) = match self.begin(&message) {
            Ok(begun) => begun,
            Err(error) => return answer(Err(error)),
        };
        let mut events = Vec::new();
        if !reply.sentences.is_empty() {
            events.push(TurnEvent::Reading { scenario: scenario() });
            events.extend(reply.sentences.iter().cloned().map(TurnEvent::Sentence));
            events.extend(reply.handoff.clone().map(TurnEvent::Handoff));
        }
        if message.text != "断" {
            events.push(TurnEvent::Done(Box::new(reply)));
        }
        let watched = Watched { ended: false, cancelled: self.cancelled.clone() };
        let pause = self.pause;
        let state = (events.into_iter(), watched);
        answer(Ok(stream::unfold(state, move |(mut events, mut watched)| async move {
            let Some(event) = events.next() else {
                watched.ended = true;
                drop(watched);
                return None;
            };
            if matches!(event, TurnEvent::Sentence(_)) {
                tokio::time::sleep(pause).await;
            }
            watched.ended = matches!(event, TurnEvent::Done(_));
            Some((event, (events, watched)))
        })
        .boxed()))
    }
}

impl Conversations for Fake {
    fn history(&self, reader: Reader, conversation: ConversationId) -> Answer<'_, ConversationHistory> {
        let inner = self.inner.lock().unwrap();
        let found = inner.talks.get(&conversation).filter(|talk| match &reader {
            Reader::Staff(_) => true,
            Reader::Customer(scope) => talk.scope == *scope,
        });
        answer(found.ok_or(PortError::NotFound("conversation")).map(|talk| ConversationHistory {
            id: conversation.clone(),
            state: talk.state,
            ticket: talk.ticket.clone(),
            customer: talk.scope.verified_customer().map(ToString::to_string),
            opened_at: moment(),
            messages: talk.messages.clone(),
        }))
    }

    fn live(
        &self,
        reader: Reader,
        conversation: ConversationId,
        after: Option<i64>,
    ) -> Answer<'_, Live<ConversationEvent>> {
        let inner = self.inner.lock().unwrap();
        let known = inner.talks.get(&conversation).is_some_and(|talk| match &reader {
            Reader::Staff(_) => true,
            Reader::Customer(scope) => talk.scope == *scope,
        });
        if !known {
            return answer(Err(PortError::NotFound("conversation")));
        }
        let missed: Vec<_> = inner
            .talk_log
            .iter()
            .filter(|(talk, event)| *talk == conversation && after.is_some_and(|after| event.id > after))
            .map(|(_, event)| event.clone())
            .collect();
        let coming = BroadcastStream::new(self.talk_events.subscribe()).filter_map(move |item| {
            let wanted = item.ok().filter(|(talk, _)| *talk == conversation).map(|(_, event)| event);
            std::future::ready(wanted)
        });
        answer(Ok(stream::iter(missed).chain(coming).boxed()))
    }
}

impl Tickets for Fake {
    fn list(&self, _staff: StaffScope, filter: TicketFilter) -> Answer<'_, Vec<DeskTicket>> {
        let inner = self.inner.lock().unwrap();
        let wanted = |ticket: &Ticket| match filter.status {
            Some(status) => ticket.status == status,
            None => matches!(ticket.status, TicketStatus::Open | TicketStatus::Claimed),
        };
        let mut tickets: Vec<Ticket> =
            inner.tickets.values().map(|(ticket, _)| ticket.clone()).filter(wanted).collect();
        tickets.sort_by_key(|ticket| (std::cmp::Reverse(ticket.priority), ticket.opened_at));
        tickets.truncate(filter.limit);
        answer(Ok(tickets.into_iter().map(at_desk).collect()))
    }

    fn show(&self, _staff: StaffScope, ticket: TicketId) -> Answer<'_, TicketView> {
        let inner = self.inner.lock().unwrap();
        let found = inner.tickets.get(&ticket).map(|(ticket, notes)| {
            let talk = &inner.talks[&ticket.conversation];
            TicketView {
                ticket: at_desk(ticket.clone()),
                state: talk.state,
                history: talk.messages.clone(),
                notes: notes.clone(),
                actions: Vec::new(),
                promises: ticket.note.promises.iter().map(|made| promised(ticket, made)).collect(),
                flows: Vec::new(),
                rating: inner.ratings.get(&ticket.id).cloned(),
                help: TicketHelp { suggestions: Vec::new(), next_step: Some("核对后答复".into()) },
            }
        });
        answer(found.ok_or(PortError::NotFound("ticket")))
    }

    fn claim(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Human, |ticket| match &ticket.agent {
            Some(agent) if *agent != staff.actor => {
                Err(PortError::Conflict(format!("`{agent}` has the ticket")))
            }
            _ => {
                ticket.agent = Some(staff.actor);
                ticket.status = TicketStatus::Claimed;
                Ok(())
            }
        }))
    }

    fn reply(&self, staff: StaffScope, ticket: TicketId, new: NewMessage) -> Answer<'_, StaffReply> {
        let mut inner = self.inner.lock().unwrap();
        let Some((found, _)) = inner.tickets.get(&ticket) else {
            return answer(Err(PortError::NotFound("ticket")));
        };
        if found.agent.as_ref() != Some(&staff.actor) {
            return answer(Err(PortError::Conflict("claim the ticket first".into())));
        }
        let talk = found.conversation.clone();
        let NewMessage { text, attachments, .. } = new;
        let mut message = stored(Author::Staff, &text);
        message.name = Some(staff.actor);
        message.attachments = attachments;
        inner.talks.get_mut(&talk).unwrap().messages.push(message.clone());
        self.announce_talk(&mut inner, &talk, ConversationEvent::Message(Box::new(message.clone())));
        let warnings =
            if text.contains("最好") { vec!["R01 绝对化用语".to_owned()] } else { Vec::new() };
        answer(Ok(StaffReply { message, warnings }))
    }

    fn note(&self, staff: StaffScope, ticket: TicketId, text: String) -> Answer<'_, AgentNote> {
        let mut inner = self.inner.lock().unwrap();
        let Some((_, notes)) = inner.tickets.get_mut(&ticket) else {
            return answer(Err(PortError::NotFound("ticket")));
        };
        let note = AgentNote { agent: staff.actor, text, at: moment() };
        notes.push(note.clone());
        answer(Ok(note))
    }

    fn give_back(
        &self,
        _staff: StaffScope,
        ticket: TicketId,
        _note: Option<String>,
    ) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Bot, |ticket| {
            ticket.status = TicketStatus::Returned;
            Ok(())
        }))
    }

    fn pass_on(
        &self,
        _staff: StaffScope,
        ticket: TicketId,
        to: Receiver,
        _note: Option<String>,
    ) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Waiting, |ticket| {
            (ticket.status, ticket.agent, ticket.assignee) = (TicketStatus::Open, None, to.name);
            Ok(())
        }))
    }

    fn snooze(&self, _staff: StaffScope, ticket: TicketId, until: Timestamp) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Snoozed, |ticket| {
            (ticket.status, ticket.snoozed_until) = (TicketStatus::Snoozed, Some(until));
            Ok(())
        }))
    }

    fn assign(&self, _staff: StaffScope, ticket: TicketId, to: Option<String>) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Waiting, |ticket| {
            ticket.assignee = to;
            Ok(())
        }))
    }

    fn tag(&self, _staff: StaffScope, ticket: TicketId, tags: Vec<String>) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Waiting, |ticket| {
            ticket.tags = tags;
            Ok(())
        }))
    }

    fn resolve(&self, _staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket> {
        answer(self.change(&ticket, ConversationState::Resolved, |ticket| {
            ticket.status = TicketStatus::Resolved;
            Ok(())
        }))
    }

    fn live(&self, _staff: StaffScope, after: Option<i64>) -> Answer<'_, Live<DeskEvent>> {
        let inner = self.inner.lock().unwrap();
        let missed: Vec<_> = inner
            .desk_log
            .iter()
            .filter(|event| after.is_some_and(|after| event.id > after))
            .cloned()
            .collect();
        let coming = BroadcastStream::new(self.desk_events.subscribe())
            .filter_map(|item| std::future::ready(item.ok()));
        answer(Ok(stream::iter(missed).chain(coming).boxed()))
    }
}

impl Proactive for Fake {
    fn now(&self) -> Timestamp {
        "2026-11-20T02:12:00Z".parse().unwrap()
    }

    /// Every event is new.
    fn take(&self, _: ShopId, events: Vec<ShopEvent>) -> Answer<'_, TakenEvents> {
        let accepted = events.len();
        answer(Ok(TakenEvents { accepted, ..TakenEvents::default() }))
    }

    fn outcome(&self, _: Scope, _: Person, _: NudgeId, _: NudgeOutcome) -> Answer<'_, ()> {
        answer(Err(PortError::NotFound("nudge")))
    }

    fn report(&self, _: StaffScope, _: Timestamp) -> Answer<'_, ProactiveReport> {
        answer(Ok(ProactiveReport { rules: Vec::new(), recent: Vec::new(), waiting_events: 0 }))
    }
}

impl Assist for Fake {
    fn suggest(&self, _: StaffScope, request: SuggestRequest) -> Answer<'_, Suggested> {
        let text = format!("{} {:?}", request.message, request.customer.map(String::from));
        let sentences = vec![sentence(&text, Goal::Answer, By::Wording, &[])];
        let suggestion = Suggestion { text, sentences };
        answer(Ok(Suggested { suggestions: vec![suggestion], ..Suggested::default() }))
    }

    fn phrases(&self) -> Answer<'_, Vec<Phrase>> {
        let phrase = Phrase {
            code: "hi".into(),
            title: "接入".into(),
            text: "您好，我是{{agent}}。".into(),
            tags: vec!["开场".into()],
        };
        answer(Ok(vec![phrase]))
    }
}

impl Actions for Fake {
    fn actions(&self, _: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Action>> {
        answer(self.known(&conversation).map(|()| Vec::new()))
    }

    fn promises(&self, _: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Promise>> {
        answer(self.known(&conversation).map(|()| Vec::new()))
    }

    fn flows(&self, _: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<FlowProgress>> {
        answer(self.known(&conversation).map(|()| Vec::new()))
    }

    /// An action is refused for the reason that its id names.
    fn take_result(&self, _: StaffScope, action: ActionId, _: ActionResult) -> Answer<'_, Action> {
        answer(Err(match action.as_str() {
            "act_another" => PortError::ActionRefused(ActionRefusal::OfAnother),
            "act_over" => PortError::ActionRefused(ActionRefusal::TooLate),
            "act_differs" => PortError::ActionRefused(ActionRefusal::Differs),
            _ => PortError::NotFound("action"),
        }))
    }

    fn cancel(&self, _: StaffScope, action: ActionId, _: String) -> Answer<'_, Action> {
        answer(Err(match action.as_str() {
            "act_over" => PortError::Conflict("cancel is not possible while it is done".to_owned()),
            _ => PortError::NotFound("action"),
        }))
    }
}

impl Facts for Fake {
    fn put(
        &self,
        _staff: StaffScope,
        kind: RecordKind,
        id: String,
        fields: Map<String, Value>,
    ) -> Answer<'_, PutOutcome> {
        if fields.get("price").is_some_and(|price| !price.is_number()) {
            let message = "a number is expected".to_owned();
            return answer(Err(PortError::Invalid { field: Some("price".to_owned()), message }));
        }
        for (field, named) in [("kind", kind.as_str()), ("id", id.as_str())] {
            if fields.get(field).is_some_and(|given| *given != named) {
                let message = format!("the address says `{named}`");
                return answer(Err(PortError::Invalid { field: Some(field.to_owned()), message }));
            }
        }
        let before = self.inner.lock().unwrap().records.insert((kind, id), fields.clone());
        let result = if before == Some(fields) { PutResult::Unchanged } else { PutResult::Written };
        answer(Ok(PutOutcome { result, warnings: Vec::new() }))
    }

    fn delete(
        &self,
        _staff: StaffScope,
        kind: RecordKind,
        id: String,
        when: DeletedWhen,
    ) -> Answer<'_, bool> {
        let mut inner = self.inner.lock().unwrap();
        inner.deletions.push(when);
        let gone = inner.records.remove(&(kind, id));
        answer(gone.map(|_| true).ok_or(PortError::NotFound("record")))
    }

    fn put_shipment(
        &self,
        _staff: StaffScope,
        order: String,
        shipment: Map<String, Value>,
    ) -> Answer<'_, PutOutcome> {
        let mut inner = self.inner.lock().unwrap();
        match inner.records.get_mut(&(RecordKind::Order, order)) {
            Some(fields) => {
                fields.insert("shipment".into(), Value::Object(shipment));
                answer(Ok(PutOutcome { result: PutResult::Written, warnings: Vec::new() }))
            }
            None => answer(Err(PortError::NotFound("record"))),
        }
    }

    fn import(&self, _staff: StaffScope, lines: Vec<u8>) -> Answer<'_, ImportReport> {
        let mut report = ImportReport::default();
        for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Map<String, Value>>(line) {
                Ok(_) => report.accepted += 1,
                Err(error) => report.rejected.push(ImportLine {
                    line: number + 1,
                    field: None,
                    code: "malformed_json".into(),
                    message: error.to_string(),
                }),
            }
        }
        if !report.rejected.is_empty() {
            report.accepted = 0;
        }
        answer(Ok(report))
    }

    fn search(&self, _staff: StaffScope, request: SearchRequest) -> Answer<'_, Vec<SearchHit>> {
        let kind = request.kind.unwrap_or(RecordKind::Product);
        let hit = SearchHit {
            id: format!("{kind}:1"),
            kind,
            title: request.text.clone(),
            text: format!("limit {}", request.limit),
            score: 0.5,
            why: "words".into(),
        };
        answer(Ok(vec![hit]))
    }
}

impl Gaps for Fake {
    fn list(&self, _staff: StaffScope, request: GapRequest) -> Answer<'_, GapPage> {
        let gap = |times| Gap {
            id: GapId::generate(),
            question: "你们有实体店吗".to_owned(),
            ways: vec!["有没有门店".to_owned()],
            reason: GapReason::NoEvidence,
            scenario: None,
            topic: None,
            product: None,
            state: request.state.unwrap_or(GapState::Open),
            answered_by: None,
            settled_by: None,
            times,
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            conversations: Vec::new(),
        };
        let gaps = (1..=3).rev().map(gap).skip(request.offset).take(request.limit).collect();
        answer(Ok(GapPage { gaps, total: 3 }))
    }

    fn settle(
        &self,
        _staff: StaffScope,
        _gap: GapId,
        _state: GapState,
        _knowledge: Option<String>,
    ) -> Answer<'_, Gap> {
        answer(Err(PortError::NotFound("gap")))
    }
}

impl Customers for Fake {
    fn export(&self, _staff: StaffScope, _customer: CustomerId) -> Answer<'_, Value> {
        answer(Err(PortError::NotFound("customer")))
    }

    fn erase(&self, _staff: StaffScope, _customer: CustomerId, _force: bool) -> Answer<'_, Erased> {
        answer(Err(PortError::NotFound("customer")))
    }
}

impl Webhooks for Fake {
    fn list(&self, _staff: StaffScope) -> Answer<'_, Vec<Webhook>> {
        answer(Ok(Vec::new()))
    }

    fn create(&self, _staff: StaffScope, _request: WebhookRequest) -> Answer<'_, MadeWebhook> {
        answer(Err(PortError::Unavailable("the store")))
    }

    fn change(&self, _staff: StaffScope, _webhook: WebhookId, _patch: WebhookPatch) -> Answer<'_, Webhook> {
        answer(Err(PortError::NotFound("webhook")))
    }

    fn delete(&self, _staff: StaffScope, _webhook: WebhookId) -> Answer<'_, ()> {
        answer(Err(PortError::NotFound("webhook")))
    }

    fn test(&self, _staff: StaffScope, _webhook: WebhookId) -> Answer<'_, Delivery> {
        answer(Err(PortError::NotFound("webhook")))
    }

    fn deliveries(
        &self,
        _staff: StaffScope,
        _webhook: WebhookId,
        _request: DeliveryRequest,
    ) -> Answer<'_, Vec<Delivery>> {
        answer(Err(PortError::NotFound("webhook")))
    }

    fn replay(&self, _staff: StaffScope, _delivery: DeliveryId) -> Answer<'_, Delivery> {
        answer(Err(PortError::NotFound("delivery")))
    }
}

impl Health for Fake {
    fn readiness(&self) -> BoxFuture<'_, Readiness> {
        let index = self.index.load(Ordering::SeqCst);
        Box::pin(std::future::ready(Readiness {
            model: ModelState::Absent,
            store: true,
            pack: true,
            pack_status: PackStatus { version: "0123456789ab".to_owned(), refused: None },
            index,
            orders: None,
        }))
    }

    fn reload(&self) -> Answer<'_, PackReload> {
        answer(Ok(PackReload {
            version: "0123456789ab".to_owned(),
            changed: true,
            warnings: Vec::new(),
            refused: Vec::new(),
        }))
    }

    fn versions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("pack".to_owned(), "abc".to_owned())])
    }
}
