//! What is wrong with the cells of a dataset, counted by column and kind: for its owner, and for
//! the catalog, which must not hear more.

use serde::Serialize;

/// What can be wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The cell cannot be read as the column's type.
    Unreadable,
    /// A code that is not in the column's list.
    UnknownCode,
    /// The cell is blank where a code should be.
    BlankCode,
    /// The cell is blank where an id should be, and the owner has not said that it may be blank.
    LostId,
    /// A readable id in a spelling that only the profiling pass finds.
    IrregularId,
    /// A readable id that a spreadsheet may have rounded from another's.
    RoundedId,
    /// A person's id in a column that no look-up asks: the row could be about them.
    NamedBeside,
    /// A date on which it cannot have been: before the register, before a birth, to come, or one
    /// that systems write where there is none.
    ImplausibleDate,
    /// The day on which something ended, in a row that says that it goes on.
    EndOfCurrent,
    /// The row has another width than the header.
    RaggedRow,
}

impl FindingKind {
    /// Whether such a cell can make an answer unavailable; the others cost a little time only.
    pub fn spoils(self) -> bool {
        !matches!(self, Self::IrregularId)
    }

    /// In words.
    pub fn said(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::UnknownCode => "hold a code that is not in the list",
            Self::BlankCode => "hold no code",
            Self::LostId => "hold no id, where one should be",
            Self::IrregularId => "are spelled irregularly; they are found all the same",
            Self::RoundedId => "may have been rounded by a spreadsheet",
            Self::NamedBeside => {
                "name a person, and no look-up asks them; look the column up, or say in \
                 `[not_about]` why the rows are not about them"
            }
            Self::ImplausibleDate => {
                "are days on which it cannot have been: before the register or a birth, to come, \
                 or a system's filler"
            }
            Self::EndOfCurrent => "say that something ended of which the row says that it goes on",
            Self::RaggedRow => "have another width than the header",
        }
    }
}

/// Cells of one column with the same fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The dataset's column; empty for whole rows.
    pub column: String,
    /// What is wrong.
    pub kind: FindingKind,
    /// With how many.
    pub count: u64,
    /// A few of them, masked.
    pub examples: Vec<String>,
}
