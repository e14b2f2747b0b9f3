//! The authority's signed bundle of grants: opened, and searched for every fault.

use std::collections::{HashMap, HashSet};
use zerotrip_text::cut;

use zerotrip_identification::Providers;
use zerotrip_proto::bounds::TEXT_CHARS;
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{Envelope, Grant, GrantBundle};
use zerotrip_trust::identity::{is_name, is_term};
use zerotrip_trust::{PublicKey, SigningKey, signed};

use crate::bounds::{GRANTS, GRANTS_PER_CHECK, SUBJECTS, TERMS, VARIANTS};
use crate::error::{GrantFault, PolicyError};
use crate::packed::{packed, read_grants};

/// Faults that are kept; a hostile bundle could hold a million.
const FAULTS: usize = 64;

/// Opens a bundle: the authority's signature, the version not below `at_least_version` (that of the
/// one in force), and no fault that can be seen without directory and catalog;
/// [`crate::Snapshot::try_new`] looks for the others.
pub fn open_grants(
    envelope: &Envelope,
    authority: &PublicKey,
    at_least_version: u64,
) -> Result<GrantBundle, PolicyError> {
    let bundle = read_grants(envelope, authority)?;
    if bundle.version < at_least_version {
        return Err(PolicyError::RolledBack { found: bundle.version, at_least: at_least_version });
    }
    check_grants(&bundle)?;
    Ok(bundle)
}

/// Signs a bundle that no hub would refuse for what is in it.
pub fn seal_grants(bundle: &GrantBundle, key: &SigningKey) -> Result<Envelope, PolicyError> {
    check_grants(bundle)?;
    Ok(signed::seal(&packed(bundle)?, key)?)
}

/// Refuses a bundle for whatever is wrong with it in itself: the rules of hub and authority alike,
/// so that nothing is signed that no hub would take.
pub(crate) fn check_grants(bundle: &GrantBundle) -> Result<(), PolicyError> {
    refuse_faults(faults(bundle))
}

pub(crate) fn refuse_faults(faults: Faults) -> Result<(), PolicyError> {
    if faults.0.is_empty() { Ok(()) } else { Err(PolicyError::Faults(faults.0)) }
}

/// At most 64 of them.
#[derive(Default)]
pub(crate) struct Faults(Vec<GrantFault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: GrantFault) {
        if self.0.len() < FAULTS {
            self.0.push(fault);
        }
    }
}

/// What is wrong with a bundle in itself.
pub(crate) fn faults(bundle: &GrantBundle) -> Faults {
    let mut faults = Faults::default();
    for (provider, fault) in Providers::read(&bundle.identity_providers).err().unwrap_or_default() {
        faults.push(GrantFault::Provider { provider: cut(&provider), fault });
    }
    if bundle.version == 0 {
        faults.push(GrantFault::NoVersion);
    }
    if from_timestamp(bundle.issued_at.as_ref()).is_none() {
        faults.push(GrantFault::IssuedAt);
    }
    if bundle.grants.len() > GRANTS {
        faults.push(GrantFault::TooMany(bundle.grants.len()));
    }
    let (mut ids, mut on_check) = (HashSet::new(), HashMap::new());
    for grant in bundle.grants.iter().take(GRANTS) {
        if !is_name(&grant.id) {
            faults.push(GrantFault::Id(cut(&grant.id)));
        }
        if !is_check(&grant.check) {
            faults.push(GrantFault::Check { grant: cut(&grant.id), check: cut(&grant.check) });
        }
        if !ids.insert(grant.id.as_str()) {
            faults.push(GrantFault::Twice(cut(&grant.id)));
        }
        for (what, terms) in [("purposes", &grant.purposes), ("legal bases", &grant.legal_bases)] {
            let different: HashSet<_> = terms.iter().take(TERMS).collect();
            if !(1..=TERMS).contains(&terms.len())
                || different.len() != terms.len()
                || !terms.iter().all(|term| is_term(term))
            {
                faults.push(GrantFault::Terms { grant: cut(&grant.id), what });
            }
        }
        if grant.variants_per_subject > VARIANTS {
            faults.push(GrantFault::Variants {
                grant: cut(&grant.id),
                found: grant.variants_per_subject,
            });
        }
        if grant.max_subjects > SUBJECTS {
            let found = grant.max_subjects;
            faults.push(GrantFault::Subjects { grant: cut(&grant.id), found });
        }
        if seconds(grant).is_none() {
            faults.push(GrantFault::Times(cut(&grant.id)));
        }
        let held: &mut usize =
            on_check.entry((grant.member.as_str(), grant.check.as_str())).or_default();
        *held += 1;
        if *held == GRANTS_PER_CHECK + 1 {
            faults.push(GrantFault::TooManyOnCheck {
                member: cut(&grant.member),
                check: cut(&grant.check),
            });
        }
    }
    faults
}

/// A grant's first second and the one that it no longer holds in. Parts of a second are taken from
/// its life, never added.
pub(crate) fn seconds(grant: &Grant) -> Option<(i64, i64)> {
    let (start, end) = (grant.not_before.as_ref()?, grant.not_after.as_ref()?);
    if from_timestamp(Some(start))? >= from_timestamp(Some(end))? {
        return None;
    }
    Some((start.seconds + i64::from(start.nanos > 0), end.seconds))
}

/// `<check>/<variant>`. Whether a hub serves it is another question.
pub(crate) fn is_check(text: &str) -> bool {
    let named = |(check, variant): (&str, &str)| {
        !check.is_empty() && !variant.is_empty() && !variant.contains('/')
    };
    text.chars().count() <= 2 * TEXT_CHARS && text.split_once('/').is_some_and(named)
}
