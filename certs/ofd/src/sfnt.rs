//! Font files in one spelling: tables in the order of their tags, without gaps, and a `cmap` that
//! has exactly the characters that are shown.

use std::collections::BTreeMap;

use crate::bounds::CHARACTERS;

/// The tables that an embedded font can have.
const TABLES: [&[u8; 4]; 14] = [
    b"CFF ", b"OS/2", b"cmap", b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca",
    b"maxp", b"name", b"post", b"prep",
];
/// What the checksum of a font file amounts to (OpenType, `head`).
const MAGIC: u32 = 0xb1b0_afba;

/// The kind of outlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlines {
    TrueType,
    Cff,
}

impl Outlines {
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::TrueType => "ttf",
            Self::Cff => "otf",
        }
    }

    fn version(self) -> [u8; 4] {
        match self {
            Self::TrueType => [0, 1, 0, 0],
            Self::Cff => *b"OTTO",
        }
    }
}

/// A font file, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Sfnt {
    pub(crate) outlines: Outlines,
    pub(crate) tables: BTreeMap<[u8; 4], Vec<u8>>,
}

impl Sfnt {
    /// Reads a font file of any order of tables.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let version = bytes.get(..4)?;
        let outlines = [Outlines::TrueType, Outlines::Cff];
        let outlines = outlines.into_iter().find(|outlines| outlines.version() == version)?;
        let count = usize::from(u16::from_be_bytes(bytes.get(4..6)?.try_into().ok()?));
        let mut tables = BTreeMap::new();
        for place in 0..count.min(TABLES.len() + 1) {
            let record = bytes.get(12 + place * 16..28 + place * 16)?;
            let number = |at: usize| {
                let digits = record.get(at..at + 4)?.try_into().ok()?;
                usize::try_from(u32::from_be_bytes(digits)).ok()
            };
            let tag: [u8; 4] = record.get(..4)?.try_into().ok()?;
            let (offset, length) = (number(8)?, number(12)?);
            let content = bytes.get(offset..offset.checked_add(length)?)?;
            tables.insert(tag, content.to_vec());
        }
        let is_known = |tag: &[u8; 4]| TABLES.contains(&tag);
        (tables.len() == count && tables.keys().all(is_known)).then_some(Self { outlines, tables })
    }

    /// Reads a font file that [`Self::write`] would write so, byte for byte.
    pub(crate) fn read_own(bytes: &[u8]) -> Option<Self> {
        let read = Self::read(bytes)?;
        (read.write()? == bytes).then_some(read)
    }

    /// Writes it: checksums follow from the tables.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let count = u16::try_from(self.tables.len()).ok().filter(|count| *count > 0)?;
        let selector = count.ilog2() as u16;
        let range = 16u16 << selector;
        let mut out = self.outlines.version().to_vec();
        for number in [count, range, selector, (count * 16).checked_sub(range)?] {
            out.extend(number.to_be_bytes());
        }
        let mut body = Vec::new();
        let first = 12 + 16 * usize::from(count);
        let mut adjusted = None;
        for (tag, table) in &self.tables {
            let mut table = table.clone();
            if tag == b"head" {
                table.get_mut(8..12)?.fill(0);
                adjusted = Some(first + body.len() + 8);
            }
            out.extend(tag);
            let offset = u32::try_from(first + body.len()).ok()?;
            let length = u32::try_from(table.len()).ok()?;
            for number in [checksum(&table), offset, length] {
                out.extend(number.to_be_bytes());
            }
            body.extend(&table);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        out.extend(body);
        let sum = MAGIC.wrapping_sub(checksum(&out));
        let at = adjusted?;
        out.get_mut(at..at + 4)?.copy_from_slice(&sum.to_be_bytes());
        Some(out)
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let word = |chunk: &[u8]| {
        let mut word = [0; 4];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        u32::from_be_bytes(word)
    };
    bytes.chunks(4).fold(0, |sum: u32, chunk| sum.wrapping_add(word(chunk)))
}

/// A `cmap` of one subtable of format 12, for Unicode and for Windows.
pub(crate) fn write_cmap(glyphs: &BTreeMap<char, u16>) -> Option<Vec<u8>> {
    // First and last character, and the glyph of the first.
    let mut groups: Vec<[u32; 3]> = Vec::new();
    for (c, glyph) in glyphs {
        let (c, glyph) = (u32::from(*c), u32::from(*glyph));
        match groups.last_mut() {
            Some([first, last, begin]) if *last + 1 == c && *begin + (c - *first) == glyph => {
                *last = c;
            }
            _ => groups.push([c, c, glyph]),
        }
    }
    let count = u32::try_from(groups.len()).ok()?;
    let mut out = Vec::new();
    for number in [0u16, 2, 0, 4, 0, 20, 3, 10, 0, 20, 12, 0] {
        out.extend(number.to_be_bytes());
    }
    for number in [16 + 12 * count, 0, count] {
        out.extend(number.to_be_bytes());
    }
    groups.iter().flatten().for_each(|number| out.extend(number.to_be_bytes()));
    Some(out)
}

/// Reads a `cmap` that [`write_cmap`] would write so.
pub(crate) fn read_cmap(bytes: &[u8]) -> Option<BTreeMap<char, u16>> {
    let mut glyphs = BTreeMap::new();
    for group in bytes.get(36..)?.chunks(12) {
        let number = |at: usize| Some(u32::from_be_bytes(group.get(at..at + 4)?.try_into().ok()?));
        let (first, last, glyph) = (number(0)?, number(4)?, number(8)?);
        let most = u32::try_from(CHARACTERS).ok()?;
        if last < first || last - first > most || glyphs.len() > CHARACTERS {
            return None;
        }
        for place in 0..=last - first {
            let glyph = u16::try_from(glyph.checked_add(place)?).ok()?;
            glyphs.insert(char::from_u32(first + place)?, glyph);
        }
    }
    (write_cmap(&glyphs)? == bytes).then_some(glyphs)
}
