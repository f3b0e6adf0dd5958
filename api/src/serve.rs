//! Runs the service until it is told to stop.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use crate::limits::DRAIN;

/// Serves `router` on `listener` until `stop` ends. Then nothing new is accepted, and answers under way get a
/// bounded time to end.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let graceful = async move {
        stop.await;
        // Nobody listens when serving has ended by itself.
        let _ = stopping.send(());
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(graceful);
    tokio::select! {
        ended = serving.into_future() => ended,
        () = overdue(stopped) => {
            tracing::warn!("connections were still open {} s after the stop", DRAIN.as_secs());
            Ok(())
        }
    }
}

async fn overdue(stopped: tokio::sync::oneshot::Receiver<()>) {
    if stopped.await.is_err() {
        return std::future::pending().await;
    }
    tokio::time::sleep(DRAIN).await;
}
