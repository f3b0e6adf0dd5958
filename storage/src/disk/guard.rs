//! sled panics where it meets damage it did not expect. Each call of it goes through here, so that a panic becomes
//! an error with instructions instead of a dead thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `call`; an error or a panic becomes its text.
///
/// The state behind a panic is not trusted again by the callers: an open fails, a commit is fatal, a read reports.
pub(super) fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("the database panicked: {}", text(panic.as_ref()))),
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_text() {
        let result: Result<(), String> = guarded(|| panic!("tried to serialize Uninitialized"));
        assert_eq!(
            result,
            Err("the database panicked: tried to serialize Uninitialized".to_owned())
        );
    }

    #[test]
    fn an_error_keeps_its_words() {
        let result: Result<(), String> = guarded(|| Err(sled::Error::Unsupported("no such thing".into())));
        assert!(result.unwrap_err().contains("no such thing"));
    }
}
