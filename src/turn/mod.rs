//! The path of one message, read top to bottom: understand, retrieve, decide, generate, guard.
//!
//! [`Turn::run`] is the whole path. `understand`, `decide` and `guard` are pure; `retrieve` reads records and
//! `generate` waits for the model, which is why the function is asynchronous. Nothing here writes: what is said and
//! what is opened goes through a [`Voice`], which stores it before anybody hears of it.

pub mod types;
mod memory;
pub mod trace;
pub mod voice;
pub mod meaning;
pub mod understand;
pub mod retrieve;
pub mod decide;
pub mod generate;
pub mod guard;
pub(crate) mod numerals;
mod days;
mod stopwatch;
mod outcome;

use std::sync::Arc;
use std::time::Instant;

use crate::desk::hours::BusinessHours;
use crate::knowledge::Knowledge;
use crate::model::ChatModel;
use decide::Situation;
use generate::speak::Speaker;
use retrieve::Source;
use stopwatch::Stopwatch;
use types::{Decision, Facts, TurnInput};

pub use generate::Limits;
pub use outcome::Outcome;
pub use voice::{Backing, Voice, VoiceError};

/// What every turn of a shop has in common.
#[derive(Clone)]
pub struct Turn<S> {
    /// The pack in force with what was prepared from it.
    pub rules: Arc<Rules>,
    /// Where bodies of records come from.
    pub source: S,
    /// The index.
    pub knowledge: Arc<Knowledge>,
    /// What writes the goals that are not wording.
    pub model: Arc<dyn ChatModel>,
    /// When people work.
    pub hours: Arc<BusinessHours>,
    /// How much the model may read and write, and for how long.
    pub limits: Limits,
}

pub use outcome::Rules;

impl<S: Source> Turn<S> {
    /// Answers one message. Sentences are said through `voice` as soon as the guard has let them out.
    ///
    /// # Errors
    /// Only if the voice fails, that is, if what is said cannot be stored or a person has taken over. Every other
    /// failure ends in approved wording.
    pub async fn run(
        &self,
        input: &TurnInput,
        started: Instant,
        voice: &mut impl Voice,
    ) -> Result<Outcome, VoiceError> {
        self.run_changed(input, started, voice, |decision, _| decision).await
    }

    /// As [`Turn::run`], with the decision changed before anything is done or said: for measuring what one stage is worth.
    ///
    /// # Errors
    /// As [`Turn::run`].
    pub async fn run_changed(
        &self,
        input: &TurnInput,
        started: Instant,
        voice: &mut impl Voice,
        change: impl FnOnce(Decision, &Facts) -> Decision,
    ) -> Result<Outcome, VoiceError> {
        let mut watch = Stopwatch::start(started);
        let pack = &self.rules.pack;

        let input = &*decide::recall(input, |text| self.rules.reader.accepts(text));
        let input = &meaning::of_message(input, &self.knowledge).await;
        watch.lap("embed");
        let mut reading = watch.time("understand", || understand::read(input, pack, &self.rules.reader));
        reading.vector = meaning::of_question(&reading, input, &self.knowledge).await;
        watch.lap("embed");

        let wanted = decide::wanted(pack, &reading, input);
        let gathered = retrieve::gather(&self.source, &self.knowledge, &reading, input, &wanted).await;
        watch.lap("retrieve");
        let (facts, failure) = match gathered {
            Ok(facts) => (facts, None),
            Err(error) => (Facts::default(), Some(error.to_string())),
        };

        let situation = Situation { input, reading: &reading, facts: &facts, pack, hours: &self.hours };
        let variables = retrieve::variables(&facts, input);
        let (decision, words) = watch.time("decide", || decide::decide(situation, variables));
        let facts = facts.with_verdicts(&decision.verdicts);
        let decision = change(decision, &facts);
        let situation = Situation { facts: &facts, ..situation };
        let backing = voice.back(&decision, &reading, &facts).await?;
        watch.lap("store");

        let mut speaker = Speaker::new(self, situation, (&decision, words, &backing), voice, &mut watch);
        match failure {
            None => speaker.speak().await?,
            Some(failure) => speaker.apologise_for(&failure).await?,
        }
        let spoken = speaker.finish();

        Ok(Outcome::new(situation, decision, backing, spoken, watch))
    }
}
