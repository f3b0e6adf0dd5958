//! A server that answers each request with the next bytes it was given, and remembers the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// These bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes; then the next request of the connection is read.
    Kept(Vec<u8>),
    /// Nothing, for as long as anybody waits.
    Silence,
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Bytes(
        format!(
            "HTTP/1.1 {status} Told\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .into(),
    )
}

/// An answer in JSON after which the connection stays.
pub(crate) fn kept(status: u16, body: &str) -> Answer {
    let length = body.len();
    Answer::Kept(format!("HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\n\r\n{body}").into())
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &str) -> Answer {
    answer(status, "content-type: application/json\r\n", body)
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<String>,
    connections: usize,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, script, serving }
    }

    /// Answers the next requests in this order, and forgets what went before.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        let mut script = self.script.lock().unwrap();
        script.answers = answers.into_iter().collect();
        script.requests.clear();
    }

    /// How many connections were made since the start.
    pub(crate) fn connections(&self) -> usize {
        self.script.lock().unwrap().connections
    }

    /// The requests since then, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.script.lock().unwrap().requests.clone()
    }

    /// The first lines of the requests since then.
    pub(crate) fn lines(&self) -> Vec<String> {
        let requests = self.requests();
        let first = |request: &String| {
            request
                .lines()
                .next()
                .unwrap_or_default()
                .replace(" HTTP/1.1", "")
        };
        requests.iter().map(first).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    while let Some(request) = read(&mut stream).await {
        let next = {
            let mut script = script.lock().unwrap();
            script.requests.push(request);
            script.answers.pop_front()
        };
        // A client that has read enough may be gone already.
        match next {
            Some(Answer::Kept(bytes)) => {
                let _ = stream.write_all(&bytes).await;
            }
            Some(Answer::Bytes(bytes)) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Some(Answer::Silence) => std::future::pending().await,
            None => return,
        }
    }
}

/// A whole request: the head, and as much body as it announces.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        seen.extend_from_slice(chunk.get(..count)?);
        let text = String::from_utf8_lossy(&seen);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, length)| length.parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= announced {
                return Some(text.into_owned());
            }
        }
    }
}
