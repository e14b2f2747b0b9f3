//! A check's parameters: texts in a request, read by the type that the check's definition declares.
//! Client, hub and connector read them by this one function, [`read_all`].
//!
//! Each type is a grammar of what is accepted, and each value has one canonical text: that is what
//! is signed. One parameter names the person asked about. The others say what is asked about that
//! person; none of them is ever a key.

mod argument;
mod bounds;
mod columns;
mod declared;
mod fault;
mod reading;
mod terms;

pub use argument::{Argument, Value};
pub use bounds::{
    DateBounds, LastMonth, Level, MOST_MONTHS, MOST_NUMBER, MOST_WORDS, NumberBounds, PeriodBounds,
    TODAY,
};
pub use columns::RequestColumn;
pub use declared::{MOST_PARAMETERS, ParameterType};
pub use fault::{ParameterError, ParameterFault};
pub use reading::{Spelling, read_all};

#[cfg(test)]
mod tests;
