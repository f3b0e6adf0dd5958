//! One set of laws, run on every backend.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

mod conformance {
    pub(crate) mod commits;
    pub(crate) mod reading;
}

use conformance::{commits, reading};

macro_rules! laws {
    ($($module:ident :: $law:ident),+ $(,)?) => {
        mod memory {
            $(#[test] fn $law() { super::$module::$law(&mut crate::support::memory()); })+
        }
        mod sled {
            $(#[test] fn $law() { let (mut log, _folder) = crate::support::sled(); super::$module::$law(&mut log); })+
        }
    };
}

laws! {
    commits::frames_and_writes_are_kept_together,
    commits::a_gap_or_repeat_in_the_sequence_is_refused,
    commits::a_frame_that_breaks_its_chain_is_refused,
    commits::what_the_store_writes_itself_is_refused,
    commits::unsealed_values_are_refused,
    commits::what_is_too_large_is_refused,
    commits::the_last_write_of_a_key_counts,
    commits::a_refused_commit_changes_nothing,
    commits::an_empty_commit_changes_nothing,
    reading::values_of_every_size_come_back,
    reading::pages_cover_a_span_once_in_both_directions,
    reading::a_page_of_large_values_ends_early,
    reading::spans_find_what_they_name,
    reading::frames_are_read_by_root_and_by_sequence,
    reading::a_reader_sees_whole_commits_only,
}
