//! The desks of those who attach: what an owner approves is named and said before it is asked, and
//! a `join` that waited in vain is taken up.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prost::Message as _;
use zerotrip_proto::payload_type;
use zerotrip_proto::v1::Approvals;
use zerotrip_tests::town::{
    BASIS, FUND, Finished, PURPOSE, TRANSIT, binary_path, run, run_answering, wait_until,
};
use zerotrip_trust::dsse;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::invitation::Invitation;
use zerotrip_trust::keys::{Algorithm, SigningKey};

use crate::support::{TestTown, town};

fn approve(
    town: &TestTown,
    requesters: &[&str],
    purpose: &str,
    more: &[&str],
    typed: &str,
) -> Finished {
    let dir = town.town.path("estate");
    let mut arguments =
        vec!["approve", "--dir", &dir, "--check", "no-property", "--purpose", purpose];
    for requester in requesters {
        arguments.extend(["--requester", requester]);
    }
    arguments.extend(more);
    run_answering("zerotrip-connector", &arguments, &town.town.folder, typed).unwrap()
}

#[test]
fn an_approval_names_members_and_takes_nothing_away_unsaid() {
    let town = town(200, 37);
    let approvals = town.town.folder.join("estate/signed/approvals.dsse");
    let before = std::fs::read(&approvals).unwrap();
    for (requester, purpose, said) in [
        ("", PURPOSE, "`` cannot be a member's name"),
        ("F\u{fc}nd", PURPOSE, "cannot be a member's name"),
        ("found", PURPOSE, "no member `found` in the key directory"),
        (FUND, "", "`` cannot be a purpose"),
        (FUND, "p ", "`p ` cannot be a purpose"),
    ] {
        let refused = approve(&town, &[requester], purpose, &["--yes"], "").expect(2).unwrap();
        assert!(refused.errors.contains(said), "{}", refused.errors);
    }
    // The town's owners serve both. Approving adds, and nobody gets what was approved for another.
    let checks = "(no-property/applicant, no-property/couple, no-property/family)";
    let declined = approve(&town, &[TRANSIT], "loan", &[], "n\n").expect(2).unwrap();
    let gained = format!("gains: {TRANSIT}, for loan {checks}");
    assert!(
        declined.errors.find(&gained).unwrap() < declined.errors.find("approve these?").unwrap(),
        "{}",
        declined.errors
    );
    assert_eq!(std::fs::read(&approvals).unwrap(), before);
    let approved = approve(&town, &[TRANSIT], "loan", &["--yes"], "").expect(0).unwrap();
    assert!(
        approved.errors.contains(&gained) && !approved.errors.contains("LOSES:"),
        "{}",
        approved.errors
    );
    let same = approve(&town, &[TRANSIT], "loan", &["--yes"], "").expect(0).unwrap();
    assert!(!same.errors.contains("gains:") && !same.errors.contains("LOSES:"), "{}", same.errors);
    let dir = town.town.path("estate");
    let listed = run("zerotrip-connector", &["approvals", "--dir", &dir], &town.town.folder)
        .unwrap()
        .expect(0)
        .unwrap();
    let lines = [(FUND, PURPOSE), (TRANSIT, "loan"), (TRANSIT, PURPOSE)]
        .map(|(member, purpose)| format!("{member}, for {purpose} {checks}"));
    assert_eq!(listed.output.lines().collect::<Vec<_>>(), lines);

    let settings = town.town.folder.join("estate/connector.toml");
    let good = std::fs::read(&settings).unwrap();
    std::fs::write(&settings, "\ndatasets = 3\n").unwrap();
    let refused = approve(&town, &[FUND], PURPOSE, &["--yes"], "").expect(2).unwrap();
    assert!(
        refused.errors.contains("connector.toml`: line 2, `datasets`: invalid type"),
        "{}",
        refused.errors
    );
    std::fs::write(&settings, good).unwrap();

    // What somebody else put there is not signed anew, and the remedy is the one that helps.
    let forged = std::fs::read(town.town.folder.join("civil/signed/approvals.dsse")).unwrap();
    for other in [forged, b"nonsense".to_vec()] {
        std::fs::write(&approvals, other).unwrap();
        let refused = approve(&town, &[FUND], PURPOSE, &["--yes"], "").expect(2).unwrap();
        assert!(
            refused.errors.contains("approvals.dsse` is damaged")
                && refused.errors.contains("Remove it, then"),
            "{}",
            refused.errors
        );
        std::fs::remove_file(&approvals).unwrap();
        approve(&town, &[FUND], PURPOSE, &["--yes"], "").expect(0).unwrap();
    }
    town.town.stop().unwrap();
}

#[test]
fn what_an_owner_withdraws_is_served_no_longer_and_what_it_approves_is_without_a_restart() {
    let mut town = town(200, 37);
    let (dir, folder) = (town.town.path("estate"), town.town.folder.clone());
    let withdraw = |more: &[&str], typed: &str| {
        let arguments = [&["withdraw", "--dir", &dir, "--check", "no-property"], more].concat();
        run_answering("zerotrip-connector", &arguments, &folder, typed).unwrap()
    };
    let asked = |town: &TestTown| {
        let (applicant, _) = town.cast("nothing_owned");
        let ended = town.town.ask("check", FUND, "applicant", &applicant, &[]).unwrap();
        (
            ended.code,
            ended.output.contains("GATE_REFUSED") && ended.output.contains("estate.ownership"),
        )
    };
    let soon = |town: &TestTown, what: &str, expected: (i32, bool)| {
        wait_until(Duration::from_secs(10), what, || Ok(asked(town) == expected)).unwrap()
    };
    assert_eq!(asked(&town), (0, false));
    let declined = withdraw(&["--requester", FUND], "n\n").expect(2).unwrap();
    assert!(
        declined.errors.contains(&format!("LOSES: {FUND}, for {PURPOSE} (no-property/applicant")),
        "{}",
        declined.errors
    );
    assert!(
        withdraw(&["--purpose", "loan", "--yes"], "")
            .expect(2)
            .unwrap()
            .errors
            .contains("nothing of `no-property` is approved")
    );
    assert_eq!(asked(&town), (0, false));
    withdraw(&["--requester", FUND, "--yes"], "").expect(0).unwrap();
    soon(&town, "the withdrawal holds", (4, true));
    approve(&town, &[FUND], PURPOSE, &["--yes"], "").expect(0).unwrap();
    soon(&town, "the approval holds", (0, false));
    // One at the same desk who has not answered yet undoes nothing that another signs meanwhile.
    let more = [
        "approve",
        "--dir",
        &dir,
        "--check",
        "no-property/couple",
        "--requester",
        TRANSIT,
        "--purpose",
        "loan",
    ];
    let mut command = Command::new(binary_path("zerotrip-connector").unwrap());
    let mut waiting = command
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut errors = waiting.stderr.take().unwrap();
    while !said.contains("approve these?") {
        let mut byte = [0];
        assert_eq!(errors.read(&mut byte).unwrap(), 1, "{said}");
        said.push(char::from(byte[0]));
    }
    assert!(
        said.contains("gains: ") && said.contains("(no-property/couple)"),
        "one variant: {said}"
    );
    withdraw(&["--requester", FUND, "--yes"], "").expect(0).unwrap();
    waiting.stdin.take().unwrap().write_all(b"y\n").unwrap();
    errors.read_to_string(&mut said).unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(2), "{said}");
    assert!(said.contains("changed by another command meanwhile"), "{said}");
    soon(&town, "the withdrawal holds", (4, true));
    approve(&town, &[FUND], PURPOSE, &["--yes"], "").expect(0).unwrap();
    soon(&town, "the approval holds", (0, false));
    let second = run("zerotrip-connector", &["serve", "--dir", &dir], &town.town.folder)
        .unwrap()
        .expect(2)
        .unwrap();
    assert!(second.errors.contains("another `serve` runs in"), "{}", second.errors);
    // What nobody can read approves nothing; what is mended does.
    let approvals = town.town.folder.join("estate/signed/approvals.dsse");
    let good = std::fs::read(&approvals).unwrap();
    std::fs::remove_file(&approvals).unwrap();
    soon(&town, "no approvals, nothing served", (4, true));
    std::fs::write(&approvals, "nonsense").unwrap();
    assert_eq!(asked(&town), (4, true));
    std::fs::write(&approvals, good).unwrap();
    soon(&town, "the approvals are back", (0, false));
    // An older copy serves nobody again what was withdrawn since: not in a running connector, and
    // not in one that starts.
    let granting = std::fs::read(&approvals).unwrap();
    withdraw(&["--requester", FUND, "--yes"], "").expect(0).unwrap();
    soon(&town, "the withdrawal holds", (4, true));
    std::fs::remove_file(&approvals).unwrap();
    let log = town.town.folder.join("logs/estate.log");
    let taken = || Ok(std::fs::read_to_string(&log)?.contains("scans=0"));
    wait_until(Duration::from_secs(10), "that there are no approvals is noticed", taken).unwrap();
    std::fs::write(&approvals, &granting).unwrap();
    let noticed =
        || Ok(std::fs::read_to_string(&log)?.contains("these approvals are not taken up"));
    wait_until(Duration::from_secs(10), "the older copy is noticed", noticed).unwrap();
    assert_eq!(asked(&town), (4, true));
    town.town.stop_connector("estate").unwrap();
    let refused = run("zerotrip-connector", &["serve", "--dir", &dir], &town.town.folder)
        .unwrap()
        .expect(2)
        .unwrap();
    assert!(refused.errors.contains("an older copy was put back"), "{}", refused.errors);
    // What nobody signed raises no number.
    let highest = town.town.folder.join("estate/signed/approvals.version");
    let kept = std::fs::read(&highest).unwrap();
    let far = Approvals { member: "estate".into(), version: u64::MAX, ..Approvals::default() };
    let unsigned = dsse::seal(
        payload_type::APPROVALS,
        &far,
        &SigningKey::generate(Algorithm::Ed25519).unwrap(),
    )
    .unwrap();
    std::fs::write(&approvals, unsigned.encode_to_vec()).unwrap();
    town.town.start_connector("estate").unwrap();
    town.town.wait_attached(&["estate.ownership"]).unwrap();
    assert_eq!((asked(&town), std::fs::read(&highest).unwrap()), ((4, true), kept));
    town.town.stop_connector("estate").unwrap();
    std::fs::write(&approvals, &granting).unwrap();
    withdraw(&["--requester", FUND, "--yes"], "").expect(0).unwrap();
    town.town.start_connector("estate").unwrap();
    town.town.wait_attached(&["estate.ownership"]).unwrap();
    assert_eq!(asked(&town), (4, true));
    town.town.stop().unwrap();
}

#[test]
fn a_join_that_waited_in_vain_is_taken_up() {
    let mut town = town(200, 41);
    let (authority, out, dir) =
        (town.town.path("authority"), town.town.path("tax.invitation"), town.town.path("tax"));
    let system = ["--dir", &authority, "--member", "tax", "--system", "desk"];
    town.town
        .zerotrip(&[&["member", "invite"], &system[..], &["--out", &out]].concat())
        .unwrap()
        .expect(0)
        .unwrap();
    let join = |binary: &str| {
        run(
            binary,
            &["join", "--dir", &dir, "--invitation", &out, "--wait", "1"],
            &town.town.folder,
        )
        .unwrap()
    };
    let waited = join("zerotrip").expect(2).unwrap();
    assert!(waited.errors.contains("give the same command again"), "{}", waited.errors);
    let key = std::fs::read(town.town.folder.join("tax/sign.key")).unwrap();
    let again = join("zerotrip").expect(2).unwrap();
    assert!(again.errors.contains("not admitted within 1 s"), "{}", again.errors);
    town.town.zerotrip(&[&["member", "admit"], &system[..]].concat()).unwrap().expect(0).unwrap();
    join("zerotrip").expect(0).unwrap();
    assert_eq!(std::fs::read(town.town.folder.join("tax/sign.key")).unwrap(), key);
    town.town.zerotrip(&["catalog", "list", "--dir", &dir]).unwrap().expect(0).unwrap();

    // The operator's settings are named by line and key.
    town.town.kill_hub().unwrap();
    let (hub, definitions) =
        (town.town.path("hub"), zerotrip_tests::town::definitions().display().to_string());
    for (text, said) in [
        ("memory_mib = 64\nexchanges = \"x\"\n", "hub.toml`: line 2, `exchanges`: invalid type"),
        ("\nexchange = 5\n", "hub.toml`: line 2, `exchange`: unknown field"),
    ] {
        std::fs::write(town.town.folder.join("hub/hub.toml"), text).unwrap();
        let refused = run(
            "zerotrip-hub",
            &["serve", "--dir", &hub, "--definitions", &definitions],
            &town.town.folder,
        )
        .unwrap();
        assert!(refused.expect(2).unwrap().errors.contains(said));
    }
    town.town.stop().unwrap();
}

/// The exit code of a command whose standard output nobody reads, and what it says on the other
/// one.
fn unread(binary: &str, arguments: &[&str], typed: &str) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(binary_path(binary).unwrap());
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    (ended.status.code().unwrap(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn an_answer_stands_though_nobody_reads_it() {
    let town = town(200, 43);
    town.town
        .wait_attached(&[
            "police.household",
            "civil.marriage",
            "estate.ownership",
            "housing.presale",
        ])
        .unwrap();
    let dir = town.town.path(FUND);
    let errand = [
        "--official",
        "1",
        "--service-item",
        "s",
        "--purpose",
        PURPOSE,
        "--basis",
        BASIS,
        "--case",
        "1",
    ];
    for (role, code) in [("nothing_owned", 0), ("old_id_home", 1)] {
        let (applicant, variant) = town.cast(role);
        let ask = [
            "check",
            "--dir",
            &dir,
            "--check",
            "no-property",
            "--variant",
            variant,
            "--param",
            "applicant=@-",
        ];
        // The number comes by standard input: it stands in no list of processes.
        assert_eq!(
            unread("zerotrip", &[&ask[..], &errand].concat(), &applicant),
            (code, String::new()),
            "{role}"
        );
    }
    what_clerks_read(&town, &dir);
    let city = tempfile::tempdir().unwrap();
    let out = city.path().join("c").display().to_string();
    assert_eq!(
        unread("zerotrip-city", &["--residents", "60", "--today", "2099-12-31", "--out", &out], ""),
        (0, String::new())
    );
    town.town.stop().unwrap();
}

/// Screens and machines' lines of one town, in both languages.
fn what_clerks_read(town: &TestTown, dir: &str) {
    let (applicant, variant) = town.cast("nothing_owned");
    let errand = [
        "--official",
        "1",
        "--service-item",
        "s",
        "--purpose",
        PURPOSE,
        "--basis",
        BASIS,
        "--case",
        "1",
        "--lang",
        "zh",
    ];
    let ask = ["check", "--dir", dir, "--check", "no-property", "--variant", variant];
    let parameter = format!("applicant={applicant}");
    let zh = town
        .town
        .zerotrip(&[&ask[..], &["--param", &parameter], &errand].concat())
        .unwrap()
        .expect(0)
        .unwrap();
    for part in
        ["核验事项：no-property", &format!("核验范围：{variant}"), "地区：330100", "核验时间：20"]
    {
        assert!(zh.output.contains(part), "{part}: {}", zh.output);
    }
    let refused = |more: &[&str]| {
        town.town.zerotrip(&[&ask[..], more, &errand].concat()).unwrap().expect(2).unwrap().errors
    };
    for (more, said) in [
        (
            &["--param", "applicant=110105194912310021"][..],
            "参数 `applicant`：校验码 `1` 与前 17 位不符",
        ),
        (&["--param", "applicant"], "处理办法：请写作 `参数名=值`"),
        (&["--param", "name=1"], "核验事项 `no-property` 没有参数 `name`；现有：applicant"),
        (
            &[],
            "参数 `applicant` 必须填写且只填一次 \
             [INVALID_PARAMETER]（运营方可据此查询：存证台账第 ",
        ),
    ] {
        let errors = refused(more);
        assert!(errors.contains(said), "{errors}");
    }

    // For machines, what the screen shows.
    let listed = town
        .town
        .zerotrip(&["--json", "catalog", "list", "--dir", dir])
        .unwrap()
        .expect(0)
        .unwrap()
        .json()
        .unwrap();
    let ownership = listed["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["dataset"] == "estate.ownership")
        .unwrap();
    assert_eq!(
        (ownership["name_en"].as_str(), ownership["name_zh"].as_str()),
        (Some("Real-estate ownership register"), Some("不动产权登记"))
    );
    let coverage = &ownership["coverage"];
    assert_eq!(
        (coverage["regions"][0].as_str(), coverage["subjects"].as_str()),
        (Some("330100"), Some("everyone"))
    );
    assert!(
        coverage["text_en"].as_str().unwrap().contains("Hangzhou")
            && coverage["text_zh"].as_str().unwrap().contains("杭州")
    );

    // A certificate of which nothing is disclosed is of nobody, and one that a crash left behind
    // may not be recorded.
    let out = town.town.path("proof.sdjwt");
    town.town.ask("issue", FUND, variant, &applicant, &["--out", &out]).unwrap().expect(0).unwrap();
    let token = std::fs::read_to_string(&out).unwrap();
    let (bare, part) = (town.town.path("bare.sdjwt"), town.town.path("proof.sdjwt.7.part"));
    std::fs::write(&bare, format!("{}~", token.split('~').next().unwrap())).unwrap();
    std::fs::write(&part, &token).unwrap();
    let verify = |file: &str, more: &[&str]| {
        town.town
            .zerotrip(&[&["verify", file, "--dir", dir], more].concat())
            .unwrap()
            .expect(0)
            .unwrap()
    };
    assert!(verify(&bare, &[]).output.contains("WARNING: it shows nothing of whom it is about"));
    assert!(verify(&bare, &["--lang", "zh"]).output.contains("警告： 未出示任何有关当事人的内容"));
    let bare = verify(&bare, &["--json"]).json().unwrap();
    assert_eq!(
        (&bare["names_subject"], bare["withheld_parameters"].as_u64()),
        (&false.into(), Some(1))
    );
    assert_eq!(bare["withheld"].as_array().unwrap().len(), 3);
    assert!(
        verify(&part, &[])
            .output
            .contains("WARNING: a file named `.part` is one whose issuing was not finished")
    );
    assert!(verify(&part, &["--lang", "zh"]).output.contains("警告：文件名以 .part 结尾"));
    assert_eq!(verify(&part, &["--json"]).json().unwrap()["unfinished"], true);
    let whole = verify(&out, &[]);
    assert!(
        !whole.output.contains("WARNING") && !whole.output.contains("withheld:"),
        "{}",
        whole.output
    );
}

#[test]
fn a_city_of_another_age_and_a_folder_that_is_a_file_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("c").display().to_string();
    for today in ["9999-12-31", "1999-12-31", "yesterday"] {
        let begun = Instant::now();
        let refused = run("zerotrip-city", &["--today", today, "--out", &out], folder.path())
            .unwrap()
            .expect(2)
            .unwrap();
        assert!(
            refused.errors.contains("--today") && begun.elapsed() < Duration::from_secs(10),
            "{}",
            refused.errors
        );
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let refused = run("zerotrip-tour", &["--once", "--dir", &file], folder.path())
        .unwrap()
        .expect(1)
        .unwrap();
    assert!(
        refused.errors.contains(&format!("run: `{file}` cannot be the installation's folder")),
        "{}",
        refused.errors
    );
    let refused =
        run("zerotrip-city", &["--out", &file], folder.path()).unwrap().expect(2).unwrap();
    assert!(refused.errors.contains(&file), "{}", refused.errors);
    let below = format!("{file}/below");
    let authority =
        ["--trust-domain", "c.example", "--hub", "hub-1", "--url", "https://127.0.0.1:7443"];
    let errand = [
        "--check",
        "c",
        "--variant",
        "v",
        "--official",
        "1",
        "--service-item",
        "s",
        "--purpose",
        "p",
        "--basis",
        "b",
        "--case",
        "1",
    ];
    let invitation = folder.path().join("invitation").display().to_string();
    let (system, hub) = (
        Identity::system("c.example", "fund", "desk").unwrap(),
        Identity::hub("c.example", "hub-1").unwrap(),
    );
    let made = Invitation::generate("https://127.0.0.1:7443", [0; 32], system, hub).unwrap();
    std::fs::write(&invitation, made.to_string()).unwrap();
    let commands: [(&str, &[&str], &[&str]); 10] = [
        ("zerotrip-hub", &["init"], &["--trust-domain", "c.example"]),
        ("zerotrip-hub", &["serve"], &["--definitions", "."]),
        ("zerotrip", &["authority", "init"], &authority),
        ("zerotrip", &["member", "list"], &[]),
        ("zerotrip", &["check"], &errand),
        ("zerotrip", &["join"], &["--invitation", &invitation]),
        ("zerotrip", &["catalog", "list"], &[]),
        ("zerotrip-connector", &["join"], &["--invitation", &invitation]),
        ("zerotrip-connector", &["approvals"], &[]),
        ("zerotrip-connector", &["serve"], &[]),
    ];
    for (binary, command, more) in commands {
        for place in [&file, &below] {
            let refused = run(binary, &[command, &["--dir", place], more].concat(), folder.path())
                .unwrap()
                .expect(2)
                .unwrap();
            let what = format!("`{file}`: is a file, and a folder belongs here");
            let remedy = "give the path of a folder, or move the file away";
            let said = refused.errors.contains(&what) && refused.errors.contains(remedy);
            assert!(said, "{binary} {command:?}: {}", refused.errors);
        }
    }
    let zh = run("zerotrip", &["--lang", "zh", "catalog", "list", "--dir", &file], folder.path())
        .unwrap()
        .expect(2)
        .unwrap();
    assert!(zh.errors.contains(&format!("`{file}` 是文件，而此处应为目录")), "{}", zh.errors);
    let dataset =
        run("zerotrip-connector", &["check", "."], folder.path()).unwrap().expect(2).unwrap();
    assert!(
        dataset.errors.contains("`.`: is a folder, and a file belongs here; name a file in it"),
        "{}",
        dataset.errors
    );
}
