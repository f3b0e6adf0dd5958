//! What is measured, for Prometheus: one table of every metric, and what this crate moves of it.
//!
//! Labels are names of the configuration, of definitions and of codes, so their number is bounded and none is
//! personal. What can be read at any moment (gauges) is set when somebody asks; what happens in between is counted
//! where it happens.

mod tally;

use std::time::Duration;

use amends_engine::event::Report;
use amends_engine::instance::Errand;
use amends_engine::kernel::Effect;
use amends_engine::outcome::{Outcome, Probe};

pub(crate) use tally::Tally;

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It only grows; its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A distribution; seconds.
    Histogram,
}

impl Form {
    /// Its name in the exposition format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Something that is measured.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub form: Form,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, a sentence.
    pub meaning: &'static str,
}

impl Metric {
    const fn new(
        name: &'static str,
        form: Form,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            form,
            labels,
            meaning,
        }
    }

    /// Tells the recorder of this process what it is.
    pub fn describe(&self) {
        match self.form {
            Form::Counter => metrics::describe_counter!(self.name, self.meaning),
            Form::Gauge => metrics::describe_gauge!(self.name, self.meaning),
            Form::Histogram => metrics::describe_histogram!(self.name, self.meaning),
        }
    }
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $form:ident, [$($label:literal),*], $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: &str = $name;)*

        /// Every metric, in the order of the documentation.
        pub const METRICS: &[Metric] =
            &[$(Metric::new($name, Form::$form, &[$($label),*], $meaning)),*];
    };
}

metrics! {
    UP = "amends_up", Gauge, [], "1 while work is taken, 0 when the store failed and nothing is acknowledged.";
    BUILD = "amends_build_info", Gauge, ["version"], "Always 1; the label names the release.";
    ORDERS = "amends_orders", Gauge, ["state"], "Orders by state; a lower bound beyond 20,000 each.";
    STARTED = "amends_instances_started_total", Counter, ["workflow"], "Workflows begun.";
    ENDED = "amends_instances_ended_total", Counter, ["workflow", "end"], "Workflows ended: `completed`, `compensated` or `closed`.";
    INCIDENTS = "amends_incidents_opened_total", Counter, ["cause"], "Incidents opened, by cause class.";
    CLEARED = "amends_incidents_cleared_total", Counter, [], "Incidents settled.";
    OBLIGATIONS = "amends_obligations_opened_total", Counter, [], "Obligations opened: money or goods owed that no step covers.";
    OVERDUE = "amends_steps_overdue_total", Counter, ["step"], "Awaited things that did not come in time.";
    SLA_BREACHES = "amends_sla_breaches_total", Counter, ["workflow", "step"], "Times promised by a definition that were broken; `step` is empty for the whole workflow.";
    COMMANDS = "amends_commands_total", Counter, ["command"], "Commands of people that were accepted.";
    ERRANDS = "amends_errands_total", Counter, ["connector", "operation", "errand", "outcome"], "Requests that ended, by what they said: `succeeded`, `accepted`, `rejected`, `failed`, `unknown`; of look-ups `found`, `absent`, `failed`.";
    ERRAND_SECONDS = "amends_errand_seconds", Histogram, ["connector", "operation"], "How long a request took, from its release to its end.";
    UNDER_WAY = "amends_connector_under_way", Gauge, ["connector"], "Requests under way.";
    WAITING = "amends_connector_waiting", Gauge, ["connector"], "Requests that wait for the connector's gate.";
    BREAKER = "amends_connector_breaker_open", Gauge, ["connector"], "1 while the circuit breaker lets nothing through, 0.5 while it tries one request at a time, otherwise 0.";
    PAUSED = "amends_connector_paused", Gauge, ["connector"], "1 while a person has paused the connector.";
    EFFECTS_PAUSED = "amends_effects_paused", Gauge, [], "1 while nothing leaves for any system.";
    MONEY_PAUSED = "amends_money_paused", Gauge, [], "1 while a person has paused outgoing money.";
    MONEY_WAITING = "amends_money_waiting", Gauge, [], "Requests held back by the brake on money.";
    DELIVERIES = "amends_deliveries_total", Counter, ["source", "answer"], "Deliveries and callbacks by answer: `kept`, `nothing`, or the code of the refusal; `source` is empty for names the configuration does not know.";
    PENDING = "amends_deliveries_pending", Gauge, [], "Deliveries kept and not understood yet.";
    LISTENER_FAILING = "amends_listener_failing_seconds", Gauge, ["listener"], "How long a listener has been taking no notices; 0 while it does.";
    HTTP = "amends_http_requests_total", Counter, ["method", "route", "status"], "Requests answered.";
    HTTP_SECONDS = "amends_http_seconds", Histogram, ["route"], "How long an answer took until its body began.";
    COMMITS = "amends_commits_total", Counter, [], "Commits that became durable.";
    FRAMES = "amends_frames_total", Counter, [], "Frames that became durable: one decision each.";
    COMMIT_SECONDS = "amends_commit_seconds", Histogram, [], "How long a commit took, the disk included.";
    DURABLE = "amends_durable_sequence", Gauge, [], "The last sequence of the journal that is durable.";
    WORKING_SET = "amends_working_set_orders", Gauge, [], "Orders in memory.";
    CLOCK_JUMP = "amends_clock_jump_seconds", Gauge, [], "How far the wall clock jumped against the monotonic one; 0 while they agree.";
}

/// Tells the recorder of this process what every metric is, and gives those without labels a value from the start:
/// a counter that appears with its first event hides that event from `increase()`.
pub fn describe() {
    for metric in METRICS {
        metric.describe();
        if metric.form == Form::Counter && metric.labels.is_empty() {
            metrics::counter!(metric.name).increment(0);
        }
    }
}

/// An errand ended after `took`.
pub(crate) fn errand(effect: &Effect, report: &Report, took: Duration) {
    let connector = effect.contract.connector.to_string();
    let operation = effect.contract.operation.to_string();
    let kind = match effect.errand {
        Errand::Send => "send",
        Errand::Probe => "look-up",
    };
    metrics::histogram!(ERRAND_SECONDS, "connector" => connector.clone(), "operation" => operation.clone())
        .record(took.as_secs_f64());
    metrics::counter!(
        ERRANDS,
        "connector" => connector, "operation" => operation, "errand" => kind, "outcome" => outcome(report)
    )
    .increment(1);
}

fn outcome(report: &Report) -> &'static str {
    match report {
        Report::Outcome(Outcome::Succeeded(_)) => "succeeded",
        Report::Outcome(Outcome::Accepted(_)) => "accepted",
        Report::Outcome(Outcome::Rejected(_)) => "rejected",
        Report::Outcome(Outcome::Failed(_)) | Report::Probe(Probe::Failed(_)) => "failed",
        Report::Outcome(Outcome::Unknown(_)) => "unknown",
        Report::Probe(Probe::Found(_)) => "found",
        Report::Probe(Probe::Absent) => "absent",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;

    fn names_in(text: &str) -> BTreeSet<&str> {
        text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .filter(|word| word.starts_with("amends_"))
            .map(|word| word.strip_suffix("_bucket").unwrap_or(word))
            .collect()
    }

    #[test]
    fn names_follow_the_custom_of_prometheus() {
        let mut seen = BTreeSet::new();
        for metric in METRICS {
            assert!(seen.insert(metric.name), "{} twice", metric.name);
            assert!(metric.name.starts_with("amends_"), "{}", metric.name);
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.form == Form::Counter, "{}", metric.name);
        }
    }

    #[test]
    fn the_alert_rules_speak_of_nothing_else() {
        let rules = include_str!("../../../docs/alerts.rules.yml");
        let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        let named = names_in(rules);
        assert!(named.len() > 10, "{named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn the_page_lists_every_metric() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let text = std::fs::read_to_string(page).unwrap();
        let (begin, end) = (
            "<!-- metrics: written by a test, do not edit -->\n",
            "<!-- end of metrics -->",
        );
        let (head, rest) = text.split_once(begin).unwrap();
        let (_, tail) = rest.split_once(end).unwrap();
        let mut wanted = format!("{head}{begin}| metric | form | labels | meaning |\n|---|---|---|---|\n");
        for metric in METRICS {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, form, labels, meaning) =
                (metric.name, metric.form.name(), labels.join(", "), metric.meaning);
            let _ = writeln!(wanted, "| `{name}` | {form} | {labels} | {meaning} |");
        }
        wanted += end;
        wanted += tail;
        if std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
            std::fs::write(page, &wanted).unwrap();
        }
        assert!(
            text == wanted,
            "docs/metrics.md is not up to date: run this test with AMENDS_WRITE_DOCS=1"
        );
    }
}
