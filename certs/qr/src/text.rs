//! What is in the QR: the prefix, and the token in base45.

use std::fmt;

use zerotrip_cose::Sign1;
use zerotrip_text::cut;

use crate::base45;
use crate::bounds::{PREFIX, TEXT_CHARS, TOKEN_BYTES};
use crate::error::QrError;
use crate::record::Record;

/// Media type of the protected header.
pub(crate) const TYP: &str = "application/zerotrip+cwt";

/// The text of a QR, of the right prefix and length and in base45. **Nothing in it is verified.**
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrText(String);

impl QrText {
    /// Of a token.
    pub(crate) fn of(token: &[u8]) -> Result<Self, QrError> {
        if token.len() > TOKEN_BYTES {
            return Err(QrError::TooMuch { found: token.len() });
        }
        Ok(Self(format!("{PREFIX}{}", base45::encode(token))))
    }

    /// Reads a text; a line's end behind it does not count.
    pub fn read(text: &str) -> Result<Self, QrError> {
        let text = text.trim_end_matches(['\r', '\n']);
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err(QrError::Prefix(cut(text)));
        };
        if text.len() > TEXT_CHARS {
            return Err(QrError::TooLong(text.len()));
        }
        base45::decode(rest)?;
        Ok(Self(text.to_owned()))
    }

    /// The token's bytes.
    pub(crate) fn token(&self) -> Result<Vec<u8>, QrError> {
        Ok(base45::decode(self.0.strip_prefix(PREFIX).unwrap_or_default())?)
    }

    /// What it says, **whoever sealed it**: to see what it is about, and of which list.
    pub fn claimed(&self) -> Result<Record, QrError> {
        Record::of_claims(Sign1::parse(&self.token()?, TYP, TOKEN_BYTES)?.claimed()?)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
