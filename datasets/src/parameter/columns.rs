//! The columns of the table `request` that a parameter gives.

use super::declared::ParameterType;

/// What a column of the table `request` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestColumn {
    /// Text: a number of a person, an enterprise or a thing, a division code, a word.
    Text,
    /// A day.
    Date,
    /// A whole number.
    Number,
}

impl ParameterType {
    /// The columns of a parameter of this name, in their order.
    pub fn columns(&self, name: &str) -> Vec<(String, RequestColumn)> {
        let one = |column| vec![(name.to_owned(), column)];
        match self {
            Self::ResidentId
            | Self::Enterprise
            | Self::Vessel
            | Self::Vehicle
            | Self::PropertyUnit
            | Self::Uscc
            | Self::Region(_)
            | Self::Code(_) => one(RequestColumn::Text),
            Self::Date(_) => one(RequestColumn::Date),
            Self::Number(_) => one(RequestColumn::Number),
            Self::Period(_) => {
                ["from", "until"].map(|end| (format!("{name}_{end}"), RequestColumn::Date)).into()
            }
        }
    }
}
