//! The guest: kernel and initrd that `dctest/setup/guest.sh` makes, and initrds with more files in them.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Kernel and initrd, ready to boot.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The kernel's image.
    pub kernel: PathBuf,
    /// The initrd; its init is described in `dctest/setup/guest/init`.
    pub initrd: PathBuf,
}

impl Guest {
    /// The guest in the cache, made first when it is missing or its recipe has changed.
    ///
    /// # Errors
    /// When it cannot be made; the error has the script's words.
    pub fn ensure() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dctest/setup/guest.sh");
        let output = Command::new(&script)
            .output()
            .with_context(|| format!("running {}", script.display()))?;
        ensure!(
            output.status.success(),
            "{}: {}",
            script.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let dir = cache()?.join("guest");
        Ok(Self {
            kernel: dir.join("kernel"),
            initrd: dir.join("initrd"),
        })
    }

    /// Writes to `target` an initrd with `files` (path in the guest, file here) and `run` as `/neco/run`, which the guest then runs
    /// instead of its usual course.
    ///
    /// # Errors
    /// When a file cannot be read or cpio is missing.
    pub fn initrd_with(&self, target: &Path, run: &str, files: &[(&str, &Path)]) -> Result<()> {
        let tree = tempfile::tempdir()?;
        let place = |path: &str| tree.path().join(path.trim_start_matches('/'));
        for (path, file) in files {
            let to = place(path);
            std::fs::create_dir_all(to.parent().context("a file's path in the guest is absolute")?)?;
            std::fs::copy(file, &to).with_context(|| format!("copying {}", file.display()))?;
        }
        let script = place("/neco/run");
        std::fs::create_dir_all(place("/neco"))?;
        std::fs::write(&script, run)?;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        // Linux unpacks one archive after the other.
        std::fs::copy(&self.initrd, target)?;
        append_archive(tree.path(), target)
    }
}

fn append_archive(tree: &Path, target: &Path) -> Result<()> {
    let mut initrd = std::fs::OpenOptions::new().append(true).open(target)?;
    let length = initrd.metadata()?.len();
    // An archive starts at a multiple of four bytes.
    let padding = usize::try_from((4 - length % 4) % 4)?;
    initrd.write_all(&[0; 3][..padding])?;
    let names = Command::new("find").arg(".").current_dir(tree).output()?.stdout;
    let mut cpio = Command::new("cpio")
        .args(["--quiet", "-o", "-H", "newc", "-R", "0:0"])
        .current_dir(tree)
        .stdin(Stdio::piped())
        .stdout(initrd)
        .spawn()
        .context("starting cpio: is the package installed?")?;
    cpio.stdin.take().context("cpio has no input")?.write_all(&names)?;
    let status = cpio.wait()?;
    if !status.success() {
        bail!("cpio ended with {status}");
    }
    Ok(())
}

fn cache() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("NECO_CACHE").filter(|dir| !dir.is_empty()) {
        return Ok(dir.into());
    }
    let home = std::env::var_os("HOME").context("neither NECO_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/neco"))
}
