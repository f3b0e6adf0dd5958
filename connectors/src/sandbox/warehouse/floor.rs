//! What happens in the warehouse by itself: picking, shipping, reporting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::Dispatch;
use super::courier::{Courier, Outgoing};
use super::depot::{Depot, Event};
use super::release::State;
use crate::sandbox::front::desk::{Desk, now_ms};
use crate::sandbox::outbox::Outbox;
use crate::sandbox::random::{draw, happens};
use crate::sandbox::witness::Units;

/// The next thing to do with a release.
#[derive(Debug)]
enum Task {
    Pick(String),
    /// Send part of it, then the rest.
    ShipPart(String),
    Ship(String),
}

/// The people and vans of the warehouse.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    depot: Arc<Mutex<Depot>>,
    dispatch: Arc<Mutex<Dispatch>>,
    tasks: Arc<Outbox<Task>>,
    courier: Courier,
    desk: Arc<Desk>,
    /// How many releases in a hundred leave in two parcels.
    partial_percent: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn span(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Floor {
    pub(crate) fn new(
        dispatch: Dispatch,
        partial_percent: u64,
        callback: super::super::options::Callback,
        client: reqwest::Client,
        desk: Arc<Desk>,
    ) -> Self {
        Self {
            depot: Arc::default(),
            dispatch: Arc::new(Mutex::new(dispatch)),
            tasks: Arc::default(),
            courier: Courier::new(callback, client, Arc::clone(&desk)),
            desk,
            partial_percent,
        }
    }

    pub(super) fn depot(&self) -> MutexGuard<'_, Depot> {
        locked(&self.depot)
    }

    pub(super) fn courier(&self) -> &Courier {
        &self.courier
    }

    pub(super) fn change_dispatch(&self, dispatch: Dispatch) {
        *locked(&self.dispatch) = dispatch;
    }

    /// Works until dropped.
    pub(crate) async fn work(self) {
        let courier = self.courier.clone();
        tokio::join!(self.keep_working(), courier.keep_sending());
    }

    async fn keep_working(&self) {
        loop {
            match self.tasks.next().await {
                Task::Pick(job) => self.pick(&job),
                Task::ShipPart(job) => {
                    let part = self.part_of(&job);
                    self.ship(&job, part).await;
                    self.later(self.ship_ms(), Task::Ship(job));
                }
                Task::Ship(job) => {
                    self.ship(&job, None).await;
                }
            }
        }
    }

    /// A release came in; in automatic mode it will be worked on.
    pub(super) fn expect(&self, job: &str, now_ms: i64) {
        if let Dispatch::Automatic { pick_ms, .. } = *locked(&self.dispatch) {
            let express = self.depot().get(job).is_some_and(|release| release.express);
            let pick_ms = if express { pick_ms / 2 } else { pick_ms };
            self.tasks
                .push(now_ms + span(pick_ms), Task::Pick(job.to_owned()));
        }
    }

    /// What is on the shelves and on its way.
    pub(super) fn remember(&self) -> Json {
        json!({"depot": *self.depot(), "callbacks": self.courier.bodies_waiting()})
    }

    /// Goes on with what [`Floor::remember`] gave.
    pub(super) fn recall(&self, records: &Json) -> Result<(), serde_json::Error> {
        let part = |name: &str| records.get(name).unwrap_or(&Json::Null);
        let depot = Depot::deserialize(part("depot"))?;
        let callbacks: Vec<String> = Vec::deserialize(part("callbacks"))?;
        let tasks = depot.releases().filter_map(|release| match release.state {
            State::Accepted => Some(Task::Pick(release.job.clone())),
            State::Picked | State::PartlyShipped => Some(Task::Ship(release.job.clone())),
            State::Shipped | State::Cancelled => None,
        });
        for task in tasks {
            self.later(self.ship_ms(), task);
        }
        *self.depot() = depot;
        for body in callbacks {
            self.courier.send(Outgoing::new(body));
        }
        Ok(())
    }

    fn ship_ms(&self) -> u64 {
        match *locked(&self.dispatch) {
            Dispatch::Automatic { ship_ms, .. } => ship_ms,
            Dispatch::OnCommand => 0,
        }
    }

    fn later(&self, ms: u64, task: Task) {
        self.tasks.push(now_ms() + span(ms), task);
    }

    fn pick(&self, job: &str) {
        if !self.depot().pick(job) {
            return;
        }
        let drawn = draw(self.desk.seed, &format!("partial/{job}"), 0);
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let chance = self.partial_percent as f64 / 100.0;
        let parts = happens(drawn, chance) && self.part_of(job).is_some();
        let task = if parts {
            Task::ShipPart(job.to_owned())
        } else {
            Task::Ship(job.to_owned())
        };
        self.later(self.ship_ms(), task);
    }

    /// About half of a release, if it can be divided.
    fn part_of(&self, job: &str) -> Option<Vec<Units>> {
        let open = self.depot().get(job)?.open_lines();
        let total: i64 = open.iter().map(|line| line.quantity).sum();
        if total < 2 {
            return None;
        }
        let mut left = total / 2;
        let mut part = Vec::new();
        for line in open {
            let quantity = line.quantity.min(left);
            left -= quantity;
            if quantity > 0 {
                part.push(Units { quantity, ..line });
            }
        }
        Some(part)
    }

    /// Sends a parcel now; its id.
    pub(super) async fn ship(&self, job: &str, lines: Option<Vec<Units>>) -> Option<String> {
        let event = self.depot().ship(job, lines)?;
        self.tell(event).await
    }

    /// Takes a parcel back.
    pub(super) async fn cancel_parcel(&self, parcel: &str) -> Option<String> {
        let event = self.depot().cancel_parcel(parcel)?;
        self.tell(event).await
    }

    async fn tell(&self, event: Event) -> Option<String> {
        self.desk.report(std::slice::from_ref(&event.effect)).await;
        self.courier.send(Outgoing::new(event.body.to_string()));
        Some(event.effect.key)
    }
}
