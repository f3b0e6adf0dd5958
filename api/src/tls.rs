//! TLS in the server itself, where no proxy stands in front.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::serve::Listener;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use crate::limits::{ACCEPT_PAUSE, HANDSHAKE_TIME, HANDSHAKES_MAX};

/// Why TLS cannot be served.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file holds no PEM of its kind.
    #[error("{file}: {source}; give the certificate chain and its private key as PEM")]
    Pem {
        /// The file.
        file: String,
        /// Why.
        source: pem::Error,
    },
    /// Certificate and key do not fit, or cannot be used.
    #[error("the certificate and the key cannot be used together: {0}")]
    Unfit(#[from] tokio_rustls::rustls::Error),
}

/// Certificate and key, read once.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads the chain in `certificate` and its private `key`, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let bad = |file: &Path| {
            let file = file.display().to_string();
            move |source| TlsError::Pem { file, source }
        };
        let chain = CertificateDer::pem_file_iter(certificate).map_err(bad(certificate))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(bad(certificate))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(bad(key))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Accepts connections and shakes hands with many at once, so that a slow peer holds up nobody.
pub(crate) struct TlsListener {
    listener: TcpListener,
    tls: Tls,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, tls: Tls) -> Self {
        Self {
            listener,
            tls,
            handshakes: JoinSet::new(),
        }
    }

    fn shake(&mut self, stream: TcpStream, peer: SocketAddr) {
        let acceptor = self.tls.0.clone();
        self.handshakes.spawn(async move {
            match tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((stream, peer)),
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "no TLS");
                    None
                }
                Err(_) => {
                    tracing::debug!(%peer, "no TLS in time");
                    None
                }
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            tokio::select! {
                Some(shaken) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = shaken {
                        return connection;
                    }
                }
                accepted = self.listener.accept(), if self.handshakes.len() < HANDSHAKES_MAX => match accepted {
                    Ok((stream, peer)) => self.shake(stream, peer),
                    Err(error) => {
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
