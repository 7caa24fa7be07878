//! Streams that go on until the listener leaves or the server stops: a conversation's events, the desk's events.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::chat::KEEP_ALIVE;
use super::ports::{Live, Numbered};
use crate::telemetry::metrics;

/// Sends events with their numbers until the server stops, and `signs` between them: what is worth nothing a moment later has
/// no number, so that `Last-Event-ID` stays where it was. `name` is the stream's name in the metrics.
pub fn live<T: Send + 'static>(
    events: Live<T>,
    signs: BoxStream<'static, Event>,
    shutdown: CancellationToken,
    name: &'static str,
    mut shape: impl FnMut(T) -> Event + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let open = metrics::open_stream(name);
    // The first event makes proxies and browsers pass the head on at once.
    let greeting = stream::iter([Event::default().comment("listening")]);
    let events = events.map(move |Numbered { id, event }| Some(shape(event).id(id.to_string())));
    // When the events end the whole stream does, or a listener would never come back to go on with them.
    let ending = events.chain(stream::iter([None]));
    let both = stream::select(ending, signs.map(Some))
        .take_while(|event| std::future::ready(event.is_some()))
        .filter_map(std::future::ready)
        .take_until(shutdown.cancelled_owned());
    let counted = greeting.chain(both).map(move |event| {
        let _counted_while_listening = &open;
        Ok(event)
    });
    Sse::new(counted).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
