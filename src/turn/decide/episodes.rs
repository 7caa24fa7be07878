//! Which matter is a message about: the one that is talked about, an earlier one, or a new one?
//!
//! An episode is one matter from its first question to its solution. Small talk, wishes for a person and what is not
//! understood belong to the matter that is talked about; everything else is told apart by what it is about and by
//! its order.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::SignedDuration;
use regex::Regex;

use super::Situation;
use super::memory::ORDER;
use super::scenario::{Chosen, UNCLEAR};
use super::situation::need_of;
use crate::pack::types::Scenario;
use crate::turn::types::{
    A_DAY, Author, Concern, Episode, EpisodeState, Feedback, Memory, Pending, Position, Stage, TurnInput,
};

/// After this silence the customer has come again with the matter.
const NEW_CONTACT: SignedDuration = SignedDuration::from_mins(30);

/// "那刚才那个呢", "回到前面的问题": nothing but the wish to go back.
static BACK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:(?:那么?|还有|再说|回到|说回|先说|继续)?(?:说|看|问)?(?:刚才|刚刚|前面|之前|先前|上一|上个|最开始)",
        r"(?:问|说|聊|提|讲)?的?(?:那|这)?一?(?:个|件|单|条)?(?:问题|事情|事儿|事|订单)?",
        r"(?:呢|怎么样了?|怎么办|咋样|咋办|吧|还没说|还没答)?",
        r"|(?:and |so )?(?:what about|back to|how about) (?:the |my )?(?:other|earlier|first|previous) ",
        r"(?:one|question|thing|matter|issue|order))[?？!！。,， ]*$",
    ))
    .expect("a fixed expression")
});

/// The episode of a turn, and how the message stands to it.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The episode as it is with this message. Its number is 0 if nothing of it is kept: small talk before any matter.
    pub episode: Episode,
    /// Whether the customer has come again with it.
    pub came_back: bool,
    /// Whether the same scenario answered the message before.
    pub same_scenario: bool,
    /// Whether a promise in it was not kept.
    pub promise_overdue: bool,
    /// Whether health or safety is at stake.
    pub danger: bool,
    /// Whether the customer comes back to it: what was said about it may be said again.
    pub recalled: bool,
    /// Whether this message names what the customer needs it for.
    pub names_need: bool,
}

impl Placed {
    /// The same, where the customer only goes on with what is under way.
    #[must_use]
    pub fn not_again(mut self) -> Self {
        if self.came_back {
            self.came_back = false;
            self.episode.contacts -= 1;
        }
        self
    }
}

/// The same input, if the customer comes back to an earlier matter with the memory set to that matter: "那刚才那个呢", or
/// "好的" when the assistant said that it goes on with a second one. `accepts` says whether a text is an acceptance.
pub fn recall(input: &TurnInput, accepts: impl Fn(&str) -> bool) -> Cow<'_, TurnInput> {
    let memory = &input.memory;
    let text = input.text.trim();
    let others = memory.episodes.iter().filter(|episode| {
        Some(episode.number) != memory.current && !episode.question.is_empty() && !episode.elsewhere
    });
    let latest = |episodes: &mut dyn Iterator<Item = &Episode>| {
        episodes.max_by_key(|episode| (episode.last_at, episode.number)).cloned()
    };
    // Where people have spoken meanwhile, "好" answers them.
    let by_people = input.history.iter().any(|message| message.author == Author::Staff);
    let meant = if BACK.is_match(text) {
        latest(&mut others.clone())
    } else if memory.pending.is_none() && !by_people && accepts(text) {
        latest(&mut others.clone().filter(|episode| episode.state == EpisodeState::Parked))
    } else {
        None
    };
    let Some(episode) = meant else { return Cow::Borrowed(input) };
    let mut recalled = input.clone();
    recalled.memory.recall(&episode);
    Cow::Owned(recalled)
}

impl Memory {
    fn recall(&mut self, episode: &Episode) {
        self.current = Some(episode.number);
        self.scenario = Some(episode.scenario.clone());
        self.intent = Some(episode.intent.clone());
        self.question = Some(episode.question.clone());
        self.order.clone_from(&episode.order);
        if let Some(product) = &episode.product {
            self.products.retain(|id| id != product);
            self.products.push(product.clone());
        }
        self.pending = Some(Pending::Recalled);
    }
}

/// What a scenario is about; `None` if it belongs to whatever is talked about.
pub fn matter_of(scenario: &Scenario) -> Option<Concern> {
    match scenario.topic.as_str() {
        "smalltalk" | "person_request" | "complaint" | "other" => None,
        // Whoever has not bought yet asks about returns and freight in order to choose.
        _ if scenario.stage == Stage::PreSale => Some(Concern::Shopping),
        "dispatch" | "logistics" | "delivery" | "order_change" => Some(Concern::Parcel),
        "returns" | "refund" | "exchange" | "quality" | "warranty" => Some(Concern::AfterSale),
        "payment" => Some(Concern::Payment),
        "invoice" => Some(Concern::Invoice),
        "membership" => Some(Concern::Membership),
        _ if scenario.stage == Stage::AfterSale => Some(Concern::AfterSale),
        _ => Some(Concern::Shopping),
    }
}

/// Finds or opens the episode of a turn.
pub fn place(situation: Situation<'_>, chosen: &Chosen<'_>) -> Placed {
    let Situation { input, facts, .. } = situation;
    let matter = matter_of(chosen.scenario);
    let order = facts.order().map(|fact| fact.id.clone());
    let known = found(&input.memory, matter, order.as_deref());
    let opens = matter.is_some() || chosen.scenario.topic == "complaint";
    let before = known.cloned().unwrap_or_else(|| Episode {
        number: if opens { input.memory.next_number() } else { 0 },
        matter: matter.unwrap_or(Concern::Complaint),
        opened_at: input.now.timestamp(),
        last_at: input.now.timestamp(),
        ..Episode::default()
    });
    let same_scenario = before.scenario == chosen.scenario.id || (matter.is_none() && known.is_some());
    let promise_overdue = overdue(&before, situation);
    let mut episode = before;
    let came_back = contact(&mut episode, chosen.scenario, situation);
    touch(&mut episode, chosen, situation);
    let danger = matches!(chosen.scenario.handoff.detail.as_deref(), Some("health" | "safety"));
    let recalled = input.memory.pending == Some(Pending::Recalled);
    let names_need = need_of(&situation.reading.text).is_some();
    Placed { episode, came_back, same_scenario, promise_overdue, danger, recalled, names_need }
}

/// The episode a matter belongs to: the one that is talked about before any other, and one that was talked about before
/// one that was only named.
fn found<'m>(memory: &'m Memory, matter: Option<Concern>, order: Option<&str>) -> Option<&'m Episode> {
    let current = memory.episode();
    let Some(matter) = matter else { return current };
    let goes_on = |episode: &&Episode| is_same(episode, matter, order) || grows(episode, matter, order);
    let same = || memory.episodes.iter().rev().filter(|episode| is_same(episode, matter, order));
    current
        .filter(goes_on)
        .or_else(|| same().find(|episode| episode.state != EpisodeState::Parked))
        .or_else(|| same().next())
}

fn is_same(episode: &Episode, matter: Concern, order: Option<&str>) -> bool {
    let about_orders = !matches!(matter, Concern::Shopping | Concern::Membership | Concern::Complaint);
    episode.matter == matter && (!about_orders || fits_order(episode, order))
}

fn fits_order(episode: &Episode, order: Option<&str>) -> bool {
    match (episode.order.as_deref(), order) {
        (Some(known), Some(order)) => known == order,
        _ => true,
    }
}

/// An unsolved trouble with one order stays one matter while it grows: "那我要退款" after a parcel that does not come.
fn grows(episode: &Episode, matter: Concern, order: Option<&str>) -> bool {
    let troubles = |matter| matches!(matter, Concern::Parcel | Concern::AfterSale | Concern::Complaint);
    let unsolved = episode.position.points > 0 && episode.state != EpisodeState::Resolved;
    let named = episode.matter == Concern::Complaint;
    (unsolved || named) && troubles(episode.matter) && troubles(matter) && fits_order(episode, order)
}

/// Counts how often the customer has come with a matter. Whether this message begins such a contact.
fn contact(episode: &mut Episode, scenario: &Scenario, situation: Situation<'_>) -> bool {
    let silence = situation.input.now.timestamp().duration_since(episode.last_at);
    let is_new = episode.contacts == 0;
    let again = is_new || episode.elsewhere || silence >= NEW_CONTACT;
    if !again || matter_of(scenario).is_none() || scenario.stage == Stage::PreSale {
        episode.contacts = episode.contacts.max(1);
        return false;
    }
    if silence > A_DAY {
        let danger = episode.position.danger;
        episode.position = Position { danger, ..Position::default() };
        episode.contacts = 0;
        episode.comforted = None;
        episode.apologised = false;
    }
    episode.contacts += 1;
    episode.elsewhere = false;
    episode.contacts > 1
}

/// A promise whose time has passed, and nobody of the shop has written since.
fn overdue(episode: &Episode, situation: Situation<'_>) -> bool {
    let now = situation.input.now.timestamp();
    let answered = |since| {
        let mut staff = situation.input.history.iter().filter(|message| message.author == Author::Staff);
        staff.any(|message| message.at >= since)
    };
    episode.promises.iter().any(|promised| promised.due < now) && !answered(episode.last_at)
}

/// Writes what this message is about into its episode.
fn touch(episode: &mut Episode, chosen: &Chosen<'_>, situation: Situation<'_>) {
    let Situation { input, reading, facts, .. } = situation;
    episode.last_at = input.now.timestamp();
    if matches!(episode.state, EpisodeState::Parked | EpisodeState::Resolved) {
        episode.state = EpisodeState::Open;
    }
    episode.need = need_of(&reading.text).or(episode.need.take());
    let Some(matter) = matter_of(chosen.scenario).filter(|_| chosen.scenario.id != UNCLEAR) else { return };
    episode.matter = matter;
    episode.scenario.clone_from(&chosen.scenario.id);
    episode.intent.clone_from(&chosen.scenario.intent);
    if reading.feedback == Feedback::None || episode.question.is_empty() {
        episode.question.clone_from(&reading.masked);
    }
    if let Some(order) = facts.order() {
        episode.order = Some(order.id.clone());
        episode.open_slots.retain(|slot| slot != ORDER);
    }
    if let Some(product) = facts.product() {
        episode.product = Some(product.id.clone());
    }
}
