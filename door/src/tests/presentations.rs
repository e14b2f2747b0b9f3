//! What a verifier asks for, and what of what comes it takes.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::{HolderKey, VerdictKind};
use zerotrip_trust::digest::sha256;
use zerotrip_trust::jwe::{ContentEncryption, OnceKey};
use zerotrip_trust::keys::{Algorithm, PublicKey, SigningKey};

use super::wallet::{Came, call};
use super::world::{APPLICANT, PURPOSE, World, json_of};
use crate::http::path;
use crate::{Outcome, Requests, Seals};

/// A request as a wallet has it.
struct Asked {
    id: String,
    header: Value,
    payload: Value,
}

impl Asked {
    fn text(&self, name: &str) -> &str {
        self.payload[name].as_str().unwrap()
    }

    fn shown(&self, token: &str, names: &[&str], key: &SigningKey) -> String {
        self.shown_to(token, names, key, (self.text("client_id"), self.text("nonce")))
    }

    fn shown_to(&self, token: &str, names: &[&str], key: &SigningKey, to: (&str, &str)) -> String {
        let shown = SdJwt::parse(token).unwrap().present(names).unwrap();
        shown.bind(key, to, SystemTime::now()).unwrap().to_string()
    }

    /// The members of an answer.
    fn answer(&self, presentation: &str) -> Value {
        json!({ "vp_token": { "certificate": [presentation] }, "state": self.payload["state"] })
    }

    /// Encrypted for the request's key.
    fn sealed(&self, answer: &str, enc: ContentEncryption, change: impl Fn(&mut Value)) -> String {
        let jwk = &self.payload["client_metadata"]["jwks"]["keys"][0];
        let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let to = [vec![4], part("x"), part("y")].concat();
        let key = OnceKey::generate().unwrap();
        let (x, y) = key.public()[1..].split_at(32);
        let mut header = json!({
            "alg": "ECDH-ES", "enc": enc.name(), "kid": jwk["kid"],
            "epk": {
                "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x),
                "y": URL_SAFE_NO_PAD.encode(y),
            },
        });
        change(&mut header);
        let header = header.to_string();
        key.seal(answer.as_bytes(), &to, (enc, header.as_bytes()), (b"", b"")).unwrap()
    }
}

struct Bank {
    world: World,
    door: String,
    holder: SigningKey,
}

impl Bank {
    fn requests(&self) -> Requests {
        Requests::of(self.world.folder.path())
    }

    fn ask(&self, kind: &str) -> Asked {
        let id = self.requests().make(kind, SystemTime::now()).unwrap().id;
        let came = call(&self.door, ("GET", &path::request(&id)), &[], "");
        assert_eq!(came.status, 200, "{came:?}");
        assert!(came.head.contains("application/oauth-authz-req+jwt"), "{}", came.head);
        let again = call(&self.door, ("GET", &path::request(&id)), &[], "");
        assert_eq!(came.body, again.body, "the same however often it is fetched");
        let part = |at: usize| {
            let part = came.body.split('.').nth(at).unwrap();
            json_of(&String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        };
        let (signed, signature) = came.body.rsplit_once('.').unwrap();
        let key = SigningKey::from_pkcs8_pem(
            &std::fs::read_to_string(self.world.path("request.key")).unwrap(),
        );
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        PublicKey::verify(key.unwrap().public(), signed.as_bytes(), &signature).unwrap();
        Asked { id, header: part(0), payload: part(1) }
    }

    fn post(&self, id: &str, form: &str) -> Came {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        call(&self.door, ("POST", &path::response(id)), &headers, form)
    }

    fn answer(&self, asked: &Asked, answer: &Value) -> Came {
        let sealed = asked.sealed(&answer.to_string(), ContentEncryption::A256Gcm, |_| ());
        self.post(&asked.id, &format!("response={sealed}"))
    }

    fn outcome(&self, asked: &Asked) -> Option<Outcome> {
        self.requests().outcome(&asked.id, SystemTime::now()).unwrap()
    }

    async fn certificate(&self, variant: &str) -> String {
        let holder = HolderKey::read(&self.holder.public().to_jwk().to_string()).unwrap();
        let seals: &dyn Seals = &*self.world.seals;
        seals.seal(self.world.kept(variant), &[holder]).await.unwrap().remove(0)
    }
}

async fn bank() -> (Bank, crate::Open) {
    let world = World::new();
    let (open, door) = world.open().await;
    let holder = SigningKey::generate(Algorithm::Es256).unwrap();
    (Bank { world, door, holder }, open)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_learns_no_home_for_a_loan_and_nothing_else() {
    let (bank, open) = bank().await;
    let token = bank.certificate("couple").await;
    for encryption in ContentEncryption::ALL {
        let asked = bank.ask("loan");
        assert_eq!(asked.header["typ"], "oauth-authz-req+jwt");
        let leaf = STANDARD.decode(asked.header["x5c"][0].as_str().unwrap()).unwrap();
        assert_eq!(asked.header["x5c"].as_array().unwrap().len(), 1, "without the anchor");
        let hash = URL_SAFE_NO_PAD.encode(sha256(&leaf));
        assert_eq!(asked.payload["client_id"], format!("x509_hash:{hash}"));
        assert_eq!(asked.payload["response_mode"], "direct_post.jwt");
        let query = &asked.payload["dcql_query"]["credentials"][0];
        let claims = json!([
            { "path": ["variant"], "values": ["couple"] },
            { "path": ["purpose"], "values": [PURPOSE] },
        ]);
        assert_eq!(query["claims"], claims, "no more than is configured");
        assert_eq!(bank.outcome(&asked), None);
        let shown = asked.shown(&token, &["purpose"], &bank.holder);
        let answer = asked.answer(&shown).to_string();
        let sealed = asked.sealed(&answer, encryption, |_| ());
        let came = bank.post(&asked.id, &format!("response={sealed}"));
        assert_eq!(
            (came.status, &came.json()["redirect_uri"]),
            (200, &json!(format!("{}/shown", bank.door)))
        );
        let outcome = bank.outcome(&asked).unwrap();
        assert!(outcome.is_valid(), "{outcome:?}");
        let kept = serde_json::to_string(&outcome).unwrap();
        assert!(!kept.contains(APPLICANT) && !kept.contains("case-7"), "{kept}");
        let Outcome::Judged { purpose, claims, persons_zh, statement_en, .. } = outcome else {
            panic!("{kept}");
        };
        assert_eq!(
            (purpose.as_str(), claims.len(), persons_zh.as_str()),
            (PURPOSE, 0, "本人及配偶")
        );
        assert!(!statement_en.is_empty());
        // Once.
        assert_eq!(bank.post(&asked.id, &format!("response={sealed}")).status, 400);
        assert_eq!(call(&bank.door, ("GET", &path::request(&asked.id)), &[], "").status, 400);
    }
    let asked = bank.ask("named");
    let shown = asked.shown(&token, &["purpose", "applicant"], &bank.holder);
    assert_eq!(bank.answer(&asked, &asked.answer(&shown)).status, 200);
    let Some(Outcome::Judged { claims, .. }) = bank.outcome(&asked) else { panic!() };
    assert_eq!(claims["applicant"], APPLICANT);
    assert!(call(&bank.door, ("GET", "/shown"), &[], "").body.contains("已出示"));
    // A revoked one is said to be so.
    use zerotrip_client::issued::{Order, Register};
    let home = bank.world.home();
    let mut register = Register::open(&home).unwrap().unwrap();
    let serial = "fund-desk-2026-000001";
    register.order(serial, &Order::Revoke, "a test", SystemTime::now()).unwrap();
    bank.world.publish();
    let asked = bank.ask("loan");
    let shown = asked.shown(&token, &["purpose"], &bank.holder);
    bank.answer(&asked, &asked.answer(&shown));
    let Some(Outcome::Judged { verdict, .. }) = bank.outcome(&asked) else { panic!() };
    assert_eq!(verdict, VerdictKind::Revoked);
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_asked_for_is_refused_and_not_kept() {
    let (bank, open) = bank().await;
    let (token, other) = (bank.certificate("couple").await, bank.certificate("applicant").await);
    let thief = SigningKey::generate(Algorithm::Es256).unwrap();
    let of = |make: &dyn Fn(&Asked) -> String| {
        let asked = bank.ask("loan");
        let came = bank.answer(&asked, &asked.answer(&make(&asked)));
        (came.status, bank.outcome(&asked).unwrap())
    };
    let is_refused = |what: &str, make: &dyn Fn(&Asked) -> String| {
        let (status, outcome) = of(make);
        assert!(status == 400 && matches!(outcome, Outcome::Refused { .. }), "{what}: {outcome:?}");
        let kept = serde_json::to_string(&outcome).unwrap();
        assert!(!kept.contains(APPLICANT), "{what}: {kept}");
    };
    let holder = &bank.holder;
    is_refused("more than was asked for", &|asked| {
        asked.shown(&token, &["purpose", "applicant"], holder)
    });
    is_refused("less", &|asked| asked.shown(&token, &[], holder));
    is_refused("another variant", &|asked| asked.shown(&other, &["purpose"], holder));
    is_refused("another's proof", &|asked| asked.shown(&token, &["purpose"], &thief));
    is_refused("an unreferenced disclosure", &|asked| {
        let shown = asked.shown(&token, &["purpose"], holder);
        let foreign = SdJwt::parse(&other).unwrap();
        let disclosure = foreign.disclosures().find(|(name, _)| *name == "purpose").unwrap().1;
        let (bare, proof) = shown.rsplit_once('~').unwrap();
        let (jwt, _) = bare.split_once('~').unwrap();
        format!("{jwt}~{disclosure}~{proof}")
    });
    is_refused("a disclosure twice", &|asked| {
        let shown = asked.shown(&token, &["purpose"], holder);
        let parts: Vec<&str> = shown.split('~').collect();
        format!("{}~{}~{}~{}", parts[0], parts[1], parts[1], parts[2])
    });
    is_refused("another seal", &|asked| {
        asked.shown(&token, &["purpose"], holder).replacen('~', "A~", 1)
    });
    is_refused("nothing", &|_| String::new());
    let verdict = |make: &dyn Fn(&Asked) -> String| match of(make).1 {
        Outcome::Judged { verdict, .. } => verdict,
        outcome => panic!("{outcome:?}"),
    };
    let without =
        |_: &Asked| SdJwt::parse(&token).unwrap().present(&["purpose"]).unwrap().to_string();
    // Nothing is kept of what is not shown by its holder.
    is_refused("without key binding", &without);
    let to = |asked: &Asked, audience: &str, nonce: &str| {
        asked.shown_to(&token, &["purpose"], holder, (audience, nonce))
    };
    let nonce = |asked: &Asked| to(asked, asked.text("client_id"), "another");
    is_refused("another nonce", &nonce);
    let audience = |asked: &Asked| to(asked, "https://evil.example", asked.text("nonce"));
    is_refused("another verifier", &audience);
    std::fs::remove_dir_all(bank.world.path("lists")).unwrap();
    let good = |asked: &Asked| asked.shown(&token, &["purpose"], holder);
    assert_eq!(verdict(&good), VerdictKind::UnknownStatus, "without its list");
    // Nothing is known where nothing can be judged.
    std::fs::write(bank.world.path("directory.dsse"), b"damaged").unwrap();
    assert_eq!(of(&good), (200, Outcome::Unsettled));
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_to_its_own_request_and_in_its_one_form() {
    let (bank, open) = bank().await;
    let token = bank.certificate("couple").await;
    let good = |asked: &Asked| asked.answer(&asked.shown(&token, &["purpose"], &bank.holder));
    let is_refused = |what: &str, answer: &dyn Fn(&Asked) -> String| {
        let asked = bank.ask("loan");
        let form = answer(&asked);
        let came = bank.post(&asked.id, &form);
        assert_eq!(came.error(), (400, "invalid_request".to_owned()), "{what}");
        let outcome = bank.outcome(&asked);
        assert!(matches!(outcome, Some(Outcome::Refused { .. })), "{what}: {outcome:?}");
    };
    let sealed = |asked: &Asked, text: &str, change: &dyn Fn(&mut Value)| {
        format!("response={}", asked.sealed(text, ContentEncryption::A128Gcm, change))
    };
    is_refused("another state", &|asked| {
        let answer = Value::Object(good(asked).as_object().unwrap().clone());
        let mut answer = answer;
        answer["state"] = "x".into();
        sealed(asked, &answer.to_string(), &|_| ())
    });
    is_refused("no state", &|asked| {
        let mut answer = good(asked);
        answer.as_object_mut().unwrap().remove("state");
        sealed(asked, &answer.to_string(), &|_| ())
    });
    is_refused("a name twice", &|asked| {
        let text = good(asked).to_string();
        sealed(asked, &text.replacen('{', "{\"state\":\"x\",", 1), &|_| ())
    });
    is_refused("two presentations", &|asked| {
        let mut answer = good(asked);
        let one = answer["vp_token"]["certificate"][0].clone();
        answer["vp_token"]["certificate"] = json!([one, one]);
        sealed(asked, &answer.to_string(), &|_| ())
    });
    is_refused("another query's", &|asked| {
        let mut answer = good(asked);
        answer["vp_token"] = json!({ "other": answer["vp_token"]["certificate"] });
        sealed(asked, &answer.to_string(), &|_| ())
    });
    is_refused("unencrypted", &|asked| {
        let answer = good(asked);
        let token = path::encode(&answer["vp_token"].to_string());
        format!("vp_token={token}&state={}", asked.text("state"))
    });
    for (name, value) in
        [("alg", "dir"), ("enc", "A128CBC-HS256"), ("zip", "DEF"), ("kid", "x"), ("crit", "x")]
    {
        is_refused(name, &|asked| {
            sealed(asked, &good(asked).to_string(), &|header| header[name] = value.into())
        });
    }
    is_refused("rubbish", &|_| "response=a.b.c.d.e".to_owned());
    is_refused("for another request's key", &|asked| {
        sealed(&bank.ask("loan"), &good(asked).to_string(), &|_| ())
    });
    is_refused("an error of another state", &|_| "error=access_denied&state=x".to_owned());
    let asked = bank.ask("loan");
    let form = format!("error=access_denied&state={}", asked.text("state"));
    assert_eq!(bank.post(&asked.id, &form).status, 200);
    assert_eq!(bank.outcome(&asked), Some(Outcome::Declined));
    // Guessed, not fetched, and ended.
    let guess = crate::secrets::Secret::generate().unwrap().to_text();
    assert_eq!(bank.post(&guess, "response=x").status, 400);
    let unfetched = bank.requests().make("loan", SystemTime::now()).unwrap();
    assert_eq!(bank.post(&unfetched.id, "response=x").status, 400);
    assert!(bank.requests().waiting(&unfetched.id, unfetched.ends).unwrap().is_none());
    bank.requests().sweep(unfetched.ends).unwrap();
    assert!(bank.requests().outcome(&unfetched.id, SystemTime::now()).is_err());
    open.close().await;
}
