//! One HTTP server on one address, whose tasks and connections end when it is dropped.
//!
//! It differs from a plain `axum::serve` in two ways that a world with faults needs: an answer can be to hang up
//! without a byte, and the door can be shut so that connecting itself is refused.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

/// How long to wait before an address that is still taken is tried again.
const REBIND_MS: u64 = 20;

/// Why a server of the sandbox did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address could not be listened on.
    #[error("cannot listen on {addr}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The witness file could not be opened.
    #[error("cannot open the witness file {path}: {source}; its folder has to exist and be writable")]
    WitnessFile {
        /// The file asked for.
        path: std::path::PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What a system is to go on with is not what it remembered.
    #[error("what the {system} of the sandbox remembers cannot be read: {source}; begin anew without it")]
    Memory {
        /// The system.
        system: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The HTTP client with which the sandbox sends callbacks could not be built.
    #[error("cannot build the HTTP client of the sandbox: {0}")]
    Client(#[from] reqwest::Error),
}

/// Whether anybody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Connections are accepted.
    Open,
    /// Nothing listens: connecting is refused, and open connections are cut.
    Shut,
}

/// Put into a response's extensions, it makes the server hang up instead of answering.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HangUp;

#[derive(Debug, Error)]
#[error("hung up on purpose")]
struct HungUp;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on `addr` and serves `router` there while `door` is open.
    pub(crate) async fn start(
        addr: SocketAddr,
        router: Router,
        door: watch::Receiver<Door>,
    ) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let accepting = tokio::spawn(keep_serving(listener, addr, router, door));
        Ok(Self { addr, accepting })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn keep_serving(
    listener: TcpListener,
    addr: SocketAddr,
    router: Router,
    mut door: watch::Receiver<Door>,
) {
    let mut listener = listener;
    loop {
        accept_while_open(&listener, &router, &mut door).await;
        drop(listener);
        if door.wait_for(|door| *door == Door::Open).await.is_err() {
            return;
        }
        listener = rebind(addr).await;
    }
}

/// Returns, with every connection cut, as soon as the door is shut.
async fn accept_while_open(listener: &TcpListener, router: &Router, door: &mut watch::Receiver<Door>) {
    let mut connections = JoinSet::new();
    let shut = async {
        if door.wait_for(|door| *door == Door::Shut).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(shut);
    loop {
        tokio::select! {
            () = &mut shut => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(serve_connection(stream, router.clone())); }
                Err(error) => tracing::warn!(%error, "sandbox connection not accepted"),
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn rebind(addr: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(addr).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%addr, %error, "sandbox address still taken"),
        }
        tokio::time::sleep(Duration::from_millis(REBIND_MS)).await;
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.extensions().get::<HangUp>().is_some() {
                return Err(HungUp);
            }
            Ok(response)
        }
    });
    // A client that goes away, or a hang-up we were told to make, ends the connection here.
    if let Err(error) = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::trace!(%error, "sandbox connection ended");
    }
}
