//! TLS with an authority of one's own.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::setting::{Entry, Said, Setting, amends};

/// A payment provider behind TLS, and its certificate in PEM.
struct Provider {
    port: u16,
    pem: String,
}

impl Provider {
    /// Serves with a certificate for `name` that it signed itself.
    async fn start(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                // A client that does not trust us hangs up during the handshake.
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut head = [0_u8; 4096];
                    let _ = stream.read(&mut head).await?;
                    let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer).await?;
                    stream.shutdown().await
                });
            }
        });
        Self {
            port,
            pem: made.cert.pem(),
        }
    }

    /// Asks it with `extra` lines in the connector's table, and with its certificate at hand as `ca.pem`.
    fn check(&self, scheme: &str, extra: &str) -> Said {
        let mut entry = Entry::new(
            "payments",
            "stripe",
            format!("{scheme}://127.0.0.1:{}", self.port),
        );
        entry.more.push_str(extra);
        let parts = ["erp", "warehouse", "storefront"].map(|name| {
            let recipe = match name {
                "erp" => "tryton",
                "storefront" => "woocommerce",
                other => other,
            };
            Entry::new(name, recipe, "http://127.0.0.1:1")
        });
        let entries: Vec<_> = parts.into_iter().chain([entry]).collect();
        let setting = Setting::new(&entries);
        setting.file("ca.pem", &self.pem);
        amends(&["connector", "check", "--config", &setting.config(), "payments"])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_trusted_when_its_authority_is_configured() {
    let provider = Provider::start("127.0.0.1").await;
    let said = provider.check("https", "extra_ca = \"ca.pem\"\n");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert!(said.out.contains("  ok  "), "{}", said.out);

    let said = provider.check("https", "");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("certificate"), "{}", said.out);
    assert!(said.out.contains("extra_ca"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_host_is_refused_whoever_signed_it() {
    let provider = Provider::start("erp.example.test").await;
    let said = provider.check("https", "extra_ca = \"ca.pem\"\n");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("certificate"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_to_a_tls_port_says_so() {
    let provider = Provider::start("127.0.0.1").await;
    let said = provider.check("http", "");
    assert_eq!(said.code, 1, "{}", said.out);
    let words = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("http:// or https://"), "{}", said.out);
}
