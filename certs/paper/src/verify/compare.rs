//! What the pages show against what the record gives: mark by mark, in order and in place.

use super::error::NotGenuine;
use super::marks::Seen;
use crate::error::PaperError;
use crate::layout::{Length, Mark, Metrics, Page};

/// How far a mark may be from its place, in points: numbers in a PDF are rounded.
const NEAR: f64 = 0.05;
/// How much of a text that differs is shown.
const CONTEXT: usize = 24;

/// Compares all pages.
pub(super) fn compare(
    seen: &[Vec<Seen>],
    pages: &[Page],
    metrics: &dyn Metrics,
) -> Result<(), NotGenuine> {
    if seen.len() != pages.len() {
        return Err(NotGenuine::OtherPages { found: seen.len(), expected: pages.len() });
    }
    for (place, (seen, page)) in seen.iter().zip(pages).enumerate() {
        let expected = flat(page, metrics).map_err(NotGenuine::Record)?;
        let differs = seen.iter().zip(&expected).position(|(one, other)| !is_same(one, other));
        let at = match differs {
            Some(at) => at,
            None if seen.len() == expected.len() => continue,
            None => seen.len().min(expected.len()),
        };
        let (found, expected) = (text(seen, at), text(&expected, at));
        return Err(if found == expected {
            NotGenuine::OtherMarks(place + 1)
        } else {
            NotGenuine::OtherText { page: place + 1, found, expected }
        });
    }
    Ok(())
}

fn is_same(seen: &Seen, expected: &Seen) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() < NEAR;
    match (seen, expected) {
        (
            Seen::Glyph { c, x, y, size, shade, is_turned, .. },
            Seen::Glyph {
                c: c2, x: x2, y: y2, size: size2, shade: shade2, is_turned: turned2, ..
            },
        ) => {
            (c, shade, is_turned) == (c2, shade2, turned2)
                && near(*x, *x2)
                && near(*y, *y2)
                && (size - size2).abs() < 0.001
        }
        (Seen::Rect(x, y, w, h, shade), Seen::Rect(x2, y2, w2, h2, shade2)) => {
            let places = [(x, x2), (y, y2), (w, w2), (h, h2)];
            shade == shade2 && places.iter().all(|(one, other)| near(**one, **other))
        }
        (Seen::Seal(x, y, w, h), Seen::Seal(x2, y2, w2, h2)) => {
            [(x, x2), (y, y2), (w, w2), (h, h2)].iter().all(|(one, other)| near(**one, **other))
        }
        _ => false,
    }
}

/// The characters from a mark on, as far as an error shows them.
fn text(marks: &[Seen], at: usize) -> String {
    let characters = marks.iter().skip(at).filter_map(|mark| match mark {
        Seen::Glyph { c, .. } => Some(*c),
        _ => None,
    });
    characters.take(CONTEXT).collect()
}

fn in_points(length: Length) -> f64 {
    length as f64 / 100_000.0
}

/// The marks of a page as a reader of its content sees them.
fn flat(page: &Page, metrics: &dyn Metrics) -> Result<Vec<Seen>, PaperError> {
    let mut out = Vec::new();
    for mark in page.items.iter().flat_map(|item| &item.marks) {
        match mark {
            Mark::Rect(x, y, w, h, shade) => {
                let [x, y, w, h] = [x, y, w, h].map(|length| in_points(*length));
                out.push(Seen::Rect(x, y, w, h, *shade));
            }
            Mark::Seal(x, y, w, h) => {
                let [x, y, w, h] = [x, y, w, h].map(|length| in_points(*length));
                out.push(Seen::Seal(x, y, w, h));
            }
            Mark::Text(line) => {
                let (mut along, is_turned) = (0, line.is_turned);
                let size = line.size as f64 / 100.0;
                for c in line.text.chars() {
                    let advance = metrics.advance(c)?;
                    let by = in_points(along);
                    let (right, up) = if is_turned { (0.8 * by, 0.6 * by) } else { (by, 0.0) };
                    let (x, y) = (in_points(line.x) + right, in_points(line.y) - up);
                    let width = advance as f64;
                    out.push(Seen::Glyph { c, width, x, y, size, shade: line.shade, is_turned });
                    along += advance * line.size;
                }
            }
        }
    }
    Ok(out)
}
