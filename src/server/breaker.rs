//! Says when an outside system does not answer: one incident per connector, from its circuit breaker.

use std::collections::BTreeSet;

use amends_api::Reader;
use amends_runtime::{GateHealth, IncidentError, Intake, Origin, Report, open_incidents};
use amends_storage::ReadError;

/// The class of the cause.
const CAUSE: &str = "breaker-open";
/// Incidents read at the start; a configuration has a dozen connectors.
const CONNECTORS_MAX: usize = 1_000;

/// Watches the circuit breakers of all connectors.
pub(super) struct BreakerWatch {
    intake: Intake<Reader>,
    reader: Reader,
}

impl BreakerWatch {
    pub(super) fn new(intake: &Intake<Reader>, reader: &Reader) -> Self {
        Self {
            intake: intake.clone(),
            reader: reader.clone(),
        }
    }

    /// Opens an incident when a breaker opens, and closes it once the system has answered: also one that an earlier
    /// process left, whose breakers all begin closed.
    pub(super) async fn run(self) {
        let mut handle = self.intake.handle().clone();
        let mut open = match self.left() {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(%error, "the open incidents of connectors cannot be read");
                BTreeSet::new()
            }
        };
        loop {
            for gate in handle.health().gates {
                if let Err(error) = self.follow(&mut open, &gate).await {
                    tracing::error!(%error, connector = gate.connector, "its incident cannot be kept");
                }
            }
            if !handle.health_changed().await {
                return;
            }
        }
    }

    /// Connectors whose incident an earlier process left open.
    fn left(&self) -> Result<BTreeSet<String>, ReadError> {
        let open = open_incidents(&self.reader, "connector/", CONNECTORS_MAX)?;
        let left = open.into_iter().filter_map(|incident| match incident.origin {
            Origin::Connector(name) if incident.cause == CAUSE => Some(name),
            Origin::Connector(_) | Origin::Shop(_) | Origin::Delivery { .. } => None,
        });
        Ok(left.collect())
    }

    async fn follow(&self, open: &mut BTreeSet<String>, gate: &GateHealth) -> Result<(), IncidentError> {
        let known = open.contains(&gate.connector);
        if gate.breaker == "open" && !known {
            self.opened(gate).await?;
            open.insert(gate.connector.clone());
        } else if gate.breaker == "closed" && gate.answers && known {
            self.closed(&gate.connector).await?;
            open.remove(&gate.connector);
        }
        Ok(())
    }

    async fn opened(&self, gate: &GateHealth) -> Result<(), IncidentError> {
        let name = &gate.connector;
        let report = Report {
            origin: Origin::Connector(name.clone()),
            cause: CAUSE,
            text: format!(
                "`{name}` does not answer: its circuit breaker is open and {} requests wait. They go out by themselves once it answers.",
                gate.waiting
            ),
            about: String::new(),
        };
        self.intake
            .incidents()
            .report(&report, Vec::new(), self.intake.now())
            .await
    }

    async fn closed(&self, connector: &str) -> Result<(), IncidentError> {
        let origin = Origin::Connector(connector.to_owned());
        let id = format!("{origin}/{CAUSE}");
        let reason = "it answers again";
        self.intake
            .incidents()
            .close(&id, "amends", reason, self.intake.now())
            .await
            .map(drop)
    }
}
