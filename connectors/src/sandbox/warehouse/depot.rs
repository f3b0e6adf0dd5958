//! The releases of the warehouse and what can happen to them, without any waiting.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::release::{Parcel, Release, State, Wish};
use crate::sandbox::front::request::order_in_key;
use crate::sandbox::witness::{Effect, Units};

/// What came of a request to cancel.
#[derive(Debug)]
pub(super) enum Cancelled {
    Now(Effect),
    Before,
    TooLate,
    Unknown,
}

/// Something that happened on the floor: what the witness and what the client is told.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) effect: Effect,
    pub(super) body: Json,
}

/// All releases.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Depot {
    releases: BTreeMap<String, Release>,
    by_reference: BTreeMap<String, Vec<String>>,
    by_key: BTreeMap<String, String>,
    jobs: u64,
    parcels: u64,
}

impl Depot {
    /// Accepts a release: the job it becomes.
    pub(super) fn accept(&mut self, wish: Wish, key: Option<String>, now_ms: i64) -> (String, Effect) {
        self.jobs += 1;
        let job = format!("J-{}", self.jobs);
        let reference = wish.reference.or_else(|| key.clone()).unwrap_or_default();
        let release = Release {
            job: job.clone(),
            reference: reference.clone(),
            order_key: wish.order_key,
            state: State::Accepted,
            express: wish.express,
            lines: wish.lines,
            address: wish.address,
            parcels: Vec::new(),
            accepted_ms: now_ms,
            key,
        };
        let effect = effect(
            &release,
            "releases.create",
            release.key.as_deref().unwrap_or(&reference),
        );
        self.by_reference.entry(reference).or_default().push(job.clone());
        if let Some(key) = &release.key {
            self.by_key.insert(key.clone(), job.clone());
        }
        self.releases.insert(job.clone(), release);
        (job, effect)
    }

    /// The job that was accepted under this idempotency key.
    pub(super) fn accepted_under(&self, key: &str) -> Option<String> {
        self.by_key.get(key).cloned()
    }

    /// All releases.
    pub(super) fn releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values()
    }

    pub(super) fn get(&self, job: &str) -> Option<&Release> {
        self.releases.get(job)
    }

    pub(super) fn find(&self, reference: Option<&str>, order_key: Option<&str>) -> Vec<Release> {
        let Some(reference) = reference else {
            let all = self.releases.values();
            return all
                .filter(|r| order_key.is_none_or(|key| r.order_key == key))
                .cloned()
                .collect();
        };
        let jobs = self.by_reference.get(reference).into_iter().flatten();
        jobs.filter_map(|job| self.releases.get(job).cloned()).collect()
    }

    /// Jobs that have not left completely, the oldest first.
    pub(super) fn open_jobs(&self, order_key: Option<&str>) -> Vec<String> {
        let open = self.releases.values().filter(|release| {
            !matches!(release.state, State::Shipped | State::Cancelled)
                && order_key.is_none_or(|key| release.order_key == key)
        });
        let mut open: Vec<&Release> = open.collect();
        open.sort_by_key(|release| release.accepted_ms);
        open.into_iter().map(|release| release.job.clone()).collect()
    }

    pub(super) fn cancel(&mut self, job: &str, key: Option<&str>) -> Cancelled {
        let Some(release) = self.releases.get_mut(job) else {
            return Cancelled::Unknown;
        };
        match release.state {
            State::Cancelled => Cancelled::Before,
            State::Picked | State::PartlyShipped | State::Shipped => Cancelled::TooLate,
            State::Accepted => {
                release.state = State::Cancelled;
                let derived = format!("{}#cancel", release.reference);
                let mut effect = effect(release, "releases.cancel", key.unwrap_or(&derived));
                effect.undo = true;
                Cancelled::Now(effect)
            }
        }
    }

    /// Takes the goods from the shelf; from now on it cannot be cancelled. `false`: there was nothing to pick.
    pub(super) fn pick(&mut self, job: &str) -> bool {
        match self.releases.get_mut(job) {
            Some(release) if release.state == State::Accepted => {
                release.state = State::Picked;
                true
            }
            _ => false,
        }
    }

    /// Sends the given lines (all that is open if `None`) as one parcel.
    pub(super) fn ship(&mut self, job: &str, lines: Option<Vec<Units>>) -> Option<Event> {
        let release = self.releases.get_mut(job)?;
        let open = release.open_lines();
        let lines = lines.unwrap_or_else(|| open.clone());
        let fits = lines.iter().all(|line| {
            line.quantity > 0
                && open
                    .iter()
                    .any(|open| open.sku == line.sku && open.quantity >= line.quantity)
        });
        if release.state == State::Cancelled || lines.is_empty() || !fits {
            return None;
        }
        self.parcels += 1;
        let parcel = Parcel {
            id: format!("P-{}", self.parcels),
            lines,
            carrier: if release.express { "Swift" } else { "Parcelpost" }.into(),
            tracking: format!("1Z{:012}", self.parcels),
            cancelled: false,
        };
        release.parcels.push(parcel.clone());
        release.state = if release.open_lines().is_empty() {
            State::Shipped
        } else {
            State::PartlyShipped
        };
        Some(event(release, &parcel, "parcel.shipped"))
    }

    /// Gives a parcel up after it was reported: lost, or taken back from the van.
    pub(super) fn cancel_parcel(&mut self, parcel: &str) -> Option<Event> {
        let release = self
            .releases
            .values_mut()
            .find(|r| r.parcels.iter().any(|p| p.id == parcel))?;
        let found = release
            .parcels
            .iter_mut()
            .find(|p| p.id == parcel && !p.cancelled)?;
        found.cancelled = true;
        let found = found.clone();
        release.state = State::PartlyShipped;
        let mut event = event(release, &found, "parcel.cancelled");
        event.effect.undo = true;
        Some(event)
    }
}

fn effect(release: &Release, operation: &str, key: &str) -> Effect {
    let told = Some(release.order_key.clone()).filter(|key| !key.is_empty());
    Effect {
        system: "warehouse".into(),
        operation: operation.into(),
        key: key.to_owned(),
        reference: release.job.clone(),
        order_key: told.or_else(|| order_in_key(key)),
        lines: release.lines.clone(),
        ..Effect::default()
    }
}

fn event(release: &Release, parcel: &Parcel, name: &str) -> Event {
    let mut effect = effect(release, name, &parcel.id);
    effect.lines.clone_from(&parcel.lines);
    let body = json!({
        "event": name,
        "id": format!("evt-{}-{}", parcel.id, name.rsplit('.').next().unwrap_or_default()),
        "job": release.job,
        "parcel": parcel.id,
        "reference": release.reference,
        "order_key": release.order_key,
        "lines": parcel.lines,
        "carrier": parcel.carrier,
        "tracking": parcel.tracking,
    });
    Event { effect, body }
}

#[cfg(test)]
mod tests {
    use super::{Cancelled, Depot, Wish};
    use crate::sandbox::witness::Units;

    fn units(sku: &str, quantity: i64) -> Units {
        Units {
            sku: sku.into(),
            quantity,
        }
    }

    fn depot() -> (Depot, String) {
        let mut depot = Depot::default();
        let wish = Wish {
            reference: Some("r".into()),
            order_key: "eu-shop:16".into(),
            lines: vec![units("TEE", 2), units("MUG", 1)],
            address: serde_json::Value::Null,
            express: false,
        };
        let (job, _) = depot.accept(wish, None, 0);
        (depot, job)
    }

    #[test]
    fn parcels_never_add_up_to_more_than_the_release() {
        let (mut depot, job) = depot();
        assert!(depot.ship(&job, Some(vec![units("TEE", 3)])).is_none());
        assert!(depot.ship(&job, Some(vec![units("TEE", 1)])).is_some());
        let rest = depot.ship(&job, None).unwrap();
        assert_eq!(rest.effect.lines, [units("TEE", 1), units("MUG", 1)]);
        assert!(depot.ship(&job, None).is_none());
    }

    #[test]
    fn picking_decides_whether_a_release_can_be_cancelled() {
        let (mut accepted, job) = depot();
        assert!(matches!(accepted.cancel(&job, None), Cancelled::Now(_)));
        assert!(matches!(accepted.cancel(&job, None), Cancelled::Before));
        assert!(!accepted.pick(&job));
        let (mut picked, job) = depot();
        assert!(picked.pick(&job));
        assert!(matches!(picked.cancel(&job, None), Cancelled::TooLate));
    }
}
