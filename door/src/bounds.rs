//! Every bound of the door.

use std::time::Duration;

/// Most bytes of a request's body.
pub(crate) const BODY: usize = 64 << 10;
/// Most bytes of a request's head.
pub(crate) const HEAD: usize = 16 << 10;
/// Most headers of a request.
pub(crate) const HEADERS: usize = 64;
/// Most connections at once.
pub(crate) const CONNECTIONS: usize = 256;
/// Most of them from one address.
pub(crate) const CONNECTIONS_OF_ONE: usize = 128;
/// Requests that are taken at once, and how many are added to that each second.
pub(crate) const BURST: f64 = 200.0;
pub(crate) const PER_SECOND: f64 = 100.0;
/// Time for a TLS handshake, and for a request's head. An idle connection ends with it too.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time for a body to arrive.
pub(crate) const BODY_TIME: Duration = Duration::from_secs(10);
/// Time that a connection lives.
pub(crate) const CONNECTION_TIME: Duration = Duration::from_secs(300);
/// Time for an answer that needs no hub.
pub(crate) const SHORT: Duration = Duration::from_secs(10);
/// Time for a certificate to be sealed and recorded.
pub(crate) const LONG: Duration = Duration::from_secs(120);
/// Certificates that are sealed at once; further requests are told to come again.
pub(crate) const SEALING: usize = 8;
/// Time in which a stopping door lets open requests end.
pub(crate) const DRAIN: Duration = Duration::from_secs(20);

/// Most members of a form, and most characters of one.
pub(crate) const FORM_MEMBERS: usize = 16;
/// Most characters of a secret that a caller brings.
pub(crate) const SECRET_CHARS: usize = 256;
/// Most characters of a JWT: one that vouches for as many keys as there are copies has room.
pub(crate) const JWT_CHARS: usize = 16 << 10;
/// Most roots of those who vouch for wallets.
pub(crate) const ATTESTERS: usize = 32;

/// How long a nonce is good for.
pub(crate) const NONCE_LIFE: Duration = Duration::from_secs(300);
/// Most nonces that were used and have not ended.
pub(crate) const NONCES_USED: usize = 10_000;
/// How far a proof's time may be from ours.
pub(crate) const PROOF_SKEW: Duration = Duration::from_secs(60);
/// How old a proof of a holder's key may be.
pub(crate) const PROOF_LIFE: Duration = Duration::from_secs(300);

/// Most offers of one folder, and most types that were offered.
pub(crate) const OFFERS: usize = 1000;
pub(crate) const TYPES: usize = 200;
/// How long an offer waits for its wallet, unless it is said otherwise.
pub const OFFER_LIFE: Duration = Duration::from_secs(10 * 60);
/// The longest that can be said, in minutes.
pub const OFFER_MINUTES: u64 = 50;
/// How long an access token is good for.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(300);
/// Wrong transaction codes after which an offer is erased.
pub(crate) const ATTEMPTS: u32 = 5;
/// Digits of a transaction code.
pub(crate) const TX_DIGITS: usize = 6;
/// Age at which what was left of a file that was being written is erased.
pub(crate) const PART_LIFE: Duration = Duration::from_secs(600);
/// How often what has ended is erased.
pub(crate) const SWEEP: Duration = Duration::from_secs(60);

/// Most requests for a presentation that wait at once.
pub(crate) const REQUESTS: usize = 1000;
/// How long one waits for its wallet.
pub const REQUEST_LIFE: Duration = Duration::from_secs(10 * 60);
/// Most kinds of requests of `door.toml`, and most values of one list there.
pub(crate) const KINDS: usize = 32;

/// The settings, in the system's folder.
pub const FILE: &str = "door.toml";
