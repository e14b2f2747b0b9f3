//! What a presentation is good for, to the one who asked for it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::status::StatusReference;
use zerotrip_certificates::{CertificateError, Demand, Judged, Profile, TrustRoot, Verdict, judge};
use zerotrip_channel::{SystemHome, files};
use zerotrip_client::{Session, SessionError};
use zerotrip_trust::directory::Directory;

use super::outcome::Outcome;
use super::verifying::Verifying;
use crate::settings::Kind;

/// Judges one. What is asked of it: that it is genuine, of the type, of a variant and for the
/// purpose that were asked for, shows what was asked for and no more, and is shown by its holder,
/// to this verifier, now.
pub(crate) async fn verdict_of(
    verifying: &Verifying,
    kind: &Kind,
    token: &str,
    asked: (&str, &str),
    now: SystemTime,
) -> Outcome {
    let refused = |why: String| Outcome::Refused { why };
    let read = match SdJwt::parse(token) {
        Ok(read) => read,
        Err(error) => return refused(error.to_string()),
    };
    let shown: BTreeSet<&str> = read.disclosed_names().collect();
    let wanted: BTreeSet<&str> =
        kind.claims.iter().map(String::as_str).chain(["purpose"]).collect();
    if shown != wanted {
        return refused("it shows other claims than were asked for".to_owned());
    }
    let home = match SystemHome::load(&verifying.home) {
        Ok(home) => home,
        Err(error) => return unsettled(&error),
    };
    let directory = match directory(&home, now).await {
        Ok(directory) => directory,
        Err(error) => return unsettled(&error),
    };
    let root = TrustRoot::Directory(&directory);
    let demand = Demand {
        profile: Some(Profile::Haip),
        purpose: Some(&kind.purpose),
        holder: Some(asked),
        root: Some(home.ca()),
        ..Demand::at(now)
    };
    let judged = match judge_with_list(token, root, demand, Some(&verifying.lists)) {
        Ok(judged) => judged,
        Err(error) => return refused(error.to_string()),
    };
    let certificate = &judged.certificate;
    if certificate.vct != kind.vct || !kind.variants.contains(&certificate.variant) {
        return refused("it is of another type or variant than was asked for".to_owned());
    }
    if certificate.issuer.active != Some(true) {
        return refused("the organ that sealed it may not act any more".to_owned());
    }
    // Who is not shown to be its holder, or brings it for something else, shows nothing here.
    match judged.verdict {
        Verdict::NotHolder(_) | Verdict::WrongPurpose { .. } | Verdict::WrongProfile { .. } => {
            refused(format!("the certificate is `{}`", judged.verdict.kind().word()))
        }
        _ => Outcome::of(&judged, kind),
    }
}

fn unsettled(error: &dyn std::fmt::Display) -> Outcome {
    tracing::warn!(%error, "a presentation could not be judged");
    Outcome::Unsettled
}

/// The newest directory that was kept, or, where that has run out, the hub's.
async fn directory(home: &SystemHome, now: SystemTime) -> Result<Directory, SessionError> {
    match home.directory(now) {
        Ok(directory) => Ok(directory),
        Err(_ended) => Ok(Session::connect(home).await?.directory().clone()),
    }
}

/// Judges one by the status list that it names, where that is in the folder. Nothing is fetched
/// here; whether it is that list and counts is for the judge.
pub(crate) fn judge_with_list(
    token: &str,
    root: TrustRoot<'_>,
    demand: Demand<'_>,
    lists: Option<&Path>,
) -> Result<Judged, CertificateError> {
    let judged = judge(token, root, demand)?;
    let at = judged.certificate.status.as_ref();
    match at.and_then(|at| list(lists?, at)) {
        None => Ok(judged),
        Some(list) => judge(token, root, Demand { list: Some(list.as_bytes()), ..demand }),
    }
}

fn list(folder: &Path, at: &StatusReference) -> Option<String> {
    let name = at.uri.rsplit('/').next()?;
    let known = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if name.starts_with('.') || !name.chars().all(known) {
        return None;
    }
    match files::read_text(&folder.join(name)) {
        Ok(text) => Some(text),
        Err(error) => {
            tracing::warn!(%error, "a status list is not at hand");
            None
        }
    }
}
