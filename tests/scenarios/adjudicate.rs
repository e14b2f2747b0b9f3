//! Rows that cannot be read, and what their owner states of them.

use std::fs;
use std::time::Duration;

use prost::Message as _;
use zerotrip_proto::v1::{Envelope, ErrorCode};
use zerotrip_tests::deployment::{Finished, run, run_answering, wait_until};

use crate::faults::{ask, database, unavailable};
use crate::support::{DeployedCity, deploy, runtime};

/// What a clerk types at `adjudicate`, and the connector's restart, with which it takes effect.
fn adjudicate(town: &mut DeployedCity, typed: &str, more: &[&str]) -> Finished {
    let (dir, file) =
        (town.deployment.path("estate"), town.deployment.path("city/estate/ownership.toml"));
    let arguments = [&["adjudicate", "--dir", &dir, &file], more].concat();
    let finished = run_answering("zerotrip-connector", &arguments, &town.deployment.folder, typed)
        .unwrap()
        .expect(0)
        .unwrap();
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    finished
}

#[test]
fn a_clerk_who_waits_is_told_what_for() {
    let town = deploy(60, 31);
    let folder = town.deployment.folder.join("city/estate");
    // It takes the connection, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let described = fs::read_to_string(folder.join("ownership.toml")).unwrap();
    let (before, rest) = described.split_once("[source]").unwrap();
    let (_, after) = rest.split_once("[coverage]").unwrap();
    let source = format!(
        "kind = \"rest\"\nurl = \"http://{}/\"\nrows = \"\"\npaging = {{ kind = \"whole\" }}\ntls \
         = \"off\"\ntime_out = \"3s\"\nlive = \"a server of this test's own\"\nnothing_hidden = \
         \"it knows nobody who asks\"\n",
        silent.local_addr().unwrap()
    );
    let slow = folder.join("slow.toml");
    fs::write(&slow, format!("{before}[source]\n{source}[coverage]{after}")).unwrap();
    let (dir, slow) = (town.deployment.path("estate"), slow.display().to_string());
    for arguments in
        [&["adjudicate", "--dir", &dir, &slow][..], &["check", &slow], &["count", &slow]]
    {
        let finished = run("zerotrip-connector", arguments, &town.deployment.folder).unwrap();
        assert!(
            finished.errors.contains("opening the source: 2 s …"),
            "{arguments:?}: {}",
            finished.errors
        );
        assert!(
            finished.errors.contains("SOURCE_TIMEOUT")
                || finished.output.contains("SOURCE_TIMEOUT"),
            "{arguments:?}"
        );
    }
    town.deployment.stop().unwrap();
}

#[test]
fn a_paper_era_row_is_adjudicated_by_its_owner() {
    let mut town = deploy(200, 31);
    let runtime = runtime();
    let mut session = runtime.block_on(town.session());
    let (me, _) = town.cast("nothing_owned");
    let yes = ("true", String::new(), String::new());
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);
    // A house that was registered on paper: nobody's id on it, so it is anybody's.
    let estate = database(&town, "estate/ownership.db");
    estate
        .execute(
            "insert into T_FDCQ select DYH, '', '张\u{1b}[2J三', GYFE, QSZT, DJRQ, ZXRQ from \
             T_FDCQ where QSZT = '现势' limit 1",
            [],
        )
        .unwrap();
    let nobody_knows = unavailable(ErrorCode::SourceUnreadable, "estate.ownership");
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), nobody_knows);

    // What is not understood is asked again; what is skipped, or not signed, changes nothing.
    let finished = adjudicate(&mut town, &format!("somebody\n{}", "s\n".repeat(9)), &[]);
    assert!(
        finished.errors.contains("not understood") && finished.errors.contains("张\\u{1b}[2J三"),
        "{}",
        finished.errors
    );
    // The city has unreadable rows of its own; this one is the newest, and so the last.
    let others = finished.errors.matches("owner_id ").count() - 1;
    let finished =
        adjudicate(&mut town, &format!("{}{me}\nDeed 1987-12\nn\n", "s\n".repeat(others)), &[]);
    assert!(finished.output.contains("nothing was signed"), "{}", finished.output);
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), nobody_knows);
    // Signed, it concerns whom the owner says, and nobody else.
    let finished = adjudicate(&mut town, "", &["--yes"]);
    assert!(finished.output.contains("signed 1 rulings"), "{}", finished.output);
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), nobody_knows);
    let signed = town.deployment.folder.join("estate/signed/estate.ownership.adjudications.dsse");
    let first = fs::read(&signed).unwrap();
    let sheet = town.deployment.folder.join("estate/adjudications/estate.ownership.toml");
    let text = fs::read_to_string(&sheet).unwrap();
    fs::write(
        &sheet,
        text.replace(&format!("persons = [\"{me}\"]"), "")
            .replace("[ruling.concerns]", "")
            .replace("grounds", "concerns = \"nobody\"\ngrounds"),
    )
    .unwrap();
    adjudicate(&mut town, "", &["--yes"]);
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes, "{text}");
    // What was ruled before does not come back with a backup: not in a running connector, and not
    // in one that starts.
    let second = fs::read(&signed).unwrap();
    fs::write(&signed, &first).unwrap();
    let log = town.deployment.folder.join("logs/estate.log");
    let older = "what the owner stated of unreadable rows of `estate.ownership` here: version 1, \
                 and version 2 was signed";
    wait_until(Duration::from_secs(10), "the older copy is noticed", || {
        Ok(fs::read_to_string(&log)?.contains(older))
    })
    .unwrap();
    assert_eq!(runtime.block_on(ask(&mut session, &town, "nothing_owned")), yes);
    town.deployment.stop_connector("estate").unwrap();
    let dir = town.deployment.path("estate");
    let refused = run("zerotrip-connector", &["serve", "--dir", &dir], &town.deployment.folder)
        .unwrap()
        .expect(2)
        .unwrap();
    assert!(refused.errors.contains(older), "{}", refused.errors);
    fs::write(&signed, &second).unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    // Signed by anybody else, it is not served at all.
    let mut forged = Envelope::decode(fs::read(&signed).unwrap().as_slice()).unwrap();
    forged.signatures[0].sig[0] ^= 1;
    fs::write(&signed, forged.encode_to_vec()).unwrap();
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("estate").unwrap();
    assert_eq!(
        runtime.block_on(ask(&mut session, &town, "nothing_owned")),
        unavailable(ErrorCode::SourceUnreachable, "estate.ownership")
    );
    town.deployment.stop().unwrap();
}
