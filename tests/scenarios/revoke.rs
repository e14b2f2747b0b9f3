//! What the authority takes back, while the hub cannot be reached and after: its own screen never
//! says that a revocation holds before the hub has confirmed it, and the same command, or
//! `refresh`, makes it hold.

use serde_json::Value;
use zerotrip_tests::deployment::{BASIS, FUND, Finished, PURPOSE, TRANSIT};

use crate::support::{DeployedCity, deploy};

impl DeployedCity {
    fn desk(&self, command: &[&str], more: &[&str]) -> Finished {
        self.deployment.authority(command, more).unwrap()
    }

    fn revoke(&self, grant: &str) -> Finished {
        self.desk(&["grant", "revoke"], &["--id", grant])
    }

    /// What `grant list` says of a grant; nothing where it does not stand there.
    fn state(&self, grant: &str) -> String {
        let listed =
            self.desk(&["--json", "grant", "list"], &[]).expect(0).unwrap().json().unwrap();
        let grants = listed["grants"].as_array().unwrap();
        let found =
            grants.iter().find(|one| one["id"] == grant).and_then(|one| one["state"].as_str());
        found.unwrap_or_default().to_owned()
    }

    /// Whether `member list` says that the hub knows how it is with this member.
    fn confirmed(&self, member: &str) -> bool {
        let listed =
            self.desk(&["--json", "member", "list"], &[]).expect(0).unwrap().json().unwrap();
        listed["members"].as_array().unwrap().iter().find(|one| one["id"] == member).unwrap()["confirmed"]
            == true
    }

    fn exit_of(&self, variant: &str) -> i32 {
        let (applicant, _) = self.cast("nothing_owned");
        self.deployment.ask("check", FUND, variant, &applicant, &[]).unwrap().code
    }

    fn add(&self, id: &str, check: &str, purpose: &str) -> Finished {
        let more = [
            "--id",
            id,
            "--member",
            FUND,
            "--check",
            check,
            "--purpose",
            purpose,
            "--basis",
            BASIS,
        ];
        let more = [&more[..], &["--variants-per-subject", "3"]].concat();
        self.desk(&["grant", "add"], &more)
    }
}

#[test]
fn what_the_hub_did_not_take_is_not_shown_as_done_and_can_be_repeated() {
    let mut town = deploy(200, 23);
    town.deployment.wait_all_attached().unwrap();
    town.deployment.kill_hub().unwrap();
    for _ in 0..2 {
        let refused = town.revoke("fund-couple").expect(2).unwrap();
        assert!(refused.errors.contains("the hub has not confirmed it"), "{}", refused.errors);
        assert_eq!(town.state("fund-couple"), "revocation_not_taken");
    }
    let suspended = town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(2).unwrap();
    assert!(
        suspended.errors.contains("the hub has not got it")
            && !suspended.errors.contains("suspended transit"),
        "{}",
        suspended.errors
    );
    assert!(!town.confirmed(TRANSIT) && town.confirmed(FUND));

    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert_eq!(town.exit_of("couple"), 0, "nobody told the hub, and the list said so");
    town.revoke("fund-couple").expect(0).unwrap();
    assert_eq!((town.exit_of("couple"), town.state("fund-couple").as_str()), (3, ""));
    assert!(
        town.revoke("fund-couple").expect(2).unwrap().errors.contains("no grant `fund-couple`")
    );
    town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(0).unwrap();
    assert!(town.confirmed(TRANSIT));

    // The same by `refresh`, for what is taken back and for what is given.
    town.deployment.kill_hub().unwrap();
    town.revoke("fund-family").expect(2).unwrap();
    for _ in 0..2 {
        town.add("again", "no-property/couple", PURPOSE).expect(2).unwrap();
        assert_eq!(town.state("again"), "not_taken");
    }
    town.desk(&["member", "resume"], &["--member", TRANSIT]).expect(2).unwrap();
    town.deployment.start_hub().unwrap();
    town.desk(&["authority", "refresh"], &[]).expect(0).unwrap();
    assert_eq!(
        (town.state("fund-family").as_str(), town.state("again").as_str()),
        ("", "in_force")
    );
    assert!(town.confirmed(TRANSIT));
    assert_eq!(town.exit_of("family"), 3);
    town.deployment.wait_all_attached().unwrap();
    assert_eq!(town.exit_of("couple"), 0);
    town.deployment.stop().unwrap();
}

#[test]
fn a_grant_that_is_misspelled_blocks_no_revocation_and_no_start() {
    let mut town = deploy(200, 29);
    for check in ["no-property/cuople", "no-proprety"] {
        let refused = town.add("typo", check, PURPOSE).expect(2).unwrap();
        let known = "no-property/applicant, no-property/couple, no-property/family";
        let unknown = format!("the hub serves no check `{check}`; there are:");
        for said in [unknown.as_str(), known] {
            assert!(refused.errors.contains(said), "{}", refused.errors);
        }
        assert!(refused.errors.contains("--not-served-yet"), "{}", refused.errors);
        assert_eq!(town.state("typo"), "", "nothing was signed");
    }
    // A check that is yet to be deployed.
    let ahead = [
        "--id",
        "typo",
        "--member",
        FUND,
        "--check",
        "no-property/cuople",
        "--purpose",
        PURPOSE,
        "--basis",
        BASIS,
    ];
    let added = town
        .desk(&["grant", "add"], &[&ahead[..], &["--not-served-yet"]].concat())
        .expect(0)
        .unwrap();
    assert!(
        added
            .output
            .contains("grant `typo` is on `no-property/cuople`, which the hub does not serve"),
        "{}",
        added.output
    );
    town.revoke("fund-couple").expect(0).unwrap();
    assert_eq!(town.exit_of("couple"), 3);
    // A hub whose definitions lost a granted check serves the others.
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert_eq!(town.exit_of("applicant"), 0);

    for purpose in ["p ", "p\u{7}"] {
        let refused = town.add("odd", "no-property/couple", purpose).expect(2).unwrap();
        assert!(refused.errors.contains("of grant `odd`"), "{}", refused.errors);
        assert_eq!(town.state("odd"), "", "what no hub would take is not signed");
    }
    let stranger = [
        "--id",
        "odd",
        "--member",
        "tax",
        "--check",
        "no-property/couple",
        "--purpose",
        PURPOSE,
        "--basis",
        BASIS,
    ];
    town.desk(&["grant", "add"], &stranger).expect(2).unwrap();
    // Invited, and in no directory that the hub has.
    let out = town.deployment.path("tax.invitation");
    town.desk(&["member", "invite"], &["--member", "tax", "--system", "desk", "--out", &out])
        .expect(0)
        .unwrap();
    let early = town.desk(&["grant", "add"], &stranger).expect(2).unwrap();
    assert!(
        early.errors.contains("the hub has no directory that names `tax` yet"),
        "{}",
        early.errors
    );
    let listed = town.desk(&["--json", "grant", "list"], &[]).expect(0).unwrap().json().unwrap();
    assert_eq!(listed["waiting"], Value::Null);
    town.revoke("fund-applicant").expect(0).unwrap();
    assert_eq!(town.exit_of("applicant"), 3);
    town.deployment.stop().unwrap();
}

#[test]
fn what_stands_already_is_said_and_not_signed_anew() {
    let mut town = deploy(200, 31);
    town.deployment.wait_all_attached().unwrap();
    let version = |town: &DeployedCity| {
        let listed =
            town.desk(&["--json", "member", "list"], &[]).expect(0).unwrap().json().unwrap();
        listed["version"].as_u64().unwrap()
    };
    let begin = version(&town);
    let active = town.desk(&["member", "resume"], &["--member", TRANSIT]).expect(0).unwrap();
    assert!(
        active
            .output
            .contains(&format!("transit is active already: so says directory version {begin} of ")),
        "{}",
        active.output
    );
    town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(0).unwrap();
    for language in ["en", "zh"] {
        let again = town
            .desk(&["--lang", language, "member", "suspend"], &["--member", TRANSIT])
            .expect(0)
            .unwrap();
        let said = if language == "en" {
            "transit is suspended already"
        } else {
            "transit 此前已被暂停"
        };
        assert!(
            again.output.contains(said) && !again.errors.contains("suspended transit"),
            "{}{}",
            again.output,
            again.errors
        );
    }
    let again = town
        .desk(&["--json", "member", "suspend"], &["--member", TRANSIT])
        .expect(0)
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(
        (&again["changed"], &again["active"], again["version"].as_u64()),
        (&Value::from(false), &Value::from(false), Some(begin + 1))
    );
    assert_eq!(version(&town), begin + 1);
    assert!(
        town.desk(&["member", "suspend"], &["--member", "tax"])
            .expect(2)
            .unwrap()
            .errors
            .contains("no member `tax`")
    );
    // A hub that was restored from an older copy has lost it: then it is news.
    town.deployment.kill_hub().unwrap();
    let unasked = town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(2).unwrap();
    assert!(
        unasked.errors.contains("is suspended already, as the hub has confirmed")
            && version(&town) == begin + 1,
        "{}",
        unasked.errors
    );
    town.deployment.start_hub().unwrap();

    // A system that is there already is invited again only with open eyes.
    let invite = |out: &str| {
        let out = town.deployment.path(out);
        town.desk(
            &["member", "invite"],
            &["--member", TRANSIT, "--system", "window", "--out", &out],
        )
        .expect(0)
        .unwrap()
    };
    let again = invite("again.invitation");
    for said in [
        "this system is in the directory already. Its signing keys of today hold until",
        "its member is suspended, and stays so",
    ] {
        assert!(again.output.contains(said), "{said}: {}", again.output);
    }
    let other =
        ["--member", FUND, "--system", "other", "--out", &town.deployment.path("other.invitation")];
    let other =
        town.desk(&["--json", "member", "invite"], &other).expect(0).unwrap().json().unwrap();
    assert_eq!(
        (&other["known_already"], &other["member_suspended"]),
        (&Value::from(false), &Value::from(false))
    );
    town.deployment.stop().unwrap();
}

/// A copy of the authority's folder from before a suspension, put back: it says that it is one, and
/// undoes nothing, however often the same command is given.
#[test]
fn an_older_folder_of_the_authority_undoes_nothing() {
    let town = deploy(200, 37);
    let (now, old) = (town.deployment.path("authority"), town.deployment.path("authority-old"));
    let copy = |from: &str, to: &str| {
        for command in [["rm", "-rf", to].as_slice(), &["cp", "-r", from, to]] {
            assert!(
                std::process::Command::new(command[0])
                    .args(&command[1..])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    };
    let suspended = || {
        let (applicant, _) = town.cast("nothing_owned");
        let asked = town.deployment.ask("check", TRANSIT, "couple", &applicant, &[]).unwrap();
        asked.errors.contains("MEMBER_SUSPENDED")
    };
    copy(&now, &old);
    town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(0).unwrap();
    town.revoke("fund-couple").expect(0).unwrap();
    assert!(suspended());
    // Commands that reach no hub raise the copy's version as high as they like.
    for offline in [0, 4] {
        copy(&old, &now);
        for _ in 0..offline {
            town.desk(&["authority", "refresh"], &["--offline"]).expect(0).unwrap();
        }
        let listed = town.desk(&["member", "list"], &[]).expect(0).unwrap();
        assert!(
            listed.output.contains("WARNING")
                && listed.output.contains("`transit`: SUSPENDED at the hub"),
            "{}",
            listed.output
        );
        for command in [["authority", "refresh"].as_slice(), &["member", "suspend"]] {
            copy(&old, &now);
            for _ in 0..offline {
                town.desk(&["authority", "refresh"], &["--offline"]).expect(0).unwrap();
            }
            let more: &[&str] = if command[0] == "member" { &["--member", FUND] } else { &[] };
            let refused = town.desk(command, more).expect(2).unwrap();
            let said = &refused.errors;
            assert!(
                said.contains("older copy")
                    && said.contains("`transit`: SUSPENDED at the hub, active here"),
                "{said}"
            );
            assert!(suspended(), "undone by {command:?}");
        }
        for _ in 0..2 {
            town.desk(&["authority", "refresh"], &[]);
            assert!(
                suspended() && town.exit_of("couple") == 3,
                "undone by giving the same command again"
            );
        }
        town.desk(&["authority", "refresh"], &[]).expect(0).unwrap();
        let listed =
            town.desk(&["--json", "member", "list"], &[]).expect(0).unwrap().json().unwrap();
        assert!(listed["behind"].is_null() && town.confirmed(TRANSIT), "{listed}");
        assert_eq!(town.state("fund-couple"), "");
    }
    // Part of it, such as the one file that a command had named as damaged; and all but what says
    // what was signed here.
    let of_old = |name: &str| {
        std::fs::copy(format!("{old}/{name}"), format!("{now}/{name}")).map(drop).unwrap()
    };
    let parts: [&[&str]; 6] = [
        &["directory.binpb"],
        &["directory.binpb", "directory.dsse"],
        &["directory.binpb", "directory.dsse", "directory.confirmed.dsse"],
        &["grants.dsse"],
        &["directory.signed", "directory.binpb"],
        &[
            "directory.binpb",
            "directory.dsse",
            "directory.confirmed.dsse",
            "grants.dsse",
            "certificates.toml",
            "invitations.toml",
            "jwks.json",
        ],
    ];
    for part in parts {
        part.iter().for_each(|name| of_old(name));
        let offline = town.desk(&["authority", "refresh"], &["--offline"]);
        if part[0] == "directory.binpb" {
            assert!(
                offline.code == 2
                    && offline.errors.contains("is older than what this folder signed"),
                "{}",
                offline.errors
            );
        }
        for _ in 0..4 {
            town.desk(&["authority", "refresh"], &[]);
            assert!(suspended() && town.exit_of("couple") == 3, "undone with {part:?}");
        }
        town.desk(&["authority", "refresh"], &[]).expect(0).unwrap();
        for again in 0..3 {
            town.add(&format!("later-{again}-{}", part.len()), "no-property/applicant", PURPOSE);
            town.desk(&["grant", "revoke"], &["--id", &format!("later-{again}-{}", part.len())]);
        }
        assert!(
            suspended() && town.exit_of("couple") == 3,
            "undone with {part:?}, by the next grant"
        );
    }
    town.desk(&["member", "resume"], &["--member", TRANSIT]).expect(0).unwrap();
    assert!(!suspended());
    town.deployment.stop().unwrap();
}
