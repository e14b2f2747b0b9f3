//! PDF syntax (ISO 32000-1, 7): objects, and the one way in which this crate writes a file of them.
//!
//! A file is a header, all objects in the order of their numbers, a cross-reference table and a
//! trailer: one revision. Whoever reads one writes it again and compares: so there is no byte in it
//! that is not of an object, and no second way to say the same.

mod file;
mod lexer;
mod object;

pub(crate) use file::File;
pub(crate) use lexer::{Lexer, Token};
pub(crate) use object::{Dict, Object, Stream};
