//! Certificates out of a real installation, in the hands of those who hold keys there.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use zerotrip_certificates::sdjwt;
use zerotrip_tests::deployment::{FUND, TRANSIT};

use crate::support::{DeployedCity, deploy};

impl DeployedCity {
    fn issued(&self, name: &str) -> (String, String) {
        let (applicant, variant) = self.cast("nothing_owned");
        let out = self.deployment.path(name);
        self.deployment
            .ask("issue", FUND, variant, &applicant, &["--out", &out])
            .unwrap()
            .expect(0)
            .unwrap();
        (fs::read_to_string(&out).unwrap(), applicant)
    }

    /// How `verify` ends, with the kept directory and with the published key set, and what it says.
    fn verified(&self, token: &str) -> Vec<(i32, String)> {
        let file = self.deployment.path("presented.sdjwt");
        fs::write(&file, token).unwrap();
        let (dir, keys) =
            (self.deployment.path(TRANSIT), self.deployment.path("authority/jwks.json"));
        [["--dir", &dir], ["--jwks", &keys]]
            .map(|root| {
                let done =
                    self.deployment.zerotrip(&[&["verify", &file][..], &root].concat()).unwrap();
                (done.code, format!("{}{}", done.output, done.errors))
            })
            .into()
    }
}

fn plain(token: &str) -> Map<String, Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let Value::Object(mut plain) = serde_json::from_slice(&payload).unwrap() else {
        panic!("no object")
    };
    plain.remove("_sd");
    plain.remove("_sd_alg");
    plain
}

#[test]
fn evidence_in_other_hands_is_good_for_nothing() {
    let town = deploy(200, 41);
    let (token, applicant) = town.issued("real.sdjwt");
    for (code, said) in town.verified(&token) {
        assert!(code == 0 && said.contains(&applicant), "{said}");
    }
    // A verifier who is shown it has all of it. The transit company has joined, holds a sealing
    // key, and has no grant.
    let disclosures: Vec<String> = token
        .trim_end()
        .split('~')
        .skip(1)
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    let (transit, fund) = (town.home(TRANSIT), town.home(FUND));
    let other = sdjwt::disclosure("applicant", &"110105194912310038".into()).unwrap();
    let sealed = |key: &str,
                  iss: Option<String>,
                  disclosures: &[String],
                  change: &dyn Fn(&mut Map<String, Value>)| {
        let mut claims = plain(&token);
        if let Some(iss) = iss {
            claims.insert("iss".into(), iss.into());
        }
        change(&mut claims);
        let key = if key == TRANSIT { transit.key("seal") } else { fund.key("seal") };
        sdjwt::issue_encoded(&key.unwrap(), claims, disclosures).unwrap().to_string()
    };
    let anywhere = |claims: &mut Map<String, Value>| {
        claims.insert(
            "statement".into(),
            json!({ "en": "owns no home anywhere in China", "zh": "全国无房" }),
        );
        claims.insert("exp".into(), 2_400_000_000u64.into());
    };
    let nothing = |_: &mut Map<String, Value>| ();
    let forged = [
        (
            sealed(TRANSIT, Some(transit.system.uri()), std::slice::from_ref(&other), &anywhere),
            "`iss` is not what the hub answered",
        ),
        (
            sealed(TRANSIT, Some(transit.system.uri()), &disclosures, &nothing),
            "`iss` is not what the hub answered",
        ),
        (sealed(TRANSIT, None, &disclosures, &nothing), "but the key belongs to"),
        // And the organ itself says nothing that the hub did not answer.
        (sealed(FUND, None, &disclosures, &anywhere), "`statement` is not what the hub answered"),
        (sealed(FUND, None, std::slice::from_ref(&other), &nothing), "shows another `applicant`"),
        (sealed(FUND, None, &[], &nothing), "withholds something else"),
    ];
    for (token, why) in forged {
        for (code, said) in town.verified(&token) {
            assert!(code == 5 && said.contains(why), "{why}: {code} {said}");
        }
    }
    town.deployment.stop().unwrap();
}
