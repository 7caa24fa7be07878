//! Is somebody asking for the same customer already, or was the answer given a moment ago? Then nobody asks again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::JoinHandle;

use super::{Looked, Outage, OutsideRecords, Whose};

/// Answers of so many customers are kept at most.
const MOST: usize = 2_000;

/// A look-up that is running, for everybody who waits for it.
pub(super) type Running = Shared<BoxFuture<'static, Looked>>;

/// What there is for a customer.
pub(super) enum Found {
    /// An answer that is fresh enough.
    Kept(Arc<OutsideRecords>),
    /// A look-up to wait for.
    Running(Running),
}

enum Place {
    Running(Running),
    Kept { until: Instant, records: Arc<OutsideRecords> },
}

/// Answers for a short life, and look-ups that are running.
pub(super) struct Cache {
    life: Duration,
    places: Mutex<HashMap<Whose, Place>>,
}

impl Cache {
    pub(super) fn new(life: Duration) -> Self {
        Self { life, places: Mutex::default() }
    }

    /// What there is for a customer at a moment; a new look-up is begun if there is nothing.
    pub(super) fn find(
        &self,
        whose: &Whose,
        now: Instant,
        begin: impl FnOnce() -> JoinHandle<Looked>,
    ) -> Found {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get(whose) {
            Some(Place::Kept { until, records }) if now < *until => return Found::Kept(Arc::clone(records)),
            // One that has ended and stands here still has broken off.
            Some(Place::Running(running)) if running.peek().is_none() => {
                return Found::Running(running.clone());
            }
            Some(Place::Running(_) | Place::Kept { .. }) | None => {}
        }
        let running = begin().map(|ended| ended.unwrap_or_else(|error| Err(broken(&error)))).boxed().shared();
        places.insert(whose.clone(), Place::Running(running.clone()));
        Found::Running(running)
    }

    /// A look-up has ended: its answer is kept, a failure is not.
    pub(super) fn settle(&self, whose: &Whose, looked: &Looked, now: Instant) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(whose);
        let Ok(records) = looked else { return };
        if places.len() >= MOST {
            places.retain(|_, place| !matches!(place, Place::Kept { until, .. } if *until <= now));
        }
        if !self.life.is_zero() && places.len() < MOST {
            let kept = Place::Kept { until: now + self.life, records: Arc::clone(records) };
            places.insert(whose.clone(), kept);
        }
    }
}

/// A task that broke off; its place in the cache is left to the next who asks after it ended.
fn broken(error: &tokio::task::JoinError) -> Outage {
    tracing::error!(%error, "a look-up of orders broke off");
    Outage::Unusable("the look-up broke off".to_owned())
}
