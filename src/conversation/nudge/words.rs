//! What is said first, and what goes with it: approved wording that the guard lets out, why the customer reads it, and the
//! action that is begun with it.

use serde_json::{Value, json};

use super::{Conversations, Ready};
use crate::actions::Executor;
use crate::conversation::ticket;
use crate::conversation::word::{HISTORY, Kind, Speech};
use crate::identity::MessageId;
use crate::pack::proactive::{GOALS, OFFERS, Purpose, place_of, why_place_of};
use crate::proactive::{Consents, Known, Remembered};
use crate::record::RecordKind;
use crate::store::{
    Brought, Conversation, NewAction, NewPromise, NudgeWord, StoreError, Undertaken, Undertaking,
};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{
    Choice, Fact, Facts, Goal, HandoffMode, HandoffPlan, HandoffReason, PastMessage, Pending, Reading,
};

/// What a nudge is said from.
pub(super) struct Saying<'a> {
    pub ready: &'a Ready<'a>,
    pub known: &'a Known,
    /// What the customer has agreed to.
    pub consents: Consents,
    /// The action that was begun with it, and its promise.
    pub undertaken: &'a Undertaken,
    /// What conditions and slots read.
    pub variables: &'a Value,
}

impl Conversations {
    /// The words of a nudge; none if nothing can be said, or not why.
    pub(super) async fn word_of(
        &self,
        saying: &Saying<'_>,
        conversation: &Conversation,
    ) -> Result<Option<NudgeWord>, StoreError> {
        let Ready { rule, scope, .. } = *saying.ready;
        let history = self.services().store.history(scope, &conversation.id, None, HISTORY).await?;
        let speech = saying.speech(&history);
        let mut refused = Vec::new();
        let mut sentences: Vec<SentenceTrace> = Vec::new();
        let wanted =
            GOALS.iter().filter(|goal| saying.consents.marketing == Some(true) || !OFFERS.contains(goal));
        for goal in wanted {
            let kind = Kind { places: vec![place_of(&rule.id)], goal: *goal };
            sentences.extend(speech.say(&kind, &mut refused).map(|word| word.told(String::new()).0));
        }
        let why = Kind { places: vec![why_place_of(&rule.id)], goal: Goal::Explain };
        let Some(why) = speech.say(&why, &mut refused).filter(|_| !sentences.is_empty()) else {
            return Ok(None);
        };
        let choices: Vec<Choice> = rule
            .choices
            .iter()
            .map(|choice| Choice { label: choice.label.clone(), say: choice.say.clone() })
            .collect();
        let trace = Trace {
            sentences: sentences.clone(),
            refused,
            choices: choices.clone(),
            notes: vec![saying.ready.note()],
            ..Trace::default()
        };
        Ok(Some(NudgeWord {
            conversation: conversation.id.clone(),
            sentences,
            why: why.told(String::new()).0.text,
            trace,
            outside: saying.may_leave_the_page(),
            commitments: saying.undertaken.commitments.clone(),
            remembers: saying.remembered(choices),
        }))
    }

    /// Begins the action of a rule with its promise, before a word rests on it. An action that is open already is only
    /// spoken of.
    pub(super) async fn begin_action(
        &self,
        ready: &Ready<'_>,
        (conversation, known, variables): (&Conversation, &Known, &Value),
    ) -> Result<Undertaken, StoreError> {
        let services = self.services();
        let Ready { pack, rule, scope, now, .. } = *ready;
        let kind = rule.does.as_ref().and_then(|does| pack.actions.kinds.get(does));
        let Some(kind) = kind else { return Ok(Undertaken::default()) };
        let Some(args) = kind.arguments_from(variables, |_| None) else { return Ok(Undertaken::default()) };
        let minutes = pack.promises.get(&kind.promise).map(|promise| promise.within_business_minutes);
        let minutes = minutes.unwrap_or(services.promises.put_off_minutes);
        let due = services.hours.due_in_business_minutes(now, minutes);
        let by_system = services.executes && kind.policy.is_none() && !kind.confirm;
        let action = NewAction {
            kind: kind.id.clone(),
            identity: kind.identity(&args, conversation.id.as_str()),
            args,
            confirmed: false,
            by: if by_system { kind.by } else { Executor::Person },
            due,
        };
        let history = services.store.history(scope, &conversation.id, None, HISTORY).await?;
        let task = self.task_for(ready, (conversation, &history, known), (&kind.task, due)).await?;
        let undertaking = Undertaking {
            conversation: conversation.id.clone(),
            handoff: None,
            promises: vec![NewPromise {
                kind: kind.promise.clone(),
                due,
                brought: Brought::ByNew(action),
                task,
            }],
            flows: Vec::new(),
            remind_before: services.promises.remind_before,
        };
        services.store.undertake(scope, undertaking, now).await
    }

    /// The ticket of the person who has to do it, where the shop's own system does not.
    async fn task_for(
        &self,
        ready: &Ready<'_>,
        (conversation, history, known): (&Conversation, &[PastMessage], &Known),
        (task, due): (&str, jiff::Timestamp),
    ) -> Result<crate::store::NewTicket, StoreError> {
        let plan = HandoffPlan {
            reason: HandoffReason::ComplexAfterSale,
            detail: ready.rule.does.clone(),
            mode: HandoffMode::Async,
            why: task.to_owned(),
        };
        let facts = Facts { found: evidence(known, None), ..Facts::default() };
        let case = ticket::Case {
            scope: ready.scope,
            conversation: &conversation.id,
            history,
            message: &MessageId::generate(),
            reading: &Reading::default(),
            facts: &facts,
            refused: &[],
        };
        let note = ticket::note(self.services(), &case).await?;
        Ok(ticket::planned(&conversation.id, &plan, due, note))
    }
}

impl Ready<'_> {
    /// What led to the word, for staff. How old a child is, which the cause of care tells, is nobody's to read.
    fn note(&self) -> String {
        let Ready { rule, nudge, .. } = self;
        let cause = if rule.purpose == Purpose::Care { "a child" } else { nudge.cause.as_str() };
        format!("the rule {} for {cause}, begun by the event {}", rule.id, nudge.event.id)
    }
}

impl Saying<'_> {
    fn speech<'s>(&'s self, history: &'s [PastMessage]) -> Speech<'s> {
        let Ready { pack, rule, nudge, now, .. } = *self.ready;
        let mut variables = self.variables.clone();
        variables["shop"] = json!({ "name": pack.voice.shop });
        variables["assistant"] = json!({ "name": pack.voice.assistant });
        if let Some(given) = self.undertaken.commitments.first() {
            let due = now.at(given.due).to_string();
            variables["commitment"] = json!({ "due": due, "kind": given.kind });
        }
        if let Some(action) = self.undertaken.actions.first() {
            let name = pack.actions.kinds.get(&action.kind).map_or(action.kind.as_str(), |kind| &kind.name);
            variables["action"] = action.as_variable(name);
        }
        Speech {
            pack,
            history,
            now,
            seed: nudge.event.at.as_millisecond().unsigned_abs(),
            variables,
            facts: evidence(self.known, self.known.offered(rule.offers)),
            done: self.done(),
        }
    }

    /// Outside the shop's pages nobody is told anything without a consent on record.
    fn may_leave_the_page(&self) -> bool {
        let agreed = match self.ready.rule.purpose {
            Purpose::Order => self.consents.transactional,
            Purpose::Offer | Purpose::Care => self.consents.marketing,
        };
        agreed == Some(true)
    }

    /// The records by which what was begun may be told.
    fn done(&self) -> Vec<String> {
        let actions = self.undertaken.actions.iter();
        let begun =
            actions.filter_map(|action| crate::actions::record_of(&action.kind, action.by, action.state));
        let ticket = self.undertaken.commitments.first().map(|_| "ticket_opened".to_owned());
        begun.chain(ticket).collect()
    }

    /// What the conversation remembers, so that "多少钱" and "要" are understood.
    fn remembered(&self, choices: Vec<Choice>) -> Remembered {
        let event = &self.ready.nudge.event;
        let offered = self.known.offered(self.ready.rule.offers).map(|fact| fact.id.clone());
        let product = event.product.as_ref().map(|id| format!("{}:{id}", RecordKind::Product.as_str()));
        let yes = self.ready.rule.said_by_yes().map(str::to_owned);
        Remembered {
            product: offered.filter(|_| self.consents.marketing == Some(true)).or(product),
            order: event.order.as_ref().map(|order| format!("{}:{order}", RecordKind::Order.as_str())),
            offered: Pending::Nudge { choices, yes, product: event.product.clone() },
        }
    }
}

/// What may be told: everything that is known but the customer's own record, and what is offered.
fn evidence(known: &Known, offered: Option<&Fact>) -> Vec<Fact> {
    let told = known.facts.iter().filter(|fact| fact.kind != RecordKind::Customer);
    told.chain(offered).cloned().collect()
}
