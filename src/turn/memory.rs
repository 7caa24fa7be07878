//! What does a conversation remember between turns: what was said, how the customer feels, and the matters it was
//! about?
//!
//! Feelings belong to the conversation; what failed belongs to the episode, the one matter it failed in. Both are
//! stored with the conversation, so they survive a restart.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::types::{EmotionLabel, Goal, Pending, Reading, Tier};
use crate::actions::{PromiseState, Standing};

/// The same matter within this time is the same matter again.
pub const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// How many emotions are kept for the trend.
const EMOTIONS: usize = 10;
/// How many episodes are kept; nobody comes back to the ninth.
const EPISODES: usize = 8;
/// A colleague who gives a matter back has judged that it can go on here, so it does not begin at the top of the
/// ladder again: at most so many points are kept.
const POINTS_AFTER_RETURN: u32 = 3;

/// What a conversation remembers between turns. It is stored with the conversation as JSON; unknown fields of
/// another version are ignored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Whether the assistant has said what it is.
    pub introduced: bool,
    /// The scenario of the turn before.
    pub scenario: Option<String>,
    /// The intent of the turn before.
    pub intent: Option<String>,
    /// The resolved question of the turn before.
    pub question: Option<String>,
    /// The fact id of the order being talked about.
    pub order: Option<String>,
    /// The fact ids of products talked about, latest last, at most five.
    pub products: Vec<String>,
    /// Ids of wordings already said, so that none is said twice.
    pub said: Vec<String>,
    /// Turns in a row that were not understood.
    pub not_understood: u32,
    /// A question the assistant asked and waits for: its kind.
    pub pending: Option<Pending>,
    /// Emotion labels and intensities of the last turns, oldest first, at most ten.
    pub emotions: Vec<(EmotionLabel, f32)>,
    /// The matters of this conversation, oldest first.
    pub episodes: Vec<Episode>,
    /// The number of the episode that is talked about.
    pub current: Option<u32>,
    /// How often people have closed the conversation, as far as the episodes know.
    pub closed_by_people: u32,
    /// Until when a person was announced to be there.
    pub announced: Option<Timestamp>,
}

/// One matter of a conversation, from its first question to its solution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Episode {
    /// Counts up within the conversation.
    pub number: u32,
    /// What kind of matter it is.
    pub matter: Concern,
    /// Its latest scenario.
    pub scenario: String,
    /// Its latest intent.
    pub intent: String,
    /// Its latest whole question, with private data masked.
    pub question: String,
    /// The fact id of its order.
    pub order: Option<String>,
    /// The fact id of its product.
    pub product: Option<String>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When the customer last wrote about it.
    pub last_at: Timestamp,
    /// How it stands.
    pub state: EpisodeState,
    /// How often the customer has come with it: again after a while, or in another conversation of the same day.
    pub contacts: u32,
    /// Where it stands on the impatience ladder.
    pub position: Position,
    /// Customer turns without a confirmed solution.
    pub unresolved_turns: u32,
    /// Whether the customer declined an offered handoff.
    pub handoff_declined: bool,
    /// Places of wording by which something was asked for: each only once.
    pub asked: Vec<String>,
    /// What was asked for and is not there yet.
    pub open_slots: Vec<String>,
    /// Goals that were met in it.
    pub met: Vec<Goal>,
    /// The highest tier at which comfort was said.
    pub comforted: Option<Tier>,
    /// Whether an apology was said.
    pub apologised: bool,
    /// What was promised and not answered yet.
    pub promises: Vec<Promised>,
    /// What the customer needs it for, in their own words: "周日出院要穿".
    pub need: Option<String>,
    /// Whether it was opened in an earlier conversation of the same customer.
    pub elsewhere: bool,
}

/// Something promised in an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// Its kind in the pack.
    pub kind: String,
    /// By when.
    pub due: Timestamp,
}

/// What an episode is about. One order's parcel and its invoice are two matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Choosing and buying: products, sizes, stock, prices, promotions.
    #[default]
    Shopping,
    /// Where a parcel is, when it is sent, changes before it is sent.
    Parcel,
    /// Returns, refunds, exchanges, quality, warranty.
    AfterSale,
    /// Paying.
    Payment,
    /// Invoices.
    Invoice,
    /// Membership and points.
    Membership,
    /// A complaint that names no matter.
    Complaint,
}

/// How an episode stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeState {
    /// Being talked about.
    #[default]
    Open,
    /// Named and put off: the assistant said that it goes on with it.
    Parked,
    /// The customer accepted the answer, or a person solved it.
    Resolved,
    /// A person has it.
    WithPeople,
}

/// Where an episode stands on the impatience ladder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Points gathered.
    pub points: u32,
    /// Whether the objective breach is counted.
    pub breach_counted: bool,
    /// The tier of its last answer.
    pub tier: Tier,
    /// Failed answers in a row at this tier.
    pub failures: u32,
    /// Whether health or safety is at stake: it stays soothing until people close it.
    pub danger: bool,
}

impl Memory {
    /// The episode that is talked about.
    pub fn episode(&self) -> Option<&Episode> {
        self.episodes.iter().find(|episode| Some(episode.number) == self.current)
    }

    /// Keeps an episode as the one that is talked about, in place of how it stood before.
    pub fn put_current(&mut self, episode: Episode) {
        self.current = Some(episode.number);
        self.put(episode);
    }

    /// Keeps an episode, in place of how it stood before.
    pub fn put(&mut self, episode: Episode) {
        match self.episodes.iter_mut().find(|known| known.number == episode.number) {
            Some(known) => *known = episode,
            None => self.episodes.push(episode),
        }
        let surplus = self.episodes.len().saturating_sub(EPISODES);
        self.episodes.drain(..surplus);
    }

    /// The number of the next episode.
    pub fn next_number(&self) -> u32 {
        self.episodes.iter().map(|episode| episode.number).max().unwrap_or(0) + 1
    }

    /// Keeps how the customer feels now, for the trend.
    pub fn feel(&mut self, label: EmotionLabel, intensity: f32) {
        self.emotions.push((label, intensity));
        let surplus = self.emotions.len().saturating_sub(EMOTIONS);
        self.emotions.drain(..surplus);
    }

    /// Keeps what a message asked and how the customer felt, where nothing else of its turn is known.
    pub fn asked(&mut self, reading: &Reading) {
        self.question = Some(reading.question.clone());
        let intent = reading.intents.first().map(|first| first.intent.clone());
        self.intent = intent.or(self.intent.take());
        self.feel(reading.emotion.label, reading.emotion.intensity);
    }

    /// Health or safety is at stake in the matter that is talked about.
    pub fn endanger(&mut self) {
        let current = self.current;
        if let Some(episode) = self.episodes.iter_mut().find(|episode| Some(episode.number) == current) {
            episode.position.danger = true;
        }
    }

    /// Somebody waits longer than was announced: it counts in the episode, and `until` is announced instead.
    pub fn waited(&mut self, until: Option<Timestamp>) {
        self.announced = until;
        let current = self.current;
        if let Some(episode) = self.episodes.iter_mut().find(|episode| Some(episode.number) == current) {
            episode.position.points += 1;
        }
    }

    /// What a new conversation of the same customer has to know of this one: what people did not solve and is at most a
    /// day old. Whoever said "好的" and comes again all the same comes a second time.
    pub fn unsolved(&self, now: Timestamp) -> impl Iterator<Item = Episode> + '_ {
        let recent = move |episode: &&Episode| {
            episode.matter != Concern::Shopping
                && !episode.elsewhere
                && episode.state != EpisodeState::Parked
                && episode.contacts > 0
                && now.duration_since(episode.last_at) <= A_DAY
        };
        self.episodes.iter().filter(recent).map(|episode| Episode { elsewhere: true, ..episode.clone() })
    }

    /// Takes notice of what became of the promises of this and the customer's other conversations: what was kept is owed no
    /// more, and what was put off is owed by its new time.
    #[must_use]
    pub fn after_promises(mut self, standing: &Standing) -> Self {
        for episode in &mut self.episodes {
            episode.promises.retain_mut(|promised| {
                // The latest of a kind is the one that was spoken of.
                let promises = standing.promises.iter().chain(&standing.promises_elsewhere);
                let Some(known) = promises.into_iter().find(|known| known.kind == promised.kind) else {
                    return true;
                };
                if known.state.is_open() {
                    promised.due = known.due;
                }
                known.state != PromiseState::Kept
            });
        }
        self
    }

    /// Takes notice of what people did meanwhile, before the assistant answers again. `closed` is how often they
    /// have closed the conversation: a matter that people closed is solved, and what failed before counts no more.
    /// One that they gave back goes on, but not from the top of the ladder.
    #[must_use]
    pub fn after_people(mut self, closed: u32) -> Self {
        let solved = closed > self.closed_by_people;
        // What was asked before people came is answered or forgotten.
        if solved || self.episodes.iter().any(|episode| episode.state == EpisodeState::WithPeople) {
            self.pending = None;
        }
        for episode in &mut self.episodes {
            let returned = episode.state == EpisodeState::WithPeople;
            if solved && (returned || episode.position.danger) {
                episode.solve();
            } else if returned {
                episode.give_back();
            }
        }
        // Whoever was announced has come.
        self.announced = None;
        self.closed_by_people = closed;
        self
    }
}

impl Episode {
    /// Nothing of what failed counts any more.
    pub fn solve(&mut self) {
        self.state = EpisodeState::Resolved;
        self.position = Position::default();
        self.unresolved_turns = 0;
        self.contacts = 0;
        self.handoff_declined = false;
        self.promises.clear();
        self.open_slots.clear();
    }

    fn give_back(&mut self) {
        self.state = EpisodeState::Open;
        self.position.points = self.position.points.min(POINTS_AFTER_RETURN);
        self.position.failures = 0;
        self.unresolved_turns = 0;
        self.handoff_declined = false;
        self.promises.clear();
    }
}
