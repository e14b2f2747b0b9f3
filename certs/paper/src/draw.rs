//! Drawing: marks as a tagged PDF/A-2u. Says nothing of what they mean.

use std::num::NonZeroU16;

use krilla::color::luma;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use crate::content::title_of;
use crate::error::PaperError;
use crate::fonts::Fonts;
use crate::layout::{Figure, Item, Length, Mark, PAGE_HEIGHT, PAGE_WIDTH, Page, Role, Text};
use crate::record::Record;
use crate::words;

/// What a drawing needs beside its marks.
pub(crate) struct Means<'a> {
    pub(crate) fonts: &'a Fonts,
    pub(crate) seal: Option<&'a Image>,
}

/// Draws all pages.
pub(crate) fn draw(
    pages: &[Page],
    record: &Record,
    means: &Means<'_>,
) -> Result<Vec<u8>, PaperError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_U)
        .finish()
        .map_err(|_| PaperError::Pdf("PDF/A-2u is not known".to_owned()))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut tags = Tags::default();
    for page in pages {
        let (width, height) = (in_points(PAGE_WIDTH), in_points(PAGE_HEIGHT));
        let size = PageSettings::from_wh(width, height)
            .ok_or_else(|| PaperError::Pdf("the page has no size".to_owned()))?;
        let mut drawn = document.start_page_with(size);
        let mut surface = drawn.surface();
        for item in &page.items {
            let id = surface.start_tagged(content_tag(item.role));
            marks(&mut surface, item, means)?;
            surface.end_tagged();
            tags.add(item.role, id);
        }
        surface.finish();
        drawn.finish();
    }
    document.set_metadata(metadata(record)?);
    document.set_tag_tree(tags.finish());
    document
        .finish()
        .map_err(|error| PaperError::Pdf(format!("{error:?}").chars().take(300).collect()))
}

fn in_points(length: Length) -> f32 {
    (length as f64 / 100_000.0) as f32
}

fn content_tag(role: Role) -> ContentTag<'static> {
    match role {
        Role::Artifact => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
        Role::Figure(_) => ContentTag::Other,
        _ => ContentTag::Span(SpanTag::empty()),
    }
}

fn marks(surface: &mut Surface<'_>, item: &Item, means: &Means<'_>) -> Result<(), PaperError> {
    let mut rects = PathBuilder::new();
    let mut shade = None;
    for mark in &item.marks {
        if let Mark::Rect(x, y, width, height, its) = mark {
            let (x, y) = (in_points(*x), in_points(*y));
            let rect = Rect::from_xywh(x, y, in_points(*width), in_points(*height))
                .ok_or_else(|| PaperError::Pdf("a rectangle has no size".to_owned()))?;
            if shade.is_some_and(|shade| shade != *its) {
                fill(surface, &mut rects, &mut shade);
            }
            rects.push_rect(rect);
            shade = Some(*its);
            continue;
        }
        fill(surface, &mut rects, &mut shade);
        match mark {
            Mark::Text(line) => text(surface, line, means.fonts)?,
            Mark::Seal(x, y, width, height) => {
                let image = means.seal.ok_or(PaperError::Seal("is missing"))?;
                let size = Size::from_wh(in_points(*width), in_points(*height))
                    .ok_or_else(|| PaperError::Pdf("the seal has no size".to_owned()))?;
                surface.push_transform(&Transform::from_translate(in_points(*x), in_points(*y)));
                surface.draw_image(image.clone(), size);
                surface.pop();
            }
            Mark::Rect(..) => {}
        }
    }
    fill(surface, &mut rects, &mut shade);
    Ok(())
}

fn paint(shade: u8) -> Fill {
    Fill { paint: luma::Color::new(shade).into(), ..Fill::default() }
}

fn fill(surface: &mut Surface<'_>, rects: &mut PathBuilder, shade: &mut Option<u8>) {
    if let Some(its) = shade.take()
        && let Some(path) = std::mem::replace(rects, PathBuilder::new()).finish()
    {
        surface.set_fill(Some(paint(its)));
        surface.draw_path(&path);
    }
}

/// One run for each font.
fn text(surface: &mut Surface<'_>, line: &Text, fonts: &Fonts) -> Result<(), PaperError> {
    surface.set_fill(Some(paint(line.shade)));
    let (x, y) = (in_points(line.x), in_points(line.y));
    if line.is_turned {
        surface.push_transform(&Transform::from_row(0.8, -0.6, 0.6, 0.8, x, y));
    }
    let mut at = 0;
    let mut run: Vec<KrillaGlyph> = Vec::new();
    let (mut face, mut begin) = (None, 0);
    let show = |surface: &mut Surface<'_>, face: Option<usize>, run: &mut Vec<_>, begin| {
        let run = std::mem::take(run);
        let Some(font) = face.and_then(|face| fonts.font(face)).filter(|_| !run.is_empty()) else {
            return;
        };
        let start = if line.is_turned {
            Point::from_xy(in_points(begin), 0.0)
        } else {
            Point::from_xy(in_points(line.x + begin), y)
        };
        let size = line.size as f32 / 100.0;
        surface.draw_glyphs(start, &run, font.clone(), &line.text, size, false);
    };
    for (place, c) in line.text.char_indices() {
        let glyph = fonts.glyph(c)?;
        if face != Some(glyph.face) {
            show(surface, face, &mut run, begin);
            (face, begin) = (Some(glyph.face), at);
        }
        let advance = glyph.advance as f32 / 1_000.0;
        let range = place..place + c.len_utf8();
        let id = GlyphId::new(glyph.id.to_u32());
        run.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, range, None));
        at += glyph.advance * line.size;
    }
    show(surface, face, &mut run, begin);
    if line.is_turned {
        surface.pop();
    }
    Ok(())
}

fn metadata(record: &Record) -> Result<Metadata, PaperError> {
    let time = chrono::DateTime::<chrono::Utc>::from_timestamp(record.issued_at, 0)
        .ok_or(PaperError::Claim("iat"))?;
    let part = |format| time.format(format).to_string().parse::<u16>().unwrap_or(0);
    let small = |format| u8::try_from(part(format)).unwrap_or(0);
    let date = DateTime::new(part("%Y"))
        .month(small("%m"))
        .day(small("%d"))
        .hour(small("%H"))
        .minute(small("%M"))
        .second(small("%S"))
        .utc_offset_hour(0);
    Ok(Metadata::new()
        .title(title_of(record))
        .language("zh-CN".to_owned())
        .producer(words::PRODUCER.to_owned())
        .creation_date(date)
        .document_id(record.digest.clone()))
}

/// The structure: headings, paragraphs, one table, pictures, in the order in which they are read.
#[derive(Default)]
struct Tags {
    tree: TagTree,
    table: Option<Vec<TagGroup>>,
}

impl Tags {
    fn add(&mut self, role: Role, id: Identifier) {
        match role {
            Role::Artifact => {}
            Role::ColumnTitle => self.cell(
                TagGroup::with_children(Tag::TH(TableHeaderScope::Column), vec![id.into()]),
                false,
            ),
            Role::Cell(is_first) => {
                self.cell(TagGroup::with_children(Tag::TD, vec![id.into()]), is_first);
            }
            Role::Heading => {
                self.block(TagGroup::with_children(Tag::Hn(NonZeroU16::MIN, None), vec![id.into()]))
            }
            Role::Paragraph => self.block(TagGroup::with_children(Tag::P, vec![id.into()])),
            Role::Figure(figure) => {
                let alt = match figure {
                    Figure::Seal => words::SEAL_ALT,
                    Figure::Qr => words::QR_ALT,
                };
                self.block(TagGroup::with_children(
                    Tag::Figure(Some(alt.to_owned())),
                    vec![id.into()],
                ));
            }
        }
    }

    fn cell(&mut self, cell: TagGroup, begins_row: bool) {
        let rows = self.table.get_or_insert_default();
        if begins_row || rows.is_empty() {
            rows.push(TagGroup::new(Tag::TR));
        }
        if let Some(row) = rows.last_mut() {
            row.push(cell);
        }
    }

    fn block(&mut self, block: TagGroup) {
        self.end_table();
        self.tree.push(block);
    }

    fn end_table(&mut self) {
        if let Some(rows) = self.table.take() {
            let rows = rows.into_iter().map(Node::from).collect();
            self.tree.push(TagGroup::with_children(Tag::Table, rows));
        }
    }

    fn finish(mut self) -> TagTree {
        self.end_table();
        self.tree
    }
}
