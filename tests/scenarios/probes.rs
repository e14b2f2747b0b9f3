//! Persons whom an owner knows to be in its register: while one of them is not found there, nothing
//! rests upon it, and nobody is told who.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_tests::deployment::run;

use crate::support::{DeployedCity, deploy, errand, in_words, journal, question, runtime};

/// Restarts the estate registry's connector, with this text for its dataset file, signed.
fn restart(town: &mut DeployedCity, text: &str) {
    let described = town.deployment.folder.join("city/estate/ownership.toml");
    fs::write(&described, text).unwrap();
    let (dir, described) = (town.deployment.path("estate"), described.display().to_string());
    run("zerotrip-connector", &["sign", "--dir", &dir, &described], &town.deployment.folder)
        .unwrap()
        .expect(0)
        .unwrap();
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
}

fn check(town: &DeployedCity, code: i32) -> String {
    let file = town.deployment.path("city/estate/ownership.toml");
    run("zerotrip-connector", &["check", &file], &town.deployment.folder)
        .unwrap()
        .expect(code)
        .unwrap()
        .output
}

fn readable_by_its_owner(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_register_without_somebody_who_must_be_in_it_proves_no_absence() {
    let mut town = deploy(200, 17);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let (me, variant) = town.cast("nothing_owned");
    let mut ask =
        || in_words(&runtime.block_on(session.check(&errand(), &question(variant, &me))).unwrap());
    let yes = ("true", String::new(), String::new());
    assert_eq!(ask(), yes);

    let (owner, _) = town.cast("old_id_home");
    let probes = town.deployment.folder.join("city/estate/known.probes");
    readable_by_its_owner(
        &probes,
        &format!("# who bought the first flat of the new town\n{owner}\n"),
    );
    let described =
        fs::read_to_string(town.deployment.folder.join("city/estate/ownership.toml")).unwrap();
    let named = described.replacen("[dataset]", "[dataset]\nprobes = \"known.probes\"", 1);
    restart(&mut town, &named);
    assert_eq!(ask(), yes);
    assert!(check(&town, 0).contains("known persons   1 of 1 found"));

    // One row of several hundred is gone: no floor and no shrinkage tells of it.
    let estate = Connection::open(town.deployment.folder.join("city/estate/ownership.db")).unwrap();
    let column: String = estate
        .query_row(
            "select name from pragma_table_info('T_FDCQ') where name like '%ZH%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let short = format!("{}{}", &owner[..6], &owner[8..17]);
    estate.execute_batch("create table kept as select * from T_FDCQ").unwrap();
    let gone = estate
        .execute(&format!("delete from T_FDCQ where {column} in (?1, ?2)"), [&short, &owner])
        .unwrap();
    assert!((1..5).contains(&gone));
    let implausible = (
        "unavailable",
        ErrorCode::SourceImplausible.name().to_owned(),
        "estate.ownership".to_owned(),
    );
    assert_eq!(ask(), implausible, "at once, though everybody was found a moment ago");
    restart(&mut town, &named);
    assert_eq!(ask(), implausible);
    let said = check(&town, 1);
    assert!(
        said.contains("known persons   0 of 1 found") && said.contains("not found: line 2 of"),
        "{said}"
    );
    // The others are served as before, and so is this one as soon as the person is back.
    estate.execute_batch("delete from T_FDCQ; insert into T_FDCQ select * from kept").unwrap();
    restart(&mut town, &named);
    assert_eq!(ask(), yes);

    // A file that others may read is not used, and its dataset not served.
    fs::set_permissions(&probes, fs::Permissions::from_mode(0o644)).unwrap();
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    let refused = run(
        "zerotrip-connector",
        &["serve", "--dir", &town.deployment.path("estate")],
        &town.deployment.folder,
    )
    .unwrap();
    let refused = refused.expect(2).unwrap();
    assert!(refused.errors.contains("chmod 600"), "{}", refused.errors);

    // Who it is stands in none of what was written meanwhile, whole or masked, nor reached the hub.
    let folder = town.deployment.folder.clone();
    let masked = format!("{}********{}", &owner[..6], &owner[14..]);
    let mut written = vec![said, refused.errors, journal(&folder, "estate")];
    written.extend(
        ["estate", "hub"]
            .map(|name| fs::read_to_string(folder.join(format!("logs/{name}.log"))).unwrap()),
    );
    for text in written {
        assert!(
            !text.contains(&owner) && !text.contains(&masked) && !text.contains(&short),
            "{text}"
        );
    }
    assert!(
        fs::read_to_string(folder.join("logs/estate.log"))
            .unwrap()
            .contains("not answered: estate.ownership")
    );
    town.deployment.stop().unwrap();
}
