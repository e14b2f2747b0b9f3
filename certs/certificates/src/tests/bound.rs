//! Certificates that are bound to their holder's key, in the profile of wallets.

use zerotrip_trust::x509::{CertificateAuthority, CertificateDer, TlsKey, make_csr};

use super::*;
use crate::status::{
    Bits, LEAST_PLACES, StatusError, StatusList, StatusReference, sign_certified_list, sign_list,
};

const LIST: &str = "https://status.example/fund/1.jwt";
const DAY: Duration = Duration::from_secs(86_400);
const ASKED: (&str, &str) = ("https://verifier.example", "n-0S6_WzA2Mj");

/// What a wallet's certificate needs beside the rest.
struct Wallet {
    world: World,
    root: CertificateAuthority,
    holder: SigningKey,
}

impl Wallet {
    fn new() -> Self {
        let root = CertificateAuthority::generate("c.example", at(0), 900 * DAY).unwrap();
        let holder = SigningKey::generate(Algorithm::Es256).unwrap();
        Self { world: World::new(), root, holder }
    }

    fn leaf(&self, key: &SigningKey, holder: &str) -> CertificateDer<'static> {
        let holder = holder.parse().unwrap();
        self.root.sign_seal_key(key.public(), &holder, at(0), at(0) + 90 * DAY).unwrap()
    }

    fn key(&self) -> HolderKey {
        HolderKey::read(&self.holder.public().to_jwk().to_string()).unwrap()
    }

    /// The claims of one, and its disclosures.
    fn parts(&self) -> (serde_json::Map<String, Value>, Vec<String>) {
        let (mut plain, disclosures) = self.world.parts();
        let serial = Serial::new(&FUND.parse().unwrap(), 2027, 1).unwrap();
        plain.insert("serial".into(), serial.as_str().into());
        let reference = StatusReference { uri: LIST.into(), place: 7 };
        plain.insert("status".into(), reference.to_claim());
        plain.insert("cnf".into(), self.key().to_claim());
        (plain, disclosures)
    }

    fn sealed(&self, leaf: Option<&CertificateDer<'_>>) -> String {
        let (plain, disclosures) = self.parts();
        let seal = (&self.world.seal, leaf);
        crate::sdjwt::issue_certified(seal, plain, &disclosures).unwrap().to_string()
    }

    fn good(&self) -> String {
        self.sealed(Some(&self.leaf(&self.world.seal, FUND)))
    }

    fn list(&self, value: u8, leaf: Option<&CertificateDer<'_>>) -> String {
        let mut list = StatusList::new(Bits::Two, LEAST_PLACES).unwrap();
        list.set(7, value).unwrap();
        let seal = (&self.world.seal, leaf);
        sign_certified_list(seal, (LIST, &list), at(2000), (DAY, DAY)).unwrap()
    }

    fn judge(&self, token: &str, demand: Demand<'_>) -> Result<Judged, CertificateError> {
        let directory = self.world.directory(|_| ());
        judge(token, TrustRoot::Directory(&directory), demand)
    }

    fn presented(&self, key: &SigningKey, asked: (&str, &str), when: u64) -> String {
        let token = SdJwt::parse(&self.good()).unwrap().present(&["applicant"]).unwrap();
        token.bind(key, asked, at(when)).unwrap().to_string()
    }
}

#[test]
fn a_wallets_certificate_is_bound_certified_and_judged_by_the_root() {
    let wallet = Wallet::new();
    let leaf = wallet.leaf(&wallet.world.seal, FUND);
    let content = CertificateContent::try_new(
        &wallet.world.affirmed(&wallet.world.answer()),
        &wallet.world.request(),
        &wallet.world.definition,
    );
    let serial = Serial::new(&FUND.parse().unwrap(), 2027, 1).unwrap();
    let reference = StatusReference { uri: LIST.into(), place: 7 };
    let content = content.unwrap().numbered(&serial, &reference).bound(&wallet.key(), leaf.clone());
    let token = seal(&content, &wallet.world.seal, at(110)).unwrap().token;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(&leaf);
    assert_eq!(header["x5c"], json!([text]), "the leaf, and not the root");
    let list = wallet.list(0, Some(&leaf));
    let demand = Demand {
        list: Some(list.as_bytes()),
        profile: Some(Profile::Haip),
        root: Some(wallet.root.cert_der()),
        ..Demand::at(at(2100))
    };
    let judged = wallet.judge(&token, demand).unwrap();
    assert_eq!(judged.verdict, Verdict::Valid);
    let holder = judged.certificate.holder.unwrap();
    assert_eq!((holder.key, holder.bound), (wallet.key(), None));
    let national = Demand { profile: Some(Profile::National), ..demand };
    assert_eq!(
        wallet.judge(&token, national).unwrap().verdict,
        Verdict::WrongProfile { found: Some(Profile::Haip) }
    );
    let other = CertificateAuthority::generate("c.example", at(0), 900 * DAY).unwrap();
    let refused = wallet.judge(&token, Demand { root: Some(other.cert_der()), ..demand });
    assert!(matches!(refused, Err(CertificateError::SealCertificate(_))), "another root");
    // In this profile a revocation is all that there is, and lists are certified too.
    let of = |list: &str| {
        let demand = Demand { list: Some(list.as_bytes()), ..Demand::at(at(2100)) };
        wallet.judge(&token, demand).unwrap().verdict
    };
    assert_eq!(of(&wallet.list(1, Some(&leaf))), Verdict::Revoked);
    for value in [2, 3] {
        let why = NoStatus::List(StatusError::Unknown(value));
        assert_eq!(of(&wallet.list(value, Some(&leaf))), Verdict::UnknownStatus(why));
    }
    let why = NoStatus::List(StatusError::NotCertified);
    assert_eq!(of(&wallet.list(0, None)), Verdict::UnknownStatus(why));
    let stolen = wallet.leaf(&wallet.world.tax, FUND);
    let small = StatusList::new(Bits::One, LEAST_PLACES).unwrap();
    let refused = sign_certified_list(
        (&wallet.world.seal, Some(&stolen)),
        (LIST, &small),
        at(2000),
        (DAY, DAY),
    );
    assert_eq!(refused, Err(StatusError::Token(SdJwtError::Certificate)), "another key's");
    assert!(sign_list(&wallet.world.seal, (LIST, &small), at(2000), (DAY, DAY)).is_ok());
}

#[test]
fn a_certificate_along_that_is_not_the_seals_is_refused_by_name() {
    let wallet = Wallet::new();
    let refused = |leaf: &CertificateDer<'_>| {
        wallet.judge(&wallet.sealed(Some(leaf)), Demand::at(at(2100))).unwrap_err()
    };
    let token = CertificateError::Token(SdJwtError::Certificate);
    assert_eq!(refused(&wallet.leaf(&wallet.world.tax, FUND)), token, "over another key");
    assert_eq!(refused(wallet.root.cert_der()), token, "the root");
    assert_eq!(refused(&CertificateDer::from(vec![1, 2, 3])), token, "no certificate");
    let tls = TlsKey::generate().unwrap();
    let csr = make_csr(&tls, &FUND.parse().unwrap(), &[], &[]).unwrap();
    let tls = wallet.root.sign_csr(&csr, &FUND.parse().unwrap(), &[], &[], at(0), at(900));
    assert_eq!(refused(&tls.unwrap()), token, "for TLS");
    let other = refused(&wallet.leaf(&wallet.world.seal, TAX));
    assert_eq!(other, CertificateError::SealCertificate("it is another system's".into()));
    let (fund, key) = (FUND.parse().unwrap(), wallet.world.seal.public());
    let late = wallet.root.sign_seal_key(key, &fund, at(200), at(900)).unwrap();
    assert!(matches!(refused(&late), CertificateError::SealCertificate(_)), "not yet");
    // Something of several profiles is of none.
    let part = wallet.judge(&wallet.sealed(None), Demand::at(at(2100))).unwrap_err();
    assert_eq!(part, CertificateError::NoProfile);
    let (mut plain, disclosures) = wallet.parts();
    plain.remove("cnf");
    let leaf = wallet.leaf(&wallet.world.seal, FUND);
    let seal = (&wallet.world.seal, Some(&leaf));
    let token = crate::sdjwt::issue_certified(seal, plain, &disclosures).unwrap().to_string();
    let part = wallet.judge(&token, Demand::at(at(2100))).unwrap_err();
    assert_eq!(part, CertificateError::NoProfile);
}

#[test]
fn a_holder_proves_to_one_verifier_that_it_has_the_key() {
    let wallet = Wallet::new();
    let leaf = wallet.leaf(&wallet.world.seal, FUND);
    let list = wallet.list(0, Some(&leaf));
    let demand =
        Demand { list: Some(list.as_bytes()), holder: Some(ASKED), ..Demand::at(at(2100)) };
    let of = |token: &str| wallet.judge(token, demand).map(|judged| judged.verdict);
    let presented = wallet.presented(&wallet.holder, ASKED, 2090);
    assert_eq!(of(&presented), Ok(Verdict::Valid));
    let not = |why| Ok(Verdict::NotHolder(why));
    assert_eq!(of(&wallet.good()), not(NotHolder::NoProof));
    assert_eq!(of(&wallet.world.sealed().token), not(NotHolder::Unbound));
    let (audience, nonce) = ASKED;
    let by = |asked, when| wallet.presented(&wallet.holder, asked, when);
    assert_eq!(of(&by(("https://a.example", nonce), 2090)), not(NotHolder::OtherAudience));
    assert_eq!(of(&by((audience, "another"), 2090)), not(NotHolder::OtherNonce));
    assert_eq!(of(&by(ASKED, 1700)), not(NotHolder::NotFresh));
    assert_eq!(of(&by(ASKED, 2500)), not(NotHolder::NotFresh));
    // Somebody else's proof, one of another presentation, and one that was altered.
    let bad = Err(CertificateError::Token(SdJwtError::BadProof));
    let thief = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(of(&wallet.presented(&thief, ASKED, 2090)), bad);
    let (shown, proof) = presented.rsplit_once('~').unwrap();
    let (bare, _) = shown.rsplit_once('~').unwrap();
    assert_eq!(of(&format!("{bare}~{proof}")), bad, "with less than was shown");
    let whole = wallet.good();
    assert_eq!(of(&format!("{whole}{proof}")), bad, "with more");
    let shape = |text: &str| SdJwt::parse(&format!("{whole}{text}")).unwrap_err();
    assert!(matches!(shape("x"), SdJwtError::Proof(_)));
    assert!(matches!(shape(whole.split('~').next().unwrap()), SdJwtError::Proof(_)), "a seal");
    let unbound = wallet.world.sealed().token;
    assert_eq!(SdJwt::parse(&format!("{unbound}{proof}")).unwrap_err(), SdJwtError::KeyBinding);
}

#[test]
fn a_holders_key_is_public_and_of_one_kind() {
    let wallet = Wallet::new();
    let jwk = wallet.holder.public().to_jwk();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut jwk = jwk.clone();
        change(&mut jwk);
        HolderKey::read(&jwk.to_string()).unwrap_err()
    };
    assert_eq!(refused(&|jwk| jwk["d"] = "x".into()), HolderKeyError::Private);
    assert_eq!(refused(&|jwk| jwk["k"] = "x".into()), HolderKeyError::Surplus("k".into()));
    for (name, value) in [("kty", "OKP"), ("crv", "P-384"), ("x", "AA"), ("alg", "none")] {
        assert_eq!(refused(&|jwk| jwk[name] = value.into()), HolderKeyError::NotP256, "{name}");
    }
    let y = jwk["y"].clone();
    assert_eq!(refused(&|jwk| jwk["x"] = y.clone()), HolderKeyError::NotP256, "off the curve");
    assert_eq!(HolderKey::read("[]").unwrap_err(), HolderKeyError::Syntax);
    let claim = wallet.key().to_claim();
    assert_eq!(HolderKey::of_claim(&claim), Some(wallet.key()));
    for claim in
        [json!({ "jwk": claim["jwk"], "kid": "x" }), json!({ "kid": "x" }), json!({ "jwk": jwk })]
    {
        assert_eq!(HolderKey::of_claim(&claim), None, "{claim}");
    }
}
