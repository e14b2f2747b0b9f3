//! A check that asks that its person was identified: refused without, asked with the ID token of an
//! outside provider, certified, and never a second time with the same token.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_checks::definition::Definition;
use zerotrip_client::request::sign_issue;
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{Answer, ExchangeCall, IssueBody};
use zerotrip_tests::city::{Outcome, Variant};
use zerotrip_tests::deployment::{FUND, TRUST_DOMAIN, definition_text, definitions, wait_until};
use zerotrip_tests::deployment::{Finished, run};

use crate::outside::python_command;
use crate::support::{DeployedCity, copy, deploy, errand, runtime};

const CHECK: &str = "no-property-identified";
/// Of nobody in the city.
const NAME: &str = "欧阳识途";
const ISSUER: &str = "https://login.hangzhou.example/realms/citizen";
const IDENTITY: &str =
    "\n[identity]\nparameter = \"applicant\"\nlevel = \"substantial\"\nwithin = \"15m\"\n";

/// The shipped check under another name, which asks that the applicant was identified.
fn asking(kept: &Path) {
    copy(&definitions().join("no-property"), &kept.join(CHECK));
    let file = kept.join(CHECK).join("check.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replacen("name = \"no-property\"", &format!("name = \"{CHECK}\""), 1);
    let text = text.replace(":no-property:1\"", &format!(":{CHECK}:1\""));
    fs::write(&file, text + IDENTITY).unwrap();
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The provider, run by somebody else.
struct Provider<'t> {
    town: &'t DeployedCity,
    folder: String,
}

impl Provider<'_> {
    fn python(&self, arguments: &[&str]) -> String {
        let mut command = python_command("tests/outside/identity_provider.py");
        let said = command.args(arguments).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    fn claims(nonce: &str, applicant: &str) -> Value {
        json!({
            "iss": ISSUER, "sub": "248289761001", "aud": "fund-desk", "exp": now() + 300,
            "iat": now(), "auth_time": now() - 60, "nonce": nonce, "acr": "face",
            "amr": ["face"], "citizen_id": applicant, "name": NAME,
        })
    }

    /// A file with a token.
    fn token(&self, algorithm: &str, claims: &Value) -> String {
        let token = self.python(&["token", &self.folder, algorithm, &claims.to_string()]);
        let file = self.town.deployment.path("identity.jwt");
        fs::write(&file, format!("{token}\n")).unwrap();
        file
    }

    fn challenge(&self, applicant: &str) -> (String, String) {
        let deployment = &self.town.deployment;
        let question = (CHECK, "applicant");
        let mut arguments = deployment.question_of("challenge", FUND, question, applicant);
        arguments.insert(1, "identity".into());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = deployment.zerotrip(&arguments).unwrap().expect(0).unwrap().json().unwrap();
        assert_eq!((&said["level"], &said["max_age"]), (&json!("substantial"), &json!(900)));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        (text("request_id"), text("nonce"))
    }

    fn ask(&self, verb: &str, applicant: &str, more: &[&str]) -> Finished {
        let question = (CHECK, "applicant");
        self.town.deployment.ask_of(verb, FUND, question, applicant, more).unwrap()
    }
}

fn refused(said: &Finished, code: &str, what: &str) {
    let text = format!("{}{}", said.output, said.errors);
    assert!(said.code == 3 && text.contains(code) && text.contains(what), "{} {text}", said.code);
}

fn fact<'v>(value: &'v Value, name: &str) -> &'v Value {
    let facts = value["facts"].as_array().unwrap();
    let found = facts.iter().find(|fact| fact["name"] == name);
    &found.unwrap_or_else(|| panic!("no {name} in {value}"))["value"]
}

#[test]
fn a_person_is_identified_by_an_outside_provider_for_one_request() {
    let mut town = deploy(200, 41);
    let served = town.deployment.folder.join("definitions");
    copy(&definitions(), &served);
    asking(&served);
    town.deployment.kill_hub().unwrap();
    town.deployment.definitions = served;
    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    town.deployment.allow(CHECK).unwrap();
    let key = town.city.key.iter();
    let mut yes = key.filter(|((_, variant), answer)| {
        *variant == Variant::Applicant && answer.outcome == Outcome::True
    });
    let mut next = || yes.next().unwrap().0.0.as_str().to_owned();
    let (applicant, other) = (next(), next());
    let folder = town.deployment.path("provider");
    fs::create_dir(&folder).unwrap();
    let provider = Provider { town: &town, folder };
    provider.python(&["keys", &provider.folder]);

    // Without an assertion, and with one of a provider that nobody trusts.
    wait_until(Duration::from_secs(20), "the check is served", || {
        let said = provider.ask("check", &applicant, &[]);
        Ok(format!("{}{}", said.output, said.errors).contains("IDENTITY_REQUIRED"))
    })
    .unwrap();
    refused(&provider.ask("check", &applicant, &[]), "IDENTITY_REQUIRED", "brings no assertion");
    let (id, nonce) = provider.challenge(&applicant);
    let file = provider.token("RS256", &Provider::claims(&nonce, &applicant));
    let with = |id: &str| ["--request-id", id, "--identity", &file].map(str::to_owned);
    let asked = |verb: &str, applicant: &str, id: &str, more: &[&str]| {
        let with = with(id);
        let all: Vec<&str> = with.iter().map(String::as_str).chain(more.iter().copied()).collect();
        provider.ask(verb, applicant, &all)
    };
    refused(&asked("check", &applicant, &id, &[]), "IDENTITY_INVALID", "`iss`");

    // Trusted, and asked: every algorithm, each with a nonce of its own.
    let audience = format!("fund-desk=spiffe://{TRUST_DOMAIN}/member/{FUND}/system/{FUND}");
    let audience = match town.home(FUND).system.uri() {
        uri if audience.ends_with(&uri) => audience,
        uri => format!("fund-desk={uri}"),
    };
    let jwks = format!("{}/jwks.json", provider.folder);
    let trust = ["--id", "citizen-login", "--issuer", ISSUER, "--jwks", &jwks];
    let names = ["--name-en", "Hangzhou citizen login", "--name-zh", "杭州市民统一身份认证"];
    let meaning = ["--level", "face=substantial", "--level", "pwd=low", "--audience", &audience];
    let claim = ["--subject-claim", "citizen_id"];
    let trust = [&trust[..], &names, &meaning, &claim].concat();
    town.deployment.authority(&["identity", "trust"], &trust).unwrap().expect(0).unwrap();
    let listed = town.deployment.authority(&["--json", "identity", "list"], &[]).unwrap();
    let listed = listed.json().unwrap();
    assert_eq!(listed["providers"][0]["state"], "in_force");
    assert_eq!(listed["providers"][0]["keys"].as_array().unwrap().len(), 5, "{listed}");
    let said = asked("check", &applicant, &id, &[]).expect(0).unwrap().json().unwrap();
    assert_eq!(fact(&said, "identified_by"), "citizen-login", "{said}");
    assert_eq!(fact(&said, "identity_level"), "substantial");

    // The same again, the same under another id, and the same about another person.
    let again = asked("check", &applicant, &id, &[]);
    let text = format!("{}{}", again.output, again.errors);
    assert!(again.code != 0 && text.contains("REPLAYED"), "{text}");
    let (fresh, _) = provider.challenge(&applicant);
    refused(&asked("check", &applicant, &fresh, &[]), "IDENTITY_INSUFFICIENT", "`nonce`");
    refused(&asked("check", &other, &fresh, &[]), "IDENTITY_INSUFFICIENT", "`nonce`");
    // Another person's own token, with the nonce of this request.
    let (id, nonce) = provider.challenge(&applicant);
    provider.token("ES256", &Provider::claims(&nonce, &other));
    let said = asked("check", &applicant, &id, &[]);
    refused(&said, "IDENTITY_INSUFFICIENT", "the person of the request");
    assert!(!format!("{}{}", said.output, said.errors).contains(&other), "nobody is named");
    for (name, value, code, what) in [
        ("acr", json!("pwd"), "IDENTITY_INSUFFICIENT", "lower level"),
        ("auth_time", json!(now() - 3600), "IDENTITY_INSUFFICIENT", "longer ago"),
        ("aud", json!("transit-desk"), "IDENTITY_INVALID", "`aud`"),
    ] {
        let mut claims = Provider::claims(&nonce, &applicant);
        claims[name] = value;
        provider.token("ES256", &claims);
        refused(&asked("check", &applicant, &id, &[]), code, what);
    }
    for algorithm in ["ES256", "EdDSA", "Ed25519", "PS256"] {
        let (id, nonce) = provider.challenge(&applicant);
        provider.token(algorithm, &Provider::claims(&nonce, &applicant));
        asked("check", &applicant, &id, &[]).expect(0).unwrap();
    }

    // A certificate names it, and its holder can withhold it.
    let (id, nonce) = provider.challenge(&applicant);
    let claims = Provider::claims(&nonce, &applicant);
    provider.token("RS256", &claims);
    let out = town.deployment.path("identified.sdjwt");
    asked("issue", &applicant, &id, &["--out", &out]).expect(0).unwrap();
    let dir = town.deployment.path(FUND);
    let verify = |file: &str, more: &[&str]| {
        let all = [&["verify", file, "--dir", &dir], more].concat();
        town.deployment.zerotrip(&all).unwrap().expect(0).unwrap()
    };
    let shown = verify(&out, &["--json"]).json().unwrap();
    assert_eq!(fact(&shown, "identified_by"), "citizen-login");
    let at = fact(&shown, "identified_at").as_str().unwrap().to_owned();
    let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
    assert_eq!(json!(at.timestamp()), claims["auth_time"]);
    for (language, said) in [("en", "Hangzhou citizen login"), ("zh", "杭州市民统一身份认证")]
    {
        let card = verify(&out, &["--lang", language]).output;
        assert!(card.contains(said), "{card}");
    }
    let token = fs::read_to_string(&out).unwrap();
    let bare = town.deployment.path("bare.sdjwt");
    fs::write(&bare, format!("{}~", token.split('~').next().unwrap())).unwrap();
    let withheld = verify(&bare, &["--json"]).json().unwrap();
    assert_eq!(withheld["facts"].as_array().map_or(0, Vec::len), 0, "{withheld}");

    // Of a list nobody was identified; a check that asks nothing takes no assertion.
    let list = town.deployment.path("list.txt");
    fs::write(&list, format!("{applicant}\n{other}\n")).unwrap();
    let mut many = town.deployment.question_of("check", FUND, (CHECK, "applicant"), &applicant);
    many.retain(|one| one != "--param" && !one.starts_with("applicant="));
    many.extend(["--subjects".to_owned(), list]);
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = town.deployment.zerotrip(&many).unwrap();
    refused(&said, "IDENTITY_REQUIRED", "ask about each person alone");
    let plain = ["--request-id", &fresh, "--identity", &file];
    let said = town.deployment.ask("check", FUND, "applicant", &applicant, &plain).unwrap();
    let text = format!("{}{}", said.output, said.errors);
    assert!(said.code == 2 && text.contains("send none"), "{} {text}", said.code);

    // Nothing of the token is kept: not its signature, and not its claims.
    let kept = fs::read_to_string(&file).unwrap();
    let (head, signature) = kept.trim().rsplit_once('.').unwrap();
    let payload = head.split_once('.').unwrap().1;
    let all = &town.deployment.folder;
    for secret in [signature, payload, NAME, "248289761001"] {
        assert!(!holds(all, secret), "{secret}");
    }
    assert!(holds(all, "citizen-login"), "what is kept is found");

    // A certificate on an answer is recorded by what its provider is by then.
    let (id, nonce) = provider.challenge(&applicant);
    provider.token("RS256", &Provider::claims(&nonce, &applicant));
    asked("check", &applicant, &id, &[]).expect(0).unwrap();
    let stranger = town.deployment.path("provider-of-later");
    fs::create_dir(&stranger).unwrap();
    provider.python(&["keys", &stranger]);
    let stranger = format!("{stranger}/jwks.json");
    for (from, to, allowed) in [
        (jwks.as_str(), stranger.as_str(), false),
        ("face=substantial", "face=low", false),
        ("face=substantial", "face=high", true),
    ] {
        let changed: Vec<&str> =
            trust.iter().map(|word| if *word == from { to } else { *word }).collect();
        assert_ne!(changed, trust);
        town.deployment.authority(&["identity", "trust"], &changed).unwrap().expect(0).unwrap();
        let decision = recorded(&town, &id).decision.unwrap();
        assert_eq!(decision.allowed, allowed, "{to}: {decision:?}");
        let is_said = decision.policy_ids.iter().any(|id| id == "subject-not-identified");
        assert_eq!(is_said, !allowed, "{to}: {decision:?}");
    }

    // Trusted no more.
    let id = ["--id", "citizen-login"];
    town.deployment.authority(&["identity", "distrust"], &id).unwrap().expect(0).unwrap();
    let (id, nonce) = provider.challenge(&applicant);
    provider.token("ES256", &Provider::claims(&nonce, &applicant));
    refused(&asked("check", &applicant, &id, &[]), "IDENTITY_INVALID", "`iss`");
    town.deployment.zerotrip(&["ledger", "verify", "--dir", &dir]).unwrap().expect(0).unwrap();
}

/// What the hub says to a certificate on the answer of this id.
fn recorded(town: &DeployedCity, id: &str) -> Answer {
    let reply = runtime().block_on(async {
        let (home, now) = (town.home(FUND), SystemTime::now());
        let issue = IssueBody {
            exchange_id: id.to_owned(),
            certificate_digest: vec![7; 32],
            valid_until: Some(to_timestamp(now + Duration::from_secs(3600))),
            place: None,
        };
        let from = (&home.system, &home.sign);
        let request = sign_issue(from, &home.hub, &errand(), issue, now).unwrap();
        let call = ExchangeCall { request: Some(request.envelope), ..ExchangeCall::default() };
        town.session().await.connection().exchange().issue(call).await.unwrap().into_inner()
    });
    Answer::decode(&*reply.answer.unwrap().payload).unwrap()
}

/// Whether a file below this folder has the text: the store, the logs, everybody's folders, and not
/// those of the provider and of who brings its token.
fn holds(folder: &Path, text: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "provider" || name == "provider-of-later" || name == "identity.jwt" {
            return false;
        }
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn what_a_definition_asks_of_an_identification_is_bound_and_told() {
    let shipped = definition_text("no-property").unwrap();
    let parse = |identity: &str| {
        let kept = tempfile::tempdir().unwrap();
        asking(kept.path());
        let file = kept.path().join(CHECK).join("check.toml");
        let text = fs::read_to_string(&file).unwrap().replace(IDENTITY, identity);
        fs::write(&file, text).unwrap();
        let text = DefinitionFolder::read(&kept.path().join(CHECK)).unwrap().text;
        Definition::parse(&text, CHECK).map_err(|error| error.to_string())
    };
    for (from, to, said) in [
        ("\"applicant\"", "\"spouse\"", "there is no parameter `spouse`"),
        ("\"substantial\"", "\"3\"", "`3` is not a level"),
        ("\"15m\"", "\"25h\"", "`25h` is not an age of 60s to 24h"),
        ("\"15m\"", "\"59s\"", "`59s` is not an age of 60s to 24h"),
        ("\"15m\"", "\"0s\"", "`0s` is not an age of 60s to 24h"),
        ("within = \"15m\"\n", "", "the age of the identification has no bound"),
        ("within", "issuer = \"https://x\"\nwithin", "unknown field `issuer`"),
    ] {
        let refused = parse(&IDENTITY.replacen(from, to, 1)).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
    let (asks, asks_none) = (parse(IDENTITY).unwrap(), parse("").unwrap());
    let template = |definition: &Definition| {
        let variant = &definition.variants[0];
        let (name, scan) = variant.scans().next().unwrap();
        scan.template(definition, &variant.name, name)
    };
    let terms = template(&asks).identity.unwrap();
    assert_eq!((terms.parameter.as_str(), terms.within_seconds), ("applicant", 900));
    assert_eq!(template(&asks_none).identity, None);
    assert_eq!(template(&Definition::parse(&shipped, "x").unwrap()).identity, None);

    let kept = tempfile::tempdir().unwrap();
    asking(kept.path());
    let (with, plain) = (kept.path().join(CHECK), kept.path().join("plain"));
    copy(&with, &plain);
    let file = plain.join("check.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace(IDENTITY, "")).unwrap();
    let (with, plain) = (with.display().to_string(), plain.display().to_string());
    let explained = run("zerotrip", &["definition", "explain", &with], kept.path()).unwrap();
    let explained = explained.expect(0).unwrap().output;
    for said in ["must have been identified for this very request", "须已就本次请求"] {
        assert!(explained.contains(said), "{explained}");
    }
    let compared = run("zerotrip", &["definition", "diff", &plain, &with], kept.path()).unwrap();
    let said = "the identification was not asked, is `applicant` at substantial within 900 s";
    assert!(compared.output.contains(said), "{}", compared.output);
}
