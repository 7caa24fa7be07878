//! When do customers arrive? The arrivals of a whole measurement, fixed before it begins.

use std::time::Duration;

use super::BenchError;

/// More turns than this are refused: the bookkeeping of a measurement is kept in memory.
const MOST_TURNS: f64 = 1_000_000.0;

/// Arrivals, as times after the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule(Vec<Duration>);

/// Whether a rate and a duration make a schedule.
pub(super) fn check(per_second: f64, duration: Duration) -> Result<(), BenchError> {
    let turns = per_second * duration.as_secs_f64();
    if !per_second.is_finite() || per_second <= 0.0 || turns > MOST_TURNS {
        let message = format!(
            "{per_second} turns a second for {} s is no load; a rate above 0 and at most {MOST_TURNS} turns are expected",
            duration.as_secs_f64()
        );
        return Err(BenchError::Plan(message));
    }
    if turns < 1.0 {
        let message = format!(
            "{per_second} turns a second for {} s is less than one turn; measure longer or faster",
            duration.as_secs_f64()
        );
        return Err(BenchError::Plan(message));
    }
    Ok(())
}

impl Schedule {
    /// Arrivals independent of each other, as those of people are: gaps drawn from an exponential distribution.
    /// The same seed gives the same arrivals. There is always at least one.
    pub(super) fn poisson(per_second: f64, duration: Duration, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut arrivals = Vec::new();
        let mut at = 0.0;
        loop {
            at += -(1.0 - random.unit()).ln() / per_second;
            if at >= duration.as_secs_f64() {
                break;
            }
            arrivals.push(Duration::from_secs_f64(at));
        }
        if arrivals.is_empty() {
            arrivals.push(Duration::ZERO);
        }
        Self(arrivals)
    }

    /// How many arrivals there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The arrivals, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Duration> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
impl Schedule {
    /// Arrivals at exactly these times.
    pub(super) fn exactly(arrivals: Vec<Duration>) -> Self {
        Self(arrivals)
    }
}

/// A small repeatable generator (SplitMix64). Good enough for arrivals and shuffling, and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator that always gives the same numbers for a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts a list into a random order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = self.bits() % (end as u64 + 1);
            list.swap(end, usize::try_from(other).unwrap_or(end));
        }
    }
}
