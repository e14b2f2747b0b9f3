//! COSE_Sign1 (RFC 9052, 4.2): one signature, ES256, everything signed.

use zerotrip_trust::keys::{Algorithm, PublicKey, SIGNATURE_BYTES, SigningKey};

use crate::cbor::{Value, head, major};
use crate::error::{CborError, CoseError};
use crate::members::Members;
use crate::read::{Reader, decode};

/// The tag of COSE_Sign1.
pub const TAG: u64 = 18;

/// Header parameters (RFC 9052, 3.1; RFC 9596).
const ALG: i64 = 1;
const KID: i64 = 4;
const TYP: i64 = 16;
/// ES256 (RFC 9053, 2.1).
const ES256: i64 = -7;
/// Bytes of a key id: the 16 that a key's id is the hexadecimal form of.
const KID_BYTES: usize = 16;
/// Largest protected header.
const HEADER_BYTES: usize = 128;
/// How deep the message can be read, so that an unprotected header is refused by its name.
const DEPTH: usize = 4;

/// A token that was read. **Nothing in it is verified** before [`Sign1::verify`].
#[derive(Clone, Debug)]
pub struct Sign1 {
    key_id: String,
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Sign1 {
    /// Reads a token of this type from exactly these bytes, of which there are at most `most`.
    pub fn parse(bytes: &[u8], typ: &'static str, most: usize) -> Result<Self, CoseError> {
        let in_token = |why| CoseError::Cbor { place: "token", why };
        if bytes.len() > most {
            return Err(in_token(CborError::TooLarge { found: bytes.len(), most }));
        }
        let mut reader = Reader(bytes);
        match reader.tag().map_err(in_token)? {
            TAG => {}
            other => return Err(CoseError::Tag(other)),
        }
        let message = reader.value(DEPTH).map_err(in_token)?;
        reader.end().map_err(in_token)?;
        let Value::Array(parts) = message else { return Err(CoseError::Shape) };
        let Ok([Value::Bytes(protected), unprotected, Value::Bytes(payload), signature]) =
            <[Value; 4]>::try_from(parts)
        else {
            return Err(CoseError::Shape);
        };
        let (Value::Map(unprotected), Value::Bytes(signature)) = (unprotected, signature) else {
            return Err(CoseError::Shape);
        };
        if let Some((key, _)) = unprotected.first() {
            return Err(CoseError::Unprotected(key.name()));
        }
        let key_id = read_header(&protected, typ)?;
        if signature.len() != SIGNATURE_BYTES {
            return Err(CoseError::SignatureLength(signature.len()));
        }
        Ok(Self { key_id, protected, payload, signature })
    }

    /// Signs a payload as a token of this type.
    pub fn sign(key: &SigningKey, typ: &str, payload: &Value) -> Result<Vec<u8>, CoseError> {
        let public = key.public();
        let kid = hex::decode(key.id()).ok().filter(|kid| kid.len() == KID_BYTES);
        let kid = kid.filter(|_| public.algorithm() == Algorithm::Es256);
        let kid = kid.ok_or_else(|| CoseError::WrongKeyKind(key.id().to_owned()))?;
        let header = Value::numbered([
            (ALG, Value::number(ES256)),
            (KID, Value::Bytes(kid)),
            (TYP, Value::text(typ)),
        ]);
        let (protected, payload) = (header.encode(), payload.encode());
        let signature = key.sign(&to_be_signed(&protected, &payload))?;
        let mut token = Vec::new();
        head(major::TAG, TAG, &mut token);
        Value::Array(vec![
            Value::Bytes(protected),
            Value::Map(Vec::new()),
            Value::Bytes(payload),
            Value::Bytes(signature),
        ])
        .encode_to(&mut token);
        Ok(token)
    }

    /// The key that the header names, as keys are called: to look it up with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The payload, **whoever signed it**.
    pub fn claimed(&self) -> Result<Value, CoseError> {
        let value = decode(&self.payload, self.payload.len());
        value.map_err(|why| CoseError::Cbor { place: "payload", why })
    }

    /// Whether it is signed with this key.
    pub fn verify(&self, key: &PublicKey) -> Result<(), CoseError> {
        if key.algorithm() != Algorithm::Es256 {
            return Err(CoseError::WrongKeyKind(key.id().to_owned()));
        }
        if self.key_id != key.id() {
            return Err(CoseError::WrongKey {
                expected: key.id().to_owned(),
                found: self.key_id.clone(),
            });
        }
        key.verify(&to_be_signed(&self.protected, &self.payload), &self.signature)
            .map_err(|_| CoseError::BadSignature)
    }
}

/// What is signed: `Sig_structure` (RFC 9052, 4.4), with no external data.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    Value::Array(vec![
        Value::text("Signature1"),
        Value::Bytes(protected.to_vec()),
        Value::Bytes(Vec::new()),
        Value::Bytes(payload.to_vec()),
    ])
    .encode()
}

/// The key's id, of a header that names ES256, this type and a key, and nothing else.
fn read_header(protected: &[u8], expected: &'static str) -> Result<String, CoseError> {
    const PLACE: &str = "protected header";
    let header = decode(protected, HEADER_BYTES);
    let header = header.map_err(|why| CoseError::Cbor { place: PLACE, why })?;
    let mut header = Members::of(header, PLACE).ok_or(CoseError::Shape)?;
    let algorithm = header.required(ALG, Some)?;
    if algorithm != Value::number(ES256) {
        return Err(CoseError::WrongAlgorithm(algorithm.name()));
    }
    let kid = header.required(KID, |value| match value {
        Value::Bytes(kid) if kid.len() == KID_BYTES => Some(hex::encode(kid)),
        _ => None,
    })?;
    let typ = header.required(TYP, |value| match value {
        Value::Text(typ) => Some(typ),
        _ => None,
    })?;
    if typ != expected {
        return Err(CoseError::WrongType { found: zerotrip_text::cut(&typ), expected });
    }
    header.end()?;
    Ok(kid)
}
