//! Who may ask what: the bundle of grants, signed as a whole.
//!
//! `grants.dsse` is what the hub has, `grants.next.dsse` what was signed since and the hub has not
//! confirmed. Only its confirmation makes the second the first: a revocation that the hub
//! did not take must not look like one. What the hub refused goes to `grants.refused.dsse`, so that
//! its version is not used again.

use std::time::{Duration, SystemTime};
use std::{fs, io};
use zerotrip_text::cut;

use prost::Message as _;
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_policies::{read_grants, seal_grants};
use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{Envelope, Grant, GrantBundle};

use crate::lineage::SIGNED_GRANTS;
use crate::{Authority, AuthorityError};

/// What the hub has.
const TAKEN: &str = "grants.dsse";
/// What it has not confirmed yet.
pub(crate) const WAITING: &str = "grants.next.dsse";
/// The highest version that was signed here and given up when the hub's bundle was taken over: it
/// is not given out again.
const GIVEN_UP: &str = "grants.given-up";
/// What it refused last.
const REFUSED: &str = "grants.refused.dsse";

/// A grant to add.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The member that may ask.
    pub member: String,
    /// `<check>/<variant>`.
    pub check: String,
    /// For which purposes.
    pub purposes: Vec<String>,
    /// Under which laws.
    pub legal_bases: Vec<String>,
    /// For how long.
    pub life: Duration,
    /// Whether a certificate may be issued on the answer.
    pub may_issue: bool,
    /// How many variants of the check may be asked about one subject for one purpose within 30
    /// days.
    pub variants_per_subject: u32,
    /// How many subjects one request may be about; 0: none about many.
    pub max_subjects: u32,
}

/// How far the hub is with a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// It has it.
    InForce,
    /// Signed, but the hub has not confirmed it: it cannot be relied on.
    NotTaken,
    /// Revoked, but the hub has not confirmed that: it may serve the member still.
    RevocationNotTaken,
}

impl Authority {
    /// The grants in the last signed bundle, whether the hub has it or not.
    pub fn grants(&self) -> Result<GrantBundle, AuthorityError> {
        Ok(self.newest()?.map(|(_, bundle)| bundle).unwrap_or_default())
    }

    /// The grants that the hub has, as far as it has confirmed.
    pub fn taken_grants(&self) -> Result<GrantBundle, AuthorityError> {
        Ok(self.signed_grants(TAKEN)?.map(|(_, bundle)| bundle).unwrap_or_default())
    }

    /// The bundle that was signed and that the hub has not confirmed.
    pub fn waiting_grants(&self) -> Result<Option<GrantBundle>, AuthorityError> {
        Ok(self.waiting()?.map(|(_, bundle)| bundle))
    }

    /// Every grant that is in force or waits to be, and how far the hub is with it.
    pub fn grant_states(&self) -> Result<Vec<(Grant, GrantState)>, AuthorityError> {
        let (taken, newest) = (self.taken_grants()?.grants, self.grants()?.grants);
        let state = |known: bool, otherwise: GrantState| {
            if known { GrantState::InForce } else { otherwise }
        };
        let mut states: Vec<_> = newest
            .iter()
            .map(|grant| (grant.clone(), state(taken.contains(grant), GrantState::NotTaken)))
            .collect();
        let revoked = taken.into_iter().filter(|grant| !newest.contains(grant));
        states.extend(revoked.map(|grant| (grant, GrantState::RevocationNotTaken)));
        Ok(states)
    }

    /// Adds a grant and signs the new bundle, to be published. The same grant again, while the hub
    /// has not taken it, is the same bundle.
    pub fn add_grant(&self, new: NewGrant, now: SystemTime) -> Result<Envelope, AuthorityError> {
        self.add_grants(vec![new], now)
    }

    /// The same of several, in one bundle: all of them, or none.
    pub fn add_grants(
        &self,
        all: Vec<NewGrant>,
        now: SystemTime,
    ) -> Result<Envelope, AuthorityError> {
        let mut bundle = self.grants()?;
        if let Some((envelope, waiting)) = self.waiting()? {
            let taken = self.taken_grants()?.grants;
            let waits = |new: &NewGrant| {
                waiting.grants.iter().any(|grant| new.is(grant))
                    && !taken.iter().any(|grant| grant.id == new.id)
            };
            if all.iter().all(waits) {
                return Ok(envelope);
            }
        }
        for new in all {
            if bundle.grants.iter().any(|grant| grant.id == new.id) {
                return Err(AuthorityError::GrantThere(new.id));
            }
            if !self.directory.members.iter().any(|member| member.id == new.member) {
                return Err(AuthorityError::UnknownMember(cut(&new.member)));
            }
            // The hub refuses grants of strangers, and with them all that the bundle changes.
            if self
                .confirmed_directory()?
                .is_some_and(|known| !known.members.iter().any(|member| member.id == new.member))
            {
                return Err(AuthorityError::UnpublishedMember(new.member));
            }
            bundle.grants.push(Grant {
                id: new.id,
                member: new.member,
                check: new.check,
                purposes: new.purposes,
                legal_bases: new.legal_bases,
                not_before: Some(to_timestamp(now - CLOCK_SKEW)),
                not_after: Some(to_timestamp(now + new.life)),
                may_issue: new.may_issue,
                variants_per_subject: new.variants_per_subject,
                max_subjects: new.max_subjects,
            });
        }
        self.sign_grants(bundle, WAITING, now)
    }

    /// Takes a grant away and signs the new bundle, to be published. Once more, while the hub has
    /// not taken it, it is the same bundle.
    pub fn revoke_grant(&self, id: &str, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let mut bundle = self.grants()?;
        let before = bundle.grants.len();
        bundle.grants.retain(|grant| grant.id != id);
        if bundle.grants.len() < before {
            return self.sign_grants(bundle, WAITING, now);
        }
        match self.waiting()? {
            Some((envelope, _))
                if self.taken_grants()?.grants.iter().any(|grant| grant.id == id) =>
            {
                Ok(envelope)
            }
            _ => Err(AuthorityError::NoGrant(cut(id))),
        }
    }

    /// The last signed bundle; the first one is empty.
    pub fn newest_grants(&self, now: SystemTime) -> Result<Envelope, AuthorityError> {
        match self.newest()? {
            Some((envelope, _)) => Ok(envelope),
            // The hub gets it with its enrolment.
            None => self.sign_grants(GrantBundle::default(), TAKEN, now),
        }
    }

    /// The hub has confirmed this bundle.
    pub fn grants_taken(&self, envelope: &Envelope) -> Result<(), AuthorityError> {
        self.put(TAKEN, envelope)?;
        self.forget_waiting()
    }

    /// The hub refused the waiting bundle for what is in it: nothing has changed, and the next one
    /// starts from what the hub has.
    pub fn grants_refused(&self) -> Result<(), AuthorityError> {
        if let Some((envelope, refused)) = self.waiting()? {
            self.put(REFUSED, &envelope)?;
            self.forget_signed(SIGNED_GRANTS, refused.version - 1)?;
        }
        self.forget_waiting()
    }

    /// What the hub has is newer than what this folder has signed, which then is an older copy:
    /// takes it over, and drops what waits, which was made from the older one. `None` where the
    /// hub's is this folder's, or older; the version where it was taken over.
    pub fn follow_hub(&self, theirs: &Envelope) -> Result<Option<u64>, AuthorityError> {
        let found = read_grants(theirs, self.key.public())?;
        let newest = self.newest()?;
        let last = newest.as_ref().is_some_and(|(ours, _)| ours.payload == theirs.payload);
        // What was confirmed and is no longer there: the hub was set back. What was signed here and
        // never confirmed: a reply was lost.
        let ours = last
            || found.version < self.taken_grants()?.version
            || self.signed_here(SIGNED_GRANTS, theirs)?;
        // What was signed here is in one of the files too, unless they are older.
        let ours_is = newest.as_ref().map_or(0, |(_, ours)| ours.version);
        let are_older = found.version > ours_is || self.are_older(ours_is)?;
        let is_taken =
            self.signed_grants(TAKEN)?.is_some_and(|(taken, _)| taken.payload == theirs.payload);
        if !are_older && (ours || is_taken) {
            return Ok(None);
        }
        if newest.is_some_and(|(_, ours)| ours.version > found.version) {
            // No version is given out twice.
            if let Some((envelope, _)) = self.waiting()? {
                self.put(REFUSED, &envelope)?;
            }
        }
        self.give_up(found.version)?;
        self.grants_taken(theirs)?;
        self.note_signed(SIGNED_GRANTS, found.version, theirs)?;
        Ok(Some(found.version))
    }

    fn newest(&self) -> Result<Option<(Envelope, GrantBundle)>, AuthorityError> {
        Ok(match self.waiting()? {
            Some(waiting) => Some(waiting),
            None => self.signed_grants(TAKEN)?,
        })
    }

    /// A crash between taking a bundle and forgetting that it waited leaves it in both files: then
    /// nothing waits.
    pub(crate) fn waiting(&self) -> Result<Option<(Envelope, GrantBundle)>, AuthorityError> {
        let taken = self.taken_grants()?.version;
        Ok(self.signed_grants(WAITING)?.filter(|(_, bundle)| bundle.version > taken))
    }

    fn signed_grants(&self, name: &str) -> Result<Option<(Envelope, GrantBundle)>, AuthorityError> {
        self.read_signed_as(name, read_grants)
    }

    pub(crate) fn sign_grants(
        &self,
        mut bundle: GrantBundle,
        name: &str,
        now: SystemTime,
    ) -> Result<Envelope, AuthorityError> {
        if self.are_older(bundle.version)? {
            let (file, signed) =
                (self.folder.join(TAKEN).display().to_string(), self.last_signed(SIGNED_GRANTS)?);
            return Err(AuthorityError::OlderFile { file, has: bundle.version, signed });
        }
        let refused = self.signed_grants(REFUSED)?.map_or(0, |(_, bundle)| bundle.version);
        bundle.version = bundle.version.max(refused).max(self.given_up()?) + 1;
        bundle.issued_at = Some(to_timestamp(now));
        let envelope = seal_grants(&bundle, &self.key)?;
        self.put(name, &envelope)?;
        self.note_signed(SIGNED_GRANTS, bundle.version, &envelope)?;
        Ok(envelope)
    }

    /// Whether the newest bundle in this folder, of this version, is older than what was signed
    /// here and neither refused nor given up: a file was put back from a copy.
    fn are_older(&self, version: u64) -> Result<bool, AuthorityError> {
        Ok(self.last_signed(SIGNED_GRANTS)? > version)
    }

    /// The highest version that was signed here and of which no file is left, when the hub's bundle
    /// was taken over.
    fn given_up(&self) -> Result<u64, AuthorityError> {
        let path = self.folder.join(GIVEN_UP);
        if !files::is_there(&path) {
            return Ok(0);
        }
        let content = || AuthorityError::Content {
            path: path.display().to_string(),
            why: "it is not a number".to_owned(),
        };
        files::read_text(&path)?.trim().parse().map_err(|_| content())
    }

    fn give_up(&self, above: u64) -> Result<(), AuthorityError> {
        let last = self.last_signed(SIGNED_GRANTS)?;
        if last > above.max(self.given_up()?) {
            files::write(
                &self.folder.join(GIVEN_UP),
                format!("{last}\n").as_bytes(),
                Secrecy::Public,
            )?;
        }
        self.forget_signed(SIGNED_GRANTS, above)
    }

    fn put(&self, name: &str, envelope: &Envelope) -> Result<(), AuthorityError> {
        Ok(files::write(&self.folder.join(name), &envelope.encode_to_vec(), Secrecy::Public)?)
    }

    fn forget_waiting(&self) -> Result<(), AuthorityError> {
        let path = self.folder.join(WAITING);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FileError { path, error }.into())
            }
            _ => Ok(()),
        }
    }
}

impl NewGrant {
    /// Whether this grant is that one, whenever it was signed.
    fn is(&self, grant: &Grant) -> bool {
        let same_words = self.purposes == grant.purposes && self.legal_bases == grant.legal_bases;
        let same_rights = (self.may_issue, self.variants_per_subject.max(1), self.max_subjects)
            == (grant.may_issue, grant.variants_per_subject.max(1), grant.max_subjects);
        (&self.id, &self.member, &self.check) == (&grant.id, &grant.member, &grant.check)
            && same_words
            && same_rights
    }
}
