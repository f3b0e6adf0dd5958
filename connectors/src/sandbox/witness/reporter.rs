//! How a system of the sandbox tells the witness.

use std::time::Duration;

use super::Effect;

/// How often a report is tried before it is given up and counted as lost.
const ATTEMPTS: u32 = 5;
const RETRY_MS: u64 = 50;

/// Sends effects to a witness, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    client: reqwest::Client,
    url: Option<String>,
}

impl Reporter {
    /// A reporter to the witness with this base URL; without one, effects are told to nobody.
    pub(crate) fn new(client: reqwest::Client, witness: Option<&str>) -> Self {
        let url = witness.map(|base| format!("{}/effects", base.trim_end_matches('/')));
        Self { client, url }
    }

    /// Tells the witness of one effect. `false`: the witness could not be told, so its count is short.
    pub(crate) async fn report(&self, effect: &Effect) -> bool {
        let Some(url) = &self.url else { return true };
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
            }
            match self.client.post(url).json(effect).send().await {
                Ok(reply) if reply.status().is_success() => return true,
                Ok(reply) => tracing::warn!(status = %reply.status(), "witness refused an effect"),
                // A second try after a lost reply could count twice; a refused connection cannot have counted.
                Err(error) if error.is_connect() => tracing::warn!(%error, "witness not reached"),
                Err(error) => {
                    tracing::error!(%error, "witness did not answer");
                    return false;
                }
            }
        }
        false
    }
}
