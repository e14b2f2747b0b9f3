//! What is counted, and what it comes to.

use zerotrip_datasets::CivilMonth;

/// A row of a monthly register. `None` is a cell that is empty or cannot be read, in a column that
/// the step names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its number among the scan's rows.
    pub number: i64,
    /// The month that it is for.
    pub month: Option<CivilMonth>,
    /// What it adds; where it is below 0, what it takes back.
    pub amount: Option<i128>,
    /// The word that says whether it adds or takes back.
    pub direction: Option<&'a str>,
    /// The word of its kind.
    pub kind: Option<&'a str>,
    /// Its own number: a row that was read in twice has it twice.
    pub identity: Option<&'a str>,
    /// The month in which it was paid.
    pub paid: Option<CivilMonth>,
    /// SHA-256 over all cells that its department delivers, those too that the step does not name:
    /// a row that was read in twice is the same in each.
    pub digest: [u8; 32],
    /// Whether all of these cells are known. Two that are not, and look alike, can differ.
    pub is_known: bool,
}

/// What was counted of one person. `None` is what cannot be said for sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many months count.
    pub months: Option<u32>,
    /// The most of them in a row.
    pub longest_run: Option<u32>,
    /// Those in a row that end with the last month of the range.
    pub last_run: Option<u32>,
    /// The first that counts.
    pub first: Option<Option<CivilMonth>>,
    /// The last that counts.
    pub last: Option<Option<CivilMonth>>,
    /// The months of the range that do not count, by their first and last.
    pub gaps: Option<Vec<(CivilMonth, CivilMonth)>>,
    /// Whether it is enough.
    pub enough: Option<bool>,
    /// A row that shows the last month that counts for sure; else the first row.
    pub row: Option<i64>,
}
