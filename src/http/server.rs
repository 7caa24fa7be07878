//! Serving on a listener until told to stop, and stopping without cutting answers off.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::{TcpListener, TcpStream};

use super::router::router;
use super::state::AppState;

/// What was sent and is not acknowledged for so long was sent to nobody: the computer sleeps, or its network is gone. Streams
/// send something more often.
const VANISHED_AFTER: Duration = Duration::from_secs(30);

/// Serves until `shutdown` resolves. Then no connection is accepted any more, streams that would never end are
/// ended, and answers that are being made may go on for the grace of the settings.
///
/// # Errors
/// What the listener reports.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let grace = state.settings.shutdown_grace;
    let stopping = state.shutdown.clone();
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let told = {
        let stopping = stopping.clone();
        async move {
            shutdown.await;
            stopping.cancel();
        }
    };
    let listener = listener.tap_io(|connection| prepare(connection));
    let serving = axum::serve(listener, service).with_graceful_shutdown(told);
    let overdue = async move {
        stopping.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        result = serving => result,
        () = overdue => {
            tracing::warn!(grace_ms = grace.as_millis(), "stopped with answers still open");
            Ok(())
        }
    }
}

fn prepare(connection: &TcpStream) {
    // Sentences are small packets: with Nagle's algorithm each waits for the acknowledgement of the one before, about
    // 40 ms on Linux.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(error = %error, "a connection keeps delaying small packets");
    }
    if let Err(error) = end_when_vanished(connection) {
        tracing::debug!(error = %error, "a connection whose other end vanishes is kept for a quarter of an hour");
    }
}

/// Left alone, Linux sends again for a quarter of an hour before it gives up on somebody who has vanished without a word; so
/// long they would count as being there.
#[cfg(target_os = "linux")]
fn end_when_vanished(connection: &TcpStream) -> io::Result<()> {
    let milliseconds = u32::try_from(VANISHED_AFTER.as_millis()).unwrap_or(u32::MAX);
    Ok(rustix::net::sockopt::set_tcp_user_timeout(connection, milliseconds)?)
}

#[cfg(not(target_os = "linux"))]
fn end_when_vanished(_connection: &TcpStream) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
