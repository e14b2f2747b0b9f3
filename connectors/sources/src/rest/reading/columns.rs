//! Where a row of JSON has the cells of the dataset's columns.

use zerotrip_proto::v1::ErrorCode;

use crate::SourceError;
use crate::float_text::double;
use crate::rest::json::{Beside, Json};

/// Digits that a floating-point number keeps.
const EXACT_DIGITS: usize = 15;

pub struct Column {
    /// From the row to its cell or, where that is within a list, to the element of it.
    pub way: Vec<String>,
    /// From the element to the cell, where the cell is within the list.
    pub within: Option<Vec<String>>,
    /// As the dataset file has it.
    pub said: String,
    pub is_id: bool,
}

impl Column {
    /// A cell as text; `None` is NULL. `element` is the element of the list that becomes the row.
    pub fn cell(
        &self,
        row: &Json<'_>,
        element: Option<&Json<'_>>,
        number: u64,
    ) -> Result<Option<String>, SourceError> {
        let drift = |what: &str| {
            SourceError::new(
                ErrorCode::SourceDrift,
                format!("row {number} {what}", what = what.replace("{}", &self.said)),
            )
        };
        let found = match (&self.within, element) {
            (None, _) => row.only(&self.way),
            (Some(way), Some(element)) => element.only(way),
            (Some(_), None) => return Ok(None),
        };
        match found.map_err(|Beside| beside(number, &self.said))? {
            Some(Json::Null) => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value.to_string())),
            Some(Json::Text(text)) => Ok(Some(text.to_string())),
            Some(Json::Number(digits)) if self.is_id => Ok(Some(id_digits(digits))),
            Some(Json::Number(digits)) => Ok(Some((*digits).to_owned())),
            Some(Json::Object(_) | Json::Array(_)) => Err(drift(
                "has an object or an array in `{}`; name what is within, such as `/{}/id`, or \
                 `/{}/*/id` for each element",
            )),
            None => Err(drift(
                "has no `{}`; correct the column's `field`, or have the interface write `null`",
            )),
        }
    }
}

pub fn beside(number: u64, said: &str) -> SourceError {
    let detail =
        format!("row {number} has a list with further elements beside the one that `{said}` names");
    SourceError::new(
        ErrorCode::SourceDrift,
        format!("{detail}; write `*` for the number, which makes a row of each"),
    )
}

/// A number in a column of ids. What a floating-point number may have left of another is written so
/// that it is not a person's id, and could be any person's whose id begins so.
fn id_digits(digits: &str) -> String {
    let significant = digits.bytes().filter(u8::is_ascii_digit).count();
    let Ok(number) = digits.parse::<f64>() else { return digits.to_owned() };
    let is_whole = digits.bytes().all(|c| c.is_ascii_digit());
    // As such numbers are written in full: with the fewest digits that mean them and zeros, or
    // exactly.
    let is_exact = is_whole && number.to_string() != digits && format!("{number:.0}") != digits;
    if significant <= EXACT_DIGITS || is_exact { digits.to_owned() } else { double(number) }
}
