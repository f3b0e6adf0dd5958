//! Backups of the running store: files beside it, named after their cut and time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use amends_api::{Backup, Made, Wanted};
use amends_runtime::Upkeep;
use amends_storage::SledReader;
use amends_storage::Store as _;
use amends_storage::backup::{Cut, backup};

/// Where the backups of the store in `folder` lie.
pub(crate) fn folder(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".backups");
    PathBuf::from(name)
}

/// Removes what backups left that were cut off. Who calls this has the store, so none is being written.
fn clear(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten().map(|file| file.path()) {
        if file.extension().is_some_and(|extension| extension == "partial")
            && let Err(error) = std::fs::remove_file(&file)
        {
            tracing::warn!(%error, file = %file.display(), "what is left of a backup cannot be removed");
        }
    }
}

/// Writes backups of the store in `store`.
pub(super) fn writer(store: &Path, reader: SledReader, upkeep: Upkeep) -> Backup {
    let folder = folder(store);
    clear(&folder);
    Arc::new(move |wanted: Wanted, progress| {
        // No order leaves the store while it is walked through.
        let _alone = upkeep.blocking_lock();
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        let cut = wanted.cut.map_or(Cut::Now, Cut::At);
        let ends = wanted.cut.unwrap_or_else(|| reader.applied_sequence());
        let file = folder.join(format!("amends-{ends}-{}.backup", wanted.at.0));
        let made = backup(&reader, &file, cut, wanted.at.0, progress).map_err(|error| error.to_string())?;
        Ok(Made {
            file: file.display().to_string(),
            cut: made.header.cut,
            frames: made.frames,
            values: made.values,
            bytes: made.bytes,
        })
    })
}
