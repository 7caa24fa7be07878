//! Streams that go on until the listener leaves or the server stops: a conversation's events, the desk's events.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::chat::KEEP_ALIVE;
use super::ports::{Live, Numbered};
use crate::telemetry::metrics;

/// Sends events with their numbers until the server stops. `name` is the stream's name in the metrics.
pub fn live<T: Send + 'static>(
    events: Live<T>,
    shutdown: CancellationToken,
    name: &'static str,
    mut shape: impl FnMut(T) -> Event + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let open = metrics::open_stream(name);
    // The first event makes proxies and browsers pass the head on at once.
    let greeting = futures_util::stream::iter([Ok(Event::default().comment("listening"))]);
    let events = events.take_until(shutdown.cancelled_owned()).map(move |Numbered { id, event }| {
        let _counted_while_listening = &open;
        Ok(shape(event).id(id.to_string()))
    });
    Sse::new(greeting.chain(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
