//! Is something wrong between the customer and the shop, so that nothing should be offered?

use crate::turn::types::{Concern, EpisodeState, Memory};

/// From this intensity on a bad feeling is trouble.
const STRONG: f32 = 0.6;

/// What a conversation remembers of trouble.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trouble {
    /// A complaint, a matter that people had to take, or strong feelings.
    pub trouble: bool,
    /// Health or safety is at stake, and people have not closed it.
    pub danger: bool,
}

/// Reads what a conversation remembers.
pub fn troubled(memory: &Memory) -> Trouble {
    let strong = memory.emotions.iter().any(|(label, intensity)| label.is_negative() && *intensity >= STRONG);
    let matter = memory
        .episodes
        .iter()
        .any(|episode| episode.matter == Concern::Complaint || episode.state == EpisodeState::WithPeople);
    let danger = memory.episodes.iter().any(|episode| episode.position.danger);
    Trouble { trouble: strong || matter || danger, danger }
}
