//! Certificates, and QRs, that are genuine but for what was changed in them: the verifier itself.
//! What comes is sealed anew with the organ's key, so that a change is not refused for its seal
//! alone.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use zerotrip_certificates::sdjwt::{CompactJws, SdJwt, TYP};
use zerotrip_certificates::{Demand, Judged, TrustRoot, Verdict, judge};
use zerotrip_cose::{Sign1, decode};
use zerotrip_qr::{PREFIX, Standing, base45_decode, base45_encode, make};
use zerotrip_trust::directory::Directory;

use crate::world::{DAY, FUND, LIST, PERSON, World, at};

/// The type of a QR's token.
const TYP_QR: &str = "application/zerotrip+cwt";

struct Genuine {
    world: World,
    directory: Directory,
    list: String,
    /// What an organ sealed, as text.
    certificates: Vec<String>,
}

fn genuine() -> &'static Genuine {
    static GENUINE: OnceLock<Genuine> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let world = World::new();
        let certificates = vec![world.numbered(), world.plain(), world.with_facts(), world.bound()];
        let list = world.list(&world.seal, LIST, 0);
        Genuine { directory: world.directory(|_| ()), list, certificates, world }
    })
}

fn judged(text: &str) -> Option<Judged> {
    let Genuine { directory, list, .. } = genuine();
    let demand = Demand {
        list: Some(list.as_bytes()),
        holder: Some(("bank", "nonce")),
        purpose: Some("rent-withdrawal"),
        ..Demand::at(at(2100))
    };
    judge(text, TrustRoot::Directory(directory), demand).ok()
}

/// The bytes as a certificate: what verifies says what the organ sealed, and shows no more of it.
pub fn certificate(data: &[u8]) -> bool {
    let Some((text, found)) =
        std::str::from_utf8(data).ok().and_then(|text| Some((text, judged(text)?)))
    else {
        return false;
    };
    let token = SdJwt::parse(text).unwrap();
    let original = genuine().certificates.iter().map(|text| SdJwt::parse(text).unwrap());
    let original = original.into_iter().find(|one| one.digest() == token.digest());
    let original = original.expect("this was never sealed");
    let of = |token: &SdJwt| -> Vec<String> {
        token.disclosures().map(|(_, encoded)| encoded.to_owned()).collect()
    };
    assert!(of(&token).iter().all(|one| of(&original).contains(one)), "never sealed: {text}");
    assert!(found.certificate.disclosed.claims.get("applicant").is_none_or(|id| id == PERSON));
    assert_eq!(found.certificate.issuer.uri, FUND);
    // None of them has a holder's proof for this verifier.
    assert_ne!(found.verdict, Verdict::Valid);
    true
}

pub fn certificate_seeds() -> Vec<Vec<u8>> {
    let shown = |text: &String| SdJwt::parse(text).unwrap().present(&["purpose"]).unwrap();
    let shown: Vec<String> =
        genuine().certificates.iter().map(|text| shown(text).to_string()).collect();
    let all = genuine().certificates.iter().cloned().chain(shown);
    all.map(String::into_bytes).collect()
}

/// The bytes as the claims of a certificate, which the organ seals, with the disclosures of its
/// own. What verifies is what the hub's answer fixed.
pub fn certificate_claims(data: &[u8]) -> bool {
    let Ok(claims) = serde_json::from_slice::<Value>(data) else { return false };
    let Genuine { world, certificates, .. } = genuine();
    let mut accepted = false;
    for original in certificates.iter().take(3) {
        let mut parts = original.splitn(2, '~');
        let header = parts.next().unwrap().split('.').next().unwrap();
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert_eq!(header["typ"], TYP);
        let sealed = CompactJws::sign(&world.seal, &header, &claims).unwrap();
        let Some(found) = judged(&format!("{sealed}~{}", parts.next().unwrap())) else { continue };
        let now = SdJwt::parse(original).unwrap();
        let first = judged(original).unwrap().certificate;
        let Judged { certificate, .. } = found;
        // What the organ says by itself can change: when, its number, where its status is.
        assert_eq!(certificate.statement, first.statement, "{now}");
        assert_eq!(certificate.disclosed, first.disclosed);
        assert_eq!((certificate.scope, certificate.sources), (first.scope, first.sources));
        assert!(certificate.valid_until <= at(100) + 30 * DAY);
        accepted = true;
    }
    accepted
}

pub fn certificate_claims_seeds() -> Vec<Vec<u8>> {
    let claims = |text: &String| {
        let payload = text.split('.').nth(1).unwrap();
        URL_SAFE_NO_PAD.decode(payload).unwrap()
    };
    genuine().certificates.iter().take(3).map(claims).collect()
}

/// The bytes as the claims of a QR, which the organ seals.
pub fn qr_claims(data: &[u8]) -> bool {
    let Genuine { world, directory, list, .. } = genuine();
    let Ok(claims) = decode(data, data.len()) else { return false };
    let Ok(token) = Sign1::sign(&world.seal, TYP_QR, &claims) else {
        return false;
    };
    let text = format!("{PREFIX}{}", base45_encode(&token));
    let demand =
        zerotrip_qr::Demand { list: Some(list.as_bytes()), ..zerotrip_qr::Demand::at(at(2100)) };
    let root = TrustRoot::Directory(directory);
    let Ok(judged) = zerotrip_qr::verify(&text, root, demand) else { return false };
    assert_eq!(judged.qr.issuer.uri, FUND);
    // What is read is what was sealed, in its one spelling.
    assert_eq!(claims_of(&text), data);
    true
}

/// The claims in a QR, as they are encoded.
fn claims_of(text: &str) -> Vec<u8> {
    let token = base45_decode(text.strip_prefix(PREFIX).unwrap()).unwrap();
    let token = Sign1::parse(&token, TYP_QR, token.len()).unwrap();
    token.claimed().unwrap().encode()
}

pub fn qr_claims_seeds() -> Vec<Vec<u8>> {
    let Genuine { world, directory, certificates, .. } = genuine();
    let root = TrustRoot::Directory(directory);
    let claims = |text: &String, standing| {
        let made = make(text, root, standing, &world.seal, at(200)).unwrap();
        claims_of(made.as_str())
    };
    let listed = [&certificates[0], &certificates[2]].map(|one| claims(one, Standing::InRegister));
    [&listed[..], &[claims(&certificates[1], Standing::Unlisted)]].concat()
}
