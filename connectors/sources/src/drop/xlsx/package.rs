//! A workbook's parts: XML files in a zip archive, read as streams, each within a bound and to its
//! checksum.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use zerotrip_proto::v1::ErrorCode;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::super::super::SourceError;
use super::super::unreadable;

/// Parts of a workbook.
const MOST_PARTS: usize = 10_000;
/// Elements inside one another; a sheet has five.
const MOST_DEPTH: usize = 64;
/// Bytes from one `<` to the next, which are in memory together; a cell's text has 32,767
/// characters.
const MOST_TOGETHER: usize = 16 << 20;

/// A workbook's archive.
pub struct Package<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
    /// By name in lower case, as writers are not of one mind about it.
    names: HashMap<String, usize>,
}

/// One part, while it is read.
pub struct Part<'z> {
    path: &'z Path,
    name: String,
    xml: Reader<Pieces<BufReader<ZipFile<'z, BufReader<File>>>>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<'a> Package<'a> {
    /// Opens the archive and reads its table of contents.
    pub fn open(path: &'a Path) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, error))?;
        if archive.len() > MOST_PARTS || archive.has_duplicate_names() {
            return Err(broken(path, "its parts are too many, or two have one name"));
        }
        if !is_all_there_is(&mut archive) {
            return Err(broken(path, "bytes of it are in none of its parts: two files in one?"));
        }
        let mut names = HashMap::new();
        for index in 0..archive.len() {
            let Some(name) = archive.name_for_index(index) else { continue };
            let name = name.map_err(|error| broken(path, error))?;
            names.insert(name.replace('\\', "/").to_lowercase(), index);
        }
        Ok(Self { path, archive, names })
    }

    /// A part of at most `most` bytes, unpacked.
    pub fn part(&mut self, name: &str, most: u64) -> Result<Part<'_>, SourceError> {
        let path = self.path;
        let index = self
            .names
            .get(&name.to_lowercase())
            .copied()
            .ok_or_else(|| broken(path, format!("it has no `{name}`")))?;
        let file = self.archive.by_index(index).map_err(|error| broken(path, error))?;
        // Reading ends with an error where more comes than is announced.
        if file.size() > most {
            let detail =
                format!("`{}`: `{name}` would be over {most} bytes unpacked", path.display());
            return Err(SourceError::new(ErrorCode::SourceLimit, detail));
        }
        let mut inner = BufReader::new(file);
        let head = inner.fill_buf().map_err(|error| broken(path, error))?;
        if matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..]) {
            let what = "is in UTF-16, which is not read: open the workbook in a spreadsheet and \
                        save it anew";
            return Err(SourceError::new(
                ErrorCode::SourceUnreadable,
                format!("`{}`: its part `{name}` {what}", path.display()),
            ));
        }
        let mut xml = Reader::from_reader(Pieces { inner, together: 0 });
        xml.config_mut().expand_empty_elements = true;
        Ok(Part { path, name: name.to_owned(), xml, buffer: Vec::new(), depth: 0 })
    }

    /// A part that holds a sheet's cells, beside those that the workbook names: no user would see
    /// what is in it.
    pub fn unnamed_sheet(&mut self, named: &[&str]) -> Result<Option<String>, SourceError> {
        let named: Vec<String> = named.iter().map(|name| name.to_lowercase()).collect();
        let mut names: Vec<String> = self
            .names
            .keys()
            .filter(|name| name.ends_with(".xml") && !named.contains(*name))
            .cloned()
            .collect();
        names.sort();
        for name in names {
            // What other programs put beside a workbook may be in other characters.
            let is_others = name.starts_with("customxml/") || name.starts_with("docprops/");
            match self.root(&name) {
                Ok(root) if ["worksheet", "macrosheet", "dialogsheet"].contains(&root.as_str()) => {
                    return Ok(Some(name));
                }
                Err(error) if !is_others => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(None)
    }

    /// What a part's outermost element is called.
    fn root(&mut self, name: &str) -> Result<String, SourceError> {
        let mut part = self.part(name, u64::MAX)?;
        while let Some(event) = part.next()? {
            if let Event::Start(tag) = &event {
                return Ok(tag.local_name().as_ref().to_owned());
            }
        }
        Ok(String::new())
    }

    /// Whether there is such a part.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_lowercase())
    }
}

/// Whether the parts follow one another from the first byte to the table of contents: another
/// archive, or a part that the table leaves out, could be in front of them or between.
fn is_all_there_is(archive: &mut ZipArchive<BufReader<File>>) -> bool {
    /// The longest note of a part's length behind it (APPNOTE 4.3.9, with zip64).
    const MOST_BEHIND: u64 = 24;
    let places = (0..archive.len()).map(|index| {
        let part = archive.by_index_raw(index).ok()?;
        Some((part.header_start(), part.data_start()?.checked_add(part.compressed_size())?))
    });
    let Some(mut places) = places.collect::<Option<Vec<(u64, u64)>>>() else { return false };
    places.push((archive.central_directory_start(), u64::MAX));
    places.sort_unstable();
    let mut end = Some(0);
    archive.offset() == 0
        && places.into_iter().enumerate().all(|(at, (begin, next))| {
            let most = if at == 0 { 0 } else { MOST_BEHIND };
            let between = end.and_then(|end| begin.checked_sub(end));
            end = Some(next);
            between.is_some_and(|between| between <= most)
        })
}

impl Part<'_> {
    /// The next event; `None` at the end, when the part was whole.
    pub fn next(&mut self) -> Result<Option<Event<'_>>, SourceError> {
        self.buffer.clear();
        let failed =
            |error: quick_xml::Error| broken(self.path, format!("`{}`: {error}", self.name));
        let event = self.xml.read_event_into(&mut self.buffer).map_err(failed)?;
        match &event {
            Event::Start(_) if self.depth >= MOST_DEPTH => {
                return Err(broken(self.path, format!("`{}` is nested too deep", self.name)));
            }
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Eof if self.depth > 0 => {
                return Err(broken(self.path, format!("`{}` ends too early", self.name)));
            }
            Event::Eof => return Ok(None),
            _ => {}
        }
        Ok(Some(event))
    }
}

/// Refuses a stretch without a `<` that would not fit into memory.
struct Pieces<R> {
    inner: R,
    together: usize,
}

impl<R: BufRead> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Pieces<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.together > MOST_TOGETHER {
            return Err(io::Error::other(format!("over {MOST_TOGETHER} bytes in one piece")));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed is in the buffer, so this reads nothing.
        let taken =
            self.inner.fill_buf().ok().and_then(|buffer| buffer.get(..count)).unwrap_or_default();
        self.together = match taken.iter().rposition(|byte| *byte == b'<') {
            Some(last) => count - last,
            None => self.together + count,
        };
        self.inner.consume(count);
    }
}

/// The value of an attribute, whatever its prefix. A malformed one has a value that is not a number
/// and no name.
pub fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    const MALFORMED: &str = "\u{fffd}";
    for attribute in tag.attributes().with_checks(false) {
        let Ok(attribute) = attribute else { return Some(MALFORMED.to_owned()) };
        if attribute.key.local_name().as_ref() == name {
            return Some(
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_or(MALFORMED.to_owned(), Cow::into_owned),
            );
        }
    }
    None
}

/// Adds an event's text, if it is one.
pub fn add_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(piece) => text.push_str(&piece.xml10_content()),
        Event::CData(piece) => text.push_str(&piece.xml10_content()),
        Event::GeneralRef(name) => add_entity(name, text),
        _ => {}
    }
}

/// A character by its number or name. One that XML does not know is none that could be read.
fn add_entity(name: &BytesRef<'_>, text: &mut String) {
    match (name.resolve_char_ref(), resolve_predefined_entity(name)) {
        (Ok(Some(c)), _) => text.push(c),
        (Ok(None), Some(known)) => text.push_str(known),
        (Ok(None), None) | (Err(_), _) => text.push('\u{fffd}'),
    }
}

/// A workbook that is not whole, or none.
pub fn broken(path: &Path, why: impl std::fmt::Display) -> SourceError {
    SourceError::new(
        ErrorCode::SourceTruncated,
        format!("`{}` is not a whole xlsx workbook: {why}", path.display()),
    )
}
