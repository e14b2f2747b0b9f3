//! The fonts inside an OFD: subsets of the printer's fonts, with the characters that are shown and
//! no other. What is read here gives the widths for printing and for verifying alike.

use std::collections::{BTreeMap, BTreeSet};

use skrifa::FontRef;
use skrifa::raw::TableProvider as _;
use subsetter::GlyphRemapper;
use zerotrip_paper::layout::Metrics;
use zerotrip_paper::{Fonts, PaperError, advance_of};

use crate::bounds::FONTS;
use crate::error::OfdError;
use crate::sfnt::{Outlines, Sfnt, read_cmap, write_cmap};

/// A font inside an OFD.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddedFont {
    pub(crate) outlines: Outlines,
    pub(crate) bytes: Vec<u8>,
    /// How wide each of its characters is, in thousandths of the size.
    advances: BTreeMap<char, i64>,
}

/// All fonts inside an OFD. No two have the same character.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddedFonts(Vec<EmbeddedFont>);

impl EmbeddedFonts {
    /// Subsets with exactly these characters.
    pub(crate) fn subset(fonts: &Fonts, characters: &BTreeSet<char>) -> Result<Self, OfdError> {
        let mut faces: BTreeMap<usize, BTreeMap<char, u32>> = BTreeMap::new();
        for c in characters {
            let glyph = fonts.glyph(*c)?;
            faces.entry(glyph.face).or_default().insert(*c, glyph.number());
        }
        let mut files = Vec::new();
        for (face, glyphs) in &faces {
            let (bytes, index) = fonts.face(*face).ok_or(PaperError::NoFont)?;
            let file = subset_of(bytes, index, glyphs).ok_or(OfdError::Font(*face + 1))?;
            files.push(file);
        }
        Self::read(files).map_err(OfdError::Font)
    }

    /// Reads font files; the number of the one that is not as we write them is the error, from 1.
    pub(crate) fn read(files: Vec<Vec<u8>>) -> Result<Self, usize> {
        if files.is_empty() || files.len() > FONTS {
            return Err(files.len().clamp(1, FONTS + 1));
        }
        let mut fonts: Vec<EmbeddedFont> = Vec::new();
        for (place, bytes) in files.into_iter().enumerate() {
            let font = EmbeddedFont::read(bytes).ok_or(place + 1)?;
            let has_same =
                |other: &EmbeddedFont| font.advances.keys().any(|c| other.advances.contains_key(c));
            if font.advances.is_empty() || fonts.iter().any(has_same) {
                return Err(place + 1);
            }
            fonts.push(font);
        }
        Ok(Self(fonts))
    }

    pub(crate) fn all(&self) -> &[EmbeddedFont] {
        &self.0
    }

    /// Which font has a character.
    pub(crate) fn place_of(&self, c: char) -> Result<usize, PaperError> {
        let has = |font: &EmbeddedFont| font.advances.contains_key(&c);
        self.0.iter().position(has).ok_or(PaperError::NoGlyph(c.into(), c))
    }

    /// All their characters.
    pub(crate) fn characters(&self) -> BTreeSet<char> {
        self.0.iter().flat_map(|font| font.advances.keys().copied()).collect()
    }
}

impl Metrics for EmbeddedFonts {
    fn advance(&self, c: char) -> Result<i64, PaperError> {
        let found = self.0.iter().find_map(|font| font.advances.get(&c));
        found.copied().ok_or(PaperError::NoGlyph(c.into(), c))
    }
}

impl EmbeddedFont {
    fn read(bytes: Vec<u8>) -> Option<Self> {
        let sfnt = Sfnt::read_own(&bytes)?;
        let glyphs = read_cmap(sfnt.tables.get(b"cmap")?)?;
        let font = FontRef::new(&bytes).ok()?;
        let has_outlines = match sfnt.outlines {
            Outlines::TrueType => font.glyf().is_ok() && font.loca(None).is_ok(),
            Outlines::Cff => font.cff().is_ok(),
        };
        let count = font.maxp().ok()?.num_glyphs();
        let mut advances = BTreeMap::new();
        for (c, glyph) in glyphs {
            (has_outlines && glyph > 0 && glyph < count).then_some(())?;
            advances.insert(c, advance_of(&font, glyph.into())?);
        }
        Some(Self { outlines: sfnt.outlines, bytes, advances })
    }
}

/// A font file with these glyphs, and a `cmap` for them.
fn subset_of(bytes: &[u8], index: u32, glyphs: &BTreeMap<char, u32>) -> Option<Vec<u8>> {
    let mut mapper = GlyphRemapper::new();
    let mut mapped = BTreeMap::new();
    for (c, glyph) in glyphs {
        mapped.insert(*c, mapper.remap(u16::try_from(*glyph).ok()?));
    }
    let subset = subsetter::subset(bytes, index, &mapper).ok()?;
    let mut sfnt = Sfnt::read(&subset)?;
    sfnt.tables.insert(*b"cmap", write_cmap(&mapped)?);
    // Windows takes no font without it.
    let font = FontRef::from_index(bytes, index).ok()?;
    let os2 = font.table_data(skrifa::Tag::new(b"OS/2"))?;
    sfnt.tables.insert(*b"OS/2", os2.as_bytes().to_vec());
    sfnt.write()
}
