//! Lines: where a text is broken.

use super::{Length, Metrics};
use crate::characters::{can_break, can_break_in_need};
use crate::error::PaperError;

/// A line and how wide it is.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) width: Length,
}

/// Breaks a text into lines of at most this width, each as full as can be. Where a line has no
/// place to break, it is broken where it is full. No line begins with what closes.
pub(super) fn lines(
    text: &str,
    size: i64,
    width: Length,
    metrics: &dyn Metrics,
) -> Result<Vec<Line>, PaperError> {
    let mut out = Vec::new();
    let mut line = Open::default();
    let mut before = None;
    for c in text.chars() {
        let advance = metrics.advance(c)? * size;
        if let Some(before) = before {
            line.may_break(can_break(before, c), can_break_in_need(before, c));
        }
        while c != ' ' && line.width + advance > width && !line.text.is_empty() {
            out.push(line.cut());
        }
        line.push(c, advance);
        before = Some(c);
    }
    out.push(line.cut_all());
    Ok(out)
}

/// A line that is being filled.
#[derive(Default)]
struct Open {
    text: String,
    width: Length,
    /// The last good place to break, and the last that is possible: bytes and width before it.
    good: Option<(usize, Length)>,
    possible: Option<(usize, Length)>,
}

impl Open {
    fn may_break(&mut self, is_good: bool, is_possible: bool) {
        if self.text.is_empty() {
            return;
        }
        if is_good {
            self.good = Some((self.text.len(), self.width));
        }
        if is_possible {
            self.possible = Some((self.text.len(), self.width));
        }
    }

    fn push(&mut self, c: char, advance: Length) {
        self.text.push(c);
        self.width += advance;
    }

    /// Ends the line at its best place; what is behind it begins the next.
    fn cut(&mut self) -> Line {
        let (at, width) = self.good.or(self.possible).unwrap_or((self.text.len(), self.width));
        let rest = self.text.split_off(at);
        let text = std::mem::replace(&mut self.text, rest);
        self.width -= width;
        let behind =
            |(place, before): (usize, Length)| (place > at).then(|| (place - at, before - width));
        (self.good, self.possible) = (None, self.possible.and_then(behind));
        Line { text, width }
    }

    fn cut_all(self) -> Line {
        Line { text: self.text, width: self.width }
    }
}
