//! Serving on a listener until told to stop, and stopping without cutting answers off.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::router::router;
use super::state::AppState;

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
    // Sentences are small packets: with Nagle's algorithm each waits for the acknowledgement of the one before, about
    // 40 ms on Linux.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection keeps delaying small packets");
        }
    });
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
