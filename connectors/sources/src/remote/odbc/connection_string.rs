//! What a driver is given to connect: attributes, each with a value that ends where it should.

use std::path::PathBuf;

use zerotrip_datasets::file::Through;

use super::super::login::misconfigured;
use super::Odbc;
use super::address::escaped;
use super::dialect::Dialect;
use crate::SourceError;

impl Odbc {
    pub(super) fn file(&self) -> Option<PathBuf> {
        let (_, path) = self.spec.file.as_ref()?;
        let path = self.base.join(path);
        // The driver's process runs in another folder.
        Some(std::path::absolute(&path).unwrap_or(path))
    }

    /// What the driver is given; the password last, so that no value before it can be taken for its
    /// end.
    pub(super) fn connection(&self, password: Option<&str>) -> Result<String, SourceError> {
        let spec = &self.spec;
        let (name, driver) = match &spec.through {
            Through::Driver(driver) => ("DRIVER", driver),
            Through::Dsn(dsn) => ("DSN", dsn),
        };
        let mut said: Vec<(&str, String)> =
            spec.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let (Some((name, _)), Some(path)) = (&spec.file, self.file()) {
            let path = path.to_str().ok_or_else(|| {
                misconfigured("`source.file` is in a folder whose name is not a text".to_owned())
            })?;
            said.push((name, path.to_owned()));
        }
        for (name, value) in Dialect::attributes(driver) {
            if !said.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                said.push((name, (*value).to_owned()));
            }
        }
        said.extend(spec.user.clone().map(|user| ("UID", user)));
        said.extend(password.map(|password| ("PWD", password.to_owned())));
        let mut text = format!("{name}={{{}}};", driver.replace('}', "}}"));
        for (name, value) in said {
            text.push_str(&format!("{name}={};", escaped(&value)));
        }
        Ok(text)
    }
}
