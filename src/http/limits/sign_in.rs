//! How often somebody may try to sign in: per name, so that nobody guesses one password, and per address, so that nobody
//! tries one password on many names. A few tries are free; then each has to wait, and after many a long time.
//!
//! Customers read the names of those who answer them, so whoever wants to keep somebody out only has to guess on. From where a
//! name has signed in before, its tries are counted by themselves.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::too_many;
use crate::http::error::ApiError;
use crate::identity::network;
use crate::staff::StaffName;
use crate::telemetry::metrics;

/// Forgotten names and addresses are swept out after so many tries.
const SWEEP_EVERY: u32 = 256;

/// So many tries at once, and then one each so many seconds.
type Step = (u32, u64);

/// Somebody who mistypes is not kept waiting; somebody who guesses gets 50 tries and then six an hour.
const OF_A_NAME: [Step; 2] = [(10, 20), (50, 600)];

/// A whole office may sit behind one address.
const OF_AN_ADDRESS: [Step; 2] = [(30, 2), (600, 20)];

/// So many places from which names have signed in are remembered; with more all are forgotten.
const MOST_PLACES: usize = 4096;

/// A name and from where it is used.
type NameAt = (String, IpAddr);

/// Counts tries to sign in.
pub struct SignInLimits {
    names: Steps<String>,
    known: Steps<NameAt>,
    addresses: Steps<IpAddr>,
    places: Mutex<HashSet<NameAt>>,
    tries: AtomicU32,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            names: Steps::new(OF_A_NAME),
            known: Steps::new(OF_A_NAME),
            addresses: Steps::new(OF_AN_ADDRESS),
            places: Mutex::default(),
            tries: AtomicU32::new(0),
        }
    }
}

impl SignInLimits {
    /// Admits a try, before anything is compared.
    ///
    /// # Errors
    /// `too_many_requests` with the time to wait.
    pub fn admit(&self, name: &str, address: Option<IpAddr>) -> Result<(), ApiError> {
        if self.tries.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.names.sweep();
            self.known.sweep();
            self.addresses.sweep();
        }
        // The address comes first: a flood from one place does not use up the tries of those whose names it guesses.
        if let Some(address) = address {
            self.addresses.admit(&network(address)).inspect_err(|_| metrics::rate_limited("sign_in"))?;
        }
        let admitted = match place(name, address).filter(|place| self.is_known(place)) {
            Some(place) => self.known.admit(&place),
            None => self.names.admit(&counted(name)),
        };
        admitted.inspect_err(|_| metrics::rate_limited("sign_in"))
    }

    /// Remembers from where a name has signed in.
    pub fn signed_in(&self, name: &str, address: Option<IpAddr>) {
        let Some(place) = place(name, address) else { return };
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_PLACES {
            places.clear();
        }
        places.insert(place);
    }

    fn is_known(&self, place: &NameAt) -> bool {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).contains(place)
    }
}

/// A name as it is counted. Whatever cannot be a name is counted as one, so that no request makes this grow by its own size.
fn counted(name: &str) -> String {
    StaffName::new(name).map(|name| name.lookup()).unwrap_or_default()
}

fn place(name: &str, address: Option<IpAddr>) -> Option<NameAt> {
    Some((counted(name), network(address?)))
}

struct Steps<K: Hash + Eq + Clone>(Vec<DefaultKeyedRateLimiter<K>>);

impl<K: Hash + Eq + Clone> Steps<K> {
    fn new(steps: [Step; 2]) -> Self {
        let limiter = |(burst, seconds): Step| {
            let quota = Quota::with_period(Duration::from_secs(seconds)).expect("a step waits some seconds");
            RateLimiter::keyed(quota.allow_burst(NonZeroU32::new(burst).expect("a step admits some tries")))
        };
        Self(steps.into_iter().map(limiter).collect())
    }

    fn admit(&self, key: &K) -> Result<(), ApiError> {
        self.0.iter().try_for_each(|limiter| limiter.check_key(key).map_err(|refused| too_many(&refused)))
    }

    fn sweep(&self) {
        self.0.iter().for_each(RateLimiter::retain_recent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::ErrorCode;

    fn refused_after(mut admit: impl FnMut(u32) -> Result<(), ApiError>) -> u32 {
        let first = (0..1000).find_map(|number| admit(number).err().map(|error| (number, error.code())));
        let (number, code) = first.expect("the tries come to an end");
        assert_eq!(code, ErrorCode::TooManyRequests);
        number
    }

    #[test]
    fn a_name_is_guessed_ten_times_from_wherever() {
        let limits = SignInLimits::default();
        let from = |number: u32| Some(IpAddr::from([10, 0, 0, u8::try_from(number % 256).unwrap()]));
        assert_eq!(refused_after(|number| limits.admit("小林", from(number))), 10);
        assert!(limits.admit("周敏", from(1)).is_ok(), "others are not kept waiting");
        assert!(limits.admit(" 小林 ", None).is_err(), "however it is written");
    }

    #[test]
    fn whoever_guesses_elsewhere_keeps_nobody_out_where_they_have_signed_in() {
        let limits = SignInLimits::default();
        let (home, elsewhere) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        limits.signed_in("Lin", home);
        assert_eq!(refused_after(|_| limits.admit("lin", elsewhere)), 10);
        assert!(limits.admit("lin", None).is_err());
        assert_eq!(
            refused_after(|_| limits.admit("LIN", home)),
            10,
            "but there, too, nobody guesses for ever"
        );
        assert!(limits.admit("周敏", home).is_ok());
    }

    #[test]
    fn from_an_address_thirty_names_are_tried() {
        let limits = SignInLimits::default();
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(refused_after(|number| limits.admit(&format!("name{number}"), address)), 30);
        assert!(limits.admit("name31", Some(IpAddr::from([10, 0, 0, 2]))).is_ok());
        assert!(limits.admit("name32", None).is_ok());
    }

    #[test]
    fn a_household_of_the_newer_kind_of_addresses_is_one() {
        let limits = SignInLimits::default();
        let from = |number: u32| Some(format!("2001:db8:1:2::{number:x}").parse().unwrap());
        assert_eq!(refused_after(|number| limits.admit(&format!("name{number}"), from(number))), 30);
        assert!(limits.admit("name31", Some("2001:db8:1:3::1".parse().unwrap())).is_ok());
    }

    #[test]
    fn what_cannot_be_a_name_is_one_name() {
        let limits = SignInLimits::default();
        assert_eq!(refused_after(|number| limits.admit(&format!("no name {number}"), None)), 10);
    }
}
