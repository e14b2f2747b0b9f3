//! JSON (RFC 8259) as a register needs it: numbers keep their digits, `null` and what is not there
//! are two things, a key that is twice in an object is an error, and rows are handed over one
//! by one, so that an answer takes little more room than its bytes.

mod reader;
#[cfg(test)]
mod tests;
mod value;

pub use self::reader::{read, tree};
pub use self::value::{Beside, EACH, Json};
