//! Whether this folder is the newest there is, or an older copy that was put back, in whole or in
//! part: what it signed and what the hub confirmed, and the number of the file that the next one is
//! made from, against what the hub has. An older copy never publishes: what it would undo, it does
//! not know of.

use std::time::SystemTime;

use prost::Message as _;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{Envelope, KeyDirectory, Member, Status};
use zerotrip_text::Bilingual;
use zerotrip_trust::digest::sha256;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::signed;

use crate::{Authority, AuthorityError};

/// What this folder signed, one to a line, by number and digest: of the directory, and of the
/// grants.
pub(super) const SIGNED_DIRECTORIES: &str = "directory.signed";
pub(super) const SIGNED_GRANTS: &str = "grants.signed";
/// How many of the last are kept: this many replies in a row would have to be lost.
const MOST_SIGNED: usize = 256;

/// The hub has what this folder never signed: the folder is an older copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The hub's version.
    pub version: u64,
    /// What differs, a line for each member.
    pub differs: Vec<Bilingual>,
}

impl Authority {
    /// How the hub's directory differs from this folder's, where the folder is behind; changes
    /// nothing.
    pub fn behind(&self, theirs: &Envelope) -> Result<Option<Behind>, AuthorityError> {
        let found: KeyDirectory = signed::open(theirs, self.key.public())?;
        let confirmed = self.confirmed_directory()?.map_or(0, |confirmed| confirmed.version);
        // A hub that was set back has one that was in force before: it gets the newer one. What was
        // signed here, the working copy holds too, unless that file is older.
        let is_older_file = found.version.max(self.last_directory()?) > self.directory.version;
        let is_ours = found.version < confirmed
            || self.signed_here(SIGNED_DIRECTORIES, theirs)?
            || self.is_last(theirs)?;
        if is_ours && !is_older_file {
            return Ok(None);
        }
        Ok(Some(Behind { version: found.version, differs: differences(&self.directory, &found) }))
    }

    /// Takes the hub's directory over where this folder is behind it. What the folder would have
    /// changed is not made.
    pub fn follow_directory(
        &mut self,
        theirs: &Envelope,
    ) -> Result<Option<Behind>, AuthorityError> {
        let Some(behind) = self.behind(theirs)? else { return Ok(None) };
        let mut found: KeyDirectory = signed::open(theirs, self.key.public())?;
        let (version, issued) = (
            found.version,
            from_timestamp(found.issued_at.as_ref()).unwrap_or(SystemTime::UNIX_EPOCH),
        );
        // No version is given out twice, not even one that no hub took.
        found.version = version.max(self.directory.version).max(self.last_directory()?);
        let opened = Directory::open_ended(theirs, self.key.public(), issued, version)?;
        self.write_jwks(&opened)?;
        self.directory = found;
        self.save()?;
        files::write(
            &self.folder.join("directory.dsse"),
            &theirs.encode_to_vec(),
            Secrecy::Public,
        )?;
        self.directory_confirmed(theirs)?;
        self.note_signed(SIGNED_DIRECTORIES, version, theirs)?;
        Ok(Some(behind))
    }

    fn is_last(&self, theirs: &Envelope) -> Result<bool, AuthorityError> {
        let last = self.read_signed::<KeyDirectory>("directory.dsse")?;
        Ok(last.is_some_and(|(last, _)| last.payload == theirs.payload))
    }

    pub(super) fn signed_here(
        &self,
        name: &str,
        envelope: &Envelope,
    ) -> Result<bool, AuthorityError> {
        let wanted = hex::encode(sha256(&envelope.payload));
        Ok(self.signed(name)?.iter().any(|(_, digest)| *digest == wanted))
    }

    /// The highest number that was signed here, by what is noted of that.
    pub(super) fn last_signed(&self, name: &str) -> Result<u64, AuthorityError> {
        Ok(self.signed(name)?.iter().map(|(version, _)| *version).max().unwrap_or(0))
    }

    /// The highest number of a directory, by all that this folder holds beside the working copy.
    pub(super) fn last_directory(&self) -> Result<u64, AuthorityError> {
        let last =
            self.read_signed::<KeyDirectory>("directory.dsse")?.map_or(0, |(_, last)| last.version);
        let confirmed = self.confirmed_directory()?.map_or(0, |confirmed| confirmed.version);
        Ok(self.last_signed(SIGNED_DIRECTORIES)?.max(last).max(confirmed))
    }

    pub(super) fn note_signed(
        &self,
        name: &str,
        version: u64,
        envelope: &Envelope,
    ) -> Result<(), AuthorityError> {
        let mut signed = self.signed(name)?;
        signed.push((version, hex::encode(sha256(&envelope.payload))));
        self.write_signed(name, signed)
    }

    /// What was signed here above this number was refused or given up: it is no longer what the
    /// folder must have.
    pub(super) fn forget_signed(&self, name: &str, above: u64) -> Result<(), AuthorityError> {
        let mut signed = self.signed(name)?;
        signed.retain(|(version, _)| *version <= above);
        self.write_signed(name, signed)
    }

    fn write_signed(
        &self,
        name: &str,
        mut signed: Vec<(u64, String)>,
    ) -> Result<(), AuthorityError> {
        let kept = signed.split_off(signed.len().saturating_sub(MOST_SIGNED));
        let lines: String =
            kept.iter().map(|(version, digest)| format!("{version} {digest}\n")).collect();
        Ok(files::write(&self.folder.join(name), lines.as_bytes(), Secrecy::Public)?)
    }

    fn signed(&self, name: &str) -> Result<Vec<(u64, String)>, AuthorityError> {
        let path = self.folder.join(name);
        if !files::is_there(&path) {
            return Ok(Vec::new());
        }
        let line = |line: &str| {
            line.split_once(' ')
                .and_then(|(version, digest)| Some((version.parse().ok()?, digest.to_owned())))
        };
        let lines: Option<Vec<_>> = files::read_text(&path)?.lines().map(line).collect();
        lines.ok_or_else(|| AuthorityError::Content {
            path: path.display().to_string(),
            why: "a line is not a number and a digest; put the whole folder back from a backup"
                .to_owned(),
        })
    }
}

/// What the hub has and the folder has not, or otherwise.
fn differences(ours: &KeyDirectory, theirs: &KeyDirectory) -> Vec<Bilingual> {
    let state = |member: &Member| match member.status() {
        Status::Active => ("active", "正常"),
        _ => ("SUSPENDED", "已暂停"),
    };
    let mut lines = Vec::new();
    for member in &theirs.members {
        let (en, zh) = state(member);
        match ours.members.iter().find(|known| known.id == member.id) {
            None => lines.push(Bilingual::new(
                format!("`{}`: {en} at the hub, unknown here", member.id),
                format!("`{}`：枢纽{zh}，本目录没有", member.id),
            )),
            Some(known) if known.status() != member.status() => {
                let (here, here_zh) = state(known);
                let text = format!("`{}`: {en} at the hub, {here} here", member.id);
                lines.push(Bilingual::new(
                    text,
                    format!("`{}`：枢纽{zh}，本目录{here_zh}", member.id),
                ));
            }
            Some(known) if known.systems != member.systems => {
                lines.push(Bilingual::new(
                    format!("`{}`: its systems or their keys differ", member.id),
                    format!("`{}`：系统或公钥不同", member.id),
                ));
            }
            Some(_) => {}
        }
    }
    for member in ours
        .members
        .iter()
        .filter(|member| !theirs.members.iter().any(|known| known.id == member.id))
    {
        lines.push(Bilingual::new(
            format!("`{}`: unknown at the hub", member.id),
            format!("`{}`：枢纽没有", member.id),
        ));
    }
    if ours.hubs != theirs.hubs {
        lines.push(Bilingual::new("the hub's own keys differ", "枢纽自身的公钥不同"));
    }
    lines
}
