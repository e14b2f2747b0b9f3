//! A private temporary folder: the snapshot of a drop is the whole register.

use std::path::{Path, PathBuf};

use zerotrip_channel::files;

/// The folder.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new folder under TMPDIR.
    pub fn new() -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("zerotrip-{}", uuid::Uuid::new_v4()));
        files::private_folder(&folder).map_err(|error| {
            format!("`{}`: {error}. Free space there, or set TMPDIR", folder.display())
        })?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!(
                "`{}` cannot be removed: {error}. Remove it yourself: it can hold rows",
                self.0.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_was_copied_goes_too() {
        let scratch = Scratch::new().unwrap();
        let folder = scratch.path().to_owned();
        std::fs::write(folder.join("rows"), "1").unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
