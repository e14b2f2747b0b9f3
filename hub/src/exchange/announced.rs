//! Which certificates a request announces.

use prost_types::Timestamp;
use zerotrip_certificates::recorded_together;
use zerotrip_ledger::Issued;
use zerotrip_proto::Refusal;
use zerotrip_proto::bounds::CERTIFICATES;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{ErrorCode, PlacedCertificate};
use zerotrip_trust::digest::Digest;

/// What a request announces.
pub(super) struct Announced<'a> {
    /// The exchange that the certificates rest on.
    pub(super) exchange: &'a str,
    pub(super) issued: Issued,
    /// By which the answer tells them.
    pub(super) digest: Digest,
    /// When the last of them ends.
    pub(super) valid_until: Option<&'a Timestamp>,
}

/// Reads it.
pub(super) fn announced(body: Option<&Body>) -> Result<Announced<'_>, Refusal> {
    let malformed = |text: String| Refusal::new(ErrorCode::Malformed, text);
    let digest_of = |bytes: &[u8]| {
        Digest::try_from(bytes)
            .map_err(|_| malformed("`certificate_digest` is not a SHA-256 of 32 bytes".to_owned()))
    };
    match body {
        Some(Body::Issue(body)) => {
            let digest = digest_of(&body.certificate_digest)?;
            let of = |place| Issued::Of(vec![(place, digest)]);
            Ok(Announced {
                exchange: &body.exchange_id,
                issued: body.place.map_or(Issued::One(digest), of),
                digest,
                valid_until: body.valid_until.as_ref(),
            })
        }
        Some(Body::IssueMany(body)) => {
            let count = body.certificates.len();
            if !(1..=CERTIFICATES).contains(&count) {
                let text = format!("`certificates` has {count}, and must have 1 to {CERTIFICATES}");
                return Err(malformed(text));
            }
            let placed = |one: &PlacedCertificate| {
                digest_of(&one.certificate_digest).map(|digest| (one.place, digest))
            };
            let placed: Vec<(u32, Digest)> =
                body.certificates.iter().map(placed).collect::<Result<_, _>>()?;
            if !placed.is_sorted_by(|(one, _), (next, _)| one < next) {
                let text = "`certificates` must be by place ascending, each place once";
                return Err(malformed(text.to_owned()));
            }
            Ok(Announced {
                exchange: &body.exchange_id,
                digest: recorded_together(&placed),
                issued: Issued::Of(placed),
                valid_until: body.valid_until.as_ref(),
            })
        }
        _ => Err(malformed("the request's body is not an issue".to_owned())),
    }
}

/// Each certificate: its subject's place, of an answer about many, and its digest.
pub(super) fn each(issued: &Issued) -> impl Iterator<Item = (Option<u32>, &Digest)> {
    let (one, of) = match issued {
        Issued::One(digest) => (Some((None, digest)), [].as_slice()),
        Issued::Of(subjects) => (None, subjects.as_slice()),
    };
    one.into_iter().chain(of.iter().map(|(place, digest)| (Some(*place), digest)))
}
