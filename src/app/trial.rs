//! What would be said to one message under other rules? A turn over the real records that stores nothing and that
//! nobody hears.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::connect::{Orders, ShopSource};
use crate::conversation::Services;
use crate::desk::hours::BusinessHours;
use crate::desk::queue::{DeskCounts, desk_status};
use crate::identity::{ConversationId, Scope, TicketId};
use crate::knowledge::Knowledge;
use crate::model::{AbsentModel, ChatModel, Embedder};
use crate::pack::types::Pack;
use crate::store::Store;
use crate::time::Now;
use crate::turn::guard::Vetted;
use crate::turn::types::{Commitment, Decision, Facts, Handoff, HandoffPlan, Reading, Refusal, TurnInput};
use crate::turn::{Backing, Limits, Outcome, Rules, Turn, Voice, VoiceError};

/// Everything a turn needs but its rules.
pub struct Trial {
    source: ShopSource,
    store: Store,
    knowledge: Arc<Knowledge>,
    model: Arc<dyn ChatModel>,
    hours: Arc<BusinessHours>,
    limits: Limits,
    answer_within_minutes: u32,
    now: Now,
}

impl Trial {
    /// Opens the records of a data folder. A server may be running on it.
    ///
    /// # Errors
    /// If the data folder cannot be read, or the settings make no sense.
    pub async fn open(
        data: &Path,
        config: &Config,
        (model, embedder): (Arc<dyn ChatModel>, Option<Arc<dyn Embedder>>),
        (orders, now): (Option<Orders>, Now),
    ) -> anyhow::Result<Self> {
        let store = Store::open(data).await?;
        let knowledge = Arc::new(super::open_knowledge(data, &store, embedder).await?);
        Ok(Self {
            source: ShopSource::new(store.clone(), orders),
            store,
            knowledge,
            model,
            hours: Arc::new(config.business_hours()?),
            limits: super::limits(config),
            answer_within_minutes: config.desk.answer_within_minutes,
            now,
        })
    }

    /// A trial over the services of a running application, without its model.
    pub(super) fn over(services: &Services) -> Self {
        Self {
            source: services.source.clone(),
            store: services.store.clone(),
            knowledge: Arc::clone(&services.knowledge),
            model: Arc::new(AbsentModel::new("none", "nobody hears what it would write")),
            hours: Arc::clone(&services.hours),
            limits: services.limits.clone(),
            answer_within_minutes: services.answer_within_business_minutes,
            now: services.clock.now(),
        }
    }

    /// What a pack says to the first message of somebody.
    ///
    /// # Errors
    /// Never for what the message says; only if the turn itself fails.
    pub async fn say(
        &self,
        pack: Arc<Pack>,
        scope: &Scope,
        conversation: &ConversationId,
        text: &str,
    ) -> anyhow::Result<Outcome> {
        self.say_by(Arc::new(Rules::new(pack)), scope, conversation, text).await
    }

    /// The same trial with another model, which may take so long for a reply.
    #[must_use]
    pub fn with_model(&self, model: Arc<dyn ChatModel>, deadline: Duration) -> Self {
        Self {
            source: self.source.clone(),
            store: self.store.clone(),
            knowledge: Arc::clone(&self.knowledge),
            model,
            hours: Arc::clone(&self.hours),
            limits: Limits { deadline, ..self.limits.clone() },
            answer_within_minutes: self.answer_within_minutes,
            now: self.now.clone(),
        }
    }

    /// Like [`Trial::say`], by rules that are prepared already.
    ///
    /// # Errors
    /// As [`Trial::say`].
    pub(super) async fn say_by(
        &self,
        rules: Arc<Rules>,
        scope: &Scope,
        conversation: &ConversationId,
        text: &str,
    ) -> anyhow::Result<Outcome> {
        self.say_changed(rules, (scope, conversation), text, |decision, _| decision).await
    }

    /// Like [`Trial::say`], by rules that are prepared already and with the decision changed before anything is said.
    ///
    /// # Errors
    /// As [`Trial::say`].
    pub async fn say_changed(
        &self,
        rules: Arc<Rules>,
        (scope, conversation): (&Scope, &ConversationId),
        text: &str,
        change: impl FnOnce(Decision, &Facts) -> Decision,
    ) -> anyhow::Result<Outcome> {
        let input = self.first_input(scope, conversation, text);
        self.run_changed(rules, &input, change).await
    }

    /// What a turn is given for somebody's first message.
    pub fn first_input(&self, scope: &Scope, conversation: &ConversationId, text: &str) -> TurnInput {
        TurnInput { scope: scope.clone(), ..self.input_at(conversation, text, self.now.clone()) }
    }

    /// What a turn of a conversation is given that nobody else waits beside, at a moment.
    pub fn input_at(&self, conversation: &ConversationId, text: &str, now: Now) -> TurnInput {
        TurnInput {
            conversation: conversation.clone(),
            desk: desk_status(&self.hours, DeskCounts::default(), self.answer_within_minutes, &now),
            ..TurnInput::first(text, now)
        }
    }

    /// One turn of a longer conversation, whose history and memory the caller keeps, with the decision changed before
    /// anything is said.
    ///
    /// # Errors
    /// As [`Trial::say`].
    pub async fn run_changed(
        &self,
        rules: Arc<Rules>,
        input: &TurnInput,
        change: impl FnOnce(Decision, &Facts) -> Decision,
    ) -> anyhow::Result<Outcome> {
        let turn = Turn {
            rules,
            source: self.source.clone(),
            knowledge: Arc::clone(&self.knowledge),
            model: Arc::clone(&self.model),
            hours: Arc::clone(&self.hours),
            limits: self.limits.clone(),
        };
        Ok(turn.run_changed(input, Instant::now(), &mut Unheard, change).await?)
    }

    /// Closes the records.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// Says nothing to anybody; its tickets have numbers and are nowhere.
struct Unheard;

fn handoff(plan: &HandoffPlan) -> Handoff {
    let ticket = TicketId::generate();
    Handoff { reason: plan.reason, detail: plan.detail.clone(), mode: plan.mode, ticket }
}

impl Voice for Unheard {
    async fn back(&mut self, decision: &Decision, _: &Reading, _: &Facts) -> Result<Backing, VoiceError> {
        let commitments = decision.commitments.iter().map(|planned| Commitment {
            kind: planned.kind.clone(),
            due: planned.due,
            backed_by: TicketId::generate().into(),
        });
        Ok(Backing {
            handoff: decision.handoff.as_ref().map(handoff),
            commitments: commitments.collect(),
            ..Backing::default()
        })
    }

    async fn say(&mut self, _: &Vetted) -> Result<(), VoiceError> {
        Ok(())
    }

    async fn open(&mut self, plan: &HandoffPlan, _: &[Refusal]) -> Result<Handoff, VoiceError> {
        Ok(handoff(plan))
    }

    fn announce(&mut self, _: &Handoff) {}

    fn is_heard(&self) -> bool {
        true
    }
}
