//! Says the goals of a decision in order: vetted wording at once, the model's sentences as they pass the guard,
//! and what is approved in place of what does not pass.

use std::time::Instant;

use super::prompt;
use crate::actions::{BackedBy, record_of};
use crate::model::{Generation, GenerationRequest, GenerationUsage, ModelError, ModelState, Piece};
use crate::turn::Turn;
use crate::turn::decide::{MOST_BUBBLES, Situation, Words, asks, late_handoff};
use crate::turn::guard::{self, GoalOrder, Grounds, GuardContext, SentenceSplitter, Vetted};
use crate::turn::stopwatch::Stopwatch;
use crate::turn::trace::{ModelTiming, SentenceTrace};
use crate::turn::types::{
    By, Commitment, Decision, Draft, Goal, GuardReason, Handoff, HandoffReason, ModelBrief, PlannedGoal,
    Realisation, Refusal,
};
use crate::turn::voice::{Backing, Voice, VoiceError};

/// What was said.
#[derive(Debug, Default)]
pub struct Spoken {
    /// The sentences, in order.
    pub sentences: Vec<SentenceTrace>,
    /// Drafts that were not let out.
    pub refused: Vec<Refusal>,
    /// Ids of the wordings that were said.
    pub wordings: Vec<String>,
    /// Why the reply took the way it took.
    pub notes: Vec<String>,
    /// A handoff that only turned out to be needed while speaking.
    pub late_handoff: Option<Handoff>,
}

/// Speaks one turn.
pub struct Speaker<'a, S, V> {
    turn: &'a Turn<S>,
    situation: Situation<'a>,
    voice: &'a mut V,
    watch: &'a mut Stopwatch,
    deadline: Instant,
    backing: &'a Backing,
    decision: &'a Decision,
    /// The wording of the decision, for a line that only turns out to be needed while speaking.
    words: Words<'a>,
    spoken: Spoken,
    /// Values that are true without being facts: due times, queue, names of shop and assistant.
    backed: Vec<String>,
    /// What the guard reads once for all drafts of the turn.
    grounds: Grounds<'a>,
}

/// How a goal ended.
enum Met {
    /// Something was said for it.
    Said,
    /// Nothing could be said for it, and why.
    Gap(HandoffReason, String),
}

impl<'a, S, V: Voice> Speaker<'a, S, V> {
    /// A speaker for a decision whose tickets are stored.
    pub fn new(
        turn: &'a Turn<S>,
        situation: Situation<'a>,
        (decision, words, backing): (&'a Decision, Words<'a>, &'a Backing),
        voice: &'a mut V,
        watch: &'a mut Stopwatch,
    ) -> Self {
        let deadline = watch.started() + turn.limits.deadline;
        let backed = backed_values(decision);
        let Situation { input, reading, facts, pack, .. } = situation;
        let grounds = Grounds::new(pack, &reading.question, facts, &input.now);
        let spoken = Spoken::default();
        Self { turn, situation, voice, watch, deadline, backing, decision, words, spoken, backed, grounds }
    }

    /// Says every goal in order. The first one that matters and cannot be met ends in a handoff.
    pub async fn speak(&mut self) -> Result<(), VoiceError> {
        let mut gap = None;
        for planned in &self.decision.goals {
            if self.is_full() && !has_to_be_said(planned.goal) {
                self.spoken.notes.push(format!("{:?} found no room", planned.goal).to_lowercase());
                continue;
            }
            if let Met::Gap(reason, why) = self.meet(planned).await? {
                self.spoken.notes.push(format!("{:?} was not met: {why}", planned.goal).to_lowercase());
                if planned.goal.matters() && self.backing.handoff.is_none() {
                    return self.hand_over_late(reason, &why).await;
                }
                gap.get_or_insert((reason, why));
            }
        }
        // What is left out may be all there was to say.
        let says = self.spoken.sentences.iter().any(|sentence| sentence.goal.is_step());
        if let Some((reason, why)) = gap.filter(|_| !says && self.backing.handoff.is_none()) {
            return self.hand_over_late(reason, &why).await;
        }
        if let Some(handoff) = &self.backing.handoff {
            self.voice.announce(handoff);
        }
        Ok(())
    }

    /// Facts could not be read: nothing can be answered, so a person is asked to.
    pub async fn apologise_for(&mut self, failure: &str) -> Result<(), VoiceError> {
        self.spoken.notes.push(format!("facts could not be read: {failure}"));
        self.hand_over_late(HandoffReason::Unavailable, failure).await
    }

    /// What was said.
    pub fn finish(self) -> Spoken {
        self.spoken
    }

    async fn meet(&mut self, planned: &PlannedGoal) -> Result<Met, VoiceError> {
        let gap = match &planned.realisation {
            Realisation::Ready(draft) => match self.try_say(draft).await? {
                true => return Ok(Met::Said),
                false => (HandoffReason::GuardRefused, "the guard refused the wording".to_owned()),
            },
            Realisation::Model(brief) => match self.write(planned.goal, brief).await? {
                Met::Said => return Ok(Met::Said),
                Met::Gap(reason, why) => (reason, why),
            },
        };
        self.spoken.notes.push(gap.1.clone());
        for draft in &planned.fallback {
            if self.try_say(draft).await? {
                return Ok(Met::Said);
            }
        }
        Ok(Met::Gap(gap.0, gap.1))
    }

    /// Vets a draft and says it. Whether it was let out.
    async fn try_say(&mut self, draft: &Draft) -> Result<bool, VoiceError> {
        match self.vet(draft) {
            Ok(vetted) => {
                self.say(&vetted).await?;
                self.spoken.wordings.extend(draft.wording.clone());
                Ok(true)
            }
            Err(refusal) => {
                self.spoken.refused.push(refusal);
                Ok(false)
            }
        }
    }

    fn vet(&mut self, draft: &Draft) -> Result<Vetted, Refusal> {
        let done = self.done();
        let said: Vec<_> = self.spoken.sentences.iter().map(|sentence| sentence.goal).collect();
        let context = GuardContext {
            grounds: &self.grounds,
            emotion: &self.situation.reading.emotion,
            stage: self.decision.scenario.stage,
            tier: self.decision.tier,
            backed: &self.backed,
            done: &done,
            order: self.order(&said),
        };
        let started = Instant::now();
        let result = guard::vet(draft, &context);
        self.watch.add("guard", crate::turn::stopwatch::milliseconds(started.elapsed()));
        result
    }

    /// Where in the reply the next sentence stands.
    fn order<'g>(&self, said: &'g [Goal]) -> GoalOrder<'g> {
        let emotion = &self.situation.reading.emotion;
        let earlier = self.situation.input.memory.episode();
        GoalOrder {
            class: self.decision.class,
            said,
            upset: emotion.label.is_negative(),
            breach: self.decision.breach,
            comforted: earlier.is_some_and(|episode| episode.comforted.is_some() || episode.apologised),
            in_reply: true,
        }
    }

    /// How many sentences the model may say: what was said and what has to follow leave, and always one.
    fn room(&self) -> usize {
        let ready = |planned: &&PlannedGoal| matches!(planned.realisation, Realisation::Ready(_));
        let planned =
            self.decision.goals.iter().filter(ready).filter(|planned| has_to_be_said(planned.goal)).count();
        let said = &self.spoken.sentences;
        let done = said.iter().filter(|sentence| has_to_be_said(sentence.goal)).count();
        MOST_BUBBLES.saturating_sub(said.len() + planned.saturating_sub(done)).max(1)
    }

    /// Whether the reply is as long as one may be.
    fn is_full(&self) -> bool {
        self.spoken.sentences.len() >= MOST_BUBBLES
    }

    /// Whether a question is asked in this reply already, or will be by approved wording.
    fn is_asked(&self) -> bool {
        let planned =
            self.decision.goals.iter().any(
                |planned| matches!(&planned.realisation, Realisation::Ready(draft) if asks(&draft.text)),
            );
        planned || self.spoken.sentences.iter().any(|sentence| asks(&sentence.text))
    }

    /// What is on record: tickets that were stored in this turn, and actions of this conversation.
    fn done(&self) -> Vec<String> {
        let handed_over = self.backing.handoff.is_some() || self.spoken.late_handoff.is_some();
        let by_person = |commitment: &Commitment| matches!(commitment.backed_by, BackedBy::Ticket(_));
        let ticket = handed_over || self.backing.commitments.iter().any(by_person);
        let records = [("ticket_opened", ticket), ("handoff", handed_over)];
        let tickets = records.into_iter().filter(|(_, done)| *done).map(|(record, _)| record.to_owned());
        let begun = self.backing.actions.iter();
        let begun = begun.filter_map(|action| record_of(&action.kind, action.by, action.state));
        let input = self.situation.input;
        tickets.chain(begun).chain(input.standing.records(&input.conversation)).collect()
    }

    async fn say(&mut self, vetted: &Vetted) -> Result<(), VoiceError> {
        self.voice.say(vetted).await?;
        self.watch.first_sentence();
        self.spoken.sentences.push(SentenceTrace {
            text: vetted.text().to_owned(),
            goal: vetted.goal(),
            by: vetted.by(),
            evidence: vetted.evidence().to_vec(),
        });
        Ok(())
    }

    /// Lets the model write. Each sentence is vetted before its first character is sent; after the first refusal the
    /// model is stopped, because what follows would rest on what was refused. Only what answers nothing is passed over.
    async fn write(&mut self, goal: Goal, brief: &ModelBrief) -> Result<Met, VoiceError> {
        let mut generation = match self.ask(brief) {
            Ok(generation) => generation,
            Err(error) => return Ok(Met::Gap(self.reason_without_model(), format!("model: {error}"))),
        };
        let mut splitter = SentenceSplitter::new();
        let (mut said, mut trouble, mut ended) = (0, None, false);
        let room = self.room();
        while let Some(piece) = self.next(&mut generation).await {
            let sentences = match piece {
                Piece::Text(text) => splitter.push(&text),
                Piece::Done(usage) => {
                    ended = true;
                    self.note_usage(&usage);
                    splitter.finish()
                }
                Piece::Failed(error) => {
                    trouble = Some((HandoffReason::Unavailable, format!("model: {error}")));
                    break;
                }
            };
            for sentence in sentences {
                if asks(&sentence) && self.is_asked() {
                    self.spoken.notes.push("a second question of the model was left out".to_owned());
                    continue;
                }
                if self.try_say(&model_draft(goal, brief, sentence)).await? {
                    said += 1;
                } else if !self.was_idle() {
                    trouble = Some((HandoffReason::GuardRefused, "the guard refused the model".to_owned()));
                }
                if trouble.is_some() || said >= room {
                    break;
                }
            }
            if ended || trouble.is_some() || said >= room {
                break;
            }
        }
        if !ended {
            self.note_usage(&generation.spent());
        }
        if said > 0 {
            return Ok(Met::Said);
        }
        let (reason, why) =
            trouble.unwrap_or((HandoffReason::NoEvidence, "the model wrote nothing".to_owned()));
        Ok(Met::Gap(reason, why))
    }

    /// Whether the last refusal was of a sentence that answers nothing, on which nothing rests.
    fn was_idle(&self) -> bool {
        self.spoken.refused.last().is_some_and(|refusal| refusal.reason == GuardReason::NotAnswered)
    }

    /// A shop that runs without a model on purpose, or has no weights yet, has no broken part: what no record answers
    /// is simply not known.
    fn reason_without_model(&self) -> HandoffReason {
        match self.turn.model.state() {
            ModelState::Absent { .. } => HandoffReason::NoEvidence,
            _ => HandoffReason::Unavailable,
        }
    }

    fn ask(&mut self, brief: &ModelBrief) -> Result<Generation, ModelError> {
        let limits = &self.turn.limits;
        let model = self.turn.model.as_ref();
        let prompt = prompt::build(self.situation, self.decision, brief, model, limits.prompt_tokens)
            .map_err(|error| ModelError::Prompt(error.to_string()))?;
        self.turn.model.generate(GenerationRequest {
            prompt,
            max_tokens: limits.answer_tokens,
            sampling: limits.sampling,
            deadline: self.deadline,
        })
    }

    /// The next piece, unless the deadline has passed or nobody listens any more.
    async fn next(&mut self, generation: &mut Generation) -> Option<Piece> {
        if !self.voice.is_heard() {
            return Some(Piece::Failed(unavailable("nobody listens any more")));
        }
        match tokio::time::timeout_at(self.deadline.into(), generation.next()).await {
            Ok(piece) => piece,
            Err(_) => Some(Piece::Failed(unavailable("the deadline has passed"))),
        }
    }

    fn note_usage(&mut self, usage: &GenerationUsage) {
        self.watch.add("queue", usage.queue_ms);
        self.watch.model(ModelTiming {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            generated_tokens: usage.generated_tokens,
            queue_ms: usage.queue_ms,
            prompt_ms: usage.prompt_ms,
            decode_ms: usage.decode_ms,
        });
    }

    /// Opens a ticket, says the approved line, announces the handoff: in this order.
    async fn hand_over_late(&mut self, reason: HandoffReason, why: &str) -> Result<(), VoiceError> {
        let (plan, line) = late_handoff(reason, self.decision.scenario.stage, why, &mut self.words);
        let handoff = self.voice.open(&plan, &self.spoken.refused).await?;
        self.spoken.late_handoff = Some(handoff.clone());
        if let Some(line) = line {
            self.backed.extend(backed_by_the_desk(&line));
            self.try_say(&line).await?;
        }
        self.voice.announce(&handoff);
        Ok(())
    }
}

/// Whether a reply is none without this goal. A closing question gives way to the rest of an answer.
fn has_to_be_said(goal: Goal) -> bool {
    goal.matters() && goal != Goal::Confirm
}

fn unavailable(reason: &str) -> ModelError {
    ModelError::Unavailable { reason: reason.to_owned() }
}

fn model_draft(goal: Goal, brief: &ModelBrief, text: String) -> Draft {
    Draft {
        text,
        goal,
        by: By::Model,
        evidence: brief.evidence.clone(),
        wording: None,
        slots: std::collections::BTreeMap::new(),
    }
}

/// The slot values of a decision that do not come from records.
fn backed_values(decision: &Decision) -> Vec<String> {
    let drafts = decision.goals.iter().flat_map(|planned| {
        let ready = match &planned.realisation {
            Realisation::Ready(draft) => Some(draft),
            Realisation::Model(_) => None,
        };
        ready.into_iter().chain(&planned.fallback)
    });
    drafts.flat_map(backed_by_the_desk).collect()
}

/// The slot values of a wording behind which tickets, the desk and the pack stand, not records. Each also with what
/// follows it in the text, because a number means something only with its unit: `3` and `3分钟`.
pub fn backed_by_the_desk(draft: &Draft) -> Vec<String> {
    const NOT_RECORDS: [&str; 9] =
        ["desk", "commitment", "shop", "assistant", "conversation", "choices", "guess", "flow", "event"];
    let mut backed = Vec::new();
    for (path, value) in &draft.slots {
        if !NOT_RECORDS.contains(&path.split('.').next().unwrap_or_default()) {
            continue;
        }
        for (offset, _) in draft.text.match_indices(value.as_str()) {
            let unit: String = draft.text[offset + value.len()..].trim_start().chars().take(2).collect();
            backed.push(format!("{value}{unit}"));
        }
        backed.push(value.clone());
    }
    backed
}
