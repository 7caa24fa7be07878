//! Who is at the desk at this moment, as everything that serves the shop shares it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::desk::presence::Presence;
use crate::identity::{ShopId, StaffScope};
use crate::time::Clock;

/// Knows who is at the desk. Cheap to clone.
#[derive(Clone)]
pub struct AtDesk(Arc<Noticed>);

struct Noticed {
    presence: Mutex<Presence>,
    clock: Arc<dyn Clock>,
}

/// Somebody has the desk open, until this is dropped.
pub struct Listening {
    at_desk: AtDesk,
    who: StaffScope,
}

impl AtDesk {
    /// Nobody has come yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let presence = Mutex::new(Presence::new(clock.now().timestamp()));
        Self(Arc::new(Noticed { presence, clock }))
    }

    /// The doors open: from now on people can be there. Getting ready for that may take longer than anybody is waited for.
    pub fn doors_open(&self) {
        let now = self.0.clock.now().timestamp();
        self.presence().doors_open(now);
    }

    /// Somebody opens the desk.
    pub fn arrives(&self, who: StaffScope) -> Listening {
        let now = self.0.clock.now().timestamp();
        self.presence().arrives(&who, now);
        Listening { at_desk: self.clone(), who }
    }

    /// A request of somebody.
    pub fn shows(&self, who: &StaffScope) {
        let now = self.0.clock.now().timestamp();
        self.presence().shows(who, now);
    }

    /// Whether somebody has the desk open.
    pub fn is_here(&self, who: &StaffScope) -> bool {
        self.presence().is_here(who)
    }

    /// How many have the desk of a shop open.
    pub fn here(&self, shop: &ShopId) -> u32 {
        u32::try_from(self.presence().here(shop)).unwrap_or(u32::MAX)
    }

    /// For how long nothing was heard of somebody.
    pub fn gone_for(&self, who: &StaffScope) -> SignedDuration {
        let now = self.0.clock.now().timestamp();
        self.presence().gone_for(who, now)
    }

    fn presence(&self) -> MutexGuard<'_, Presence> {
        self.0.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let now = self.at_desk.0.clock.now().timestamp();
        self.at_desk.presence().leaves(&self.who, now);
    }
}
