//! The loop: inputs in, commits and errands out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use amends_engine::decide::Book;
use amends_engine::expr::Evaluator;
use amends_engine::gate::{BreakerState, Paused};
use amends_engine::kernel::{self, Effect, Input, Kernel, Output, Reply, ReplyId};
use amends_engine::{Millis, RootKey};
use amends_storage::{Direction, Log, Span, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::committer::{Batch, CommitterError, commit_all, last_time};
use crate::errand::{self, Perform};
use crate::handle::{Ask, GateHealth, Handle, Health};
use crate::reading::load_root;
use crate::summary::due_root;

/// Asks that may wait for the loop. More are refused by making the asker wait.
const ASKS_MAX: usize = 4_096;
/// Asks handled before their frames go to the committer.
const ASKS_PER_ROUND: usize = 256;
/// Batches on their way to the committer: one being written, one being gathered.
const BATCHES_MAX: usize = 2;
/// How often the due index is read for roots that are not in memory.
const DUE_SCAN: Duration = Duration::from_millis(200);
/// Roots woken from the due index at once, so that a restart with many due does not load them all.
const DUE_PER_SCAN: usize = 512;
/// How long a commit waits when what it holds was acknowledged before: far longer than an effect takes to land, so
/// that a kill at any moment shows the planted bug.
const LINGER_FOR_TESTS: Duration = Duration::from_millis(400);
/// How long errands under way may take to end at shutdown; what does not is in doubt at the next start.
const DRAIN: Duration = Duration::from_secs(5);

/// How the engine runs.
pub struct Settings {
    /// How the kernel is set up; its `last_sequence` is taken from the log.
    pub kernel: kernel::Settings,
    /// Definitions and contracts.
    pub book: Arc<dyn Book + Send + Sync>,
    /// Evaluates expressions.
    pub evaluator: Arc<dyn Evaluator + Send + Sync>,
    /// Sends requests.
    pub perform: Arc<dyn Perform>,
    /// Whether errands may leave from the start.
    pub effects: Paused,
    /// When acknowledgements are given.
    pub acknowledge: Acknowledge,
}

/// When acknowledgements are given and errands leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledge {
    /// When what they follow from is durable.
    #[default]
    Durable,
    /// Before it is written, and the committer takes its time. A planted bug: with it the checks for lost or doubled
    /// work must fail, or they are blind.
    EarlyForTests,
}

/// A running engine.
pub struct Running {
    handle: Handle,
    loop_task: JoinHandle<()>,
    committer: Option<std::thread::JoinHandle<Result<(), CommitterError>>>,
}

impl Running {
    /// Asks the engine.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops: no new errands, those under way may end, everything decided becomes durable.
    ///
    /// # Errors
    /// [`CommitterError`] when the store failed before or while stopping.
    pub async fn stop(mut self) -> Result<(), CommitterError> {
        // A loop that is gone already needs no asking.
        let _ = self.handle.asks.send(Ask::Stop).await;
        if let Err(error) = (&mut self.loop_task).await {
            tracing::error!(%error, "the engine's loop ended badly");
        }
        let Some(thread) = self.committer.take() else {
            return Ok(());
        };
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(CommitterError {
                reason: "the committer panicked".to_owned(),
            }),
        }
    }
}

/// Who lets go of a running engine without stopping it ends it as a power cut would: nothing else can reach it any
/// more, and the store must not stay in use.
impl Drop for Running {
    fn drop(&mut self) {
        self.loop_task.abort();
    }
}

/// Starts the engine on `log`.
///
/// # Errors
/// [`amends_storage::ReadError`] when the end of the log cannot be read.
pub fn start<L>(log: L, settings: Settings) -> Result<Running, amends_storage::ReadError>
where
    L: Log + Send + 'static,
{
    let clock = Clock::default();
    let last = last_time(&log)?;
    let reader = log.reader();
    let kernel_settings = kernel::Settings {
        last_sequence: log.last_sequence(),
        ..settings.kernel
    };
    let durable = kernel_settings.last_sequence;
    let kernel = Kernel::new(kernel_settings, settings.book, settings.evaluator);
    let (asks, asked) = mpsc::channel(ASKS_MAX);
    let (batches, inlet) = mpsc::channel(BATCHES_MAX);
    let (told, commits) = mpsc::unbounded_channel();
    let (health, healthy) = watch::channel(Health {
        failure: None,
        clock: clock.state(),
        working_set: 0,
        durable,
        errands: 0,
        gates: Vec::new(),
        paused: settings.effects == Paused::Yes,
        money_parked: kernel.parked(),
    });
    let linger = match settings.acknowledge {
        Acknowledge::Durable => Duration::ZERO,
        Acknowledge::EarlyForTests => LINGER_FOR_TESTS,
    };
    let committer = std::thread::spawn(move || commit_all(log, inlet, &told, linger).map(drop));
    let handle = Handle {
        asks: asks.clone(),
        health: healthy,
    };
    let engine = Engine {
        kernel,
        reader,
        clock,
        not_before: last,
        perform: settings.perform,
        effects: settings.effects,
        waiting: Vec::new(),
        asks,
        batches,
        batch: Batch::default(),
        replies: HashMap::new(),
        next_reply: 0,
        errands: JoinSet::new(),
        wake_at: None,
        durable,
        health,
        acknowledge: settings.acknowledge,
    };
    let loop_task = tokio::spawn(engine.run(asked, commits));
    Ok(Running {
        handle,
        loop_task,
        committer: Some(committer),
    })
}

struct Engine<R: Store> {
    kernel: Kernel,
    reader: R,
    clock: Clock,
    not_before: Millis,
    perform: Arc<dyn Perform>,
    effects: Paused,
    /// Released while errands are paused.
    waiting: Vec<Effect>,
    asks: mpsc::Sender<Ask>,
    batches: mpsc::Sender<Batch>,
    batch: Batch,
    replies: HashMap<u64, oneshot::Sender<Reply>>,
    next_reply: u64,
    errands: JoinSet<()>,
    wake_at: Option<Millis>,
    durable: u64,
    health: watch::Sender<Health>,
    acknowledge: Acknowledge,
}

/// Whether the loop goes on.
#[derive(Debug, PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

impl<R: Store> Engine<R> {
    async fn run(mut self, mut asked: mpsc::Receiver<Ask>, mut commits: mpsc::UnboundedReceiver<u64>) {
        let mut scan = tokio::time::interval(DUE_SCAN);
        scan.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut round = Vec::with_capacity(ASKS_PER_ROUND);
        let mut go = Go::On;
        while go == Go::On {
            tokio::select! {
                biased;
                sequence = commits.recv() => match sequence {
                    Some(sequence) => self.durable(sequence),
                    None => go = self.fail(),
                },
                taken = asked.recv_many(&mut round, ASKS_PER_ROUND) => {
                    if taken == 0 {
                        go = Go::Stop;
                    }
                    for ask in round.drain(..) {
                        if self.take(ask) == Go::Stop {
                            go = Go::Stop;
                        }
                    }
                }
                () = until(self.wake_at, &self.clock) => self.handle(Input::Tick),
                Some(_) = self.errands.join_next() => {}
                _ = scan.tick() => {
                    self.wake_due();
                    self.publish();
                }
            }
            if self.flush().await == Go::Stop {
                go = self.fail();
            }
        }
        self.drain(asked, commits).await;
    }

    fn now(&self) -> Millis {
        self.clock.now().max(self.not_before)
    }

    fn handle(&mut self, input: Input) {
        let now = self.now();
        let output = self.kernel.handle(input, now);
        self.follow(output);
    }

    fn follow(&mut self, output: Output) {
        self.wake_at = output.wake_at;
        self.batch.frames.extend(output.append);
        self.batch.snapshots.extend(output.evict);
        for (ReplyId(id), reply) in output.replies {
            if let Some(asker) = self.replies.remove(&id) {
                // Who stopped waiting gets no answer; what was decided stands.
                let _ = asker.send(reply);
            }
        }
        for effect in output.release {
            self.send(effect);
        }
        for root in output.load {
            self.load(root);
        }
    }

    /// Loads are local reads of some ten microseconds; everything of an evicted root is durable already.
    fn load(&mut self, root: RootKey) {
        match load_root(&self.reader, &root) {
            Ok(loaded) => {
                let (state, values) = loaded.map_or((None, std::collections::BTreeMap::new()), |loaded| {
                    (Some(Box::new(loaded.root)), loaded.values)
                });
                self.handle(Input::Loaded { root, state, values });
            }
            Err(error) => {
                tracing::error!(%root, %error, "the root cannot be read; nothing about it is acknowledged");
                self.kernel.give_up(&root);
            }
        }
    }

    fn send(&mut self, effect: Effect) {
        if self.effects == Paused::Yes {
            self.waiting.push(effect);
            return;
        }
        let (perform, asks) = (self.perform.clone(), self.asks.clone());
        self.errands.spawn(async move {
            let (writes, input) = errand::run(perform, effect).await;
            // A loop that is gone leaves the errand in doubt; the next start resolves it.
            let _ = asks.send(Ask::Ended { writes, input }).await;
        });
    }

    fn take(&mut self, ask: Ask) -> Go {
        match ask {
            Ask::Observe {
                root,
                observation,
                reply,
            } => {
                let reply = Some(self.expect(reply));
                self.handle(Input::Observe {
                    root,
                    observation,
                    reply,
                });
            }
            Ask::Command {
                root,
                command,
                mode,
                reply,
            } => {
                let reply = self.expect(reply);
                self.handle(Input::Command {
                    root,
                    command,
                    reply,
                    run: mode,
                });
            }
            Ask::Retire { leaving, ack } => {
                self.batch.leaving.extend(leaving);
                self.batch.acks.push(ack);
            }
            Ask::Write { writes, ack } => {
                self.batch.writes.push(writes);
                self.batch.acks.push(ack);
            }
            Ask::Ended { writes, input } => {
                self.batch.writes.push(writes);
                self.handle(input);
            }
            Ask::Pause { brake, paused } => self.handle(Input::Pause { brake, paused }),
            Ask::Effects { paused } => self.pause(paused),
            Ask::Census { reply } => {
                // Who stopped waiting gets no answer.
                let _ = reply.send(self.kernel.census());
            }
            Ask::Stop => return Go::Stop,
        }
        Go::On
    }

    fn expect(&mut self, reply: oneshot::Sender<Reply>) -> ReplyId {
        self.next_reply += 1;
        self.replies.insert(self.next_reply, reply);
        ReplyId(self.next_reply)
    }

    fn pause(&mut self, paused: Paused) {
        self.effects = paused;
        if paused == Paused::No {
            for effect in std::mem::take(&mut self.waiting) {
                self.send(effect);
            }
        }
    }

    fn durable(&mut self, sequence: u64) {
        self.durable = sequence;
        self.handle(Input::Durable { sequence });
    }

    /// Roots that time alone moves and that are not in memory.
    fn wake_due(&mut self) {
        let span = Span::due_until(self.now().0);
        match self.reader.scan(&span, DUE_PER_SCAN, Direction::Ascending) {
            Ok(page) => {
                for root in page.entries.iter().filter_map(|(key, _)| due_root(key)) {
                    if !self.kernel.has(&root) {
                        self.handle(Input::Wake { root });
                    }
                }
            }
            Err(error) => tracing::error!(%error, "the due index cannot be read"),
        }
    }

    async fn flush(&mut self) -> Go {
        if self.batch.is_empty() {
            return Go::On;
        }
        if self.acknowledge == Acknowledge::EarlyForTests
            && let Some(sequence) = self.batch.frames.last().map(|frame| frame.sequence)
        {
            self.durable(sequence);
        }
        let batch = std::mem::take(&mut self.batch);
        if self.batches.send(batch).await.is_err() {
            Go::Stop
        } else {
            Go::On
        }
    }

    fn fail(&mut self) -> Go {
        self.health.send_modify(|health| {
            health
                .failure
                .get_or_insert_with(|| "the store failed; see the log, then restart".to_owned());
        });
        Go::Stop
    }

    fn publish(&mut self) {
        let gates = self.kernel.gates().map(|(connector, gate)| GateHealth {
            connector: connector.to_string(),
            waiting: gate.waiting,
            under_way: gate.under_way,
            breaker: match gate.breaker {
                BreakerState::Closed => "closed",
                BreakerState::Open(_) => "open",
                BreakerState::HalfOpen => "half-open",
            },
            answers: gate.answers,
            paused: gate.paused,
        });
        let gates = gates.collect();
        let money_parked = self.kernel.parked();
        let (clock, working_set) = (self.clock.state(), self.kernel.working_set());
        let (durable, errands) = (self.durable, self.errands.len());
        let paused = self.effects == Paused::Yes;
        self.health.send_if_modified(|health| {
            let now = Health {
                failure: health.failure.clone(),
                clock,
                working_set,
                durable,
                errands,
                gates,
                paused,
                money_parked,
            };
            let changed = *health != now;
            *health = now;
            changed
        });
    }

    /// Lets errands end and makes their ends durable; releases nothing new.
    async fn drain(mut self, mut asked: mpsc::Receiver<Ask>, mut commits: mpsc::UnboundedReceiver<u64>) {
        self.effects = Paused::Yes;
        let deadline = tokio::time::Instant::now() + DRAIN;
        while !self.errands.is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                ask = asked.recv() => if let Some(ask) = ask { self.take(ask); },
                Some(sequence) = commits.recv() => self.durable(sequence),
                Some(_) = self.errands.join_next() => {}
            }
            if self.flush().await == Go::Stop {
                return;
            }
        }
        asked.close();
        while let Ok(ask) = asked.try_recv() {
            self.take(ask);
        }
        let (ack, done) = oneshot::channel();
        self.batch.acks.push(ack);
        self.flush().await;
        // What was asked before the stop is answered once it is durable.
        let _ = done.await;
        while let Ok(sequence) = commits.try_recv() {
            self.durable(sequence);
        }
    }
}

async fn until(wake_at: Option<Millis>, clock: &Clock) {
    match wake_at {
        None => std::future::pending().await,
        Some(at) => {
            let wait_ms = u64::try_from(at.since(clock.now())).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }
}
