//! Two versions of a check side by side, by real processes: who can ask which, and when.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::{Outcome, Variant};
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, definitions, run, wait_until};

use crate::support::{DeployedCity, copy, deploy};

const FIRST: &str = "no-property";
const SECOND: &str = "no-property@2";

/// The hub starts again, with the versions at these stages.
fn stages(town: &mut DeployedCity, stages: [(&str, &str); 2]) {
    for (version, lifecycle) in stages {
        let file = town.deployment.definitions.join(version).join("lifecycle.toml");
        fs::write(file, lifecycle).unwrap();
    }
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    let datasets = ["civil.marriage", "estate.ownership", "housing.presale", "police.household"];
    town.deployment.wait_attached(&datasets).unwrap();
}

/// A question of the fund's desk: exit code, what it prints as JSON, what it says of a failure.
fn ask(
    town: &DeployedCity,
    verb: &str,
    question: (&str, &str),
    id: &ResidentId,
    more: &[&str],
) -> (i32, Value, String) {
    let asked = town.deployment.ask_of(verb, FUND, question, id.as_str(), more);
    let said = asked.unwrap();
    let value = serde_json::from_str(&said.output).unwrap_or_default();
    (said.code, value, format!("{}{}", said.output, said.errors))
}

#[test]
fn a_version_is_asked_only_where_it_is_active_approved_and_granted() {
    let mut town = deploy(200, 41);
    let folder = town.deployment.folder.clone();
    let kept = folder.join("versions");
    copy(&definitions().join(FIRST), &kept.join(FIRST));
    copy(&definitions().join(FIRST), &kept.join(SECOND));
    let check = kept.join(SECOND).join("check.toml");
    let text = fs::read_to_string(&check).unwrap();
    let text = text.replacen("version = 1", "version = 2", 1);
    fs::write(&check, text.replace(":no-property:1\"", ":no-property:2\"")).unwrap();
    town.deployment.definitions = kept;
    let clean = |wanted: Outcome| {
        let key = town.city.key.iter();
        let mut found = key.filter(|((_, variant), answer)| {
            *variant == Variant::Applicant && answer.outcome == wanted
        });
        found.next().unwrap().0.0
    };
    let (yes, no) = (clean(Outcome::True), clean(Outcome::False));

    // A draft is for owners to approve, and is answered to nobody.
    stages(&mut town, [(FIRST, "stage = \"active\"\n"), (SECOND, "stage = \"draft\"\n")]);
    let (code, value, _) = ask(&town, "check", (FIRST, "applicant"), &yes, &[]);
    assert_eq!((code, value.get("deprecation")), (0, None));
    let (code, _, said) = ask(&town, "check", (SECOND, "applicant"), &yes, &[]);
    assert!(code == 2 && said.contains("is a draft"), "{code} {said}");
    let listed = town
        .deployment
        .zerotrip(&["--json", "catalog", "list", "--dir", &town.deployment.path(FUND)])
        .unwrap();
    let listed: Value = serde_json::from_str(&listed.output).unwrap();
    let stage = |check: &str| {
        let entries = listed["checks"].as_array().unwrap().iter();
        let mut entries = entries.filter(|entry| entry["check"] == check);
        entries.next().unwrap()["stage"].as_str().unwrap().to_owned()
    };
    assert_eq!((stage(FIRST), stage(SECOND)), ("active".into(), "draft".into()));

    // Active, it is neither granted nor approved by what was said of the first.
    let deprecated =
        format!("stage = \"deprecated\"\nlast_day = \"2999-12-31\"\nsuccessor = \"{SECOND}\"\n");
    stages(&mut town, [(FIRST, &deprecated), (SECOND, "stage = \"active\"\n")]);
    assert_eq!(ask(&town, "check", (SECOND, "applicant"), &yes, &[]).0, 3, "no grant");
    let grant = ["--id", "second", "--member", FUND, "--check", SECOND, "--purpose", PURPOSE];
    let more = ["--basis", BASIS, "--may-issue", "--variants-per-subject", "2"];
    let granted = [&grant[..], &more].concat();
    town.deployment.authority(&["grant", "add"], &granted).unwrap().expect(0).unwrap();
    wait_until(Duration::from_secs(20), "the grant is in force", || {
        Ok(ask(&town, "check", (SECOND, "applicant"), &no, &[]).0 != 3)
    })
    .unwrap();
    let (code, _, said) = ask(&town, "check", (SECOND, "applicant"), &no, &[]);
    assert!(code == 4 && said.contains("GATE_REFUSED"), "not approved: {code} {said}");
    for member in ["police", "civil", "estate", "housing"] {
        let dir = town.deployment.path(member);
        let mut approve = vec!["approve", "--dir", &dir, "--check", SECOND];
        approve.extend(["--requester", FUND, "--purpose", PURPOSE, "--yes"]);
        run("zerotrip-connector", &approve, &folder).unwrap().expect(0).unwrap();
    }
    wait_until(Duration::from_secs(20), "the approvals are in force", || {
        Ok(ask(&town, "check", (SECOND, "applicant"), &no, &[]).0 == 1)
    })
    .unwrap();

    // Side by side: the first says until when, the second answers the same and says nothing.
    for (id, code) in [(&yes, 0), (&no, 1)] {
        let (first, value, _) = ask(&town, "check", (FIRST, "applicant"), id, &[]);
        assert_eq!((first, &value["deprecation"]["successor"]), (code, &SECOND.into()));
        assert_eq!(value["deprecation"]["last_day"], "2999-12-31");
        let (second, value, _) = ask(&town, "check", (SECOND, "applicant"), id, &[]);
        assert_eq!((second, value.get("deprecation")), (code, None));
    }
    // Who asks both has asked about the same person twice, by different rules: they count together.
    let (code, _, said) = ask(&town, "check", (SECOND, "couple"), &yes, &[]);
    assert!(code == 3 && said.contains("VARIANT_LIMIT"), "{code} {said}");
    let out = town.deployment.path("second.sdjwt");
    let (code, value, said) = ask(&town, "issue", (SECOND, "applicant"), &yes, &["--out", &out]);
    assert!(code == 0 && value.to_string().contains(SECOND), "{code} {said}");

    // Over: by its last day, or by its stage.
    let over = deprecated.replace("2999", "2025");
    for ended in [over, format!("stage = \"ended\"\nsuccessor = \"{SECOND}\"\n")] {
        stages(&mut town, [(FIRST, &ended), (SECOND, "stage = \"active\"\n")]);
        let (code, _, said) = ask(&town, "check", (FIRST, "applicant"), &yes, &[]);
        assert!(code == 2 && said.contains(&format!("ask `{SECOND}` instead")), "{code} {said}");
        assert_eq!(ask(&town, "check", (SECOND, "applicant"), &yes, &[]).0, 0);
    }
    // What was sealed while it was active verifies on.
    let dir = town.deployment.path(FUND);
    town.deployment.zerotrip(&["verify", &out, "--dir", &dir]).unwrap().expect(0).unwrap();
    town.deployment.stop().unwrap();
}
