//! Random days at the desk against the real store and a model small enough to be believed: legal moves only, one open ticket for
//! now a conversation, nothing lost, nothing said twice, and the assistant never speaks while a person has the conversation.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::desk::types::{Assignment, ConversationState, HandoffNote, Priority, TicketStatus};
use crate::identity::TicketId;
use crate::store::{
    FallenBack, NewTicket, Parting, PassedOn, StoreError, TicketFilter, WaitDone, WaitMove, WaitWent,
};
use crate::turn::trace::Trace;
use crate::turn::types::{Author, HandoffMode, HandoffReason};

/// How many days are tried; WARMDESK_DAYS says otherwise.
const DAYS: u32 = 12;

const AGENTS: [&str; 2] = ["小李", "小林"];

/// Something that happens in one of two conversations.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// The customer writes; again sends the last message once more.
    Writes {
        again: bool,
    },
    /// The assistant begins to answer the last message.
    Begins,
    /// The assistant says the next sentence of what it has begun, however late that is.
    Speaks,
    Wants,
    Claims(usize),
    Says {
        agent: usize,
        again: bool,
    },
    Returns(usize),
    Resolves(usize),
    Snoozes(usize),
    PassesOn {
        agent: usize,
        to: Option<usize>,
    },
    /// The lane looks after the waits; twice does the same step a second time.
    Waits {
        twice: bool,
    },
    /// An agent who has had the desk open is gone; twice finds out a second time.
    IsGone {
        agent: usize,
        twice: bool,
    },
    TimePasses,
    /// The program stops, in good order or not.
    Restarts {
        orderly: bool,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let agent = 0..AGENTS.len();
    prop_oneof![
        4 => any::<bool>().prop_map(|again| Happening::Writes { again }),
        2 => Just(Happening::Begins),
        3 => Just(Happening::Speaks),
        3 => Just(Happening::Wants),
        4 => agent.clone().prop_map(Happening::Claims),
        3 => (agent.clone(), any::<bool>()).prop_map(|(agent, again)| Happening::Says { agent, again }),
        2 => agent.clone().prop_map(Happening::Returns),
        1 => agent.clone().prop_map(Happening::Resolves),
        2 => agent.clone().prop_map(Happening::Snoozes),
        2 => (agent.clone(), prop::option::of(agent.clone())).prop_map(|(agent, to)| Happening::PassesOn { agent, to }),
        2 => (agent, any::<bool>()).prop_map(|(agent, twice)| Happening::IsGone { agent, twice }),
        3 => any::<bool>().prop_map(|twice| Happening::Waits { twice }),
        2 => Just(Happening::TimePasses),
        1 => any::<bool>().prop_map(|orderly| Happening::Restarts { orderly }),
    ]
}

/// What ought to be in a conversation.
struct Model {
    scope: Scope,
    id: crate::identity::ConversationId,
    state: ConversationState,
    /// The ticket for now, open or closed.
    ticket: Option<TicketId>,
    agent: Option<usize>,
    until: Option<jiff::Timestamp>,
    /// Everything that was said, in the order in which it was begun; what was begun and not spoken is empty.
    log: Vec<(Author, String)>,
    /// The last message of the customer and its reply, with its place in the log.
    asked: Option<MessageId>,
    begun: Option<(MessageId, usize)>,
    customer_messages: usize,
    staff_messages: usize,
}

impl Model {
    /// Whether an agent may do something with the ticket.
    fn holds(&self, agent: usize) -> bool {
        self.state.is_with_person() && self.agent == Some(agent)
    }

    fn is_assistants(&self) -> bool {
        matches!(self.state, ConversationState::Bot | ConversationState::Waiting)
    }

    fn lets_go(&mut self, state: ConversationState) {
        (self.state, self.agent, self.until) = (state, None, None);
    }
}

struct Day {
    folder: TempDir,
    store: Store,
    now: Now,
    talks: Vec<Model>,
    words: usize,
}

impl Day {
    async fn begin() -> Self {
        let (folder, store) = store().await;
        let mut talks = Vec::new();
        for name in ["c1", "c2"] {
            let scope = customer(name);
            let conversation = opened(&store, &scope).await;
            talks.push(Model {
                scope,
                id: conversation.id,
                state: ConversationState::Bot,
                ticket: None,
                agent: None,
                until: None,
                log: Vec::new(),
                asked: None,
                begun: None,
                customer_messages: 0,
                staff_messages: 0,
            });
        }
        Self { folder, store, now: now(), talks, words: 0 }
    }

    fn pass(&mut self, minutes: i64) {
        let later = self.now.timestamp() + SignedDuration::from_mins(minutes);
        self.now = Now::new(later, TimeZone::get("Asia/Shanghai").unwrap());
    }

    fn word(&mut self) -> (String, SentenceTrace) {
        self.words += 1;
        let text = format!("word {}", self.words);
        (text.clone(), SentenceTrace { text, goal: Goal::Handoff, by: By::Wording, evidence: Vec::new() })
    }

    async fn happens(&mut self, talk: usize, what: Happening) {
        self.pass(1);
        match what {
            Happening::Writes { again } => self.writes(talk, again).await,
            Happening::Begins => self.begins(talk).await,
            Happening::Speaks => self.speaks(talk).await,
            Happening::Wants => self.wants(talk).await,
            Happening::Claims(agent) => self.claims(talk, agent).await,
            Happening::Says { agent, again } => self.says(talk, agent, again).await,
            Happening::Returns(agent) => self.returns(talk, agent).await,
            Happening::Resolves(agent) => self.resolves(talk, agent).await,
            Happening::Snoozes(agent) => self.snoozes(talk, agent).await,
            Happening::PassesOn { agent, to } => self.passes_on(talk, agent, to).await,
            Happening::Waits { twice } => self.waits(twice).await,
            Happening::IsGone { agent, twice } => self.is_gone(agent, twice).await,
            Happening::TimePasses => self.time_passes().await,
            Happening::Restarts { orderly } => {
                if orderly {
                    self.store.close().await;
                }
                self.store = Store::open(self.folder.path()).await.unwrap();
            }
        }
    }

    async fn writes(&mut self, talk: usize, again: bool) {
        let model = &mut self.talks[talk];
        let repeats = again && model.customer_messages > 0;
        model.customer_messages += usize::from(!repeats);
        let id = format!("m{}", model.customer_messages);
        let text = format!("question {id}");
        let appended = self
            .store
            .append_customer_message(&model.scope, &model.id, named(&id, &text), &self.now)
            .await
            .unwrap();
        assert_eq!(appended.is_new, !repeats);
        if repeats {
            return;
        }
        model.log.push((Author::Customer, text));
        model.asked = Some(appended.message);
        match model.state {
            ConversationState::Resolved => model.state = ConversationState::Bot,
            ConversationState::Snoozed => (model.state, model.until) = (ConversationState::Human, None),
            _ => {}
        }
    }

    async fn begins(&mut self, talk: usize) {
        let model = &mut self.talks[talk];
        let Some(asked) = model.asked.clone() else { return };
        let begun = self.store.begin_reply(&model.scope, &model.id, &asked, &self.now).await;
        assert_eq!(begun.is_ok(), model.is_assistants(), "{begun:?} while {:?}", model.state);
        if let Ok(reply) = begun
            && model.begun.as_ref().is_none_or(|(known, _)| *known != reply)
        {
            model.log.push((Author::Assistant, String::new()));
            model.begun = Some((reply, model.log.len() - 1));
        }
    }

    async fn speaks(&mut self, talk: usize) {
        let (text, sentence) = self.word();
        let model = &mut self.talks[talk];
        let Some((reply, place)) = model.begun.clone() else { return };
        let spoken = self.store.append_sentence(&model.scope, &reply, sentence).await;
        assert_eq!(spoken.is_ok(), model.is_assistants(), "{spoken:?} while {:?}", model.state);
        if spoken.is_ok() {
            let said = &mut model.log[place].1;
            said.push_str(if said.is_empty() { "" } else { "\n" });
            said.push_str(&text);
        }
    }

    async fn wants(&mut self, talk: usize) {
        let model = &mut self.talks[talk];
        let new = NewTicket {
            conversation: model.id.clone(),
            reason: HandoffReason::AskedForPerson,
            detail: None,
            mode: HandoffMode::Now,
            priority: Priority::Normal,
            due: self.now.timestamp(),
            note: HandoffNote::default(),
        };
        let opened = self.store.open_ticket(&model.scope, new, &self.now).await.unwrap();
        let stands = model.is_assistants() && model.state != ConversationState::Waiting
            || model.state == ConversationState::Resolved;
        assert_eq!(opened.is_new, stands, "while {:?}", model.state);
        if opened.is_new {
            model.lets_go(ConversationState::Waiting);
            model.ticket = Some(opened.ticket.id);
        } else {
            assert_eq!(model.ticket.as_ref(), Some(&opened.ticket.id));
            if model.state == ConversationState::Snoozed {
                (model.state, model.until) = (ConversationState::Human, None);
            }
        }
    }

    async fn claims(&mut self, talk: usize, agent: usize) {
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let claimed = self.store.claim(&super::agent(AGENTS[agent]), &ticket, &self.now).await;
        let free = model.state == ConversationState::Waiting;
        assert_eq!(claimed.is_ok(), free || model.holds(agent), "{claimed:?} while {:?}", model.state);
        if claimed.is_ok() {
            (model.state, model.agent, model.until) = (ConversationState::Human, Some(agent), None);
        }
    }

    async fn says(&mut self, talk: usize, agent: usize, again: bool) {
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let number = model.staff_messages + 1;
        let text = format!("answer {number}");
        let new = named(&format!("s{number}"), &text);
        let staff = super::agent(AGENTS[agent]);
        let said = self.store.staff_message(&staff, &ticket, new.clone(), &self.now).await;
        assert_eq!(said.is_ok(), model.holds(agent), "{said:?} while {:?}", model.state);
        let Ok(said) = said else { return };
        model.staff_messages = number;
        model.log.push((Author::Staff, text));
        (model.state, model.until) = (ConversationState::Human, None);
        if again {
            let repeated = self.store.staff_message(&staff, &ticket, new, &self.now).await.unwrap();
            assert_eq!(repeated.id, said.id);
        }
    }

    async fn returns(&mut self, talk: usize, agent: usize) {
        let (text, sentence) = self.word();
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let parting = Parting { said: Some((sentence, Trace::default())), note: None };
        let staff = super::agent(AGENTS[agent]);
        let returned = self.store.return_to_bot(&staff, &ticket, parting, &self.now).await;
        assert_eq!(returned.is_ok(), model.holds(agent), "{returned:?} while {:?}", model.state);
        if returned.is_ok() {
            model.lets_go(ConversationState::Bot);
            model.log.push((Author::Assistant, text));
        }
    }

    async fn resolves(&mut self, talk: usize, agent: usize) {
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let resolved = self.store.resolve(&super::agent(AGENTS[agent]), &ticket, &self.now).await;
        assert_eq!(resolved.is_ok(), model.holds(agent), "{resolved:?} while {:?}", model.state);
        if resolved.is_ok() {
            model.lets_go(ConversationState::Resolved);
        }
    }

    async fn snoozes(&mut self, talk: usize, agent: usize) {
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let until = self.now.timestamp() + SignedDuration::from_mins(5);
        let snoozed = self.store.snooze(&super::agent(AGENTS[agent]), &ticket, until, &self.now).await;
        assert_eq!(snoozed.is_ok(), model.holds(agent), "{snoozed:?} while {:?}", model.state);
        if snoozed.is_ok() {
            (model.state, model.until) = (ConversationState::Snoozed, Some(until));
        }
    }

    async fn passes_on(&mut self, talk: usize, agent: usize, to: Option<usize>) {
        let (text, sentence) = self.word();
        let model = &mut self.talks[talk];
        let Some(ticket) = model.ticket.clone() else { return };
        let parting = Parting { said: Some((sentence, Trace::default())), note: Some("看一下".into()) };
        let passed = PassedOn { to: to.map(|to| AGENTS[to].to_owned()), parting };
        let passed = self.store.pass_on(&super::agent(AGENTS[agent]), &ticket, passed, &self.now).await;
        assert_eq!(passed.is_ok(), model.holds(agent), "{passed:?} while {:?}", model.state);
        if passed.is_ok() {
            model.lets_go(ConversationState::Waiting);
            model.log.push((Author::Assistant, text));
        }
    }

    async fn waits(&mut self, twice: bool) {
        for seen in self.store.due_waits(&staff(), 32, &self.now).await.unwrap() {
            let (text, sentence) = self.word();
            let said = Some((sentence, Trace::default()));
            let step = WaitMove { done: WaitDone::Updated, said, told_ahead: None };
            let went = self.store.move_wait(&staff(), &seen, step.clone(), &self.now).await.unwrap();
            assert!(matches!(went, WaitWent::Said(_)), "{went:?}");
            if twice {
                let again = self.store.move_wait(&staff(), &seen, step, &self.now).await.unwrap();
                assert_eq!(again, WaitWent::Gone);
            }
            let model = self.talks.iter_mut().find(|talk| talk.id == seen.conversation.id).unwrap();
            assert_eq!(model.state, ConversationState::Waiting);
            model.log.push((Author::Assistant, text));
        }
    }

    async fn is_gone(&mut self, agent: usize, twice: bool) {
        self.store.watch_tickets(&super::agent(AGENTS[agent])).await.unwrap();
        let owed = self.store.owed_by_watched(&staff()).await.unwrap();
        for seen in owed.into_iter().filter(|ticket| ticket.agent.as_deref() == Some(AGENTS[agent])) {
            let (text, sentence) = self.word();
            let fallen = FallenBack {
                due: None,
                announced: self.now.timestamp(),
                assignment: Assignment::ByLoad,
                said: Some((sentence, Trace::default())),
            };
            let went = self.store.fall_back(&staff(), &seen, fallen.clone(), &self.now).await.unwrap();
            assert!(matches!(went, WaitWent::Said(_)), "{went:?}");
            if twice {
                let again = self.store.fall_back(&staff(), &seen, fallen, &self.now).await.unwrap();
                assert_eq!(again, WaitWent::Gone);
            }
            let fallen = self.store.ticket_alone(&staff(), &seen.id).await.unwrap();
            assert_ne!(fallen.assignee.as_deref(), Some(AGENTS[agent]), "who is gone is not assigned it");
            let model = self.talks.iter_mut().find(|talk| talk.id == seen.conversation).unwrap();
            assert_eq!((model.state, model.agent), (ConversationState::Human, Some(agent)));
            model.lets_go(ConversationState::Waiting);
            model.log.push((Author::Assistant, text));
        }
    }

    async fn time_passes(&mut self) {
        self.pass(6);
        let woken = self.store.wake_snoozed(&staff(), &self.now).await.unwrap();
        let mut due = 0;
        for model in &mut self.talks {
            if model.until.is_some_and(|until| until <= self.now.timestamp()) {
                (model.state, model.until) = (ConversationState::Human, None);
                due += 1;
            }
        }
        assert_eq!(woken, due);
        assert_eq!(
            self.store.wake_snoozed(&staff(), &self.now).await.unwrap(),
            0,
            "nothing comes back twice"
        );
    }

    /// The store is as the model says.
    async fn check(&self) {
        let tickets = self.store.tickets(&staff(), &TicketFilter::default()).await.unwrap();
        for model in &self.talks {
            let kept = self.store.conversation(&model.scope, &model.id).await.unwrap();
            assert_eq!(kept.state, model.state);
            let of_talk = tickets.iter().filter(|ticket| ticket.conversation == model.id);
            let owed: Vec<_> = of_talk.filter(|ticket| ticket.status.is_owed()).collect();
            let expected = match model.state {
                ConversationState::Waiting => Some(TicketStatus::Open),
                ConversationState::Human => Some(TicketStatus::Claimed),
                ConversationState::Snoozed => Some(TicketStatus::Snoozed),
                ConversationState::Bot | ConversationState::Resolved => None,
            };
            assert_eq!(owed.iter().map(|ticket| ticket.status).collect::<Vec<_>>(), Vec::from_iter(expected));
            if let Some(ticket) = owed.first() {
                assert_eq!(Some(&ticket.id), model.ticket.as_ref());
                assert_eq!(ticket.agent.as_deref(), model.agent.map(|agent| AGENTS[agent]));
                assert_eq!(ticket.snoozed_until, model.until);
            }
            let waits: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM waits WHERE conversation = ?1")
                .bind(model.id.as_str())
                .fetch_one(self.store.readers())
                .await
                .unwrap();
            assert_eq!(
                waits,
                i64::from(model.state == ConversationState::Waiting),
                "while {:?}",
                model.state
            );
            let said = self.store.messages(&model.scope, &model.id).await.unwrap();
            let said: Vec<_> = said.into_iter().map(|message| (message.author, message.text)).collect();
            let log: Vec<_> = model.log.iter().filter(|(_, text)| !text.is_empty()).cloned().collect();
            assert_eq!(said, log);
            let events: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE conversation = ?1")
                .bind(model.id.as_str())
                .fetch_one(self.store.readers())
                .await
                .unwrap();
            assert_eq!(events, kept.last_event, "events are lost or doubled");
        }
    }
}

fn days() -> u32 {
    std::env::var("WARMDESK_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(DAYS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(days()))]

    #[test]
    fn no_day_at_the_desk_loses_or_doubles_anything(
        steps in prop::collection::vec((0..2_usize, happening()), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut day = Day::begin().await;
            for (talk, what) in steps {
                day.happens(talk, what).await;
                day.check().await;
            }
        });
    }
}

/// Two agents press the button in the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_claim_at_once_one_has_it() {
    let mut day = Day::begin().await;
    day.wants(0).await;
    let ticket = day.talks[0].ticket.clone().unwrap();
    let claim = |name: &'static str| {
        let (store, ticket, now) = (day.store.clone(), ticket.clone(), day.now.clone());
        tokio::spawn(async move { store.claim(&agent(name), &ticket, &now).await })
    };
    let claims = [claim(AGENTS[0]), claim(AGENTS[1])];
    let mut taken = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Ok(_) => taken += 1,
            Err(StoreError::Conflict(message)) => assert!(message.contains("is claimed by"), "{message}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 1);
}
