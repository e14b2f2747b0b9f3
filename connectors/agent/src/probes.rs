//! Probes: persons that the owner knows to be in its register. They are looked up on the path that
//! answers the hub. While one of them is not found, the register is not whole, and nothing is
//! answered from it. Who they are does not leave the department: its own file lists them, and an
//! error names a line of that file.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::cell::read;
use zerotrip_datasets::{Column, DatasetFile, Key, KeyKind, KeySet};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::{Digest, sha256};

use crate::access::Access;
use zerotrip_sources::{LookUp, LookUpEnd, RestsOn, Rows, SourceError};

/// Most persons of one file.
pub const MOST_PROBES: usize = 100;
/// Bytes of such a file.
const MOST_BYTES: u64 = 64 << 10;
/// Lines that an error names.
const MOST_LINES_SAID: usize = 10;
/// Tries, if a newer snapshot or pass comes during the look-ups.
const TRIES: usize = 3;

/// The file that lists a dataset's known persons, and how they are looked up.
#[derive(Debug)]
pub struct Probes {
    path: PathBuf,
    /// The file's digest as its owner signed it; `None` for a trial of an unsigned file.
    bound: Option<Digest>,
    columns: Vec<Column>,
    /// By name, with the places of their columns.
    look_ups: Vec<(String, Vec<usize>)>,
}

/// The persons in the file now.
struct Named(Vec<Person>);

struct Person {
    line: usize,
    id: Key,
    /// The place, among the look-ups, of the one that must find them; `None`: any.
    look_up: Option<usize>,
}

/// What the look-ups came to.
#[derive(Debug)]
pub struct Looked {
    /// How many persons there are.
    pub persons: usize,
    /// The lines of those who were not found.
    pub missing: Vec<usize>,
    /// What all look-ups rest upon; `None` if they rest upon different readings of a live file.
    pub rests_on: Option<RestsOn>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("persons", &self.0.len()).finish_non_exhaustive()
    }
}

impl Probes {
    /// Those of a dataset file in the folder `base`, if it names any. The file is read once, so
    /// that its faults are reported now.
    pub fn of(dataset: &DatasetFile, base: &Path) -> Result<Option<Self>, SourceError> {
        let Some(path) = &dataset.probes else { return Ok(None) };
        let place = |name: &String| dataset.columns.iter().position(|column| column.name == *name);
        let look_ups = dataset.lookups.iter();
        let look_ups = look_ups
            .map(|look_up| {
                (look_up.name.clone(), look_up.columns.iter().filter_map(place).collect())
            })
            .collect();
        let probes =
            Self { path: base.join(path), bound: None, columns: dataset.columns.clone(), look_ups };
        probes.read()?;
        Ok(Some(probes))
    }

    /// The same, bound to the signed content: a file that was changed or replaced since is refused.
    pub fn bound(self, digest: Digest) -> Self {
        Self { bound: Some(digest), ..self }
    }

    /// The file as it is, if it can be read.
    pub fn text(&self) -> Result<Vec<u8>, SourceError> {
        let text = self.load()?;
        self.parse(&text).map_err(|why| self.wrong(&why))?;
        Ok(text.into_bytes())
    }

    /// Looks all of them up. By the owner's limits, each look-up counts as a scan.
    pub async fn look(&self, access: &Access) -> Result<Looked, SourceError> {
        // Read again: a file that was changed meanwhile is not the signed one, and nothing is to
        // rest upon the old one either.
        let named = self.read()?;
        for _ in 0..TRIES {
            if let Some(looked) = self.look_once(&named, access).await? {
                return Ok(looked);
            }
        }
        Err(SourceError::new(
            ErrorCode::SourceFailed,
            "newer rows came again and again while known persons were looked up",
        ))
    }

    /// `None` if the look-ups rest upon different snapshots or passes.
    async fn look_once(
        &self,
        named: &Named,
        access: &Access,
    ) -> Result<Option<Looked>, SourceError> {
        let mut missing: BTreeMap<usize, &Person> =
            named.0.iter().map(|person| (person.line, person)).collect();
        let (mut rests_on, mut mixed) = (None, false);
        for (place, (_, columns)) in self.look_ups.iter().enumerate() {
            let wanted = missing.values().filter(|person| self.is_found_by(person, place));
            let wanted: Vec<Key> = wanted.map(|person| person.id).collect();
            let most = access.limits().most_keys as usize;
            let mut parts: Vec<Vec<Key>> = wanted.chunks(most.max(1)).map(<[_]>::to_vec).collect();
            while let Some(part) = parts.pop() {
                let (found, end) = match self.look_up(columns, &part, access).await {
                    Ok(answer) => answer,
                    // Together they have more rows than one scan may; fewer at a time have fewer.
                    Err(error) if error.code == ErrorCode::DefinitionLimit && part.len() > 1 => {
                        let (one, other) = part.split_at(part.len() / 2);
                        parts.extend([one.to_vec(), other.to_vec()]);
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                match (*rests_on.get_or_insert(end.rests_on), end.rests_on) {
                    (before, now) if before == now => {}
                    (RestsOn::Rows(_), RestsOn::Rows(_)) => mixed = true,
                    _ => return Ok(None),
                }
                let is_found =
                    |person: &Person| self.is_found_by(person, place) && found.contains(&person.id);
                missing.retain(|_, person| !is_found(person));
            }
        }
        Ok(Some(Looked {
            persons: named.0.len(),
            missing: missing.into_keys().collect(),
            rests_on: rests_on.filter(|_| !mixed),
        }))
    }

    /// Whether the look-up at this place finds such keys, and this one.
    fn is_found_by(&self, person: &Person, place: usize) -> bool {
        let kind = self.look_ups.get(place).and_then(|(_, columns)| columns.first());
        let kind = kind.and_then(|place| self.columns.get(*place)?.key_kind());
        person.look_up.is_none_or(|only| only == place) && kind == Some(person.id.kind())
    }

    /// Which of these persons the rows name, read as a scan reads them.
    async fn look_up(
        &self,
        columns: &[usize],
        keys: &[Key],
        access: &Access,
    ) -> Result<(HashSet<Key>, LookUpEnd), SourceError> {
        let cancellation = Cancellation::after(access.limits().time_out);
        let turn = access.patient_turn(&cancellation).await?;
        let look_up = LookUp {
            columns: columns.to_vec(),
            keys: Arc::from(keys),
            most_rows: access.limits().most_rows,
            cancellation,
        };
        let keys: KeySet = keys.iter().copied().collect();
        let mut found = HashSet::new();
        let (sender, mut rows) = mpsc::channel::<Rows>(2);
        let reading = async {
            while let Some(batch) = rows.recv().await {
                for row in batch.iter() {
                    for place in columns {
                        if let Some(column) = self.columns.get(*place) {
                            let reading = read(column, row.get(*place));
                            found.extend(reading.names().flat_map(|name| keys.named(&name)));
                        }
                    }
                }
            }
        };
        let (end, ()) = tokio::join!(turn.source.look_up(look_up, sender), reading);
        Ok((found, end?))
    }

    fn read(&self) -> Result<Named, SourceError> {
        let text = self.load()?;
        if self.bound.is_some_and(|bound| bound != sha256(text.as_bytes())) {
            let why = "was changed after its owner signed it. Sign its dataset file again with \
                       `zerotrip-connector sign`";
            return Err(SourceError::new(
                ErrorCode::Misconfigured,
                format!("`{}` {why}", self.path.display()),
            ));
        }
        self.parse(&text).map_err(|why| self.wrong(&why))
    }

    fn wrong(&self, why: &str) -> SourceError {
        let remedy = "Fix it, or `dataset.probes` in the dataset file";
        SourceError::new(
            ErrorCode::Misconfigured,
            format!("`{}`: {why}. {remedy}", self.path.display()),
        )
    }

    fn load(&self) -> Result<String, SourceError> {
        let wrong = |why: String| self.wrong(&why);
        let file = File::open(&self.path).map_err(|error| wrong(error.to_string()))?;
        let meta = file.metadata().map_err(|error| wrong(error.to_string()))?;
        if !meta.is_file() {
            return Err(wrong("not a regular file".to_owned()));
        }
        if meta.permissions().mode() & 0o077 != 0 {
            return Err(wrong(
                "others than its owner can read it, and it names persons. `chmod 600` it"
                    .to_owned(),
            ));
        }
        let mut text = String::new();
        file.take(MOST_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|_| wrong("not a text in UTF-8".to_owned()))?;
        if text.len() as u64 > MOST_BYTES {
            return Err(wrong(format!("over {MOST_BYTES} bytes")));
        }
        Ok(text)
    }

    /// One id a line; after a blank, the look-up that must find it, unless any of them will do.
    fn parse(&self, text: &str) -> Result<Named, String> {
        let mut persons: Vec<Person> = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let number = number + 1;
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(id) = words.next() else { continue };
            // The error does not show the text: this file's lines are for its owner only.
            let id = KeyKind::ALL.iter().find_map(|kind| kind.typed(id)).ok_or_else(|| {
                format!(
                    "line {number} is neither a resident id of 18 characters nor a unified social \
                     credit code"
                )
            })?;
            let look_up = match words.next() {
                None => None,
                Some(name) => {
                    let known = || {
                        self.look_ups
                            .iter()
                            .map(|(name, _)| name.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    };
                    let place = self.look_ups.iter().position(|(known, _)| known == name);
                    Some(place.ok_or_else(|| {
                        format!(
                            "line {number} names an unknown look-up after the id. The dataset \
                             has: {}",
                            known()
                        )
                    })?)
                }
            };
            if words.next().is_some() {
                return Err(format!(
                    "line {number} has more than an id and a look-up. Write remarks after `#`"
                ));
            }
            if let Some(before) =
                persons.iter().find(|person| person.id == id && person.look_up == look_up)
            {
                return Err(format!("line {number} names the same person as line {}", before.line));
            }
            persons.push(Person { line: number, id, look_up });
        }
        match persons.len() {
            0 => Err("it names no person".to_owned()),
            over if over > MOST_PROBES => {
                Err(format!("it names {over} persons, and at most {MOST_PROBES} are looked up"))
            }
            _ => Ok(Named(persons)),
        }
    }

    /// An error if a known person was not found: then nothing may rest upon the register.
    pub fn verdict(&self, looked: &Looked) -> Result<(), SourceError> {
        if looked.missing.is_empty() {
            return Ok(());
        }
        let said: Vec<String> =
            looked.missing.iter().take(MOST_LINES_SAID).map(ToString::to_string).collect();
        let more = looked.missing.len().saturating_sub(MOST_LINES_SAID);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let detail = format!(
            "{} of {} known persons are not found: line {}{more} of `{}`. The rows are not whole, \
             or a cell is misread. Remove persons who have left the register from that file",
            looked.missing.len(),
            looked.persons,
            said.join(", "),
            self.path.display()
        );
        Err(SourceError::new(ErrorCode::SourceImplausible, detail))
    }
}
