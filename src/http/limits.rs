//! How much one caller may ask: per customer, per visitor, per address. Against abuse only; a busy engine is no
//! reason to refuse anybody.

pub mod sign_in;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use self::sign_in::SignInLimits;
use super::auth::{Caller, limit_name};
use super::error::ApiError;
use super::state::AppState;
use crate::identity::{Scope, StaffScope, network};
use crate::telemetry::metrics;

/// How much one caller may ask. A rate of 0 switches the limit off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// Messages a minute of one customer or visitor; default 60.
    pub per_person_a_minute: u32,
    /// Events a minute that the browser of one customer or visitor may report; default 240.
    pub events_a_minute: u32,
    /// Requests a minute from one address, behind which a whole office may sit; default 1200.
    pub per_address_a_minute: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { per_person_a_minute: 60, events_a_minute: 240, per_address_a_minute: 1200 }
    }
}

/// Typing signs a minute of one person: a page sends one every few seconds.
const SIGNS_A_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// Forgotten callers are swept out after so many admissions.
const SWEEP_EVERY: u32 = 4096;

/// Counts what each caller asked.
pub struct Limits {
    persons: Option<DefaultKeyedRateLimiter<String>>,
    events: Option<DefaultKeyedRateLimiter<String>>,
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
    signs: DefaultKeyedRateLimiter<String>,
    admitted: AtomicU32,
    /// Counts tries to sign in.
    pub sign_in: SignInLimits,
}

impl Limits {
    /// Nothing asked yet.
    pub fn new(settings: LimitSettings) -> Self {
        let quota = |rate: u32| NonZeroU32::new(rate).map(Quota::per_minute);
        Self {
            persons: quota(settings.per_person_a_minute).map(RateLimiter::keyed),
            events: quota(settings.events_a_minute).map(RateLimiter::keyed),
            addresses: quota(settings.per_address_a_minute).map(RateLimiter::keyed),
            signs: RateLimiter::keyed(Quota::per_minute(SIGNS_A_MINUTE)),
            admitted: AtomicU32::new(0),
            sign_in: SignInLimits::default(),
        }
    }

    /// Admits a request from an address.
    ///
    /// # Errors
    /// `too_many_requests` with the time to wait.
    pub fn admit_address(&self, caller: &Caller, address: Option<IpAddr>) -> Result<(), ApiError> {
        let (false, Some(limiter), Some(address)) = (caller.is_exempt(), &self.addresses, address) else {
            return Ok(());
        };
        self.sweep();
        limiter.check_key(&network(address)).map_err(|refused| {
            metrics::rate_limited("address");
            too_many(&refused)
        })
    }

    /// Admits a message of a customer or visitor.
    ///
    /// # Errors
    /// `too_many_requests` with the time to wait.
    pub fn admit_person(&self, caller: &Caller, scope: &Scope) -> Result<(), ApiError> {
        self.admit(&self.persons, caller, scope)
    }

    /// Admits an event that a browser reports.
    ///
    /// # Errors
    /// `too_many_requests` with the time to wait.
    pub fn admit_event(&self, caller: &Caller, scope: &Scope) -> Result<(), ApiError> {
        self.admit(&self.events, caller, scope)
    }

    fn admit(
        &self,
        limiter: &Option<DefaultKeyedRateLimiter<String>>,
        caller: &Caller,
        scope: &Scope,
    ) -> Result<(), ApiError> {
        let (false, Some(limiter), Some(name)) = (caller.is_exempt(), limiter, limit_name(scope)) else {
            return Ok(());
        };
        self.sweep();
        limiter.check_key(&name).map_err(|refused| {
            metrics::rate_limited("person");
            too_many(&refused)
        })
    }

    /// Admits a typing sign of a customer or visitor.
    ///
    /// # Errors
    /// `too_many_requests` with the time to wait.
    pub fn admit_typing(&self, caller: &Caller, scope: &Scope) -> Result<(), ApiError> {
        limit_name(scope).map_or(Ok(()), |name| self.admit_sign(caller, &name))
    }

    /// Admits a typing sign of an agent.
    ///
    /// # Errors
    /// As [`Self::admit_typing`].
    pub fn admit_typing_of_staff(&self, caller: &Caller, staff: &StaffScope) -> Result<(), ApiError> {
        self.admit_sign(caller, &format!("staff {}", staff.actor))
    }

    fn admit_sign(&self, caller: &Caller, name: &String) -> Result<(), ApiError> {
        if caller.is_exempt() {
            return Ok(());
        }
        self.sweep();
        self.signs.check_key(name).map_err(|refused| {
            metrics::rate_limited("person");
            too_many(&refused)
        })
    }

    fn sweep(&self) {
        if self.admitted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY != SWEEP_EVERY - 1 {
            return;
        }
        self.signs.retain_recent();
        for limiter in self.persons.iter().chain(&self.events) {
            limiter.retain_recent();
        }
        if let Some(limiter) = &self.addresses {
            limiter.retain_recent();
        }
    }
}

fn too_many(refused: &governor::NotUntil<<DefaultClock as Clock>::Instant>) -> ApiError {
    let wait = refused.wait_time_from(DefaultClock::default().now());
    ApiError::too_many(wait.as_secs() + 1)
}

/// The caller's address, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub Option<IpAddr>);

impl FromRequestParts<AppState> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        // A proxy appends the address it saw, to the last line or as a line of its own, so only the very last one is not the
        // caller's own claim.
        let forwarded = || {
            let value = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next()?.trim().parse().ok()
        };
        if state.settings.trust_forwarded_for
            && let Some(address) = forwarded()
        {
            return Ok(Self(Some(address)));
        }
        let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(address)| address.ip())))
    }
}
