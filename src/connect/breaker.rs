//! Is a system that keeps failing asked again? A circuit breaker: closed while it answers, open for a pause after so
//! many failures in a row, then half-open for one try that decides. Time comes in as an argument.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// The system is asked.
    Closed,
    /// It is left alone.
    Open,
    /// It is asked once, and the answer decides.
    HalfOpen,
}

/// A circuit breaker. Cheap to clone; clones are the same breaker.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    /// So many failures in a row open it.
    failures: u32,
    /// So long it stays open.
    pause: Duration,
    place: Arc<Mutex<Place>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Closed { failures: u32 },
    Open { since: Instant },
    Trying,
}

/// The permission to ask once. What came of it must be told; a permission that is dropped untold says nothing about
/// the system, and if it was the try of a half-open breaker the next one may try.
#[derive(Debug)]
pub(super) struct Permit {
    breaker: Breaker,
    /// Whether this is the try of a half-open breaker.
    is_try: bool,
    told: bool,
    /// From when on another may try, if this one says nothing.
    again: Instant,
}

impl Breaker {
    pub(super) fn new(failures: u32, pause: Duration) -> Self {
        Self { failures: failures.max(1), pause, place: Arc::new(Mutex::new(Place::Closed { failures: 0 })) }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The permission to ask at a moment; `None` while it is open or somebody else tries.
    pub(super) fn admit(&self, now: Instant) -> Option<Permit> {
        let mut place = self.place();
        let is_try = match *place {
            Place::Closed { .. } => false,
            Place::Open { since } if now.saturating_duration_since(since) >= self.pause => true,
            Place::Open { .. } | Place::Trying => return None,
        };
        if is_try {
            *place = Place::Trying;
        }
        let again = now.checked_sub(self.pause).unwrap_or(now);
        Some(Permit { breaker: self.clone(), is_try, told: false, again })
    }

    /// How it stands at a moment.
    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match *self.place() {
            Place::Closed { .. } => BreakerState::Closed,
            Place::Open { since } if now.saturating_duration_since(since) < self.pause => BreakerState::Open,
            Place::Open { .. } | Place::Trying => BreakerState::HalfOpen,
        }
    }
}

impl Permit {
    /// It answered: the breaker is closed, whatever was before.
    pub(super) fn answered(mut self) {
        self.told = true;
        *self.breaker.place() = Place::Closed { failures: 0 };
    }

    /// It failed. Whether this opened the breaker.
    pub(super) fn failed(mut self, now: Instant) -> bool {
        self.told = true;
        let mut place = self.breaker.place();
        let opens = match *place {
            Place::Closed { failures } if failures + 1 < self.breaker.failures => {
                *place = Place::Closed { failures: failures + 1 };
                false
            }
            Place::Closed { .. } => true,
            Place::Trying => self.is_try,
            // A late failure of what was asked before it opened says nothing new.
            Place::Open { .. } => false,
        };
        if opens {
            *place = Place::Open { since: now };
        }
        opens
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.told || !self.is_try {
            return;
        }
        let mut place = self.breaker.place();
        if matches!(*place, Place::Trying) {
            *place = Place::Open { since: self.again };
        }
    }
}

#[cfg(test)]
mod tests;
