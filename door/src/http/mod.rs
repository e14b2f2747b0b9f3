//! HTTP/1.1 as the door speaks it: what can be called, how much of it is read, and what an answer
//! looks like. Nothing of a request is repeated in an answer or in the log.

mod call;
mod form;
pub(crate) mod path;
mod rate;
mod reply;
mod routes;
mod server;

pub(crate) use call::Call;
pub(crate) use form::Form;
pub(crate) use rate::Rate;
pub(crate) use reply::{Refused, Reply};
pub(crate) use routes::Action;
pub use routes::{Body, ROUTES, Route};
pub use server::{Open, open};
