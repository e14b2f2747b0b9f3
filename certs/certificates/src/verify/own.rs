//! What only the issuer says of a certificate: its number, where its status is, whose key it is
//! bound to. What of it is there makes its profile.

use serde_json::{Map, Value};
use zerotrip_trust::x509::{sealing_key_of, validity_of};

use super::error::CertificateError;
use super::verified::{Holder, Issuer};
use crate::holder::HolderKey;
use crate::profile::Profile;
use crate::sdjwt::{SdJwt, time};
use crate::serial::Serial;
use crate::status::StatusReference;

/// What the issuer says.
pub(super) struct Own {
    pub(super) profile: Option<Profile>,
    pub(super) serial: Option<Serial>,
    pub(super) status: Option<StatusReference>,
    pub(super) holder: Option<Holder>,
}

/// Reads it. A number and a place come together; a holder's key comes with both, and with the
/// sealing key's certificate.
pub(super) fn own(
    token: &SdJwt,
    plain: &Map<String, Value>,
    issuer: &Issuer,
) -> Result<Own, CertificateError> {
    let (serial, status) = match (plain.get("serial"), plain.get("status")) {
        (None, None) => (None, None),
        (Some(serial), Some(status)) => {
            let serial = serial.as_str().and_then(|text| Serial::read(text, &issuer.uri));
            let serial = serial.ok_or(CertificateError::Claim("serial"))?;
            let status = StatusReference::read(status).ok_or(CertificateError::Claim("status"))?;
            (Some(serial), Some(status))
        }
        (None, Some(_)) => return Err(CertificateError::Claim("serial")),
        (Some(_), None) => return Err(CertificateError::Claim("status")),
    };
    let key = plain
        .get("cnf")
        .map(|claim| HolderKey::of_claim(claim).ok_or(CertificateError::Claim("cnf")));
    let profile = match (&serial, &key, token.leaf()) {
        (None, None, None) => None,
        (Some(_), None, None) => Some(Profile::National),
        (Some(_), Some(_), Some(_)) => Some(Profile::Haip),
        _ => return Err(CertificateError::NoProfile),
    };
    certified(token, plain, issuer)?;
    let holder = key.transpose()?.map(|key| {
        let bound = token.binding_by(key.key())?;
        Ok::<_, CertificateError>(Holder { key, bound })
    });
    Ok(Own { profile, serial, status, holder: holder.transpose()? })
}

/// The certificate that travels along names the issuer, and held when it sealed. That it is over
/// the sealing key was seen with the seal.
fn certified(
    token: &SdJwt,
    plain: &Map<String, Value>,
    issuer: &Issuer,
) -> Result<(), CertificateError> {
    let Some(leaf) = token.leaf() else { return Ok(()) };
    let wrong = |why: &str| CertificateError::SealCertificate(why.to_owned());
    let (holder, _) = sealing_key_of(leaf).map_err(|error| wrong(&error.to_string()))?;
    if holder.uri() != issuer.uri {
        return Err(wrong("it is another system's"));
    }
    let (begins, ends) = validity_of(leaf).map_err(|error| wrong(&error.to_string()))?;
    let sealed = time(plain, "iat")?;
    if sealed < begins || sealed > ends {
        return Err(wrong("it did not hold when the certificate was sealed"));
    }
    Ok(())
}
