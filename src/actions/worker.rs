//! How are actions executed? A lane of its own leases those whose time has come, asks the shop's own system, and keeps what
//! comes of it. No reply waits for it. What the system does not do, a person does, by the same time.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::Action;
use crate::connect::{Answered, Outage, ShopActions, is_refusal};
use crate::conversation::Conversations;
use crate::identity::StaffScope;
use crate::store::{ResultTaken, Store, StoreError, ToPerson};
use crate::telemetry::metrics;
use crate::time::Now;

/// So many attempts run at once.
const AT_ONCE: u32 = 4;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// A lease outlives its attempt by so long.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// Executes the actions of a shop.
#[derive(Clone)]
pub struct Worker {
    /// Where they were wanted: it knows the store, the clock and the tickets for people.
    pub conversations: Conversations,
    /// The shop's own system; without it people execute what is left.
    pub system: Option<ShopActions>,
    /// Under whose name it writes.
    pub staff: StaffScope,
}

impl Worker {
    /// Makes one attempt of every action whose time has come. How many there were.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn work_off(&self) -> Result<usize, StoreError> {
        if self.system.as_ref().is_some_and(ShopActions::is_left_alone) {
            return Ok(0);
        }
        let now = self.now();
        let limit = self.system.as_ref().map_or(Duration::ZERO, |system| system.options().timeout);
        let until = later(&now, limit + LEASE_MARGIN);
        let leased = self.store().lease_actions(&self.staff, until, AT_ONCE, &now).await?;
        let count = leased.len();
        let mut attempts = JoinSet::new();
        for action in leased {
            let worker = self.clone();
            attempts.spawn(async move { worker.attempt(&action).await });
        }
        while let Some(attempt) = attempts.join_next().await {
            attempt.map_err(|error| StoreError::Other(format!("an attempt broke off: {error}")))??;
        }
        Ok(count)
    }

    fn store(&self) -> &Store {
        &self.conversations.services().store
    }

    fn now(&self) -> Now {
        self.conversations.services().clock.now()
    }

    async fn attempt(&self, action: &Action) -> Result<(), StoreError> {
        let Some(system) = &self.system else {
            return self.to_person(action, "the shop's system is not connected any more").await;
        };
        let answered = system.send(action, &self.now()).await;
        let now = self.now();
        match answered {
            Ok(Answered::Accepted) => {
                metrics::action_attempt("accepted");
                self.store().action_accepted(&self.staff, &action.id, &now).await
            }
            Ok(Answered::Result(result)) => {
                metrics::action_attempt("result");
                let taken = self.store().take_result(&self.staff, &action.id, result, &now).await?;
                if !matches!(taken, ResultTaken::Taken(_) | ResultTaken::Repeated(_)) {
                    tracing::warn!(action.id = %action.id, "a result came when another one was kept");
                }
                Ok(())
            }
            Err(outage) => self.after_failure(action, system, &outage).await,
        }
    }

    async fn after_failure(
        &self,
        action: &Action,
        system: &ShopActions,
        outage: &Outage,
    ) -> Result<(), StoreError> {
        tracing::warn!(action.id = %action.id, action.kind = %action.kind, %outage, "an action was not taken");
        let options = system.options();
        if is_refusal(outage) || action.attempts >= options.most_attempts {
            return self.to_person(action, &outage.to_string()).await;
        }
        metrics::action_attempt("put_off");
        let now = self.now();
        let again = later(&now, pause(options.first_pause, action.attempts));
        self.store().action_put_off(&self.staff, &action.id, (again, outage.to_string()), &now).await
    }

    async fn to_person(&self, action: &Action, why: &str) -> Result<(), StoreError> {
        metrics::action_attempt("to_person");
        let now = self.now();
        let ticket = self.conversations.task_of(action, &now).await?;
        let to = ToPerson { ticket, why: why.to_owned() };
        self.store().action_to_person(&self.staff, &action.id, to, &now).await.map(drop)
    }
}

/// The pause after so many failed attempts: each time twice as long.
fn pause(first: Duration, attempts: u32) -> Duration {
    let factor = 2u32.saturating_pow(attempts.saturating_sub(1).min(16));
    first.saturating_mul(factor).min(LONGEST_PAUSE)
}

fn later(now: &Now, by: Duration) -> jiff::Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.timestamp().saturating_add(by).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let check = |attempts: u32, seconds: u64| {
            assert_eq!(
                pause(Duration::from_secs(5), attempts),
                Duration::from_secs(seconds),
                "after {attempts}"
            );
        };
        check(1, 5);
        check(2, 10);
        check(4, 40);
        check(8, 600);
        check(u32::MAX, 600);
    }
}
