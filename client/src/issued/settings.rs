//! `status.toml` in a system's folder: with it, certificates can be revoked.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zerotrip_certificates::status::is_list_uri;
use zerotrip_channel::files;
use zerotrip_text::toml_fault;

use super::bounds::FILE;
use super::error::RegisterError;

/// Where an issuer's status lists are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSettings {
    /// The address below which verifiers fetch them.
    pub uri: String,
    /// The folder that is published there.
    pub folder: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    uri: String,
    folder: PathBuf,
}

impl StatusSettings {
    /// The settings in a system's folder; `None` where there are none.
    pub fn read(home: &Path) -> Result<Option<Self>, RegisterError> {
        let path = home.join(FILE);
        if !files::is_there(&path) {
            return Ok(None);
        }
        let text = files::read_text(&path)?;
        let wrong = |why: String| RegisterError::Settings { path: path.display().to_string(), why };
        let content: Content =
            toml::from_str(&text).map_err(|error| wrong(toml_fault(&text, &error)))?;
        if !is_list_uri(&format!("{}/{}", content.uri, list_name(&[0; 8]))) {
            let why = "`uri` must be an address such as `https://status.example.cn/fund`: https, a \
                       host in lower case, a path of letters, digits and `-._~`, no `/` at its end";
            return Err(wrong(why.to_owned()));
        }
        // A path that begins at the root stays as it is.
        Ok(Some(Self { uri: content.uri, folder: home.join(content.folder) }))
    }
}

/// The file of a list.
pub(super) fn list_name(id: &[u8; 8]) -> String {
    let id = u64::from_be_bytes(*id);
    format!("{id:016x}.jwt")
}
