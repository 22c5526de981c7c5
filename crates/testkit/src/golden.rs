//! Golden files: a text compared with one that is kept beside the tests.
//!
//! `UPDATE_GOLDEN=1` writes the files anew; the change is then looked at in the diff of the commit.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Compares `actual` with a file of the calling crate: `golden!("tests/golden/boot.ipxe", text)`.
#[macro_export]
macro_rules! golden {
    ($path:expr, $actual:expr $(,)?) => {
        $crate::golden::compare(
            &::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($path),
            $actual.as_ref(),
        )
    };
}

/// Compares `actual` with the file at `path`.
///
/// # Panics
/// When they differ, with the lines that do.
pub fn compare(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let folder = path.parent().expect("a golden file lies in a folder");
        fs::create_dir_all(folder).expect("create the folder of a golden file");
        fs::write(path, actual).expect("write a golden file");
        return;
    }
    let expected = fs::read_to_string(path)
        .unwrap_or_else(|e| panic!("{}: {e}; run the test with UPDATE_GOLDEN=1 to make it", path.display()));
    if let Some(difference) = difference(&expected, actual) {
        panic!(
            "{} differs (run with UPDATE_GOLDEN=1 to accept) {difference}",
            path.display()
        );
    }
}

/// The lines from the first difference on, a few of each side; `None` when there is none.
pub fn difference(expected: &str, actual: &str) -> Option<String> {
    const SHOWN: usize = 8;
    if expected == actual {
        return None;
    }
    let same = expected.lines().zip(actual.lines()).take_while(|(e, a)| e == a).count();
    let mut text = format!("from line {}:\n", same + 1);
    for line in expected.lines().skip(same).take(SHOWN) {
        writeln!(text, "- {line:?}").expect("write to a string");
    }
    for line in actual.lines().skip(same).take(SHOWN) {
        writeln!(text, "+ {line:?}").expect("write to a string");
    }
    Some(text)
}
