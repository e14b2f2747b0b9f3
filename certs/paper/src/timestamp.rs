//! Time stamps (RFC 3161): the request, and the token in a response. The caller does the HTTP.
//!
//! A token is taken for what it says: its own signature is for whoever trusts that authority. So a
//! time stamp is shown as claimed, never as verified.

use std::time::SystemTime;

use zerotrip_trust::digest::sha256;

use crate::bounds::RESPONSE_BYTES;
use crate::der::{INTEGER, OCTETS, OID, Reader, SEQUENCE, SET, TIME, context, element, sequence};

/// id-sha256 (RFC 5754, 2.2).
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// id-signedData (RFC 5652, 5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// id-ct-TSTInfo (RFC 3161, 2.4.2).
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// Why a response is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Not DER of the shape that RFC 3161 gives, or too large.
    #[error("the time-stamp response cannot be read, or is over 12 KiB")]
    Unreadable,
    /// The authority refused.
    #[error("the time-stamping authority refused: its status is {0}")]
    Refused(u8),
    /// A token over something else, or to another request.
    #[error("the time stamp is over something else than this signature")]
    OtherImprint,
    /// It does not fit into the gap.
    #[error("the signature was made without room for a time stamp, or the time stamp is too large")]
    NoRoom,
}

/// A TimeStampReq over a signature: SHA-256, no nonce (the imprint of a signature is never asked
/// for twice), and the authority's certificate is wanted.
pub(crate) fn request(signature: &[u8]) -> Vec<u8> {
    let imprint = imprint(signature);
    sequence(&[&element(INTEGER, &[&[1]]), &imprint, &element(0x01, &[&[0xff]])])
}

fn imprint(signature: &[u8]) -> Vec<u8> {
    let sha_256 = sequence(&[&element(OID, &[SHA_256])]);
    sequence(&[&sha_256, &element(OCTETS, &[&sha256(signature)])])
}

/// The token in a TimeStampResp, if it is over this signature.
pub(crate) fn token(response: &[u8], signature: &[u8]) -> Result<Vec<u8>, StampError> {
    if response.len() > RESPONSE_BYTES {
        return Err(StampError::Unreadable);
    }
    let mut outer = Reader::new(response);
    let read = || {
        let mut inner = outer.enter(SEQUENCE)?;
        outer.end()?;
        let status = *inner.enter(SEQUENCE)?.take(INTEGER)?.first()?;
        Some((status, inner))
    };
    let (status, mut inner) = {
        let mut read = read;
        read()
    }
    .ok_or(StampError::Unreadable)?;
    if status > 1 {
        return Err(StampError::Refused(status));
    }
    let token = inner.whole(SEQUENCE).ok_or(StampError::Unreadable)?;
    inner.end().ok_or(StampError::Unreadable)?;
    time_of(token, signature)?;
    Ok(token.to_vec())
}

/// When a token says that this signature was there.
pub(crate) fn time_of(token: &[u8], signature: &[u8]) -> Result<SystemTime, StampError> {
    let (stated, time) = stated(token).ok_or(StampError::Unreadable)?;
    if stated != sha256(signature) { Err(StampError::OtherImprint) } else { Ok(time) }
}

fn stated(token: &[u8]) -> Option<(&[u8], SystemTime)> {
    let mut outer = Reader::new(token);
    let mut info = outer.enter(SEQUENCE)?;
    outer.end()?;
    (info.take(OID)? == SIGNED_DATA).then_some(())?;
    let mut data = info.enter(context(0))?.enter(SEQUENCE)?;
    data.take(INTEGER)?;
    data.take(SET)?;
    let mut content = data.enter(SEQUENCE)?;
    (content.take(OID)? == TST_INFO).then_some(())?;
    let mut tst = Reader::new(content.enter(context(0))?.take(OCTETS)?).enter(SEQUENCE)?;
    tst.take(INTEGER)?;
    tst.take(OID)?;
    let mut imprint = tst.enter(SEQUENCE)?;
    (imprint.enter(SEQUENCE)?.take(OID)? == SHA_256).then_some(())?;
    let digest = imprint.take(OCTETS)?;
    imprint.end()?;
    tst.take(INTEGER)?;
    Some((digest, generalized(tst.take(TIME)?)?))
}

/// `YYYYMMDDhhmmss[.f…]Z`.
fn generalized(text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let time = chrono::NaiveDateTime::parse_from_str(whole, "%Y%m%d%H%M%S").ok()?;
    Some(time.and_utc().into())
}
