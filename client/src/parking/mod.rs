//! Parked questions: a check that ended in a code that time alone ends (`ErrorCode::passes`) is
//! kept in the system's folder and asked again by itself, until it is answered or its deadline
//! passes. Each try is a request of its own, signed when it is made, and an exchange of its own in
//! the ledger; it asks the same variant about the same person, so it uses up no further variant of
//! the grant.
//!
//! ```text
//! <system's folder>/parked/<id>.json   a question, with the person's number: mode 0600
//! <system's folder>/parked/<id>.lock   held by the one process that asks it
//! ```
//!
//! A file is erased once its question has ended and that was told. When it is to be tried next is
//! written down before each try, so that a process that is killed and started again does not ask
//! more often.

mod error;
mod file;
mod folder;
mod pace;
mod trying;

pub use error::ParkingError;
pub use file::{Last, MOST, Parked};
pub use folder::{Held, Parking};
pub use pace::{FIRST, LONGEST, SHORTEST};
pub use trying::{Answered, Tried};

#[cfg(test)]
mod tests;
