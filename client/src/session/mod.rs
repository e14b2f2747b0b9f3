//! One connection to the hub, and the two things that a system does on it: asking, and issuing a
//! certificate on the answer.

mod asking;
mod bounds;
mod call;
mod connection;
mod copies;
mod definitions;
mod error;
mod issuer;
mod issuing;
mod issuing_many;
mod offering;
mod recording;
mod reviewing;
mod sealing;

pub use asking::Session;
pub use call::answered;
pub use connection::Connection;
pub use error::SessionError;
pub use issuing::Wanted;
pub use issuing_many::{ManyIssuing, PlacedIssue};
pub use offering::{Offering, Ready};
pub use recording::{Issue, IssuedCertificate};
pub use reviewing::InForce;
