//! The signed answers that a run keeps beside its file: `<file>.evidence/`, one for each exchange.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zerotrip_certificates::SEAL_WITHIN;
use zerotrip_channel::files;
use zerotrip_client::reply::{AnsweredMany, KeptError, KeptMany};

use crate::render::{Failure, NOT_VERIFIED, USAGE};

/// What is called as the file, with this ending.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Where the signed answers are that a file of answers was made of.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    beside(file, ".evidence")
}

/// The signed answers in such a folder, by name.
pub(super) fn kept_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unusable(folder, &error))? {
        let path = entry.map_err(|error| unusable(folder, &error))?.path();
        // What a run that was stopped had not finished.
        if path.extension().is_none_or(|ending| ending != "part") {
            kept.push(path);
        }
    }
    kept.sort_unstable();
    Ok(kept)
}

/// The last answer about this subject that is kept beside the file, as `verify` finds it proven,
/// and its place in it. An answer about others is not looked into.
pub(crate) fn last_about(
    file: &Path,
    subject: &str,
    verify: impl Fn(KeptMany) -> Result<AnsweredMany, KeptError>,
) -> Result<(AnsweredMany, usize), Failure> {
    let mut last: Option<(AnsweredMany, usize)> = None;
    for path in kept_in(&folder_of(file))? {
        let kept = KeptMany::from_text(&files::read_text(&path)?);
        let kept = kept.map_err(|error| refused(&path, &error))?;
        if !kept.names(subject) {
            continue;
        }
        let answered = verify(kept).map_err(|error| refused(&path, &error))?;
        // By the time that is signed, and not by the file's name.
        let at = answered.proven.answered_at();
        let is_later = last.as_ref().is_none_or(|(known, _)| known.proven.answered_at() < at);
        if let Some(place) = answered.place_of(subject).filter(|_| is_later) {
            last = Some((answered, place));
        }
    }
    let at = file.display();
    let (en, zh) = match last {
        None => (
            format!("`{at}` has no answer about this person"),
            format!("`{at}` 中没有关于此人的答复"),
        ),
        Some((answered, _)) if is_old(&answered) => (
            format!("what `{at}` has about this person was answered more than an hour ago"),
            format!("`{at}` 中关于此人的答复已超过一小时"),
        ),
        Some(last) => return Ok(last),
    };
    Err(Failure::new(USAGE, en, zh).remedy(
        "issue without `--from`: the person is then asked about alone",
        "请不用 `--from` 签发：将就此人单独核验",
    ))
}

/// No certificate can rest on it any more.
pub(super) fn is_old(answered: &AnsweredMany) -> bool {
    let age = SystemTime::now().duration_since(answered.proven.answered_at());
    age.unwrap_or_default() > SEAL_WITHIN
}

pub(super) fn unusable(folder: &Path, error: &std::io::Error) -> Failure {
    let at = folder.display();
    Failure::usage(&format!("`{at}`: {error}"), &format!("无法使用 `{at}`"))
}

pub(super) fn refused(path: &Path, error: &KeptError) -> Failure {
    let at = path.display();
    match error {
        KeptError::OtherQuestion => Failure::new(
            USAGE,
            format!("`{at}`: {error}"),
            format!("`{at}` 是另一项核验或另一事由的结果"),
        )
        .remedy(
            "name the question and the errand that were asked, or another file",
            "请填写当时的核验事项和事由，或另选文件",
        ),
        KeptError::Malformed | KeptError::Reply(_) => Failure::new(
            NOT_VERIFIED,
            format!("`{at}` does not verify: {error}"),
            format!("`{at}` 未通过验证：{error}"),
        )
        .remedy(
            "find out who changed it; move it away to have its persons asked about again",
            "请查明何人改动；移走此文件后，其中人员将重新核验",
        ),
    }
}
