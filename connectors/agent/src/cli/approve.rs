//! The owner's commands for what is served: approve, withdraw, list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use zerotrip_channel::SystemHome;
use zerotrip_datasets::date::from_date32;
use zerotrip_proto::names;
use zerotrip_proto::v1::key_origin::From as Source;
use zerotrip_proto::v1::{DateRole, IdentityLevel, ScanTemplate};

use crate::cli::output::{Failure, confirmed, say};
use crate::cli::sign::checks;
use crate::owner_store::approvals::{self, ApprovedChecks};
use crate::owner_store::datasets;
use zerotrip_text::shown;

/// When a change takes effect.
const AT_ONCE: &str = "a running `serve` takes it up within a second";

/// What to approve.
#[derive(Args)]
pub struct Approve {
    /// The connector's folder.
    #[arg(long)]
    dir: PathBuf,
    /// The check, such as `no-property`, or one of its variants, such as `no-property/couple`.
    #[arg(long)]
    check: String,
    /// Members that may ask; repeat for each.
    #[arg(long = "requester", required = true)]
    requesters: Vec<String>,
    /// Purposes that are served; repeat for each.
    #[arg(long = "purpose", required = true)]
    purposes: Vec<String>,
    /// Serve requests about many persons too, about at most so many at once; 0 takes that back.
    /// Without it those named keep what they have: at first, requests about one person only.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    max_subjects: Option<u32>,
    /// Approve without asking, unless a member would no longer be served.
    #[arg(long)]
    yes: bool,
    /// With --yes: even if a member that is served now would no longer be served.
    #[arg(long)]
    replace: bool,
}

/// What to withdraw.
#[derive(Args)]
pub struct Withdraw {
    /// The connector's folder.
    #[arg(long)]
    dir: PathBuf,
    /// The check, such as `no-property`, or one of its variants, such as `no-property/family`.
    #[arg(long)]
    check: String,
    /// Members that may ask no longer; repeat for each. Default: all.
    #[arg(long = "requester")]
    requesters: Vec<String>,
    /// Purposes that are no longer served; repeat for each. Default: all.
    #[arg(long = "purpose")]
    purposes: Vec<String>,
    /// Withdraw without asking.
    #[arg(long)]
    yes: bool,
}

/// Approves, once the owner has read the scans and the members.
pub async fn approve(asked: &Approve, json: bool) -> Result<(), Failure> {
    let Approve { dir, check, requesters, purposes, .. } = asked;
    let home = SystemHome::load(dir)?;
    let directory = home.refresh_directory(SystemTime::now()).await?;
    datasets::whom_and_what(requesters, purposes, &directory)
        .map_err(|error| shown(&error.to_string()))?;
    let checks = checks(&home).await?;
    let member = home.system.member().unwrap_or_default();
    let scans = checks.iter().flat_map(|entry| {
        entry.scans.iter().filter(|scan| entry.name == *check || scan.check == *check)
    });
    let templates: Vec<ScanTemplate> =
        scans.filter(|scan| names::owner_of(&scan.dataset) == Some(member)).cloned().collect();
    if templates.is_empty() {
        return Err(format!(
            "the hub's catalog has no check `{check}` that asks a dataset of member `{member}`"
        )
        .into());
    }
    let asked_for: Vec<String> =
        templates.iter().map(|template| template.dataset.clone()).collect();
    let templates =
        datasets::fitting(&home.folder, templates).map_err(|error| shown(&error.to_string()))?;
    if templates.is_empty() {
        let asked: BTreeSet<&str> = asked_for.iter().map(String::as_str).collect();
        let asked = asked.into_iter().collect::<Vec<_>>().join("`, `");
        return Err(shown(&format!(
            "check `{check}` asks `{asked}`, which is not attached here. `sign` its file first, \
             or correct `dataset.id` in it"
        ))
        .into());
    }
    for template in &templates {
        eprintln!("{}", shown(&in_words(template)));
    }
    eprintln!(
        "{}",
        shown(&format!("asked by: {}; for: {}", requesters.join(", "), purposes.join(", ")))
    );
    match asked.max_subjects {
        Some(0) => eprintln!("one request is about one person, and none about many"),
        Some(most) => eprintln!("ONE REQUEST MAY BE ABOUT UP TO {most} PERSONS"),
        None => {}
    }
    let current = approvals::current(&home)?;
    let (approvals, changes) =
        approvals::added(&current, &templates, requesters, purposes, asked.max_subjects);
    tell("gains", &changes.gains);
    tell("LOSES", &changes.loses);
    if asked.yes && !asked.replace && !changes.loses.is_empty() {
        let losers: BTreeSet<&str> =
            changes.loses.keys().map(|(member, _)| member.as_str()).collect();
        let losers = losers.into_iter().collect::<Vec<_>>().join(", ");
        return Err(shown(&format!(
            "nothing was approved: {losers} would lose what is listed above. Name all members that \
             are to be served, or add `--replace`"
        ))
        .into());
    }
    if !asked.yes && !confirmed("approve these")? {
        return Err("nothing was approved".into());
    }
    approvals::sign(&home, &current, approvals)?;
    let count = templates.len();
    say(
        json,
        &format!("approved {count} scans of `{check}`; {AT_ONCE}"),
        &serde_json::json!({ "approved": count, "check": check }),
    )
}

/// Withdraws, once the owner has read the scans and the members.
pub fn withdraw(asked: &Withdraw, json: bool) -> Result<(), Failure> {
    let Withdraw { dir, check, requesters, purposes, .. } = asked;
    let home = SystemHome::load(dir)?;
    let current = approvals::current(&home)?;
    let (approvals, lost) = approvals::withdrawn(&current, check, requesters, purposes);
    if lost.is_empty() {
        return Err(shown(&format!(
            "nothing of `{check}` is approved for them. `zerotrip-connector approvals` lists what \
             is approved"
        ))
        .into());
    }
    tell("LOSES", &lost);
    if !asked.yes && !confirmed("withdraw these")? {
        return Err("nothing was withdrawn".into());
    }
    approvals::sign(&home, &current, approvals)?;
    say(
        json,
        &format!("withdrawn; {AT_ONCE}"),
        &serde_json::json!({ "check": check, "withdrawn": rows(&lost) }),
    )
}

/// Lists what is approved.
pub fn list(dir: &Path, json: bool) -> Result<(), Failure> {
    let approvals = approvals::current(&SystemHome::load(dir)?)?;
    let (served, many) = (approvals::served(&approvals), approvals::served_many(&approvals));
    let mut text: Vec<String> = served.iter().map(line).collect();
    for ((member, purpose), checks) in &many {
        let each = checks.iter().map(|(check, most)| format!("{check} about up to {most} persons"));
        let each = each.collect::<Vec<_>>().join(", ");
        text.push(format!("{member}, for {purpose}, in one request: {each}"));
    }
    if text.is_empty() {
        text.push("nothing is approved here; `zerotrip-connector approve` does that".into());
    }
    let text: Vec<String> = text.iter().map(|line| shown(line)).collect();
    let many = many.iter().map(|((requester, purpose), checks)| {
        serde_json::json!({
            "requester": requester, "purpose": purpose, "max_subjects": checks,
        })
    });
    let many: Vec<serde_json::Value> = many.collect();
    say(json, &text.join("\n"), &serde_json::json!({ "approved": rows(&served), "many": many }))
}

fn line(((member, purpose), checks): (&approvals::MemberPurpose, &BTreeSet<String>)) -> String {
    let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
    format!("{member}, for {purpose} ({})", checks.join(", "))
}

fn tell(what: &str, served: &ApprovedChecks) {
    for one in served {
        eprintln!("{}", shown(&format!("{what}: {}", line(one))));
    }
}

fn rows(served: &ApprovedChecks) -> Vec<serde_json::Value> {
    let mut rows = Vec::with_capacity(served.len());
    for ((requester, purpose), checks) in served {
        rows.push(serde_json::json!({
            "requester": requester, "purpose": purpose, "checks": checks,
        }));
    }
    rows
}

/// A template in words, for its owner.
fn in_words(template: &ScanTemplate) -> String {
    let origins = template.origins.iter().map(|origin| match &origin.from {
        Some(Source::Parameter(name)) => format!("the request's `{name}`"),
        Some(Source::Column(column)) => format!("{}.{}", column.dataset, column.column),
        None => "nowhere".into(),
    });
    let shown = if template.supplies.is_empty() {
        "nothing of it is shown to another department".to_owned()
    } else {
        format!("{} may be shown to another department as keys", template.supplies.join(", "))
    };
    let meanings = template.meanings.iter().map(|known| {
        format!("; it takes `{}` to mean one of {}", known.column, known.meanings.join(", "))
    });
    let dates = template.types.iter().filter_map(|column| {
        let dated = match column.role() {
            DateRole::Event => "something that happened",
            DateRole::End => "an end",
            DateRole::Birth => "a birth",
            DateRole::Begin => "a beginning",
            DateRole::Limit => "a last day",
            DateRole::RecordedOn => "when the row came to say what it says",
            DateRole::Unspecified => return None,
        };
        let aged = match (column.least_age, column.parents.is_empty()) {
            (None | Some(0), false) => ", after the births of the parents".to_owned(),
            (Some(age), false) => format!(", of parents who were {age} at least"),
            // Nothing else can be before a birth, said or not.
            (Some(0), true) if column.role() == DateRole::Begin => {
                ", not before anybody's birth".to_owned()
            }
            (None | Some(0), true) => String::new(),
            (Some(age), true) => format!(", of nobody below {age}"),
        };
        let first = column.not_before.and_then(from_date32);
        let first = first.map_or_else(String::new, |day| format!(", not before {day}"));
        Some(format!("; it takes `{}` to be the date of {dated}{aged}{first}", column.column))
    });
    let claims = template.claims.iter().map(|claim| {
        let columns = claim.columns.join(", ");
        format!("; IT TELLS WHO ASKS: {} ({}), made of {columns}", claim.title_en, claim.title_zh)
    });
    let parameters = template.parameters.iter().map(|terms| {
        format!("; the request says {} ({}, `{}`)", terms.title_en, terms.title_zh, terms.name)
    });
    let identity = template.identity.iter().map(|terms| {
        let level = match terms.level() {
            IdentityLevel::IdentityLow => "low",
            IdentityLevel::IdentitySubstantial => "substantial",
            IdentityLevel::IdentityHigh => "high",
            IdentityLevel::Unspecified => "an unknown",
        };
        format!(
            "; `{}` MUST HAVE BEEN IDENTIFIED, at level {level} at least and {} seconds ago at \
             most",
            terms.parameter, terms.within_seconds
        )
    });
    let optional = match template.optional.as_slice() {
        [] => String::new(),
        columns => format!(", and of {} what the dataset has", columns.join(", ")),
    };
    let joined = match template.lookup_columns.as_slice() {
        [] => String::new(),
        columns => format!(" (in {} at least)", columns.join(", ")),
    };
    format!(
        "{} asks {} by `{}`{joined} about at most {} persons (from {}), for {}{optional}; at most \
         {} rows; {shown}{}{}{}{}{}",
        template.check,
        template.dataset,
        template.lookup,
        template.max_keys,
        origins.collect::<Vec<_>>().join(", "),
        template.columns.join(", "),
        template.max_rows,
        meanings.collect::<String>(),
        dates.collect::<String>(),
        parameters.collect::<String>(),
        identity.collect::<String>(),
        claims.collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_templates_words_cannot_move_what_is_read() {
        let template = ScanTemplate { check: "x\u{1b}]0;\u{7}".into(), ..ScanTemplate::default() };
        assert!(!shown(&in_words(&template)).contains(char::is_control));
    }
}
