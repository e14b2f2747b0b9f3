//! Vessels as registers really hold them: by their ship identification number (船舶识别号), which
//! each of China's register has for good. Other numbers of vessels (登记号码, 船检登记号, IMO, MMSI)
//! say nothing of it: such a cell could be anybody's.
//!
//! [`accounted`] says whose a cell is: some vessels', if every character of it is accounted for by
//! whole numbers or by its owner's words. The 11 digits without `CN` count where the column's owner
//! states them (`schemes`); elsewhere they could be a telephone's. [`Suspect`] says whose a cell
//! could be that is not accounted for.
//!
//! How the check digit is worked out is not published. So one wrong digit makes another vessel's
//! number, and a register's row under a number is a doubt for the vessels of all numbers that are
//! one slip away ([`VesselNumber::neighbours`](crate::normal::vessel_number::VesselNumber)). Two
//! slips are not noticed.

mod accounted;
mod beside;
mod matching;
mod named;

#[cfg(test)]
mod tests;

pub use accounted::{accounted, is_regular, is_to_come};
pub use beside::damaged_in;
pub use matching::{Probe, Suspect};
pub use named::vessels_in;
