#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zerotrip_checks::definition::{Definition, ExpectedDataset, Fault};
use zerotrip_proto::v1::{Column, SemanticType};

use super::{CaseFile, CasesReport, Expected, as_expected, engine_faults, run_cases};
use crate::engine::PreparedCheck;
use crate::state::DefinitionFolder;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions")
}

fn run(definition: &Definition, texts: &[(String, String)]) -> CasesReport {
    let files: Vec<CaseFile> = texts
        .iter()
        .map(|(path, text)| {
            CaseFile::parse(text, path, definition).unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run_cases(definition, &files)).unwrap()
}

/// Definitions that have what none of the shipped ones has.
fn made_up() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kit/definitions")
}

/// Those that show how one is written.
fn worked() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/definitions")
}

#[test]
fn the_cases_of_every_shipped_definition_come_out_and_decide_all_of_it() {
    let folders = [shipped(), made_up(), worked()].map(|folder| std::fs::read_dir(folder).unwrap());
    for entry in folders.into_iter().flatten() {
        let folder = DefinitionFolder::read(&entry.unwrap().path()).unwrap();
        let report = run(&folder.definition().unwrap(), &folder.cases().unwrap());
        let wrong: Vec<String> = report
            .outcomes
            .iter()
            .filter(|outcome| !outcome.is_as_expected())
            .map(|one| format!("{}: {}: {} → {:?}", one.file, one.name, one.expected, one.answered))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(report.uncovered.is_empty(), "{:#?}", report.uncovered);
        // Of this one a row's end is a cell that is empty while it goes on, in a register whose
        // rows count each by itself.
        let turned: Vec<&str> = report.turned.iter().map(|one| one.name.as_str()).collect();
        let known: &[&str] = match folder.origin.ends_with("no-listed-enterprise") {
            true => &["one that was taken off"],
            false => &[],
        };
        assert_eq!(turned, known, "{}: {:#?}", folder.origin, report.turned);
        assert!(report.things > 0 && !report.outcomes.is_empty(), "{}", folder.origin);
    }
}

/// A yes names every parameter, so each of them is asked for: a part that the SQL does not read, or
/// a word that it does not know, would be named for nothing.
#[test]
fn what_a_request_says_is_heard_or_the_check_is_not_prepared() {
    let folder = DefinitionFolder::read(&made_up().join("no-permit")).unwrap();
    let texts = folder.cases().unwrap();
    let said = |from: &str, to: &str| {
        assert!(folder.text.contains(from), "{from}");
        let changed = folder.text.replace(from, to);
        let definition = Definition::parse(&changed, "no-permit").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let faults = runtime.block_on(engine_faults(&definition, "no-permit"));
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        all.join("\n")
    };
    assert_eq!(said("No permit on record", "No permit"), "");
    for (from, to, fault) in [
        (" and p.payer = r.payer", "", "`payer`: no step reads `request.payer`"),
        ("between r.period_from and r.period_until", ">= r.period_from", "`request.period_until`"),
        ("between r.period_from and r.period_until", "<= r.period_until", "`request.period_from`"),
        ("p.began_on <= r.begun and ", "", "no step reads `request.begun`"),
        (" > r.most", " > 2", "no step reads `request.most`"),
    ] {
        let said = said(from, to);
        assert!(said.contains(fault), "{from}: {said}");
    }
    // A word in a remark is not known by that.
    let said = said("r.kind = 'any' or ", "/* 'any' */ ");
    assert!(said.contains("no step knows the word `any`"), "{said}");
    // And each word is asked for by a case.
    let definition = folder.definition().unwrap();
    let (path, text) = file(&texts, "permits.toml");
    let fewer = without(&without(&text, "a word asks for what it says"), "and for nothing else");
    let report = run(&definition, &[(path, fewer)]);
    let undecided: Vec<&str> = report.uncovered.iter().map(|one| one.what.en.as_str()).collect();
    assert!(undecided.iter().any(|what| what.contains("word `hunting`")), "{undecided:?}");
}

fn no_property() -> (Definition, Vec<(String, String)>) {
    let folder = DefinitionFolder::read(&shipped().join("no-property")).unwrap();
    (folder.definition().unwrap(), folder.cases().unwrap())
}

/// The file whose path ends so.
fn file(texts: &[(String, String)], end: &str) -> (String, String) {
    texts.iter().find(|(path, _)| path.ends_with(end)).unwrap().clone()
}

/// A file's text without the case of this name.
fn without(text: &str, name: &str) -> String {
    let at = text.find(&format!("[[case]]\nname = \"{name}\"")).unwrap();
    let end = text[at + 1..].find("\n[[case]]").map_or(text.len(), |end| at + 1 + end);
    [&text[..at], &text[end..]].concat()
}

#[test]
fn what_no_case_decides_is_named() {
    let (definition, texts) = no_property();
    for (part, name, undecided) in [
        ("deaths.toml", "no proof is given of the dead", "reason `APPLICANT_DECEASED`"),
        ("homes.toml", "an application is no right", "no case takes `when status = 'applied'"),
        ("homes.toml", "what is pending may be a right", "no case takes `else 'undetermined'`"),
        ("marriages.toml", "a marriage with oneself settles nothing", "gives a row"),
        (
            "marriages.toml",
            "a divorce of today may be of after last night",
            "without it every case comes out the same: SELECT 'ended', '', 'marriage'",
        ),
        (
            "homes_of_a_spouse.toml",
            "a contract of his that became a title of his, sold since, is none",
            "with another word in `when status = 'transferred' then 'handed_over'` every case",
        ),
    ] {
        let mut fewer = texts.clone();
        for (path, text) in fewer.iter_mut().filter(|(path, _)| path.ends_with(part)) {
            *text = without(text, name);
            assert!(!path.is_empty());
        }
        let report = run(&definition, &fewer);
        assert!(
            report.uncovered.iter().any(|one| one.what.en.contains(undecided)),
            "{name}: {:#?}",
            report.uncovered
        );
        assert!(!report.is_good());
    }
}

#[test]
fn a_case_that_comes_out_otherwise_is_told() {
    let (definition, texts) = no_property();
    let (path, text) = file(&texts, "homes.toml");
    let claimed = text.replacen("expect = \"no PROPERTY_FOUND\"", "expect = \"yes\"", 1);
    let report = run(&definition, &[(path, claimed)]);
    let wrong: Vec<_> = report.outcomes.iter().filter(|one| !one.is_as_expected()).collect();
    let [wrong] = wrong.as_slice() else { panic!("{wrong:?}") };
    assert_eq!(wrong.answered.as_ref().unwrap().to_string(), "no PROPERTY_FOUND");
}

const PASSED_ON: &str = r#"
[[case]]
name = "a title beside a contract"
variant = "applicant"
parameters = { applicant = "ann" }
expect = "EXPECTED"
[case.rows]
"estate.ownership" = """
owner_id | status  | ended_on
ann      | current |
"""
"housing.presale" = """
buyer_id | status    | ended_on
ann      | cancelled | 2019-05-06
"""
"#;

/// A row that cannot be read could say what the SQL takes to be absent.
#[test]
fn an_answer_that_hangs_on_a_row_of_another_scan_is_found() {
    let (definition, texts) = no_property();
    let (path, text) = file(&texts, "homes.toml");
    let head = &text[..text.find("[[case]]").unwrap()];
    let with = |expected: &str| head.to_owned() + &PASSED_ON.replace("EXPECTED", expected);
    let report = run(&definition, &[(path.clone(), with("no PROPERTY_FOUND"))]);
    assert!(report.outcomes[0].is_as_expected() && report.turned.is_empty());
    // A title does not count beside a contract that was cancelled.
    let (from, to) = (
        "registered_on as began_on\nfrom ownership\nunion all",
        "registered_on as began_on\nfrom ownership\nwhere not exists (select 1 from presale p \
         where p.buyer = ownership.owner and p.status = 'cancelled')\nunion all\nselect 'clear', \
         '', \
         'ownership', o.row_number, o.ended_on, o.registered_on from ownership o join presale p on \
         p.buyer = o.owner where p.status = 'cancelled'\nunion all",
    );
    assert!(definition.text.contains(from));
    let changed = Definition::parse(&definition.text.replacen(from, to, 1), "it").unwrap();
    let report = run(&changed, &[(path, with("yes"))]);
    assert!(report.outcomes[0].is_as_expected(), "{:?}", report.outcomes);
    let told: Vec<&str> = report.turned.iter().map(|one| one.what.en.as_str()).collect();
    let [one] = told.as_slice() else { panic!("{told:?}") };
    assert!(one.contains("row 1 of `housing.presale` unreadable"), "{one}");
    assert!(one.contains("yes becomes no PROPERTY_FOUND"), "{one}");
    assert!(!report.is_good());
}

/// Row, column and cause, of who wrote the case.
#[test]
fn what_could_not_be_read_is_told_with_its_cause() {
    let (definition, texts) = no_property();
    let (path, text) = file(&texts, "homes.toml");
    let head = &text[..text.find("[[case]]").unwrap()];
    for (row, line) in [
        ("ann | ? |", "row 1, status: it cannot be read"),
        ("ann | | 2019-05-06", "row 1, status: it is empty, and the scan has it among"),
        ("ann | cancelled | 1984-05-06", "row 1, ended_on: 1984-05-06 cannot be: an end is not"),
        ("? | current |", "row 1, owner_id: whose row it is cannot be read"),
    ] {
        let rows = PASSED_ON.replace("ann      | current |", row).replace("EXPECTED", "yes");
        let report = run(&definition, &[(path.clone(), head.to_owned() + &rows)]);
        let why: Vec<&str> = report.outcomes[0].why.iter().map(|why| why.en.as_str()).collect();
        assert!(why.iter().any(|why| why.contains(line)), "{row}: {why:?}");
        assert!(why.iter().all(|why| why.starts_with("estate.ownership")), "{row}: {why:?}");
    }
}

/// A name that comes from a table is looked at in each run.
#[test]
fn a_verdict_on_no_scan_settles_nothing_and_is_named() {
    let (definition, texts) = no_property();
    let (path, text) = file(&texts, "homes.toml");
    let head = &text[..text.find("[[case]]").unwrap()];
    let from = "'PROPERTY_FOUND' as code, 'ownership' as scan,";
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let changed = |to: &str| {
        assert!(definition.text.contains(from));
        Definition::parse(&definition.text.replace(from, to), "it").unwrap()
    };
    let literal = changed("'PROPERTY_FOUND' as code, 'owners' as scan,");
    let faults = runtime.block_on(engine_faults(&literal, "it"));
    let named = |fault: &&Fault| fault.what.contains("`owners` is no scan of it");
    let fault = faults.iter().find(named).unwrap_or_else(|| panic!("{faults:?}"));
    assert!(fault.remedy.contains("ownership, presale"), "{fault}");
    let from_table = changed("'PROPERTY_FOUND' as code, status || 's' as scan,");
    let rows = PASSED_ON.replace("EXPECTED", "no PROPERTY_FOUND");
    let report = run(&from_table, &[(path, head.to_owned() + &rows)]);
    let outcome = &report.outcomes[0];
    let code = |answer: &Expected| answer.to_string().starts_with("unavailable UNDETERMINED");
    assert!(outcome.answered.as_ref().is_ok_and(code), "{outcome:?}");
    assert!(outcome.why.iter().any(|why| why.en.contains("the scan `currents`")), "{outcome:?}");
}

/// An answer rests on what owners state: each statement that a case leaves out is not so.
#[test]
fn what_is_not_stated_is_not_so() {
    let (definition, texts) = no_property();
    let (path, text) = file(&texts, "homes.toml");
    let end = text.find("[[case]]\nname = \"a title that counts is a home\"").unwrap();
    for (from, to, answer) in [
        ("keeps_ended = true\n", "", "unavailable NO_COMMON_MOMENT estate.ownership"),
        ("knows = \"everyone\"\n", "", "unavailable OUTSIDE_COVERAGE estate.ownership"),
        ("since = \"1990-01-02\"\n", "", "unavailable OUTSIDE_COVERAGE estate.ownership"),
        ("older_carried_over = true\n", "", "unavailable OUTSIDE_COVERAGE estate.ownership"),
        ("most_age = \"48h\"\n", "", "unavailable SOURCE_STALE"),
    ] {
        let text = &text[..end];
        assert!(text.contains(from), "{from}");
        let mut changed = text.replacen(from, to, 1);
        if from.starts_with("most_age") {
            changed = changed.replacen("[statement]", "[statement]\nas_of = \"2026-11-29\"", 1);
        }
        let report = run(&definition, &[(path.clone(), changed)]);
        let [outcome] = report.outcomes.as_slice() else { panic!("{:?}", report.outcomes) };
        let answered = outcome.answered.as_ref().unwrap().to_string();
        assert!(answered.starts_with(answer), "{from}: {answered}");
    }
}

/// A row that a look-up finds by a second column is about another: whoever draws somebody's
/// allowance has none, and an employer was not insured.
#[test]
fn a_fact_is_about_whom_the_checks_own_columns_name() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (check, is_refused) in
        [("social-insurance-months", true), ("elderly-allowance", true), ("no-property", false)]
    {
        let folder = DefinitionFolder::read(&shipped().join(check)).unwrap();
        let definition = Arc::new(folder.definition().unwrap());
        let said = |more: Option<&str>| {
            let state = |shape: &ExpectedDataset| {
                let mut statement = as_expected(&definition, shape, &[]);
                if let Some(more) = more {
                    statement.columns.push(Column {
                        name: more.to_owned(),
                        r#type: SemanticType::ResidentId.into(),
                        ..Column::default()
                    });
                    statement.lookups.iter_mut().for_each(|one| one.columns.push(more.to_owned()));
                }
                (shape.id.clone(), statement)
            };
            let statements = definition.datasets.iter().map(state).collect();
            let prepared = PreparedCheck::try_new(Arc::clone(&definition), &statements);
            runtime.block_on(prepared).err().map(|error| error.in_a_line()).unwrap_or_default()
        };
        let text = "would count as a fact about whom it names";
        assert!(!said(None).contains(text), "{check}");
        assert_eq!(said(Some("payer_id")).contains(text), is_refused, "{check}");
    }
}

/// A case is no yes over more rows than a department would deliver.
#[test]
fn more_rows_than_the_definition_takes_are_no_answer() {
    let folder = DefinitionFolder::read(&shipped().join("social-insurance-months")).unwrap();
    let fewer = folder.text.replace("most_rows = 10000", "most_rows = 3");
    assert_ne!(fewer, folder.text);
    let definition = Definition::parse(&fewer, "social-insurance-months").unwrap();
    let report = run(&definition, &folder.cases().unwrap());
    let limit = Expected::Unavailable("SOURCE_LIMIT".to_owned(), "social.contribution".to_owned());
    let (over, within): (Vec<_>, Vec<_>) =
        report.outcomes.iter().partition(|one| one.answered.as_ref() == Ok(&limit));
    assert!(!over.is_empty() && !within.is_empty());
    assert!(within.iter().all(|one| one.is_as_expected()));
}

#[test]
fn every_fault_of_a_file_of_cases_is_told_at_once() {
    let (definition, texts) = no_property();
    let (_, text) = file(&texts, "homes.toml");
    let head = &text[..text.find("[[case]]").unwrap()];
    let faulty = head.replace("ann = \"1985-03-02\"", "ann = \"1985-02-30\"")
        + r#"
[[case]]
name = "one"
variant = "clan"
parameters = { applicant = "bob", spouse = "eve" }
expect = "no HOME_FOUND"
[case.rows]
"estate.ownership" = """
owner_id | state | status | ended_on
bob      | x     | sold   | 2026-02-30
bob
joe      | x     |        |
"""
"estate.parcels" = "owner_id"
[case.register."estate.ownership"]
since = "May"
knows = "some"
most_age = "old"
as_of = "today"
down = "BROKEN"
states = ["colour"]

[[case]]
name = "one"
variant = "applicant"
parameters = {}
expect = "perhaps"
"#;
    let said = CaseFile::parse(&faulty, "it.toml", &definition).unwrap_err().to_string();
    for part in [
        "persons.ann: neither a birth date nor a resident id",
        "no variant `clan`; there are applicant, couple, family",
        "no reason `HOME_FOUND`",
        "no parameter `spouse`; there are applicant",
        "no column `state`",
        "row 1: `sold` cannot be in `status`; its codes mean advance",
        "row 1: `2026-02-30` cannot be in `ended_on`",
        "row 2: 1 cells under 4 names",
        "row 3: `joe` cannot be in `owner_id`",
        "the check asks no dataset `estate.parcels`",
        "since: `May` is not known",
        "knows: `some` is not known",
        "most_age: `old` is not known",
        "as_of: `today` is not known",
        "down: `BROKEN` is not known",
        "states: `colour` is not known",
        "this name is there twice",
        "parameter `applicant` is missing",
        "`perhaps` is no answer",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    for text in ["today = 1", "case = []", "[[case]]\ncolour = 1"] {
        assert!(CaseFile::parse(text, "it.toml", &definition).is_err(), "{text}");
    }
}

#[test]
fn what_the_engine_refuses_is_named_by_its_file() {
    let (definition, _) = no_property();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let faults = |definition: &Definition| runtime.block_on(engine_faults(definition, "it"));
    assert_eq!(faults(&definition), []);
    for (from, to, file, place, what) in [
        ("> r.today", "> now()", "it/children.sql", "step `children`", "reads a clock"),
        ("from household here", "from houses here", "it/registered.sql", "registered", "houses"),
        (" as verdict,", " as judged,", "it/verdict.sql", "step `verdict`", "its columns must be"),
        (" as verdict,", " as judged,", "it/verdict.applicant.sql", "verdict", "columns must be"),
        ("\"certain.id\"", "\"certain.who\"", "it/check.toml", "variant", "certain.who"),
    ] {
        let text = definition.text.replace(from, to);
        assert_ne!(text, definition.text, "{from}");
        let found = faults(&Definition::parse(&text, "it").unwrap());
        assert!(
            found.iter().any(|fault| fault.file == file
                && fault.place.contains(place)
                && fault.what.contains(what)
                && !fault.remedy.is_empty()),
            "{from}: {found:#?}"
        );
    }
}
