//! The HTTP door beside a system: certificates go into wallets (OpenID4VCI 1.0), a verifier asks
//! wallets for them (OpenID4VP 1.0), and anybody can have one verified on a page.
//!
//! The door asks the hub nothing by itself. What it offers was asked at the counter and affirmed
//! (`zerotrip offer`); what it asks wallets for was begun there too (`zerotrip request`). Between
//! those commands and the door there are files of the system's folder, and nothing else: the door
//! has no call by which anything could be administered.
//!
//! Never: it repeats nothing of a request in an answer, logs no personal data, and fetches nothing
//! from an address that a caller names.

#![warn(missing_docs)]

mod bounds;
mod door;
mod error;
mod http;
mod issuing;
mod jwt;
mod offers;
mod page;
mod secrets;
mod settings;
#[cfg(test)]
mod tests;
mod upload;
mod verifier;
mod wallets;

pub use bounds::FILE;
pub use bounds::{OFFER_LIFE, OFFER_MINUTES, REQUEST_LIFE};
pub use door::Door;
pub use error::DoorError;
pub use http::{Body, Open, ROUTES, Route, open};
pub use issuing::{NotSealed, Sealing, Seals, SealsWithHub};
pub use offers::{Made, Offers, configuration};
pub use settings::{AttestationSettings, DoorSettings, Kind, VerifierSettings};
pub use verifier::{NewRequest, Outcome, RequestSigner, Requests, request_uri};
pub use wallets::offer_uri;
