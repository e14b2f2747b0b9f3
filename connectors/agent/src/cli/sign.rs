//! `sign`: the owner states what its datasets are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome, dial, files};
use zerotrip_proto::v1::catalog_client::CatalogClient;
use zerotrip_proto::v1::{CheckEntry, ListChecksRequest};
use zerotrip_proto::{Refusal, bounds};

use crate::cli::output::{Failure, say};
use crate::cli::statements;
use crate::owner_store::datasets;
use zerotrip_text::shown;

/// Time for the hub to list what its checks ask. If it does not answer, the owner can sign all the
/// same.
const HUB_TIME: Duration = Duration::from_secs(5);

/// Signs and attaches. A dataset that no check asks is refused before anything is written.
pub async fn sign(
    dir: &Path,
    files: &[PathBuf],
    not_asked_yet: bool,
    json: bool,
) -> Result<(), Failure> {
    let home = SystemHome::load(dir)?;
    let asked = if not_asked_yet { None } else { asked(&home).await };
    if asked.is_none() && !not_asked_yet {
        eprintln!(
            "the hub did not say which datasets its checks ask, so these ids are not compared \
             with them"
        );
    }
    for path in files {
        let dataset = datasets::read_dataset(path).map_err(|error| shown(&error.to_string()))?;
        match statements::survey(&dataset, path).await {
            Ok(survey) => {
                if let Some(why) = statements::refusal(&survey) {
                    return Err(format!("{}: {}", dataset.id, shown(&why)).into());
                }
                let found = statements::in_words(&dataset, &survey);
                if !found.is_empty() {
                    eprintln!("{}{found}", dataset.id);
                }
            }
            Err(error) => eprintln!(
                "{}: its rows were not looked at: {}",
                dataset.id,
                shown(&error.to_string())
            ),
        }
    }
    let signed = datasets::sign_datasets(&home, files, asked.as_ref())
        .map_err(|error| shown(&error.to_string()))?;
    let taken = taken_up(dir)?;
    for (file, path) in signed.iter().zip(files) {
        let text = format!(
            "signed and attached {} ({} columns, {} look-ups); {taken}",
            file.id,
            file.columns.len(),
            file.lookups.len()
        );
        say(
            json,
            &text,
            &serde_json::json!({ "signed": file.id, "file": path.display().to_string() }),
        )?;
    }
    for path in datasets::left_behind(dir)? {
        eprintln!("{}", shown(&left(&path)));
    }
    Ok(())
}

/// When the new signature takes effect.
pub fn taken_up(dir: &Path) -> Result<&'static str, Failure> {
    let runs = files::try_lock(&dir.join("serve.lock"))?.is_none();
    Ok(if runs {
        "the `serve` that runs here takes it up at once, and says so in its log once the source is \
         open"
    } else {
        "it holds from the next start of `serve`"
    })
}

/// What to say of a signed file without an attached dataset file.
pub fn left(path: &Path) -> String {
    format!(
        "`{}` belongs to no attached dataset file, and nothing is served by it. Remove it, or \
         `sign` its dataset file again",
        path.display()
    )
}

/// Every dataset that a check of the hub asks; `None` if the hub does not answer.
async fn asked(home: &SystemHome) -> Option<BTreeSet<String>> {
    match tokio::time::timeout(HUB_TIME, checks(home)).await {
        Ok(Ok(checks)) if !checks.is_empty() => Some(
            checks.into_iter().flat_map(|check| check.scans).map(|scan| scan.dataset).collect(),
        ),
        _ => None,
    }
}

/// What the hub's catalog says of every check.
pub async fn checks(home: &SystemHome) -> Result<Vec<CheckEntry>, Failure> {
    let stream = dial(&home.address, home.tls(bounds::ALPN_H2)?).await?;
    let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
    tokio::spawn(connection);
    let mut catalog = CatalogClient::new(client).max_decoding_message_size(bounds::MESSAGE_BYTES);
    Ok(catalog
        .list_checks(ListChecksRequest::default())
        .await
        .map_err(|status| Refusal::from_status(&status))?
        .into_inner()
        .checks)
}
