//! The owner's approvals: which scans are served, to which members, for what. Signed as a whole by
//! the owner's own key, in the connector's folder; nothing here talks to the hub.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use prost::Message as _;
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::v1::{Approval, Approvals, Envelope, ScanTemplate};
use zerotrip_proto::{names, to_timestamp};
use zerotrip_trust::receipt::template_digest;
use zerotrip_trust::signed::{self, Signed};

use crate::owner_store::error::OwnerStoreError;
use crate::owner_store::signed_file::envelope;
use crate::owner_store::versions::Versioned;

const APPROVE_AGAIN: &str =
    "Remove it, then run `zerotrip-connector approve` again for each check that is to be served";

/// A member, and a purpose for which it may ask.
pub type MemberPurpose = (String, String);
/// Who may ask which checks, by member and purpose.
pub type ApprovedChecks = BTreeMap<MemberPurpose, BTreeSet<String>>;

/// What approving would change, for its owner to read before.
#[derive(Debug, Default)]
pub struct Changes {
    /// Who is served what it was not before.
    pub gains: ApprovedChecks,
    /// Who no longer is: it was approved for another form of the same scan, and only the newest
    /// approved form is served.
    pub loses: ApprovedChecks,
}

/// The file with the signed approvals.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("signed").join("approvals.dsse")
}

/// The signed approvals. The signature is not verified: that takes the directory in force.
pub fn read(folder: &Path) -> Result<Option<Envelope>, OwnerStoreError> {
    let path = path(folder);
    if files::is_there(&path) {
        envelope::<Approvals>(&path, APPROVE_AGAIN).map(Some)
    } else {
        Ok(None)
    }
}

/// The approvals as this owner signed them. Approvals under another signature are refused, so that
/// they are not signed anew.
pub fn current(home: &SystemHome) -> Result<Approvals, OwnerStoreError> {
    let Some(envelope) = read(&home.folder)? else {
        return Ok(Approvals {
            member: home.system.member().unwrap_or_default().to_owned(),
            ..Approvals::default()
        });
    };
    let path = path(&home.folder).display().to_string();
    let opened = signed::open(&envelope, home.key("approve")?.public());
    opened.map_err(|error| OwnerStoreError::Damaged {
        path,
        why: error.to_string(),
        remedy: APPROVE_AGAIN,
    })
}

/// Signs these approvals in place of those that were `read`. It refuses if others were signed
/// meanwhile: they would be undone unseen.
pub fn sign(
    home: &SystemHome,
    read: &Approvals,
    mut approvals: Approvals,
) -> Result<(), OwnerStoreError> {
    let _one = files::lock(&path(&home.folder).with_extension("lock"))?;
    if current(home)? != *read {
        return Err(OwnerStoreError::Meanwhile);
    }
    approvals.version = Versioned::Approvals.next(&home.folder, approvals.version)?;
    approvals.signed_at = Some(to_timestamp(SystemTime::now()));
    let envelope = signed::seal(&approvals, &home.key("approve")?)?;
    files::write(&path(&home.folder), &envelope.encode_to_vec(), Secrecy::Public)?;
    Versioned::Approvals.remember(&home.folder, approvals.version)
}

/// Refuses approvals that say themselves that they are older than others that were here.
pub fn not_older(folder: &Path, approvals: Option<&Envelope>) -> Result<(), OwnerStoreError> {
    let version = |envelope| {
        let approvals = Signed::<Approvals>::new(envelope).ok()?.unverified().ok()?;
        Some(approvals.version)
    };
    match approvals.and_then(version) {
        Some(version) => Versioned::Approvals.not_older(folder, version),
        None => Ok(()),
    }
}

/// The members that an approval serves and their purposes: each requester, for each purpose.
pub fn member_purposes(approval: &Approval) -> BTreeSet<MemberPurpose> {
    let purposes = |member: &String| {
        approval
            .purposes
            .iter()
            .map(|purpose| (member.clone(), purpose.clone()))
            .collect::<Vec<_>>()
    };
    approval.requesters.iter().flat_map(purposes).collect()
}

/// Who may ask what.
pub fn served(approvals: &Approvals) -> ApprovedChecks {
    let mut served = ApprovedChecks::new();
    for approval in &approvals.approvals {
        let Some(template) = &approval.template else { continue };
        for pair in member_purposes(approval) {
            served.entry(pair).or_default().insert(template.check.clone());
        }
    }
    served
}

/// How many subjects one request about many may be about, by member and purpose and check; only
/// where there can be any.
pub fn served_many(approvals: &Approvals) -> BTreeMap<MemberPurpose, BTreeMap<String, u32>> {
    let mut served: BTreeMap<MemberPurpose, BTreeMap<String, u32>> = BTreeMap::new();
    for approval in approvals.approvals.iter().filter(|approval| approval.max_subjects > 0) {
        let Some(template) = &approval.template else { continue };
        for pair in member_purposes(approval) {
            let checks = served.entry(pair).or_default();
            checks.insert(template.check.clone(), approval.max_subjects);
        }
    }
    served
}

/// The present approvals with these added: for templates on this member's datasets, each requester
/// for each purpose. Who was approved for the very same scan stays so; other forms of it are served
/// no longer. `max_subjects` is for those named; `None`: as they had it for the very same scan, and
/// else none about many.
pub fn added(
    current: &Approvals,
    templates: &[ScanTemplate],
    requesters: &[String],
    purposes: &[String],
    max_subjects: Option<u32>,
) -> (Approvals, Changes) {
    let mut all = current.clone();
    for template in templates
        .iter()
        .filter(|template| names::owner_of(&template.dataset) == Some(current.member.as_str()))
    {
        let of = |approval: &Approval| {
            approval.template.as_ref().is_some_and(|known| same_scan(known, template))
        };
        let digest = template_digest(template);
        let (same, others): (Vec<_>, Vec<_>) = all.approvals.into_iter().partition(of);
        let kept = same.iter().filter(|approval| {
            approval.template.as_ref().is_some_and(|known| template_digest(known) == digest)
        });
        let mut whom: BTreeMap<MemberPurpose, u32> = BTreeMap::new();
        for approval in kept {
            whom.extend(each_with(member_purposes(approval), approval.max_subjects));
        }
        let named = member_purposes(&Approval {
            requesters: requesters.to_vec(),
            purposes: purposes.to_vec(),
            ..Approval::default()
        });
        for pair in named {
            let most = whom.entry(pair).or_default();
            *most = max_subjects.unwrap_or(*most);
        }
        all.approvals = others;
        all.approvals.extend(entries(template, &whom));
    }
    let (before, after) = (served(current), served(&all));
    let changes = Changes { gains: without(&after, &before), loses: without(&before, &after) };
    (all, changes)
}

/// The present approvals without these, and what that takes away: of a check (one variant,
/// `check/variant`, or all of them), for these requesters (none named: all) and these purposes (the
/// same).
pub fn withdrawn(
    current: &Approvals,
    check: &str,
    requesters: &[String],
    purposes: &[String],
) -> (Approvals, ApprovedChecks) {
    let named = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    let mut all = current.clone();
    all.approvals = Vec::new();
    for approval in &current.approvals {
        let Some(template) = &approval.template else { continue };
        if template.check != check
            && template.check.split_once('/').is_none_or(|(name, _)| name != check)
        {
            all.approvals.push(approval.clone());
            continue;
        }
        let mut left = member_purposes(approval);
        left.retain(|(member, purpose)| !(named(requesters, member) && named(purposes, purpose)));
        let left = each_with(left, approval.max_subjects).collect();
        all.approvals.extend(entries(template, &left));
    }
    let lost = without(&served(current), &served(&all));
    (all, lost)
}

fn each_with(
    pairs: BTreeSet<MemberPurpose>,
    max_subjects: u32,
) -> impl Iterator<Item = (MemberPurpose, u32)> {
    pairs.into_iter().map(move |pair| (pair, max_subjects))
}

/// The fewest approvals that say the same: members with the same purposes share one.
fn entries(template: &ScanTemplate, whom: &BTreeMap<MemberPurpose, u32>) -> Vec<Approval> {
    let mut purposes_of: BTreeMap<(&String, u32), Vec<String>> = BTreeMap::new();
    for ((member, purpose), most) in whom {
        purposes_of.entry((member, *most)).or_default().push(purpose.clone());
    }
    let mut members_for: BTreeMap<(Vec<String>, u32), Vec<String>> = BTreeMap::new();
    for ((member, most), purposes) in purposes_of {
        members_for.entry((purposes, most)).or_default().push(member.clone());
    }
    let entry = |((purposes, max_subjects), requesters)| Approval {
        template: Some(template.clone()),
        requesters,
        purposes,
        max_subjects,
    };
    members_for.into_iter().map(entry).collect()
}

fn without(one: &ApprovedChecks, other: &ApprovedChecks) -> ApprovedChecks {
    let none = BTreeSet::new();
    let left =
        one.iter().map(|(pair, checks)| (pair.clone(), checks - other.get(pair).unwrap_or(&none)));
    left.filter(|(_, checks)| !checks.is_empty()).collect()
}

fn same_scan(one: &ScanTemplate, other: &ScanTemplate) -> bool {
    one.check == other.check && one.scan == other.scan
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn template(check: &str, rows: u64) -> ScanTemplate {
        ScanTemplate {
            check: check.into(),
            scan: "s".into(),
            dataset: "estate.ownership".into(),
            max_rows: rows,
            ..ScanTemplate::default()
        }
    }

    fn nobody() -> Approvals {
        Approvals { member: "estate".into(), ..Approvals::default() }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn said(served: &ApprovedChecks) -> Vec<String> {
        let line = |((member, purpose), checks): (&MemberPurpose, &BTreeSet<String>)| {
            format!("{member} {purpose}: {}", checks.iter().cloned().collect::<Vec<_>>().join(" "))
        };
        served.iter().map(line).collect()
    }

    #[test]
    fn approving_adds_and_nobody_gets_what_was_approved_for_another() {
        let scans = [template("home/one", 9), template("home/two", 9)];
        let (all, changes) = added(&nobody(), &scans, &texts(&["fund"]), &texts(&["rent"]), None);
        assert_eq!(
            (said(&changes.gains), said(&changes.loses)),
            (vec!["fund rent: home/one home/two".into()], vec![])
        );
        let (all, changes) = added(&all, &scans, &texts(&["bank"]), &texts(&["loan"]), None);
        assert_eq!(
            (said(&changes.gains), said(&changes.loses)),
            (vec!["bank loan: home/one home/two".into()], vec![])
        );
        assert_eq!(
            said(&served(&all)),
            ["bank loan: home/one home/two", "fund rent: home/one home/two"]
        );
        let (same, changes) = added(&all, &scans, &texts(&["bank"]), &texts(&["loan"]), None);
        assert!(
            changes.gains.is_empty()
                && changes.loses.is_empty()
                && same.approvals.len() == all.approvals.len()
        );

        // Another form of one of the scans: members that are not named are not served it.
        let (newer, changes) =
            added(&all, &[template("home/one", 10)], &texts(&["fund"]), &texts(&["rent"]), None);
        assert_eq!(
            (said(&changes.gains), said(&changes.loses)),
            (vec![], vec!["bank loan: home/one".into()])
        );
        assert_eq!(
            newer
                .approvals
                .iter()
                .filter(|one| one.template.as_ref().unwrap().max_rows == 9)
                .count(),
            2,
            "of the other scan"
        );
    }

    #[test]
    fn requests_about_many_are_approved_apart_and_for_those_named() {
        let scans = [template("home/one", 9)];
        let (fund, bank) = (texts(&["fund"]), texts(&["bank"]));
        let rent = texts(&["rent"]);
        let many = |approvals: &Approvals| {
            let served = served_many(approvals).into_iter();
            served.map(|((member, _), most)| (member, most["home/one"])).collect::<Vec<_>>()
        };
        let (all, _) = added(&nobody(), &scans, &fund, &rent, None);
        assert_eq!(many(&all), []);
        let (all, _) = added(&all, &scans, &fund, &rent, Some(500));
        let (all, changes) = added(&all, &scans, &bank, &rent, None);
        assert_eq!((many(&all), changes.loses.len()), (vec![("fund".to_owned(), 500)], 0));
        let (all, _) = added(&all, &scans, &fund, &rent, None);
        assert_eq!(many(&all), [("fund".to_owned(), 500)], "as it was");
        let (left, _) = withdrawn(&all, "home", &bank, &[]);
        assert_eq!(many(&left), [("fund".to_owned(), 500)]);
        let (newer, _) = added(&all, &[template("home/one", 10)], &fund, &rent, None);
        assert_eq!(many(&newer), [], "another form of the scan is approved anew");
        let (none, _) = added(&all, &scans, &fund, &rent, Some(0));
        assert_eq!((many(&none), served(&none).len()), (vec![], 2));
    }

    #[test]
    fn withdrawing_takes_away_what_is_named_and_no_more() {
        let scans = [template("home/one", 9), template("home/two", 9), template("homes/one", 9)];
        let (all, _) =
            added(&nobody(), &scans, &texts(&["bank", "fund"]), &texts(&["loan", "rent"]), None);
        let (_, lost) = withdrawn(&all, "home/one", &texts(&["bank"]), &texts(&["rent"]));
        assert_eq!(said(&lost), ["bank rent: home/one"]);
        let (left, lost) = withdrawn(&all, "home", &[], &texts(&["rent"]));
        assert_eq!(said(&lost), ["bank rent: home/one home/two", "fund rent: home/one home/two"]);
        assert_eq!(said(&served(&left)).len(), 4);
        let (left, _) = withdrawn(&all, "home", &[], &[]);
        assert_eq!(
            said(&served(&left)),
            [
                "bank loan: homes/one",
                "bank rent: homes/one",
                "fund loan: homes/one",
                "fund rent: homes/one"
            ]
        );
        let (same, lost) = withdrawn(&all, "hom", &[], &[]);
        assert!(lost.is_empty() && same.approvals == all.approvals);
    }

    proptest! {
        #[test]
        fn whatever_is_approved_and_withdrawn_the_entries_say_exactly_it(steps in proptest::collection::vec(
            (any::<bool>(), proptest::sample::subsequence(vec!["a", "b", "c"], 1..3), proptest::sample::subsequence(vec!["p", "q"], 1..2)), 0..8,
        )) {
            let scans = [template("home/one", 9)];
            let mut expected: BTreeSet<MemberPurpose> = BTreeSet::new();
            let mut all = nobody();
            for (adds, members, purposes) in steps {
                let (members, purposes) = (texts(&members), texts(&purposes));
                let member_purposes = member_purposes(&Approval { requesters: members.clone(), purposes: purposes.clone(), ..Approval::default() });
                if adds {
                    all = added(&all, &scans, &members, &purposes, None).0;
                    expected.extend(member_purposes);
                } else {
                    all = withdrawn(&all, "home", &members, &purposes).0;
                    expected.retain(|pair| !member_purposes.contains(pair));
                }
                prop_assert_eq!(served(&all).into_keys().collect::<BTreeSet<_>>(), expected.clone());
            }
        }
    }
}
