//! Tables and views, as a server's catalogue has them.

/// A table or view, as the server's catalogue has it.
#[derive(Debug)]
pub struct Relation {
    /// Every column.
    pub columns: Vec<Column>,
    /// The primary key, or what else locates a row; empty where nothing does.
    pub locator: Vec<Locator>,
    /// Columns that an index begins with.
    pub indexed: Vec<String>,
    /// Whether it can have indexes itself.
    pub is_table: bool,
    /// What its owner should know of it.
    pub advice: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Its type, as the server calls it.
    pub type_name: String,
    /// How its cells are read and asked for.
    pub form: Form,
}

/// How a column's cells are read and asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// Text that the type pads with blanks.
    Padded,
    /// A whole number.
    Whole,
    /// A number with a fixed point.
    Decimal,
    /// A number with a floating point.
    Float,
    /// A time with a zone.
    Moment,
    /// How many bits.
    Bits(u32),
    /// Anything else that has a text, and that holds no id.
    Plain,
    /// What has no text that could be relied upon.
    Refused,
}

impl Form {
    /// Whether ids can be asked for in such a column.
    pub fn is_asked_in_text(self) -> bool {
        matches!(self, Self::Text | Self::Padded)
    }

    /// Whether ids of digits can be asked for in such a column.
    pub fn is_asked_in_numbers(self) -> bool {
        matches!(self, Self::Whole | Self::Decimal)
    }
}

/// A part of what locates a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locator {
    /// As people know it.
    pub name: String,
    /// What to select, in the server's own words.
    pub expression: String,
}
