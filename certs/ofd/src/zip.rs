//! The container: a ZIP of stored entries, written in one way alone.
//!
//! Nothing is packed, so nothing has to be unpacked, and each byte of the file is either the
//! content of an entry or follows from the entries. A reader writes what it read again and compares
//! all bytes: there is no comment, no extra data, no gap, no second directory, no other spelling.

use crate::bounds::{FILES, OFD_BYTES};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Bytes of the record at the end.
const END_BYTES: usize = 22;
/// Bytes of a local header before its name.
const LOCAL_BYTES: usize = 30;
/// Version 1.0: stored entries.
const VERSION: u16 = 10;
/// 1 January 1980 at midnight: a ZIP can state no earlier time.
const DATE: u16 = 0x21;
/// Longest name.
const NAME_BYTES: usize = 64;

/// A file in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Entry {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// Whether these bytes begin as a ZIP, and name `OFD.xml` anywhere: others' OFDs do, too.
pub(crate) fn is_container(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"OFD.xml";
    bytes.starts_with(&LOCAL.to_le_bytes()) && bytes.windows(NAME.len()).any(|part| part == NAME)
}

/// Writes a container. `None` where an entry or the sum of them is over its bound.
pub(crate) fn write(entries: &[Entry]) -> Option<Vec<u8>> {
    let total: usize = entries.iter().map(|entry| entry.bytes.len() + 2 * NAME_BYTES + 76).sum();
    if total > OFD_BYTES || entries.len() > FILES {
        return None;
    }
    let count = u16::try_from(entries.len()).ok()?;
    let mut out = Vec::with_capacity(total);
    let mut central = Vec::new();
    for entry in entries {
        let name = u16::try_from(entry.name.len()).ok().filter(|_| is_name(&entry.name))?;
        let size = u32::try_from(entry.bytes.len()).ok()?;
        let mut common = Vec::with_capacity(26);
        for number in [VERSION, 0, 0, 0, DATE] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc32fast::hash(&entry.bytes), size, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend(name.to_le_bytes());
        common.extend(0u16.to_le_bytes());
        let offset = u32::try_from(out.len()).ok()?;
        out.extend(LOCAL.to_le_bytes());
        out.extend(&common);
        out.extend(entry.name.as_bytes());
        out.extend(&entry.bytes);
        central.extend(CENTRAL.to_le_bytes());
        central.extend(VERSION.to_le_bytes());
        central.extend(&common);
        // No comment, first disk, no attributes.
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(entry.name.as_bytes());
    }
    let (begin, size) = (u32::try_from(out.len()).ok()?, u32::try_from(central.len()).ok()?);
    out.extend(central);
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(begin.to_le_bytes());
    out.extend([0; 2]);
    Some(out)
}

/// Reads a container that [`write`] would write so, byte for byte.
pub(crate) fn read(bytes: &[u8]) -> Option<Vec<Entry>> {
    let end = bytes.get(bytes.len().checked_sub(END_BYTES)?..)?;
    let count = usize::from(u16::from_le_bytes(end.get(10..12)?.try_into().ok()?));
    if count > FILES || bytes.len() > OFD_BYTES {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = bytes;
    for _ in 0..count {
        let (head, behind) = rest.split_at_checked(LOCAL_BYTES)?;
        let size = u32::from_le_bytes(head.get(18..22)?.try_into().ok()?);
        let name = u16::from_le_bytes(head.get(26..28)?.try_into().ok()?);
        let (name, behind) = behind.split_at_checked(usize::from(name))?;
        let (content, behind) = behind.split_at_checked(usize::try_from(size).ok()?)?;
        let name = std::str::from_utf8(name).ok().filter(|name| is_name(name))?;
        if entries.iter().any(|entry| entry.name == name) {
            return None;
        }
        entries.push(Entry::new(name, content));
        rest = behind;
    }
    (write(&entries)? == bytes).then_some(entries)
}

/// A path of plain names.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    };
    name.len() <= NAME_BYTES && name.split('/').all(is_part)
}
