//! Runs the service until it is told to stop.

use std::io;

use axum::Router;
use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::limits::DRAIN;
use crate::tls::{Tls, TlsListener};

/// Serves `router` on `listener`, encrypted where there is `tls`, until `stop` ends. Then nothing new is accepted,
/// and answers under way get [`DRAIN`] to end.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    match tls {
        Some(tls) => run(TlsListener::new(listener, tls), router, stop).await,
        None => run(listener, router, stop).await,
    }
}

async fn run<L: Listener<Addr: std::fmt::Debug>>(
    listener: L,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
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

async fn overdue(stopped: oneshot::Receiver<()>) {
    if stopped.await.is_err() {
        return std::future::pending().await;
    }
    tokio::time::sleep(DRAIN).await;
}
