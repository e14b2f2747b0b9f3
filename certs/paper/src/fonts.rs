//! Fonts: read once, used for every paper. The first one that has a character gives its glyph.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use krilla::text::{Font, GlyphId};
use skrifa::instance::{LocationRef, Size};
use skrifa::raw::TableProvider as _;
use skrifa::{FontRef, MetadataProvider as _};

use crate::bounds::{FONT_BYTES, FONTS};
use crate::error::PaperError;
use crate::layout::Metrics;

/// A font file, as it was read.
#[derive(Clone, Debug)]
pub struct FontFile {
    /// How errors call it.
    pub name: String,
    /// Which of its faces, from 0.
    pub face: u32,
    /// Its content.
    pub bytes: Arc<Vec<u8>>,
}

/// Fonts in the order in which they are asked for a character.
#[derive(Debug)]
pub struct Fonts {
    faces: Vec<Face>,
    glyphs: RwLock<HashMap<char, Option<Glyph>>>,
}

struct Face {
    font: Font,
    bytes: Arc<Vec<u8>>,
    index: u32,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Face({} bytes)", self.bytes.len())
    }
}

/// A character's glyph.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    /// The place of its font.
    pub face: usize,
    pub(crate) id: GlyphId,
    /// In thousandths of the size.
    pub advance: i64,
}

impl Glyph {
    /// Its number in its font.
    pub fn number(&self) -> u32 {
        self.id.to_u32()
    }
}

impl Fonts {
    /// Reads fonts with outlines (TrueType or CFF), whose licence allows to embed them.
    pub fn new(files: Vec<FontFile>) -> Result<Self, PaperError> {
        if files.is_empty() {
            return Err(PaperError::NoFont);
        }
        if files.len() > FONTS {
            return Err(PaperError::TooMany("fonts", FONTS));
        }
        let faces = files.into_iter().map(Face::read).collect::<Result<_, _>>()?;
        Ok(Self { faces, glyphs: RwLock::default() })
    }

    pub(crate) fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| &face.font)
    }

    /// The file of a font, and which of its faces it is.
    pub fn face(&self, place: usize) -> Option<(&[u8], u32)> {
        self.faces.get(place).map(|face| (face.bytes.as_slice(), face.index))
    }

    /// The glyph of a character, from the first font that has one.
    pub fn glyph(&self, c: char) -> Result<Glyph, PaperError> {
        let missing = || PaperError::NoGlyph(c.into(), c);
        let known = self.glyphs.read().unwrap_or_else(PoisonError::into_inner).get(&c).copied();
        if let Some(known) = known {
            return known.ok_or_else(missing);
        }
        let found = self.faces.iter().enumerate().find_map(|(place, face)| face.glyph(place, c));
        self.glyphs.write().unwrap_or_else(PoisonError::into_inner).insert(c, found);
        found.ok_or_else(missing)
    }
}

impl Metrics for Fonts {
    fn advance(&self, c: char) -> Result<i64, PaperError> {
        self.glyph(c).map(|glyph| glyph.advance)
    }
}

impl Face {
    fn read(file: FontFile) -> Result<Self, PaperError> {
        let FontFile { name, face: index, bytes } = file;
        let refuse = |why| PaperError::Font { file: name.clone(), face: index, why };
        if bytes.len() > FONT_BYTES {
            return Err(refuse("it is over 64 MiB"));
        }
        let read = FontRef::from_index(&bytes, index)
            .map_err(|_| refuse("it is not an OpenType font, or has no such face"))?;
        if read.axes().iter().next().is_some() {
            return Err(refuse("it is a variable font: name one of a fixed weight"));
        }
        let has_outlines = read.glyf().is_ok() || read.cff().is_ok();
        let has_pictures = read.colr().is_ok() || read.svg().is_ok() || read.cbdt().is_ok();
        if !has_outlines || has_pictures {
            return Err(refuse("its glyphs are not plain outlines"));
        }
        // fsType (OpenType, OS/2): 2 alone forbids to embed.
        if read.os2().map_or(true, |table| table.fs_type() & 0xf == 2) {
            return Err(refuse("its licence does not allow to embed it"));
        }
        if read.head().map_err(|_| refuse("it has no header"))?.units_per_em() == 0 {
            return Err(refuse("it has no unit"));
        }
        let font = Font::new(bytes.clone().into(), index).ok_or_else(|| refuse("it is damaged"))?;
        Ok(Self { font, bytes, index })
    }

    fn glyph(&self, place: usize, c: char) -> Option<Glyph> {
        let read = FontRef::from_index(&self.bytes, self.index).ok()?;
        let id = read.charmap().map(c).filter(|id| id.to_u32() != 0)?;
        let (id, advance) = (GlyphId::new(id.to_u32()), advance_of(&read, id.to_u32())?);
        Some(Glyph { face: place, id, advance })
    }
}

/// How wide a glyph is, in thousandths of the size; from 1 to 4,000.
pub fn advance_of(font: &FontRef<'_>, glyph: u32) -> Option<i64> {
    let units = i64::from(font.head().ok()?.units_per_em());
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let wide = metrics.advance_width(glyph.into())?.round() as i64;
    let advance = (wide * 2_000 + units).checked_div(2 * units)?;
    (1..=4_000).contains(&advance).then_some(advance)
}
