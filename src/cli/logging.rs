//! What the process prints about itself.

use tracing_subscriber::EnvFilter;

use crate::config::Log;
use crate::config::log::Format;

/// Starts printing to standard error as `log` says; `RUST_LOG` overrides the level.
pub(super) fn start(log: &Log) {
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(log.level.as_str()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(std::io::stderr);
    // Only a second subscriber can fail, and this is called once.
    let _ = match log.format {
        Format::Json => builder.json().try_init(),
        Format::Text => builder.try_init(),
    };
}
