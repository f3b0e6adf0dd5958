//! What the rest of the process may ask of the running engine.

use amends_engine::RootKey;
use amends_engine::command::Command;
use amends_engine::decide::Observation;
use amends_engine::gate::Paused;
use amends_engine::kernel::{Brake, Census, Mode, Reply};
use amends_storage::Write;
use amends_storage::limits::COMMIT_ENTRIES_MAX;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::ClockState;
use crate::shelf::Leaving;

/// The engine has stopped, or cannot make anything durable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the engine takes nothing more: {reason}. Nothing was acknowledged; send it again when /readyz is green"
)]
pub struct Stopped {
    /// Why.
    pub reason: String,
}

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it takes work; the reason when not.
    pub failure: Option<String>,
    /// Whether the wall clock can be trusted.
    pub clock: ClockState,
    /// Roots in memory.
    pub working_set: usize,
    /// The last sequence that is durable.
    pub durable: u64,
    /// Errands under way.
    pub errands: usize,
    /// By connector: requests waiting, under way, and the breaker in one word.
    pub gates: Vec<GateHealth>,
    /// Errands do not leave: a person's brake, or a restored store waits for one.
    pub paused: bool,
    /// Requests that the brake on money holds back; `None` while it is not pulled.
    pub money_parked: Option<usize>,
}

/// How one connector's gate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateHealth {
    /// The connector.
    pub connector: String,
    /// Requests that wait.
    pub waiting: usize,
    /// Requests under way.
    pub under_way: u32,
    /// `closed`, `open` or `half-open`.
    pub breaker: &'static str,
    /// Whether the other side answered when this process last asked it.
    pub answers: bool,
    /// A person stopped it.
    pub paused: bool,
}

#[derive(Debug)]
pub(crate) enum Ask {
    Observe {
        root: RootKey,
        observation: Observation,
        reply: oneshot::Sender<Reply>,
    },
    Command {
        root: RootKey,
        command: Command,
        mode: Mode,
        reply: oneshot::Sender<Reply>,
    },
    Write {
        writes: Vec<Write>,
        ack: oneshot::Sender<()>,
    },
    Retire {
        leaving: Vec<Leaving>,
        ack: oneshot::Sender<()>,
    },
    Ended {
        writes: Vec<Write>,
        input: amends_engine::kernel::Input,
    },
    Pause {
        brake: Brake,
        paused: Paused,
    },
    Effects {
        paused: Paused,
    },
    Census {
        reply: oneshot::Sender<Census>,
    },
    Stop,
}

/// Asks the running engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) health: watch::Receiver<Health>,
}

impl Handle {
    /// Hands over what the inbound edge derived. The reply comes when it is durable.
    ///
    /// # Errors
    /// [`Stopped`]; then nothing can be said about whether it was kept.
    pub async fn observe(&self, root: RootKey, observation: Observation) -> Result<Reply, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.ask(
            Ask::Observe {
                root,
                observation,
                reply,
            },
            answer,
        )
        .await
    }

    /// Commands, or previews a command. The reply comes when it is durable.
    ///
    /// # Errors
    /// [`Stopped`]; then nothing can be said about whether it was kept.
    pub async fn command(&self, root: RootKey, command: Command, mode: Mode) -> Result<Reply, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.ask(
            Ask::Command {
                root,
                command,
                mode,
                reply,
            },
            answer,
        )
        .await
    }

    /// Lets archived orders leave the store, unless something happened to them meanwhile.
    ///
    /// # Errors
    /// [`Stopped`]; then nothing can be said about whether they left.
    pub(crate) async fn retire(&self, leaving: Vec<Leaving>) -> Result<(), Stopped> {
        let (ack, answer) = oneshot::channel();
        self.ask(Ask::Retire { leaving, ack }, answer).await
    }

    /// Makes other entries of the store durable, all of them or none.
    ///
    /// # Errors
    /// [`Stopped`]; then nothing can be said about whether they were kept. More than the store takes at once is refused here and
    /// not kept: behind this point it would end the one committer, and with it everybody's work.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), Stopped> {
        if writes.len() > COMMIT_ENTRIES_MAX {
            tracing::error!(
                entries = writes.len(),
                "more than the store takes at once was to be written"
            );
            return Err(Stopped {
                reason: format!(
                    "{} entries at once are more than the {COMMIT_ENTRIES_MAX} the store takes",
                    writes.len()
                ),
            });
        }
        let (ack, answer) = oneshot::channel();
        self.ask(Ask::Write { writes, ack }, answer).await
    }

    /// Pulls or releases a brake in this process. What is under way ends.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn pause(&self, brake: Brake, paused: Paused) -> Result<(), Stopped> {
        self.tell(Ask::Pause { brake, paused }).await
    }

    /// Stops or restarts all errands in this process.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn pause_effects(&self, paused: Paused) -> Result<(), Stopped> {
        self.tell(Ask::Effects { paused }).await
    }

    /// Counts what the engine is busy with, now and not as of the last report. It walks over every root in memory.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn census(&self) -> Result<Census, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.ask(Ask::Census { reply }, answer).await
    }

    /// How the engine is now.
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// Waits until the engine's health changes; `false` when it is gone.
    pub async fn health_changed(&mut self) -> bool {
        self.health.changed().await.is_ok()
    }

    async fn ask<T>(&self, ask: Ask, answer: oneshot::Receiver<T>) -> Result<T, Stopped> {
        self.tell(ask).await?;
        answer.await.map_err(|_| self.stopped())
    }

    async fn tell(&self, ask: Ask) -> Result<(), Stopped> {
        self.asks.send(ask).await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> Stopped {
        let reason = self.health.borrow().failure.clone();
        Stopped {
            reason: reason.unwrap_or_else(|| "it is shutting down".to_owned()),
        }
    }
}
