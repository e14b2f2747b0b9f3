//! The types of certificates that were offered, as wallets are told of them: what the metadata of
//! the door lists.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use zerotrip_certificates::type_metadata;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_checks::definition::Definition;
use zerotrip_trust::digest::sha256;

use crate::bounds::TYPES;
use crate::error::DoorError;

const FOLDER: &str = "types";

/// A check's certificates for wallets: their name there, and what a wallet shows. What it must
/// bring is for the door to say.
pub fn configuration(definition: &Definition) -> (String, Value) {
    let metadata = type_metadata(definition);
    let vct = definition.certificate.vct.clone();
    let member = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
    let claims: Vec<Value> = metadata
        .get("claims")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|claim| {
            let labels = member(claim, "display");
            let labels = labels.as_array().into_iter().flatten().map(
                |one| json!({ "locale": member(one, "locale"), "name": member(one, "label") }),
            );
            json!({ "path": member(claim, "path"), "display": labels.collect::<Vec<_>>() })
        })
        .collect();
    let value = json!({
        "format": "dc+sd-jwt",
        "vct": vct,
        "scope": vct,
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": ["ES256"],
        "credential_metadata": { "display": member(&metadata, "display"), "claims": claims },
    });
    (vct, value)
}

/// Keeps one; anew where its text has changed.
pub(super) fn keep(offers: &Path, id: &str, configuration: &Value) -> Result<(), DoorError> {
    let folder = offers.join(FOLDER);
    let at = |error| FileError { path: folder.clone(), error };
    files::private_folder(&folder).map_err(at)?;
    let path = folder.join(format!("{}.json", hex::encode(sha256(id.as_bytes()))));
    let text = json!({ "id": id, "configuration": configuration }).to_string();
    if files::is_there(&path) && files::read(&path)? == text.as_bytes() {
        return Ok(());
    }
    if !files::is_there(&path) && fs::read_dir(&folder).map_err(at)?.take(TYPES).count() >= TYPES {
        return Err(DoorError::TooManyTypes);
    }
    Ok(files::write(&path, text.as_bytes(), Secrecy::Public)?)
}

/// All of them.
pub(super) fn all(offers: &Path) -> Result<Map<String, Value>, DoorError> {
    let folder = offers.join(FOLDER);
    let mut types = Map::new();
    if !files::is_there(&folder) {
        return Ok(types);
    }
    let at = |error| FileError { path: folder.clone(), error };
    for entry in fs::read_dir(&folder).map_err(at)?.take(TYPES) {
        let path = entry.map_err(at)?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let read = serde_json::from_slice(&files::read(&path)?).ok().and_then(|value: Value| {
            Some((value.get("id")?.as_str()?.to_owned(), value.get("configuration")?.clone()))
        });
        let (id, configuration) =
            read.ok_or(DoorError::Content { path, why: "it is not a certificate's type" })?;
        types.insert(id, configuration);
    }
    Ok(types)
}
