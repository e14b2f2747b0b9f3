//! What an owner signs is what is served: all of its file, the newest of its statements, and at
//! once; and what a hub that closes a channel says of why.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use zerotrip_tests::deployment::{FUND, Finished, run, wait_until};

use crate::support::{DeployedCity, deploy};

/// The owner's files of the estate registry: its dataset file, and what is signed of it.
struct Estate {
    described: PathBuf,
    signed: PathBuf,
    log: PathBuf,
    dir: String,
}

type Copy = Vec<(PathBuf, Vec<u8>)>;

impl Estate {
    fn of(town: &DeployedCity) -> Self {
        let folder = &town.deployment.folder;
        Self {
            described: folder.join("city/estate/ownership.toml"),
            signed: folder.join("estate/signed"),
            log: folder.join("logs/estate.log"),
            dir: town.deployment.path("estate"),
        }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.described).unwrap()
    }

    fn sign(&self, file: &str, more: &[&str]) -> Finished {
        run(
            "zerotrip-connector",
            &[&["sign", "--dir", &self.dir, file], more].concat(),
            &self.signed,
        )
        .unwrap()
    }

    fn sign_text(&self, text: &str) -> Finished {
        fs::write(&self.described, text).unwrap();
        self.sign(self.described.to_str().unwrap(), &[]).expect(0).unwrap()
    }

    /// A backup of dataset file, statement and salt.
    fn copy(&self) -> Copy {
        let signed =
            ["dsse", "salt"].map(|kind| self.signed.join(format!("estate.ownership.{kind}")));
        signed
            .into_iter()
            .chain([self.described.clone()])
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }

    fn said(&self, what: &str) -> usize {
        fs::read_to_string(&self.log).unwrap().matches(what).count()
    }

    fn wait_said(&self, what: &str, times: usize) {
        wait_until(Duration::from_secs(20), &format!("the log says {times} times: {what}"), || {
            Ok(self.said(what) >= times)
        })
        .unwrap();
    }

    fn refused_start(&self) -> String {
        run("zerotrip-connector", &["serve", "--dir", &self.dir], &self.signed)
            .unwrap()
            .expect(2)
            .unwrap()
            .errors
    }
}

fn put_back(copy: &Copy) {
    for (path, bytes) in copy {
        fs::write(path, bytes).unwrap();
    }
}

fn asked(town: &DeployedCity) -> i32 {
    let (applicant, _) = town.cast("nothing_owned");
    town.deployment.ask("check", FUND, "applicant", &applicant, &[]).unwrap().code
}

fn soon(town: &DeployedCity, what: &str, code: i32) {
    wait_until(Duration::from_secs(20), what, || Ok(asked(town) == code)).unwrap();
}

#[test]
fn what_is_signed_is_the_whole_file_the_newest_and_in_force_at_once() {
    let mut town = deploy(200, 37);
    let estate = Estate::of(&town);
    assert_eq!(asked(&town), 0);
    let (first, text) = (estate.copy(), estate.text());

    // Signed beside a running connector: taken up, and attached anew.
    let signed = estate.sign_text(&text.replacen("en = \"", "en = \"New ", 1));
    assert!(
        signed.output.contains("the `serve` that runs here takes it up at once"),
        "{}",
        signed.output
    );
    estate.wait_said("taken up as its owner signed it", 1);
    estate.wait_said("attaching anew", 1);
    let shown = || {
        Ok(town
            .deployment
            .zerotrip(&["--json", "catalog", "list", "--dir", &town.deployment.path(FUND)])?
            .output
            .contains("New Real-estate"))
    };
    wait_until(Duration::from_secs(20), "the catalog shows what was signed", shown).unwrap();
    soon(&town, "it is answered", 0);

    // An older copy beside a running connector is not taken up.
    let second = estate.copy();
    put_back(&first);
    estate.wait_said("an older copy was put back", 1);
    assert_eq!((asked(&town), estate.said("not taken up") > 0), (0, true));
    // Nor by one that starts, nor after a removal.
    town.deployment.stop_connector("estate").unwrap();
    let errors = estate.refused_start();
    assert!(
        errors.contains("the owner's statement of `estate.ownership` here: version "),
        "{errors}"
    );
    for (path, _) in &first[..2] {
        fs::remove_file(path).unwrap();
    }
    assert!(estate.refused_start().contains("is not signed"));
    put_back(&first);
    assert!(estate.refused_start().contains("an older copy was put back"));
    put_back(&second);

    // Everything in the file is bound: what a code means, a field's name, who may be nobody, a word
    // of a remark.
    let good = estate.text();
    let status = good
        .lines()
        .find(|line| line.starts_with("codes = ") && line.contains("\"cancelled\""))
        .unwrap();
    let field = good.lines().find(|line| line.starts_with("field = ")).unwrap();
    for changed in [
        good.replacen(status, &status.replacen("\"current\"", "\"cancelled\"", 1), 1),
        good.replacen(field, "field = \"ANOTHER\"", 1),
        good.replacen("[[lookup]]", "# \n[[lookup]]", 1),
        format!("{good}\n[limits]\nmost_rows = 77\n"),
    ] {
        assert_ne!(changed, good);
        fs::write(&estate.described, &changed).unwrap();
        let errors = estate.refused_start();
        assert!(
            errors.contains("the dataset file was changed after its owner signed it")
                && errors.contains("`zerotrip-connector sign`")
        );
    }
    fs::write(&estate.described, &good).unwrap();
    fs::remove_file(&second[1].0).unwrap();
    assert!(
        estate.refused_start().contains("was changed after its owner signed it"),
        "without its salt nothing shows what was bound"
    );
    put_back(&second);

    // A folder that is older as a whole knows no better; the hub does, and says so here.
    fs::remove_file(estate.signed.join("estate.ownership.version")).unwrap();
    put_back(&first);
    town.deployment.start_connector("estate").unwrap();
    estate.wait_said(
        "the hub does not take what is stated here: the owner's statement of `estate.ownership` \
         is version",
        1,
    );
    assert_eq!(asked(&town), 4);
    estate.sign_text(&text);
    soon(&town, "signed again, it is newer than all that was", 0);
    town.deployment.stop().unwrap();
}

#[test]
fn an_id_that_nobody_asks_is_refused_before_anything_is_written() {
    let town = deploy(200, 41);
    let estate = Estate::of(&town);
    let (text, before) =
        (estate.text(), fs::read(town.deployment.folder.join("estate/connector.toml")).unwrap());
    let odd = town.deployment.folder.join("city/estate/odd.toml");
    let file = odd.display().to_string();
    let files = || {
        let mut names: Vec<String> = fs::read_dir(&estate.signed)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let there = files();
    for (id, said) in [
        (
            "estate.ownershp",
            "no check of the hub asks a dataset `estate.ownershp`; of member `estate`'s it asks \
             `estate.ownership`",
        ),
        ("police.household", "belongs to member `police`, and this connector is member `estate`'s"),
    ] {
        fs::write(&odd, text.replace("\"estate.ownership\"", &format!("\"{id}\""))).unwrap();
        // Beside a good one: neither is signed.
        let refused = estate.sign(estate.described.to_str().unwrap(), &[&file]).expect(2).unwrap();
        assert!(refused.errors.contains(said), "{}", refused.errors);
        assert_eq!(
            (files(), fs::read(town.deployment.folder.join("estate/connector.toml")).unwrap()),
            (there.clone(), before.clone())
        );
    }
    // Where it is meant it is signed; renamed, what is left of it is told.
    fs::write(&odd, text.replace("\"estate.ownership\"", "\"estate.leases\"")).unwrap();
    estate.sign(&file, &["--not-asked-yet"]).expect(0).unwrap();
    fs::write(&odd, text.replace("\"estate.ownership\"", "\"estate.rents\"")).unwrap();
    let renamed = estate.sign(&file, &["--not-asked-yet"]).expect(0).unwrap();
    assert!(
        renamed.errors.contains("estate.leases.dsse` belongs to no attached dataset file"),
        "{}",
        renamed.errors
    );
    town.deployment.stop().unwrap();
}

#[test]
fn a_hub_that_closes_a_channel_says_why_and_no_copy_is_blamed() {
    let mut town = deploy(200, 43);
    let estate = Estate::of(&town);
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    // It ends in order, and is back.
    town.deployment.hub().unwrap().signal("TERM").unwrap();
    estate.wait_said("the hub stops or restarts, as it says itself; dialling until it is back", 1);
    town.deployment.kill_hub().unwrap();
    estate.wait_said("the hub cannot be reached", 1);
    town.deployment.start_hub().unwrap();
    town.deployment.wait_attached(&["estate.ownership"]).unwrap();
    // A suspended department reads that it is.
    town.deployment
        .authority(&["member", "suspend"], &["--member", "estate"])
        .unwrap()
        .expect(0)
        .unwrap();
    estate.wait_said(
        "its system is not active in the key directory. The authority can make it active again",
        1,
    );
    assert_eq!(estate.said("copy of this folder"), 0);
    town.deployment.stop().unwrap();
}

/// The day of registration is in every row, whatever became of it: what ended this morning would
/// seem to have ended long ago.
#[test]
fn a_contradicted_dataset_file_is_not_signed() {
    let town = deploy(200, 47);
    let estate = Estate::of(&town);
    let before = estate.copy();
    let text = estate.text();
    fs::write(&estate.described, text.replace("field = \"ZXRQ\"", "field = \"DJRQ\"")).unwrap();
    let file = estate.described.to_str().unwrap();
    let refused = estate.sign(file, &[]).expect(2).unwrap();
    assert!(refused.errors.contains("`ended_on` holds a day in"), "{}", refused.errors);
    let checked =
        run("zerotrip-connector", &["check", file], &estate.signed).unwrap().expect(1).unwrap();
    assert!(checked.output.contains("finding: ended_on"), "{}", checked.output);
    fs::write(&estate.described, text).unwrap();
    assert_eq!(estate.copy(), before, "nothing was signed");
    assert_eq!(asked(&town), 0, "what was signed before is served on");
    town.deployment.stop().unwrap();
}

/// What ended without a day had ended before 2015, its owner says: a title of 2020 had not.
#[test]
fn a_row_that_refutes_what_is_stated_is_not_signed_and_stops_what_is() {
    let town = deploy(200, 47);
    let estate = Estate::of(&town);
    let (before, file) = (estate.copy(), estate.described.to_str().unwrap());
    let register = town.deployment.folder.join("city/estate/ownership.db");
    let register = rusqlite::Connection::open(register).unwrap();
    let (applicant, _) = town.cast("nothing_owned");
    let said = || town.deployment.ask("check", FUND, "applicant", &applicant, &[]).unwrap();
    assert_eq!(asked(&town), 0);

    // The row of another person.
    register
        .execute_batch(
            "insert into T_FDCQ (DYH, QLRSFZH, QLRMC, GYFE, QSZT, DJRQ, ZXRQ) select DYH, QLRSFZH, \
             QLRMC, GYFE, '注销', '2020-01-06', null from T_FDCQ where QSZT = '现势' limit 1",
        )
        .unwrap();
    wait_until(Duration::from_secs(20), "nothing is answered", || {
        Ok(said().output.contains("STATEMENT_CONTRADICTED"))
    })
    .unwrap();
    estate.wait_said("1 rows have ended without a day", 1);
    let refused = estate.sign(file, &[]).expect(2).unwrap();
    assert!(refused.errors.contains("`dataset.undated_before` says"), "{}", refused.errors);
    let checked =
        run("zerotrip-connector", &["check", file], &estate.signed).unwrap().expect(1).unwrap();
    assert!(checked.output.contains("refuted: 1 rows have ended"), "{}", checked.output);
    assert_eq!(estate.copy(), before, "nothing was signed");

    register.execute_batch("delete from T_FDCQ where DJRQ = '2020-01-06'").unwrap();
    soon(&town, "it is answered again", 0);
    town.deployment.stop().unwrap();
}

#[test]
fn what_rows_speak_against_is_signed_with_a_reason_alone() {
    let town = deploy(200, 43);
    let estate = Estate::of(&town);
    let (before, file) = (estate.copy(), estate.described.to_str().unwrap().to_owned());
    let later = estate
        .text()
        .replace("since = \"1987-01-01\"", "since = \"2020-01-01\"")
        .replace("older = \"carried_over\"\n", "");
    fs::write(&estate.described, &later).unwrap();
    let refused = estate.sign(&file, &[]).expect(2).unwrap();
    let why = "rows are older than `coverage.since`, 2020-01-01";
    assert!(refused.errors.contains(why), "{}", refused.errors);
    assert!(refused.errors.contains("`older_rows = \"…\"`"), "{}", refused.errors);
    let checked =
        run("zerotrip-connector", &["check", &file], &estate.signed).unwrap().expect(1).unwrap();
    assert!(checked.output.contains("speaks against the statement"), "{}", checked.output);
    let copied: Vec<_> = estate.copy().into_iter().zip(&before).collect();
    let same = copied.iter().filter(|(now, before)| now == *before).count();
    assert_eq!(same, 2, "of file, statement and salt only the file has changed");

    let reason = "the years before 2020 are not complete";
    fs::write(&estate.described, format!("{later}\n[accepted]\nolder_rows = \"{reason}\"\n"))
        .unwrap();
    let signed = estate.sign(&file, &[]).expect(0).unwrap();
    assert!(signed.errors.contains(&format!("older_rows, because: {reason}")), "{}", signed.errors);
    // What is older than the register proves nothing, as before; the rows stop no answer.
    let (applicant, _) = town.cast("nothing_owned");
    estate.wait_said("taken up as its owner signed it", 1);
    let answer = || town.deployment.ask("check", FUND, "applicant", &applicant, &[]).unwrap();
    wait_until(Duration::from_secs(20), "it is answered under the new statement", || {
        Ok(answer().output.contains("UNSETTLED"))
    })
    .unwrap();
    town.deployment.stop().unwrap();
}

/// The check is prepared over one statement; before its register is asked the owner signs another.
#[test]
fn an_answer_rests_on_one_statement_of_each_register() {
    let town = deploy(200, 53);
    let estate = Estate::of(&town);
    let (applicant, _) = town.cast("nothing_owned");
    let text = estate.text();
    let ask = |town: &DeployedCity| {
        town.deployment.ask("check", FUND, "couple", &applicant, &[]).unwrap()
    };
    assert_eq!(ask(&town).code, 0);
    let store = rusqlite::Connection::open_with_flags(
        town.deployment.folder.join("store.sqlite"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let exchanges = || {
        store.query_row("select count(*) from exchange", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    // A connector that stands still is noticed by its silence; then the exchange has ended before
    // the other statement came.
    let is_refused = (1..13).any(|round| {
        let before = exchanges();
        town.deployment.connector("civil").unwrap().signal("STOP").unwrap();
        let answer = std::thread::scope(|scope| {
            let (question, folder) = (
                town.deployment.question("check", FUND, "couple", &applicant),
                town.deployment.folder.clone(),
            );
            let asked = scope.spawn(move || {
                let question: Vec<&str> = question.iter().map(String::as_str).collect();
                run("zerotrip", &question, &folder).unwrap()
            });
            wait_until(Duration::from_secs(20), "the exchange has begun", || {
                Ok(exchanges() > before)
            })
            .unwrap();
            estate.sign_text(&text.replacen("en = \"", &format!("en = \"{round} "), 1));
            estate.wait_said("attaching anew", round);
            let attached = || {
                Ok(town
                    .deployment
                    .zerotrip(&["--json", "catalog", "list", "--dir", &town.deployment.path(FUND)])?
                    .output
                    .contains(&format!("\"{round} ")))
            };
            wait_until(Duration::from_secs(20), "the hub knows the statement", attached).unwrap();
            town.deployment.wait_attached(&["estate.ownership"]).unwrap();
            town.deployment.connector("civil").unwrap().signal("CONT").unwrap();
            asked.join().unwrap()
        });
        assert_ne!(answer.code, 0, "{}", answer.output);
        town.deployment.wait_attached(&["civil.marriage"]).unwrap();
        answer.output.contains("SOURCE_DRIFT")
    });
    assert!(is_refused, "never by the rule");
    wait_until(Duration::from_secs(20), "it is answered again", || Ok(ask(&town).code == 0))
        .unwrap();
    town.deployment.stop().unwrap();
}
