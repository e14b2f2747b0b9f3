//! What a workbook says of its sheets, and the texts and formats that they share.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use quick_xml::events::Event;

use super::super::super::SourceError;
use super::super::cell_value::{is_date_format, is_known_date_format};
use super::package::{Package, add_text, attribute, broken};

/// Bytes of the texts that all sheets share: they stay in memory while the sheet is read.
const MOST_TEXTS: u64 = 256 << 20;
/// Bytes of any other part but a sheet.
const MOST_PART: u64 = 16 << 20;

/// What sheets share.
#[derive(Debug, Default)]
pub struct Workbook {
    /// Every sheet's name and part, in the workbook's order.
    pub sheets: Vec<(String, String)>,
    /// Texts by number; none where the workbook names no such part.
    pub texts: Option<Vec<Box<str>>>,
    /// By a cell's style: whether its numbers are shown as dates.
    pub dates: Vec<bool>,
    /// Days are counted from 1904.
    pub is_1904: bool,
}

impl Workbook {
    /// Reads all but the sheets.
    pub fn read(package: &mut Package<'_>, path: &Path) -> Result<Self, SourceError> {
        let office = relations(package, "_rels/.rels", "")?
            .into_values()
            .find(|relation| relation.is("officeDocument"));
        let place = office
            .map(|relation| relation.target)
            .ok_or_else(|| broken(path, "it names no workbook"))?;
        let (folder, name) =
            place.rsplit_once('/').map_or(("", place.as_str()), |(folder, name)| (folder, name));
        let related = relations(
            package,
            format!("{folder}/_rels/{name}.rels").trim_start_matches('/'),
            folder,
        )?;
        let (sheets, is_1904) = sheets(package, &place)?;
        let mut parts = Vec::with_capacity(sheets.len());
        for (name, id) in sheets {
            let relation = related
                .get(&id)
                .ok_or_else(|| broken(path, format!("it does not say where sheet `{name}` is")))?;
            // A chart has no cells; macros and dialogs of old have.
            if !relation.is("chartsheet") {
                parts.push((name, relation.target.clone()));
            }
        }
        let part = |kind: &str| {
            related
                .values()
                .find(|relation| relation.is(kind))
                .map(|relation| relation.target.clone())
        };
        let texts = part("sharedStrings").map(|name| texts(package, &name)).transpose()?;
        let dates = part("styles").map_or(Ok(Vec::new()), |name| dates(package, &name))?;
        let named: Vec<&str> = parts.iter().map(|(_, part)| part.as_str()).collect();
        if let Some(name) = package.unnamed_sheet(&named)? {
            return Err(broken(
                path,
                format!("its part `{name}` is a sheet that it names nowhere, or as a chart"),
            ));
        }
        Ok(Self { sheets: parts, texts, dates, is_1904 })
    }
}

/// From one part to another.
struct Relation {
    kind: String,
    target: String,
}

impl Relation {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

fn relations(
    package: &mut Package<'_>,
    name: &str,
    folder: &str,
) -> Result<HashMap<String, Relation>, SourceError> {
    let mut found = HashMap::new();
    if !package.has(name) {
        return Ok(found);
    }
    let mut part = package.part(name, MOST_PART)?;
    while let Some(event) = part.next()? {
        if let Event::Start(tag) = &event
            && tag.local_name().as_ref() == "Relationship"
            && let (Some(id), Some(kind), Some(target)) =
                (attribute(tag, "Id"), attribute(tag, "Type"), attribute(tag, "Target"))
        {
            let target = match target.strip_prefix('/') {
                Some(absolute) => absolute.to_owned(),
                None if folder.is_empty() => target,
                None => format!("{folder}/{target}"),
            };
            found.insert(id, Relation { kind, target });
        }
    }
    Ok(found)
}

/// Every sheet's name and relation, and whether days are counted from 1904.
fn sheets(
    package: &mut Package<'_>,
    name: &str,
) -> Result<(Vec<(String, String)>, bool), SourceError> {
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    let mut part = package.part(name, MOST_PART)?;
    while let Some(event) = part.next()? {
        let Event::Start(tag) = &event else { continue };
        match tag.local_name().as_ref() {
            "workbookPr" => {
                is_1904 = attribute(tag, "date1904")
                    .is_some_and(|value| matches!(value.as_str(), "1" | "true" | "on"))
            }
            "sheet" => sheets.extend(attribute(tag, "name").zip(attribute(tag, "id"))),
            _ => {}
        }
    }
    Ok((sheets, is_1904))
}

fn texts(package: &mut Package<'_>, name: &str) -> Result<Vec<Box<str>>, SourceError> {
    let (mut texts, mut text, mut spoken, mut inside) = (Vec::new(), String::new(), false, false);
    let mut part = package.part(name, MOST_TEXTS)?;
    while let Some(event) = part.next()? {
        match &event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "si" => text.clear(),
                // Its pronunciation is not a part of it.
                "rPh" => spoken = true,
                "t" => inside = !spoken,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                "si" => texts.push(unescaped(&text).into_boxed_str()),
                "rPh" => spoken = false,
                "t" => inside = false,
                _ => {}
            },
            event if inside => add_text(event, &mut text),
            _ => {}
        }
    }
    Ok(texts)
}

/// By style: whether its numbers are shown as dates.
fn dates(package: &mut Package<'_>, name: &str) -> Result<Vec<bool>, SourceError> {
    let (mut own, mut known, mut dates, mut inside) =
        (HashSet::new(), HashSet::new(), Vec::new(), false);
    let mut part = package.part(name, MOST_PART)?;
    while let Some(event) = part.next()? {
        match &event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "numFmt" => {
                    let number =
                        attribute(tag, "numFmtId").and_then(|number| number.parse::<u32>().ok());
                    if let Some(number) = number {
                        known.insert(number);
                        own.extend(
                            attribute(tag, "formatCode")
                                .filter(|code| is_date_format(code))
                                .map(|_| number),
                        );
                    }
                }
                "cellXfs" => inside = true,
                "xf" if inside => {
                    let number = attribute(tag, "numFmtId")
                        .and_then(|number| number.parse::<u32>().ok())
                        .unwrap_or(0);
                    dates.push(if known.contains(&number) {
                        own.contains(&number)
                    } else {
                        is_known_date_format(number)
                    });
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => inside = false,
            _ => {}
        }
    }
    Ok(dates)
}

/// Characters that XML cannot hold are written `_xHHHH_`.
pub fn unescaped(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut left = text;
    while let Some((before, behind)) = left.split_once("_x") {
        done.push_str(before);
        let code = behind.get(..4).filter(|_| behind.as_bytes().get(4) == Some(&b'_'));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                done.push(c);
                left = behind.get(5..).unwrap_or_default();
            }
            None => {
                done.push_str("_x");
                left = behind;
            }
        }
    }
    done + left
}
