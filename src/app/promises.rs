//! The lanes on which actions are executed, promises kept, flows moved, waits looked after and customers spoken to first, beside
//! the replies and never in their way.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::actions::worker::Worker;
use crate::store::StoreError;

/// How often is looked whether anything is due. A look that finds nothing reads an index and writes nothing.
const LOOK: Duration = Duration::from_millis(200);

/// So many batches of events are looked at before it is looked again at what is due.
const BATCHES: usize = 16;

/// After trouble with the store the next look comes so much later.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);

/// Works until it is dropped. What is written is written whole or not at all, so that it may end at any moment.
pub struct Lanes([JoinHandle<()>; 6]);

impl Lanes {
    /// Begins to look. The shop's system may be slow: what is said at its time does not wait for it.
    pub fn start(worker: Worker) -> Self {
        let executing = worker.clone();
        let execute = lane("actions could not be executed", move || {
            let worker = executing.clone();
            async move { worker.work_off().await }
        });
        let moving = worker.clone();
        let go_on = lane("flows could not go on", move || {
            let worker = moving.clone();
            async move { worker.conversations.go_on_with_flows(&worker.staff).await }
        });
        let (noticing, speaking) = (worker.clone(), worker.clone());
        let notice = lane("what nobody reports could not be noticed", move || {
            let worker = noticing.clone();
            async move { worker.conversations.notice(&worker.staff).await }
        });
        let speak_first = lane("what is due could not be said first", move || {
            let worker = speaking.clone();
            async move {
                // However many events come, what is due is said in between.
                for _ in 0..BATCHES {
                    if worker.conversations.look_at_events(&worker.staff).await? == 0 {
                        break;
                    }
                }
                worker.conversations.speak_first(&worker.staff).await
            }
        });
        let waiting = worker.clone();
        let wait = lane("waits could not be looked after", move || {
            let worker = waiting.clone();
            async move { worker.conversations.look_after_waits(&worker.staff).await }
        });
        let keep = lane("promises could not be kept", move || {
            let worker = worker.clone();
            async move { worker.conversations.keep_promises(&worker.staff).await }
        });
        Self([execute, keep, go_on, notice, speak_first, wait])
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

fn lane<F>(trouble: &'static str, work: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = Result<usize, StoreError>> + Send,
{
    tokio::spawn(async move {
        loop {
            let pause = match work().await {
                Ok(_) => LOOK,
                Err(error) => {
                    tracing::error!(%error, "{trouble}");
                    AFTER_TROUBLE
                }
            };
            tokio::time::sleep(pause).await;
        }
    })
}
