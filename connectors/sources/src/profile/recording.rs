//! Records rows in a profile, one by one, and applies the owner's rulings after the last.

use std::collections::{BTreeSet, HashMap};

use zerotrip_datasets::cell::is_blank;
use zerotrip_datasets::key::{KeySuspect, KeyWhose};
use zerotrip_datasets::{Key, KeyKind, Named, resident_id};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Digest;

use super::cells::{CellStatus, ColumnCounts, KeyCell, SuspectCell};
use super::key_columns::{DeclaredKey, KeyColumn, KeyColumns};
use super::{MOST_UNREADABLE, Profile, covering};
use crate::SourceError;
use crate::beside;
use crate::rulings::Concerns;

/// Up to this many identifiers that cannot be read are blemishes in a register of any size, if any
/// can be read.
const FEW: u64 = 100;
/// The same where none can be read.
const HANDFUL: u64 = 5;
/// More rows than this that name persons outside the look-ups are about them, or are not: their
/// owner knows.
pub const MOST_MENTIONED: usize = 10_000;
/// More irregular spellings than this belong into the system's own clean-up.
pub const MOST_IRREGULAR: usize = 1_000_000;

/// What a spreadsheet may have left of another person's id.
fn rounded(raw: &str) -> KeySuspect {
    KeySuspect::Resident(resident_id::Suspect::rounded(raw))
}

/// What a name in such a column names, if one slip in its number can make another's.
fn thing(key: &DeclaredKey, name: Named) -> Option<Key> {
    match name {
        Named::Key(one) => {
            Some(one).filter(|_| key.kind.has_neighbours() && !key.declared.is_selected)
        }
        Named::Organisation(_) => None,
    }
}

/// What is remembered of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowFlags {
    /// A person in an irregular spelling, or beside another.
    pub irregular: bool,
    /// A cell that is not accounted for, or not to be relied upon.
    pub unreadable: bool,
    /// A person's id, or a thing's number, that may be another's.
    pub doubtful: bool,
}

impl Profile {
    /// Notes a row; `cell` gives its cells by column place, `digest` that of all its cells. Says
    /// what is remembered under its row id.
    pub fn note<'a>(
        &mut self,
        row: i64,
        cell: impl Fn(usize) -> KeyCell<'a>,
        digest: impl FnOnce() -> Digest,
    ) -> Result<RowFlags, SourceError> {
        self.rows += 1;
        let before = (self.unreadable.len(), self.rounded.len(), self.mentioned.len());
        let mut noted = RowFlags::default();
        let mut about: Vec<Named> = Vec::new();
        let text = |place: usize| cell(place).text();
        self.statements.note(&text);
        let lost: BTreeSet<usize> =
            self.look_ups.iter().flat_map(|look_up| look_up.lost(&text)).collect();
        let open = |column, suspect, is_blank| SuspectCell {
            column,
            row,
            suspect,
            reads_as: None,
            is_blank,
            ruled: None,
            status: CellStatus::Open,
        };
        self.unreadable.extend(lost.into_iter().map(|column| {
            let kind = self.columns.iter().find(|one| one.place == column);
            let kind = kind.map(|one| one.key.kind).unwrap_or_default();
            open(column, KeySuspect::anybody(kind), true)
        }));
        let mut foreign: Vec<usize> = Vec::new();
        let mut things: Vec<(usize, Key)> = Vec::new();
        for (at, (KeyColumn { place, key }, counts)) in
            self.columns.iter().zip(&mut self.counts).enumerate()
        {
            let Some(raw) = text(*place).filter(|raw| !is_blank(Some(raw))) else { continue };
            let add = |names: &[Named], irregular: &mut HashMap<(usize, Named), Vec<i64>>| {
                names.iter().for_each(|name| {
                    irregular.entry((*place, *name)).or_default().push(row);
                });
            };
            match key.whose(raw, self.today, &text) {
                KeyWhose::One(person) => {
                    counts.readable += 1;
                    about.push(person);
                    things.extend(thing(key, person).map(|one| (*place, one)));
                    let is_resident = key.kind == KeyKind::Resident;
                    if is_resident
                        && resident_id::is_doubtful(raw)
                        && let Some(digits) = resident_id::short_digits(raw)
                    {
                        self.doubtful.entry(digits).or_default().push((*place, row, person));
                        self.doubtful_count += 1;
                        noted.doubtful = true;
                    }
                    if matches!(cell(*place), KeyCell::Number(_)) || !key.kind.is_regular(raw) {
                        add(&[person], &mut self.irregular);
                        noted.irregular = true;
                    }
                    if is_resident
                        && !matches!(cell(*place), KeyCell::Stored(_))
                        && resident_id::is_spreadsheet_rounded(raw)
                    {
                        let at = self.rounded.len();
                        resident_id::rounded_digits(raw)
                            .for_each(|digits| self.rounded_by.entry(digits).or_default().push(at));
                        self.rounded.push(SuspectCell {
                            reads_as: Some(person),
                            ..open(*place, rounded(raw), false)
                        });
                    }
                }
                KeyWhose::Several(persons) => {
                    counts.readable += 1;
                    about.extend(&persons);
                    let named = persons.iter().filter_map(|name| thing(key, *name));
                    things.extend(named.map(|one| (*place, one)));
                    add(&persons, &mut self.irregular);
                    noted.irregular = true;
                }
                KeyWhose::Organisation => counts.readable += 1,
                KeyWhose::Nobody => counts.foreign += 1,
                KeyWhose::Could(suspect) => {
                    foreign.extend((!suspect.is_anybodys()).then_some(at));
                    self.unreadable.push(open(*place, suspect, false));
                }
            }
        }
        for (place, one) in things {
            self.things.entry(one).or_default().push((place, row));
            self.thing_count += 1;
            noted.doubtful = true;
        }
        self.mentions_beside(row, &text, about);
        if before != (self.unreadable.len(), self.rounded.len(), self.mentioned.len()) {
            noted.unreadable = true;
            // What the owner has stated of a row replaces what cannot be read in it.
            if self.rule(before, digest) {
                foreign.clear();
            }
        }
        for at in foreign {
            self.counts.get_mut(at).into_iter().for_each(|counts| counts.foreign += 1);
        }
        self.bounded().map(|()| noted)
    }

    /// Notes whom the row names outside the look-ups, and is not about anyway.
    fn mentions_beside<'a>(
        &mut self,
        row: i64,
        text: &impl Fn(usize) -> Option<&'a str>,
        mut about: Vec<Named>,
    ) {
        let mentioned = |column, suspect| SuspectCell {
            column,
            row,
            suspect,
            reads_as: None,
            is_blank: true,
            ruled: None,
            status: CellStatus::Open,
        };
        for kind in KeyColumns::kinds(&self.look_ups) {
            let cells = self.mention_columns.iter().map(|place| text(*place));
            for (at, key) in beside::keys_among(kind, cells) {
                let Some(place) = self.mention_columns.get(at) else { continue };
                if key.names().any(|name| about.contains(&name)) {
                    continue;
                }
                self.mentioned_by.entry(key).or_default().push(self.mentioned.len());
                self.mentioned.push(mentioned(*place, KeySuspect::exact(&key)));
                about.push(Named::Key(key));
            }
            for place in &self.mention_columns {
                for suspect in beside::damaged_in(kind, text(*place)) {
                    // Of one that the row is about anyway.
                    let is_about = |name: &Named| match name {
                        Named::Key(key) => suspect.could_match(key),
                        Named::Organisation(_) => false,
                    };
                    if suspect.is_anybodys() || !about.iter().any(is_about) {
                        self.damaged_mentions.push(self.mentioned.len());
                        self.mentioned.push(mentioned(*place, suspect));
                    }
                }
            }
        }
    }

    /// Notes that the owner has stated something of this row; whether so.
    fn rule(&mut self, before: (usize, usize, usize), digest: impl FnOnce() -> Digest) -> bool {
        if self.rulings.is_empty() {
            return false;
        }
        let digest = digest();
        if self.rulings.of(&digest).is_none() {
            return false;
        }
        *self.ruled_rows.entry(digest).or_default() += 1;
        let (unreadable, rounded) =
            (self.unreadable.iter_mut().skip(before.0), self.rounded.iter_mut().skip(before.1));
        let new = unreadable.chain(rounded).chain(self.mentioned.iter_mut().skip(before.2));
        new.for_each(|cell| cell.ruled = Some(digest));
        true
    }

    /// After the last row. What the owner has stated of rows holds if there are no more rows like
    /// them than when it was stated: one that came later is not covered, and nothing shows
    /// which one that is.
    ///
    /// A column of ids of which hardly one can be read is another column, or was put into other
    /// words (a hash, a vendor's encryption): that a person is not found in it says nothing.
    pub fn close(&mut self) -> Result<(), SourceError> {
        let Self { rulings, ruled_rows, irregular, unreadable, rounded, mentioned, .. } = self;
        for cell in unreadable.iter_mut().chain(rounded).chain(mentioned) {
            let Some(concerns) =
                cell.ruled.and_then(|digest| covering(rulings, ruled_rows, &digest))
            else {
                continue;
            };
            cell.status = match concerns {
                Concerns::Nobody => CellStatus::Settled,
                // It is their row now: a look-up brings it, as if their ids were there. Of the
                // others' kind nothing is stated.
                Concerns::Persons(persons)
                    if !persons.iter().any(|key| key.kind() == cell.suspect.kind()) =>
                {
                    CellStatus::Open
                }
                Concerns::Persons(persons) if !cell.is_blank => {
                    let names = persons.iter().copied().map(Named::Key);
                    for name in names.filter(|name| cell.reads_as != Some(*name)) {
                        irregular.entry((cell.column, name)).or_default().push(cell.row);
                    }
                    CellStatus::Settled
                }
                Concerns::Persons(_) | Concerns::Born { .. } => {
                    CellStatus::Stated(concerns.clone())
                }
            };
        }
        for (KeyColumn { place, key }, ColumnCounts { readable, foreign }) in
            self.columns.iter().zip(&self.counts)
        {
            if (*foreign > FEW && foreign > readable) || (*readable == 0 && *foreign > HANDFUL) {
                let whose = match key.kind {
                    KeyKind::Resident => "neither a person's nor a credit code",
                    KeyKind::Enterprise => "neither a credit code nor a part of one",
                    KeyKind::Vessel => "neither a vessel's number nor its digits",
                    KeyKind::Vehicle => "no vehicle identification number",
                    KeyKind::PropertyUnit => "no code of a real-property unit",
                };
                let detail = format!(
                    "of the identifiers in column {} of the dataset file {foreign} are {whose}, \
                     and only {readable} are; name the column that holds {ids}s, or have them \
                     given out as they are",
                    place + 1,
                    ids = key.kind.words().number
                );
                return Err(SourceError::new(ErrorCode::SourceImplausible, detail));
            }
        }
        Ok(())
    }

    pub(super) fn bounded(&self) -> Result<(), SourceError> {
        if self.unreadable.len() + self.ragged.len() > MOST_UNREADABLE {
            let detail = format!(
                "more than {MOST_UNREADABLE} rows without a readable identifier; is the column's \
                 `type` right, and are the words and the schemes in it declared \
                 (`nothing`, `unknown`, `schemes`, `scheme_by`)?"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        if self.mentioned.len() > MOST_MENTIONED {
            let detail = format!(
                "more than {MOST_MENTIONED} rows name persons in columns of no look-up, and could \
                 be theirs; look such a column up (`[[lookup]]`), or say in `[not_about]` why the \
                 rows are not about who is there"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        // One id in a thousand ends so: many of them are not a fault of the register.
        let doubtful = self.doubtful_count + self.thing_count;
        if self.irregular.len() + self.rounded.len() + doubtful > MOST_IRREGULAR {
            let detail = format!(
                "more than {MOST_IRREGULAR} things whose numbers are typed, or identifiers in \
                 irregular spellings or rounded; clean the column or add a normalised one, or \
                 state `entry` where numbers are selected in a register"
            );
            return Err(SourceError::new(ErrorCode::SourceUnreadable, detail));
        }
        Ok(())
    }
}
