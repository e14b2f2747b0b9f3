//! What people see: screens, failures with their exit codes, and the Chinese of what the libraries
//! say in English.

mod failure;
mod screen;
pub(crate) mod zh;

pub(crate) use failure::{DENIED, Failure, NOT_SO, NOT_VERIFIED, UNAVAILABLE, USAGE};
pub(crate) use screen::{Language, Screen, rfc3339};
