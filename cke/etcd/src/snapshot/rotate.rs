//! Removing the oldest backups; the names sort by time.

use std::path::Path;

use tokio::fs;

use super::{SnapshotError, failed};

/// Removes the oldest beyond `keep`; gives their names.
pub(super) async fn remove_oldest(folder: &Path, keep: usize) -> Result<Vec<String>, SnapshotError> {
    let surplus = surplus(names(folder).await?, keep);
    for name in &surplus {
        let path = folder.join(name);
        fs::remove_file(&path).await.map_err(failed("remove", &path))?;
    }
    Ok(surplus)
}

async fn names(folder: &Path) -> Result<Vec<String>, SnapshotError> {
    let mut entries = fs::read_dir(folder).await.map_err(failed("list", folder))?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(failed("list", folder))? {
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// The names to remove, oldest first. What is not named as a backup is left alone.
fn surplus(mut names: Vec<String>, keep: usize) -> Vec<String> {
    names.retain(|name| name.starts_with("etcd-") && name.ends_with(".backup"));
    names.sort();
    names.truncate(names.len().saturating_sub(keep));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_strangers_stay() {
        let names = [
            "etcd-20260103-000000.backup",
            "notes",
            "etcd-20260101-000000.backup",
            "etcd-20260102-000000.backup",
        ];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(surplus(names.clone(), 2), ["etcd-20260101-000000.backup"]);
        assert_eq!(surplus(names.clone(), 3), Vec::<String>::new());
        assert_eq!(surplus(names, 0).len(), 3);
    }
}
