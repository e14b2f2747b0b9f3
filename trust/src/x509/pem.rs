//! PEM (RFC 7468), strictly: what another label holds is never taken for what was asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;

/// Not PEM of the wanted label, or not the wanted number of blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no single PEM block `{0}` is found")]
pub struct PemError(pub &'static str);

/// Label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a PKCS #8 private key.
pub const PRIVATE_KEY: &str = "PRIVATE KEY";
/// Largest PEM text that is looked at, in bytes.
pub const TEXT_BYTES: usize = 1 << 20;

/// One block, lines of 64 characters, newline at the end.
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

/// Every block of this label, in order. Text between blocks and blocks of other labels are passed
/// over; a broken block is refused.
pub fn decode_all(text: &str, label: &'static str) -> Result<Vec<Vec<u8>>, PemError> {
    if text.len() > TEXT_BYTES {
        return Err(PemError(label));
    }
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut blocks = Vec::new();
    let mut body: Option<String> = None;
    for line in text.lines().map(str::trim_end) {
        match &mut body {
            None if line == begin => body = Some(String::new()),
            None => {}
            Some(collected) if line == end => {
                blocks.push(STANDARD.decode(collected.as_bytes()).map_err(|_| PemError(label))?);
                body = None;
            }
            Some(collected) => collected.push_str(line),
        }
    }
    if body.is_some() { Err(PemError(label)) } else { Ok(blocks) }
}

/// The only block of this label.
pub fn decode_one(text: &str, label: &'static str) -> Result<Vec<u8>, PemError> {
    let mut blocks = decode_all(text, label)?;
    match (blocks.pop(), blocks.is_empty()) {
        (Some(block), true) => Ok(block),
        _ => Err(PemError(label)),
    }
}

/// A chain of at least one certificate, in the order of the text.
pub fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let chain: Vec<_> =
        decode_all(text, CERTIFICATE)?.into_iter().map(CertificateDer::from).collect();
    if chain.is_empty() { Err(PemError(CERTIFICATE)) } else { Ok(chain) }
}

/// The only certificate of the text.
pub fn certificate(text: &str) -> Result<CertificateDer<'static>, PemError> {
    decode_one(text, CERTIFICATE).map(CertificateDer::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips_among_other_text(der in proptest::collection::vec(any::<u8>(), 1..200), n in 1usize..4) {
            let one = encode(CERTIFICATE, &der);
            let other = encode(PRIVATE_KEY, b"secret");
            let text = format!("subject=x\n{other}{}\n", one.repeat(n));
            prop_assert_eq!(decode_all(&text, CERTIFICATE).unwrap(), vec![der.clone(); n]);
            prop_assert_eq!(decode_one(&text, CERTIFICATE).is_ok(), n == 1);
            prop_assert_eq!(decode_one(&text, PRIVATE_KEY).unwrap(), b"secret".to_vec());
            prop_assert!(one.lines().all(|line| line.len() <= 64));
        }
    }

    #[test]
    fn broken_blocks_are_refused() {
        let good = encode(CERTIFICATE, b"0123456789");
        for text in [
            good.replace("-----END", "----END"),
            good.replace('M', "!"),
            good.replacen("END CERT", "END CART", 1),
        ] {
            assert!(decode_all(&text, CERTIFICATE).is_err(), "{text}");
        }
        assert!(certificates("").is_err());
    }
}
