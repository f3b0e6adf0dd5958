//! One run of a plan: everything is started, posted, restarted, settled and read.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use amends::demo::books::Books;
use amends::demo::compare::{Evidence, compare};
use amends::demo::journal::Journal;
use amends_connectors::sandbox::Effect;
use futures::future::join_all;
use serde_json::Value;
use tempfile::TempDir;

use crate::end::{End, ends};
use crate::outside::{Outside, SHOP};
use crate::plan::{Plan, Step, postings};
use crate::post::{Posting, client, post};
use crate::server::{Form, Serving, free_port, url};
use crate::story::{Story, story};

/// How long everything may take to settle. Nothing is slow here, so that what is not quiet by then never will be.
const SETTLE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How far a killed server is into a burst.
const HEAD_START: Duration = Duration::from_millis(3);

/// What one run left behind.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) ends: BTreeMap<i64, End>,
    /// Units the ERP can still promise, by article.
    pub(crate) available: BTreeMap<String, i64>,
    pub(crate) effects: Vec<Effect>,
    /// Where journal and witness disagree.
    pub(crate) differences: Vec<String>,
}

/// Runs `plan` from an empty store to the end.
pub(crate) fn run(plan: &Plan, form: Form) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = folder();
        let setting = Setting {
            story: story(),
            asks: if plan.sweeps {
                Asks::AndSweeps
            } else {
                Asks::AndReads
            },
            form,
        };
        let mut stage = Stage::set(folder.path(), &setting).await;
        stage.play(plan).await?;
        stage.end(folder.path()).await
    })
}

/// What the server asks the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing: it has no REST access.
    Nothing,
    /// An order that it was told of. Asked what changed, the shop does not answer.
    AndReads,
    /// That, and what changed.
    AndSweeps,
}

/// What a run starts from.
pub(crate) struct Setting<'s> {
    pub(crate) story: &'s Story,
    pub(crate) asks: Asks,
    pub(crate) form: Form,
}

/// A folder in memory where there is one: forcing to disk costs nothing there, and a kill loses nothing.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Everything of one run.
pub(crate) struct Stage {
    outside: Outside,
    server: Serving,
    client: reqwest::Client,
    hook: String,
}

impl Stage {
    /// Starts everything; `folder` is empty.
    pub(crate) async fn set(folder: &Path, setting: &Setting<'_>) -> Self {
        let port = free_port();
        let outside = Outside::start(folder, &url(port), setting.story).await;
        if setting.asks != Asks::AndSweeps {
            outside.answer_no_sweeps();
        }
        let config = folder.join("amends.toml");
        let document = outside.configuration(port, folder, setting.asks);
        std::fs::write(&config, document).unwrap();
        let server = Serving::start(setting.form, &config, port).await;
        Self {
            hook: format!("{}/hooks/woocommerce/{SHOP}", url(port)),
            outside,
            server,
            client: client(),
        }
    }

    /// Posts these in parallel; each must be answered as it says.
    pub(crate) async fn deliver(&self, postings: &[Posting]) {
        let answers = postings
            .iter()
            .map(|posting| post(&self.client, &self.hook, posting));
        let answers = join_all(answers).await;
        let expected: Vec<Option<u16>> = postings.iter().map(|posting| Some(posting.status)).collect();
        assert_eq!(answers, expected);
    }

    /// Kills the server and starts it again.
    pub(crate) async fn kill(&mut self) {
        self.server.kill().await;
        self.server.revive().await;
    }

    async fn play(&mut self, plan: &Plan) -> Result<(), String> {
        for step in &plan.steps {
            match step {
                Step::Post(burst) => {
                    let unanswered = self.post(burst).await?;
                    if !unanswered.is_empty() {
                        return Err(format!("no answer to {unanswered:?} from a running server"));
                    }
                }
                Step::PostAndKill(burst) => self.post_and_kill(burst).await?,
                Step::Stop => self.server.restart().await,
                Step::Kill => self.kill().await,
                Step::Settle => self.settle().await?,
            }
        }
        self.settle().await
    }

    /// Posts a burst at once; gives what was not answered.
    async fn post(&self, burst: &[usize]) -> Result<Vec<usize>, String> {
        let answers = join_all(burst.iter().map(|posting| self.post_one(*posting))).await;
        let answers: Vec<Option<usize>> = answers.into_iter().collect::<Result<_, String>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Posts once; the posting again if nobody answered.
    async fn post_one(&self, index: usize) -> Result<Option<usize>, String> {
        let posting = &postings()[index];
        match post(&self.client, &self.hook, posting).await {
            None => Ok(Some(index)),
            Some(status) if status == posting.status => Ok(None),
            Some(status) => Err(format!(
                "{} was answered with {status} in place of {}",
                posting.name, posting.status
            )),
        }
    }

    async fn post_and_kill(&mut self, burst: &[usize]) -> Result<(), String> {
        let (hook, client) = (self.hook.clone(), self.client.clone());
        let sent: Vec<usize> = burst.to_vec();
        let posting = tokio::spawn(async move {
            let answers = sent.iter().map(|index| post(&client, &hook, &postings()[*index]));
            let answers = join_all(answers).await;
            let unanswered = sent.iter().zip(answers).filter(|(_, status)| {
                // A server that is being killed may still have said that it takes nothing more.
                status.is_none_or(|status| status == 503)
            });
            unanswered.map(|(index, _)| *index).collect::<Vec<usize>>()
        });
        tokio::time::sleep(HEAD_START).await;
        self.server.kill().await;
        let unanswered = posting.await.unwrap();
        self.server.revive().await;
        let still = self.post(&unanswered).await?;
        if still.is_empty() {
            Ok(())
        } else {
            Err(format!("no answer to {still:?} from a running server"))
        }
    }

    /// Waits until nothing moves and nothing is on its way.
    pub(crate) async fn settle(&self) -> Result<(), String> {
        let deadline = Instant::now() + SETTLE;
        let mut before = None;
        loop {
            let seen = self.seen().await;
            if seen.is_some() && seen == before {
                return Ok(());
            }
            before = seen;
            if Instant::now() > deadline {
                let orders = self.server.orders().await.unwrap_or_default();
                let moving: Vec<String> = orders
                    .iter()
                    .filter(|order| moves(order))
                    .map(ToString::to_string)
                    .collect();
                let status = self.server.status().await;
                return Err(format!("it does not settle: {status:?}\n{}", moving.join("\n")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Every order and its revision, if nothing is under way anywhere.
    async fn seen(&self) -> Option<Vec<(String, Option<u64>)>> {
        if !self.outside.is_quiet().await {
            return None;
        }
        let status = self.server.status().await?;
        if status["deliveries_pending"] != 0 {
            return None;
        }
        let orders = self.server.orders().await?;
        let quiet = !orders.iter().any(moves);
        quiet.then(|| {
            let seen = orders
                .iter()
                .map(|order| (order["root"].to_string(), order["revision"].as_u64()));
            let mut seen: Vec<_> = seen.collect();
            seen.sort();
            seen
        })
    }

    pub(crate) async fn end(mut self, folder: &Path) -> Result<Outcome, String> {
        self.server.stop().await;
        let store = folder.join("store");
        let mut ends = ends(&store);
        let shop = self.outside.shop().await;
        for (id, end) in &mut ends {
            let order = &shop["orders"][id.to_string()];
            order["status"]
                .as_str()
                .unwrap_or("gone")
                .clone_into(&mut end.shop);
        }
        let effects = self.outside.effects();
        let books = self.outside.books().await;
        let outcome = Outcome {
            available: self.outside.available().await,
            differences: compared(&store, &effects, &books),
            ends,
            effects,
        };
        self.outside.end().await;
        Ok(outcome)
    }
}

fn compared(store: &Path, rows: &[Effect], books: &Books) -> Vec<String> {
    let options = amends_storage::Options::default();
    let store = amends_storage::Sled::open(store, &options).unwrap();
    let mut journal = Journal::default();
    journal.catch_up(&store.reader()).unwrap();
    let evidence = Evidence {
        journal: &journal,
        rows,
        books,
    };
    compare(&store.reader(), &evidence).unwrap().differences
}

/// Whether something other than a person, the shop or a deadline has to happen next.
fn moves(order: &Value) -> bool {
    let ours = [
        "to be sent",
        "to be looked up",
        "an answer",
        "parcel.shipped",
        "next element",
    ];
    let waits = order["waits_for"].as_array().into_iter().flatten();
    waits
        .filter_map(Value::as_str)
        .any(|wait| ours.iter().any(|text| wait.contains(text)))
}
