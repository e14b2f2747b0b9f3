//! What the authority takes back, while the hub cannot be reached and after: its own screen never says that a revocation holds before
//! the hub has confirmed it, and the same command, or `refresh`, makes it hold.

use serde_json::Value;
use zerotrip_tests::town::{BASIS, FUND, Finished, PURPOSE, TRANSIT};

use crate::support::{TestTown, town};

const DATASETS: [&str; 4] = ["police.household", "civil.marriage", "estate.ownership", "housing.presale"];

impl TestTown {
    fn desk(&self, command: &[&str], more: &[&str]) -> Finished {
        let authority = self.town.path("authority");
        self.town.zerotrip(&[command, &["--dir", &authority], more].concat()).unwrap()
    }

    fn revoke(&self, grant: &str) -> Finished {
        self.desk(&["grant", "revoke"], &["--id", grant])
    }

    /// What `grant list` says of a grant; nothing where it does not stand there.
    fn state(&self, grant: &str) -> String {
        let listed = self.desk(&["--json", "grant", "list"], &[]).expect(0).unwrap().json().unwrap();
        let grants = listed["grants"].as_array().unwrap();
        let found = grants.iter().find(|one| one["id"] == grant).and_then(|one| one["state"].as_str());
        found.unwrap_or_default().to_owned()
    }

    /// Whether `member list` says that the hub knows how it is with this member.
    fn confirmed(&self, member: &str) -> bool {
        let listed = self.desk(&["--json", "member", "list"], &[]).expect(0).unwrap().json().unwrap();
        listed["members"].as_array().unwrap().iter().find(|one| one["id"] == member).unwrap()["confirmed"] == true
    }

    fn exit_of(&self, variant: &str) -> i32 {
        let (applicant, _) = self.cast("nothing_owned");
        self.town.ask("check", FUND, variant, &applicant, &[]).unwrap().code
    }

    fn add(&self, id: &str, check: &str, purpose: &str) -> Finished {
        let more = ["--id", id, "--member", FUND, "--check", check, "--purpose", purpose, "--basis", BASIS];
        self.desk(&["grant", "add"], &more)
    }
}

#[test]
fn what_the_hub_did_not_take_is_not_shown_as_done_and_can_be_repeated() {
    let mut town = town(200, 23);
    town.town.wait_attached(&DATASETS).unwrap();
    town.town.kill_hub().unwrap();
    for _ in 0..2 {
        let refused = town.revoke("fund-couple").expect(2).unwrap();
        assert!(refused.errors.contains("the hub has not confirmed it"), "{}", refused.errors);
        assert_eq!(town.state("fund-couple"), "revocation_not_taken");
    }
    let suspended = town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(2).unwrap();
    assert!(suspended.errors.contains("the hub has not got it") && !suspended.errors.contains("suspended transit"), "{}", suspended.errors);
    assert!(!town.confirmed(TRANSIT) && town.confirmed(FUND));

    town.town.start_hub().unwrap();
    town.town.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.exit_of("couple"), 0, "nobody told the hub, and the list said so");
    town.revoke("fund-couple").expect(0).unwrap();
    assert_eq!((town.exit_of("couple"), town.state("fund-couple").as_str()), (3, ""));
    assert!(town.revoke("fund-couple").expect(2).unwrap().errors.contains("no grant `fund-couple`"));
    town.desk(&["member", "suspend"], &["--member", TRANSIT]).expect(0).unwrap();
    assert!(town.confirmed(TRANSIT));

    // The same by `refresh`, for what is taken back and for what is given.
    town.town.kill_hub().unwrap();
    town.revoke("fund-family").expect(2).unwrap();
    for _ in 0..2 {
        town.add("again", "no-property/couple", PURPOSE).expect(2).unwrap();
        assert_eq!(town.state("again"), "not_taken");
    }
    town.desk(&["member", "resume"], &["--member", TRANSIT]).expect(2).unwrap();
    town.town.start_hub().unwrap();
    town.desk(&["authority", "refresh"], &[]).expect(0).unwrap();
    assert_eq!((town.state("fund-family").as_str(), town.state("again").as_str()), ("", "in_force"));
    assert!(town.confirmed(TRANSIT));
    assert_eq!(town.exit_of("family"), 3);
    town.town.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.exit_of("couple"), 0);
    town.town.stop().unwrap();
}

#[test]
fn a_grant_that_is_misspelled_blocks_no_revocation_and_no_start() {
    let mut town = town(200, 29);
    let added = town.add("typo", "no-property/cuople", PURPOSE).expect(0).unwrap();
    assert!(added.output.contains("grant `typo` is on `no-property/cuople`, which the hub does not serve"), "{}", added.output);
    town.revoke("fund-couple").expect(0).unwrap();
    assert_eq!(town.exit_of("couple"), 3);
    // A hub whose definitions lost a granted check serves the others.
    town.town.kill_hub().unwrap();
    town.town.start_hub().unwrap();
    town.town.wait_attached(&DATASETS).unwrap();
    assert_eq!(town.exit_of("applicant"), 0);

    for (purpose, check) in [("p ", "no-property/couple"), ("p\u{7}", "no-property/couple"), (PURPOSE, "no-property")] {
        let refused = town.add("odd", check, purpose).expect(2).unwrap();
        assert!(refused.errors.contains("of grant `odd`"), "{}", refused.errors);
        assert_eq!(town.state("odd"), "", "what no hub would take is not signed");
    }
    let stranger = ["--id", "odd", "--member", "tax", "--check", "no-property/couple", "--purpose", PURPOSE, "--basis", BASIS];
    town.desk(&["grant", "add"], &stranger).expect(2).unwrap();
    // Invited, and in no directory that the hub has.
    let out = town.town.path("tax.invitation");
    town.desk(&["member", "invite"], &["--member", "tax", "--system", "desk", "--out", &out]).expect(0).unwrap();
    let early = town.desk(&["grant", "add"], &stranger).expect(2).unwrap();
    assert!(early.errors.contains("the hub has no directory that names `tax` yet"), "{}", early.errors);
    let listed = town.desk(&["--json", "grant", "list"], &[]).expect(0).unwrap().json().unwrap();
    assert_eq!(listed["waiting"], Value::Null);
    town.revoke("fund-applicant").expect(0).unwrap();
    assert_eq!(town.exit_of("applicant"), 3);
    town.town.stop().unwrap();
}
