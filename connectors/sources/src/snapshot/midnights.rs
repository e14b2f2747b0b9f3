//! Midnight in China that was written in UTC without saying so: `2009-04-30 16:00:00` for 1 May, so
//! that an end counts a day too early. One such time may be a real one; a column of dates in which
//! every time is that is not.

use zerotrip_datasets::Column;
use zerotrip_proto::v1::{ErrorCode, SemanticType};

use super::super::SourceError;

/// Fewer prove nothing.
const FEWEST: u64 = 3;

/// What the columns of dates hold.
#[derive(Debug)]
pub struct Midnights {
    /// By the dataset's columns; `None` of those of other types.
    counts: Vec<Option<Counts>>,
}

/// Cells of one column.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// At 16:00, or at 15:00 in a summer that China's clocks were put forward.
    shifted: u64,
    other: u64,
}

impl Midnights {
    /// For a dataset's columns.
    pub fn of(columns: &[Column]) -> Self {
        let counts =
            |column: &Column| (column.semantic == SemanticType::Date).then(Counts::default);
        Self { counts: columns.iter().map(counts).collect() }
    }

    /// Notes a cell.
    pub fn note(&mut self, place: usize, cell: Option<&str>) {
        let Some(Some(counts)) = self.counts.get_mut(place) else { return };
        let Some(text) = cell.map(str::trim).filter(|text| !text.is_empty()) else { return };
        if is_shifted(text) { counts.shifted += 1 } else { counts.other += 1 }
    }

    /// After the last row.
    pub fn plausible(&self, origin: &str, columns: &[Column]) -> Result<(), SourceError> {
        for (counts, column) in self.counts.iter().zip(columns) {
            if let Some(Counts { shifted, other: 0 }) = counts
                && *shifted >= FEWEST
            {
                let detail = format!(
                    "`{origin}`: all {shifted} times in column `{}` are 16:00 or 15:00, which is \
                     midnight in China in UTC: each would count a day too early; have it written \
                     as dates, or as China's clocks show it",
                    column.name
                );
                return Err(SourceError::new(ErrorCode::SourceImplausible, detail));
            }
        }
        Ok(())
    }
}

/// Whether a time without an offset is eight or nine hours before midnight.
fn is_shifted(text: &str) -> bool {
    let whole = match text.rsplit_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    let Some((_, time)) = whole.rsplit_once(['T', ' ']) else { return false };
    matches!(time, "16:00:00" | "15:00:00" | "16:00" | "15:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_midnight_is_told() {
        for text in ["2009-04-30T16:00:00", "2009-04-30 16:00:00.000", "1988/4/30 15:00"] {
            assert!(is_shifted(text), "{text}");
        }
        for text in [
            "2009-05-01",
            "2009-05-01T00:00:00",
            "2009-05-01T16:00:00+08:00",
            "2009-05-01 16:00:01",
            "2009-05-01 16:00:00.5",
            "16:00:00",
            "",
        ] {
            assert!(!is_shifted(text), "{text}");
        }
    }
}
