//! The file of files around an old workbook (MS-CFB): sectors, chained through tables.

use std::path::Path;

use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::super::bytes::Bytes;

const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The header, and an entry of the directory.
const HEADER: usize = 512;
const ENTRY: usize = 128;
/// Sectors of the table of tables that are in the header.
const IN_HEADER: usize = 109;
/// From here on a number is not a sector's, but an end or a gap.
const NO_SECTOR: u32 = 0xffff_fffa;

/// Reads the workbook's stream out of the file.
pub fn workbook(path: &Path, file: &[u8]) -> Result<Vec<u8>, SourceError> {
    if !file.starts_with(&MAGIC) {
        let what = if file.starts_with(b"PK") {
            "is of the present format; say `kind = \"xlsx\"`"
        } else {
            "is not an Excel workbook, whatever its name says"
        };
        return Err(SourceError::new(
            ErrorCode::SourceUnreadable,
            format!("`{}` {what}", path.display()),
        ));
    }
    let compound = Compound::read(file).ok_or_else(|| broken(path, "its tables do not fit"))?;
    if let Some(stream) = compound.stream("Workbook") {
        return stream.ok_or_else(|| broken(path, "its sectors end too early"));
    }
    let why = if compound.stream("Book").is_some() {
        "it was written by Excel 95 or older: save it anew"
    } else {
        "it holds no workbook"
    };
    Err(SourceError::new(ErrorCode::SourceUnreadable, format!("`{}`: {why}", path.display())))
}

struct Compound<'a> {
    file: &'a [u8],
    sector: usize,
    table: Vec<u32>,
    small_table: Vec<u32>,
    small: Vec<u8>,
    small_sector: usize,
    /// A stream shorter than this is among the small ones.
    small_below: u64,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    kind: u8,
    start: u32,
    length: u64,
}

impl<'a> Compound<'a> {
    fn read(file: &'a [u8]) -> Option<Self> {
        let mut header = Bytes(file.get(..HEADER)?);
        header.take(30)?;
        let (shift, small_shift) = (header.u16()?, header.u16()?);
        if !matches!(shift, 9 | 12) || small_shift != 6 {
            return None;
        }
        header.take(10)?;
        let tables = usize::try_from(header.u32()?).ok()?;
        let directory = header.u32()?;
        header.take(4)?;
        let small_below = u64::from(header.u32()?);
        let small_start = header.u32()?;
        header.take(4)?;
        let (mut more, _more_count) = (header.u32()?, header.u32()?);
        let sector = 1 << shift;
        let mut compound = Self {
            file,
            sector,
            table: Vec::new(),
            small_table: Vec::new(),
            small: Vec::new(),
            small_sector: 1 << small_shift,
            small_below,
            entries: Vec::new(),
        };
        let mut places: Vec<u32> = (0..IN_HEADER).map(|_| header.u32()).collect::<Option<_>>()?;
        let most = file.len() / sector;
        while more < NO_SECTOR && places.len() <= most {
            let mut next = numbers(compound.at(more)?);
            more = next.pop()?;
            places.extend(next);
        }
        for place in places.into_iter().filter(|place| *place < NO_SECTOR).take(tables) {
            let numbers = numbers(compound.at(place)?);
            compound.table.extend(numbers);
        }
        compound.entries =
            compound.chain(directory)?.chunks_exact(ENTRY).filter_map(Entry::read).collect();
        compound.small_table = if small_start < NO_SECTOR {
            numbers(&compound.chain(small_start)?)
        } else {
            Vec::new()
        };
        let root = compound.entries.iter().find(|entry| entry.kind == 5)?.start;
        compound.small = if root < NO_SECTOR { compound.chain(root)? } else { Vec::new() };
        Some(compound)
    }

    /// A stream's bytes; `Some(None)` if it is there and not whole.
    fn stream(&self, name: &str) -> Option<Option<Vec<u8>>> {
        let entry = self.entries.iter().find(|entry| entry.kind == 2 && entry.name == name)?;
        let length = usize::try_from(entry.length).ok();
        let bytes = if entry.length < self.small_below {
            self.small_chain(entry.start)
        } else {
            self.chain(entry.start)
        };
        Some(bytes.zip(length).and_then(|(mut bytes, length)| {
            let is_whole = bytes.len() >= length;
            bytes.truncate(length);
            is_whole.then_some(bytes)
        }))
    }

    fn at(&self, sector: u32) -> Option<&'a [u8]> {
        let from = usize::try_from(sector).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        self.file.get(from..)?.get(..self.sector)
    }

    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        follow(&self.table, self.file.len() / self.sector, start, |sector| {
            bytes.extend_from_slice(self.at(sector)?);
            Some(())
        })?;
        Some(bytes)
    }

    fn small_chain(&self, start: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        follow(&self.small_table, self.small.len() / self.small_sector, start, |sector| {
            let from = usize::try_from(sector).ok()?.checked_mul(self.small_sector)?;
            bytes.extend_from_slice(self.small.get(from..)?.get(..self.small_sector)?);
            Some(())
        })?;
        Some(bytes)
    }
}

impl Entry {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let name = bytes.take(64)?;
        let length = usize::from(bytes.u16()?).saturating_sub(2);
        let units: Vec<u16> =
            name.get(..length)?.chunks_exact(2).filter_map(|pair| Bytes(pair).u16()).collect();
        let kind = bytes.u8()?;
        bytes.take(49)?;
        let start = bytes.u32()?;
        // The upper half is rubbish in files of the first edition, and none is so long.
        let length = u64::from(bytes.u32()?);
        Some(Self { name: String::from_utf16_lossy(&units), kind, start, length })
    }
}

/// Follows a chain to its end; one of more sectors than there are runs in a circle.
fn follow(
    table: &[u32],
    sectors: usize,
    start: u32,
    mut each: impl FnMut(u32) -> Option<()>,
) -> Option<()> {
    let mut sector = start;
    for _ in 0..=sectors {
        if sector >= NO_SECTOR {
            return Some(());
        }
        each(sector)?;
        sector = *table.get(usize::try_from(sector).ok()?)?;
    }
    None
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|four| Bytes(four).u32()).collect()
}

/// A workbook that is not whole.
pub fn broken(path: &Path, why: &str) -> SourceError {
    SourceError::new(
        ErrorCode::SourceTruncated,
        format!("`{}` is not a whole xls workbook: {why}", path.display()),
    )
}
