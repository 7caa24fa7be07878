//! What arrives, as it arrives: a tail over the store's events that misses nothing between reading and waiting.

use std::collections::VecDeque;
use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::store::{Announcement, StoreError};

/// How many events are read at once.
pub const PAGE: u32 = 100;

/// One stored event with its number.
pub type Stored<T> = (i64, T);

/// Tails a log: everything after `last` that `read` gives, then everything that is announced. Subscribe before
/// calling, so that what is written meanwhile is announced to this listener.
///
/// `concerns` says which announcements are worth reading for; the store announces what happens in any conversation.
pub fn tail<T, R, F>(
    announcements: Receiver<Announcement>,
    last: i64,
    concerns: impl Fn(&Announcement) -> bool + Send + 'static,
    read: R,
) -> BoxStream<'static, Stored<T>>
where
    T: Send + 'static,
    R: Fn(i64) -> F + Send + 'static,
    F: Future<Output = Result<Vec<Stored<T>>, StoreError>> + Send,
{
    let state = (announcements, last, (concerns, read), VecDeque::new());
    stream::unfold(state, |(mut announcements, last, (concerns, read), mut ready)| async move {
        loop {
            if let Some((number, event)) = ready.pop_front() {
                return Some(((number, event), (announcements, number, (concerns, read), ready)));
            }
            match read(last).await {
                Ok(events) if !events.is_empty() => {
                    ready.extend(events);
                    continue;
                }
                Ok(_) => {}
                // The listener reconnects with the last number it has seen.
                Err(error) => {
                    tracing::warn!(error = %error, "a live stream ends because events cannot be read");
                    return None;
                }
            }
            loop {
                match announcements.recv().await {
                    Ok(announcement) if !concerns(&announcement) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    })
    .boxed()
}
