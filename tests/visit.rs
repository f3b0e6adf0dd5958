//! The demonstration as a visitor sees it: what it prints can be typed, Ctrl-C ends it, and nothing outlives it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the orders may take until only those are left that wait for somebody.
const QUIET: Duration = Duration::from_mins(2);
/// How long a process may take to end.
const ENDING: Duration = Duration::from_secs(8);

/// Visitors share the usual port, so there is one at a time.
static DOOR: Mutex<()> = Mutex::new(());

struct Visit {
    _alone: MutexGuard<'static, ()>,
    demo: Child,
    output: BufReader<ChildStderr>,
    said: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Visit {
    fn start(orders: &str) -> Self {
        let alone = DOOR.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Relative, as by default.
        let mut demo = Command::new(env!("CARGO_BIN_EXE_amends"))
            .args(["demo", "--data", "data", "--orders", orders])
            .current_dir(folder.path())
            .env_remove("CARGO_MANIFEST_DIR")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let output = BufReader::new(demo.stderr.take().expect("its output"));
        Self {
            _alone: alone,
            demo,
            output,
            said: Vec::new(),
            _folder: folder,
        }
    }

    /// Reads until a line contains `text`.
    fn read_until(&mut self, text: &str) {
        let deadline = Instant::now() + QUIET;
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("text");
            assert!(read > 0, "it ended before {text:?}: {:#?}", self.said);
            assert!(Instant::now() < deadline, "no {text:?}: {:#?}", self.said);
            let found = line.contains(text);
            self.said.push(line.trim().to_owned());
            if found {
                return;
            }
        }
    }

    fn said_after(&self, start: &str) -> Vec<&str> {
        let lines = self.said.iter().map(String::as_str);
        lines.filter_map(|line| line.strip_prefix(start)).collect()
    }

    fn address(&self) -> String {
        let url = self.said_after("server  http://");
        url.first().expect("its address").to_string()
    }

    fn signal(&self, signal: &str) {
        let id = self.demo.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + ENDING;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn every_printed_command_works_and_ctrl_c_ends_it() {
    let mut visit = Visit::start("24");
    visit.read_until("Ctrl-C ends it all");
    let exports: Vec<String> = visit
        .said_after("export ")
        .into_iter()
        .map(|export| format!("export {export}"))
        .collect();
    assert_eq!(exports.len(), 2, "{:#?}", visit.said);
    let program = env!("CARGO_BIN_EXE_amends");
    let commands: Vec<&String> = visit
        .said
        .iter()
        .filter(|line| line.starts_with(&format!("{program} orders ")))
        .collect();
    assert!(commands.iter().any(|command| command.contains(" retry --place ")));
    for command in commands {
        let script = format!("{}; {command}", exports.join("; "));
        let ran = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("a shell");
        assert!(
            ran.status.success(),
            "{command}:\n{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let list = format!("{}; {program} orders list --state stuck", exports.join("; "));
    until("an order is stuck still", || {
        let ran = Command::new("sh").args(["-c", &list]).output().expect("a shell");
        String::from_utf8_lossy(&ran.stdout).trim() == "no order fits"
    });
    let address = visit.address();
    visit.signal("-INT");
    until("Ctrl-C did not end it", || {
        visit.demo.try_wait().expect("its state").is_some()
    });
    let status = visit.demo.wait().expect("its state");
    assert!(status.success(), "{status}");
    assert!(TcpStream::connect(&address).is_err(), "the server outlived it");
}

#[test]
fn nothing_outlives_a_demonstration_that_is_killed() {
    let mut visit = Visit::start("24");
    visit.read_until("Ctrl-C ends it");
    let address = visit.address();
    assert!(TcpStream::connect(&address).is_ok(), "no server at {address}");
    visit.signal("-KILL");
    until("the server outlived the demonstration", || {
        TcpStream::connect(&address).is_err()
    });
}
