//! SD-JWT, and the JSON in it.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zerotrip_certificates::sdjwt::{SdJwt, TOKEN_BYTES, TYP, digest_of, issue, opened};
use zerotrip_certificates::status::{Bits, StatusList, StatusToken, sign_list};
use zerotrip_trust::keys::{Algorithm, SigningKey};

/// The bytes as a token.
pub fn sdjwt(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(reads_back)
}

/// What parses prints to what parses to the same.
fn reads_back(text: &str) -> bool {
    let Ok(token) = SdJwt::parse(text) else { return false };
    let printed = token.to_string();
    assert!(printed.len() <= TOKEN_BYTES);
    assert_eq!(printed, text.trim_end_matches(['\r', '\n']));
    assert_eq!(SdJwt::parse(&printed).unwrap().to_string(), printed);
    // Every claim that is disclosed can be left out.
    let names: Vec<String> = token.disclosed_names().map(str::to_owned).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // A holder's proof is of one presentation.
    let (shown, _proof) = printed.rsplit_once('~').unwrap();
    assert_eq!(token.present(&names).unwrap().to_string(), format!("{shown}~"));
    assert_eq!(token.present(&[]).unwrap().to_string(), format!("{}~", token.jwt()));
    let _ = (token.claimed_issuer(), token.claimed_issue(), token.digest());
    true
}

pub fn sdjwt_seeds() -> Vec<Vec<u8>> {
    static TOKENS: OnceLock<Vec<String>> = OnceLock::new();
    let tokens = TOKENS.get_or_init(|| {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let plain = json!({
            "iss": "https://issuer.example", "iat": 1_764_000_000, "nbf": 1_764_000_000,
            "exp": 1_795_000_000, "vct": "urn:zerotrip:certificate:no-property:1",
        });
        let Value::Object(plain) = plain else { unreachable!() };
        let claims = [("name", json!("王伟")), ("moment", json!({"as_of": [1, 2.5, null, true]}))];
        let token = issue(&key, plain, &claims).unwrap();
        vec![token.to_string(), token.present(&["name"]).unwrap().to_string()]
    });
    tokens.iter().map(|token| token.clone().into_bytes()).collect()
}

/// The bytes as a status list's token, and as what is packed in one.
pub fn status_list(data: &[u8]) -> bool {
    let token = std::str::from_utf8(data).is_ok_and(|text| StatusToken::parse(text).is_ok());
    let packed = URL_SAFE_NO_PAD.encode(data);
    let widths = [1, 2, 4, 8].map(|bits| Bits::new(bits).unwrap());
    let lists = widths.map(|bits| StatusList::decode(bits, &packed));
    for list in lists.iter().flatten() {
        let last = list.places() - 1;
        assert!(list.get(last).is_some() && list.get(last + 1).is_none());
        assert_eq!(StatusList::decode(list.bits(), &list.encode().unwrap()).as_ref(), Ok(list));
    }
    token || lists.iter().any(Result::is_ok)
}

pub fn status_list_seeds() -> Vec<Vec<u8>> {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut list = StatusList::new(Bits::Two, 64).unwrap();
    list.set(7, 3).unwrap();
    let (day, at) = (Duration::from_secs(86_400), UNIX_EPOCH + Duration::from_secs(1_764_000_000));
    let token = sign_list(&key, ("https://status.example/1.jwt", &list), at, (day, day)).unwrap();
    vec![token.into_bytes(), URL_SAFE_NO_PAD.decode(list.encode().unwrap()).unwrap()]
}

/// The lines of the bytes as header, payload and disclosures of a token. A payload that says
/// `"_sd":0` gets the digests of the disclosures in that place.
pub fn sdjwt_parts(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\n');
    let header = lines.next().unwrap_or_default();
    let payload = lines.next().unwrap_or_default();
    let disclosures: Vec<String> = lines.map(|line| URL_SAFE_NO_PAD.encode(line)).collect();
    let digests: Vec<String> =
        disclosures.iter().map(|one| URL_SAFE_NO_PAD.encode(digest_of(one))).collect();
    let payload = String::from_utf8_lossy(payload);
    let payload = payload.replace("\"_sd\":0", &format!("\"_sd\":{}", json!(digests)));
    let mut token =
        format!("{}.{}.AAAA~", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    for disclosure in &disclosures {
        token.push_str(disclosure);
        token.push('~');
    }
    reads_back(&token)
}

pub fn sdjwt_parts_seeds() -> Vec<Vec<u8>> {
    let header = json!({"alg": "ES256", "typ": TYP, "kid": "key-1"});
    let payload = "{\"iss\":\"https://issuer.example\",\"iat\":1764000000,\"_sd\":0,\
                   \"_sd_alg\":\"sha-256\",\"vct\":\"urn:zerotrip:certificate:no-property:1\"}";
    let disclosures = "[\"c2FsdA\",\"name\",\"王伟\"]\n[\"c2FsdB\",\"moment\",{\"as_of\":[1,2.5]}]";
    vec![
        format!("{header}\n{payload}\n{disclosures}").into_bytes(),
        format!("{header}\n{payload}").into_bytes(),
    ]
}

/// The bytes as the JSON of a disclosure: what is read is what any other reader reads.
pub fn disclosure(data: &[u8]) -> bool {
    let Ok((name, value)) = opened(&URL_SAFE_NO_PAD.encode(data)) else { return false };
    let theirs: Value = serde_json::from_slice(data).unwrap();
    assert_eq!((&theirs[1], &theirs[2]), (&Value::String(name), &value));
    true
}
