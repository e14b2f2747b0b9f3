//! What a request says beside the person: a period and a word, over a city whose rows are damaged,
//! and through real processes down to a certificate.

use std::fs;
use std::time::{Duration, SystemTime};

use chrono::{Datelike as _, NaiveDate};
use serde_json::Value;
use zerotrip_certificates::sdjwt;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::ResidentId;
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_tests::city::civil_status::civil_statuses;
use zerotrip_tests::city::{self, Spec, stated_day};
use zerotrip_tests::deployment::{
    BASIS, FUND, PURPOSE, definitions, run, test_definitions, wait_until,
};
use zerotrip_tests::inquiry::Asker;

use crate::support::{copy, deploy, runtime};

/// From the first to the last month of so many years, before the year of a day.
fn years(today: NaiveDate, back: i32, length: i32) -> (String, NaiveDate, NaiveDate) {
    let last = today.year() - 1 - back;
    let first = last - length + 1;
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    (format!("{first}-01/{last}-12"), day(first, 1, 1), day(last, 12, 31))
}

/// Asked about every resident, period by period: a yes where the city was made without such an
/// event, and a no where it was made with one. The marriage register begins in May 1950.
#[test]
fn what_happened_in_a_period_is_what_the_city_was_made_of() {
    let runtime = runtime();
    let (mut yes, mut no, mut unknown) = (0, 0, 0);
    for seed in 900..902 {
        let folder = tempfile::tempdir().unwrap();
        let today = stated_day();
        let spec = Spec::on(300, seed, today);
        city::generate(&spec, folder.path()).unwrap();
        let truth = civil_statuses(&spec).unwrap();
        let asker = runtime.block_on(Asker::of(folder.path(), "no-event")).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let registers = asker.open(folder.path(), state.path(), now, today).unwrap();
        for (back, length) in [(0, 5), (5, 10), (15, 25), (40, 35), (70, 10)] {
            let (period, first, last) = years(today, back, length);
            for (kind, is_wedding) in [("wedding", true), ("end", false)] {
                for (id, status) in &truth {
                    let said = [id.as_str(), &period, kind].map(str::to_owned);
                    let asking = asker.answer_to(&registers, &said, "applicant");
                    let ((word, code, _), _) = runtime.block_on(asking).unwrap();
                    let happened = status.events.iter().any(|(day, wedding)| {
                        *wedding == is_wedding && (first..=last).contains(day)
                    });
                    match word {
                        "true" => {
                            yes += 1;
                            assert!(!happened, "{id:?} {period} {kind}: {status:?}");
                            assert!(first.year() > 1950, "the register had not begun: {period}");
                        }
                        "false" => {
                            no += 1;
                            assert!(happened, "{id:?} {period} {kind} {code}: {status:?}");
                        }
                        _ => unknown += 1,
                    }
                }
            }
        }
    }
    println!("{yes} yes, {no} no, {unknown} unavailable");
    assert!(yes > 1000 && no > 100, "{yes} {no}");
}

#[test]
fn a_period_is_signed_approved_answered_certified_and_cannot_be_withheld() {
    let mut town = deploy(200, 41);
    let served = town.deployment.folder.join("definitions");
    for folder in [definitions(), test_definitions()] {
        copy(&folder, &served);
    }
    town.deployment.kill_hub().unwrap();
    town.deployment.definitions = served;
    town.deployment.start_hub().unwrap();
    town.deployment.wait_attached(&["police.household", "civil.marriage"]).unwrap();
    let folder = &town.deployment.folder;
    for member in ["civil", "police"] {
        let dir = town.deployment.path(member);
        let mut approve = vec!["approve", "--dir", &dir, "--check", "no-event"];
        approve.extend(["--requester", FUND, "--purpose", PURPOSE, "--yes"]);
        let approved = run("zerotrip-connector", &approve, folder).unwrap().expect(0).unwrap();
        let told = "the request says in the period (期间, `period`)";
        assert!(approved.errors.contains(told), "{}", approved.errors);
    }
    let grant = ["--id", "events", "--member", FUND, "--check", "no-event"];
    // Two forms of the question: two periods, or two kinds.
    let more =
        ["--purpose", PURPOSE, "--basis", BASIS, "--may-issue", "--variants-per-subject", "2"];
    let grant = [&grant[..], &more].concat();
    town.deployment.authority(&["grant", "add"], &grant).unwrap().expect(0).unwrap();
    let asked = |verb: &str, parameters: &[&str], more: &[&str]| {
        let mut arguments = town.deployment.question(verb, FUND, "x", "y");
        let at = arguments.iter().position(|argument| argument == "--check").unwrap();
        arguments.drain(at..at + 6);
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(["--check", "no-event", "--variant", "applicant"]);
        arguments.extend(parameters.iter().flat_map(|one| ["--param", one]));
        arguments.extend(more);
        town.deployment.zerotrip(&arguments).unwrap()
    };
    let dir = town.deployment.path(FUND);
    let listed = ["--lang", "zh", "catalog", "list", "--dir", &dir];
    let listed = town.deployment.zerotrip(&listed).unwrap().expect(0).unwrap().output;
    assert!(listed.contains("不超过 1200 个月的期间"), "{listed}");

    let truth = civil_statuses(&town.spec).unwrap();
    let (period, first, last) = years(town.spec.today, 0, 20);
    let is_in = |day: &NaiveDate| (first..=last).contains(day);
    // One for whom nothing of the kind happened in the period, though something did at some time;
    // and one for whom it did.
    let clean = truth
        .iter()
        .filter(|(_, status)| status.on_clean_rows && status.registered && !status.is_dead);
    let mut clean: Vec<(&ResidentId, _)> = clean.collect();
    clean.sort_by_key(|(id, _)| **id);
    let find = |inside: bool| {
        let mut found = clean.iter().filter(|(_, status)| {
            let weddings = status.events.iter().filter(|(_, wedding)| *wedding);
            !status.events.is_empty() && weddings.clone().any(|(day, _)| is_in(day)) == inside
        });
        format!("applicant={}", found.next().unwrap().0.as_str())
    };
    let (without, with) = (find(false), find(true));
    let within = format!("period={period}");
    wait_until(Duration::from_secs(20), "the check is served", || {
        let said = asked("check", &[&without, &within, "kind=wedding"], &[]);
        Ok(said.code == 0)
    })
    .unwrap();
    // As a person types it: brought to the one spelling that is signed.
    let wide = within.replace('-', "－");
    let said = asked("check", &[&without, &wide, "kind=wedding"], &[]).expect(0).unwrap();
    let claims: Value = serde_json::from_str(&said.output).unwrap();
    let claims = claims["claims"].as_array().unwrap().clone();
    let told: Vec<&str> = claims
        .iter()
        .filter(|claim| claim["name"] == "asked")
        .map(|claim| claim["value"].as_str().unwrap())
        .collect();
    assert_eq!(told, [&*within, "kind=wedding"]);
    assert_eq!(asked("check", &[&with, &within, "kind=wedding"], &[]).code, 1);

    // What is not of the grammar is refused before it is signed, by name, with the remedy.
    for (parameters, said) in [
        (vec![&*without, "period=2024", "kind=wedding"], "write its first and its last month as"),
        (vec![&*without, "period=2199-01/2199-02", "kind=wedding"], "it ends after"),
        (vec![&*without, &*within, "kind=both"], "give one of `end`, `wedding`"),
        (vec![&*without, &*within], "parameter `kind`: must be given exactly once"),
    ] {
        let refused = asked("check", &parameters, &[]).expect(2).unwrap();
        assert!(refused.errors.contains(said), "{}", refused.errors);
    }
    // Another period is another form of the question; a third is too many.
    let (other, ..) = years(town.spec.today, 0, 3);
    let other = format!("period={other}");
    assert_ne!(asked("check", &[&with, &other, "kind=wedding"], &[]).code, 3);
    let (third, ..) = years(town.spec.today, 0, 2);
    let third = format!("period={third}");
    let denied = asked("check", &[&with, &third, "kind=wedding"], &[]);
    let said = format!("{}{}", denied.output, denied.errors);
    assert!(denied.code == 3 && said.contains("VARIANT_LIMIT"), "{} {said}", denied.code);
    assert_eq!(asked("check", &[&with, &within, "kind=wedding"], &[]).code, 1, "asked before");

    // About many: they differ, the rest is the same of all.
    let list = town.deployment.path("many.txt");
    let names = [&with, &without].map(|one| one.trim_start_matches("applicant="));
    fs::write(&list, names.join("\n")).unwrap();
    let many = asked("check", &[&within, "kind=wedding"], &["--subjects", &list]);
    assert_eq!(many.code, 3, "nobody granted that: {}", many.errors);

    // The certificate shows it, whatever its holder withholds.
    let out = town.deployment.path("event.sdjwt");
    asked("issue", &[&without, &within, "kind=wedding"], &["--out", &out]).expect(0).unwrap();
    let token = fs::read_to_string(&out).unwrap();
    let (signed, disclosures) = token.trim_end().split_once('~').unwrap();
    let names: Vec<String> =
        disclosures.split('~').filter_map(|one| Some(sdjwt::opened(one).ok()?.0)).collect();
    assert!(names.contains(&"applicant".to_owned()), "{names:?}");
    assert!(!names.contains(&"period".to_owned()), "{names:?}");
    for shown in [token.as_str(), &format!("{signed}~")] {
        let file = town.deployment.path("shown.sdjwt");
        fs::write(&file, shown).unwrap();
        let said = town.deployment.zerotrip(&["--json", "verify", &file, "--dir", &dir]).unwrap();
        let said = said.expect(0).unwrap();
        let value: Value = serde_json::from_str(&said.output).unwrap();
        let asked: Vec<&str> =
            value["scope"]["asked"].as_array().unwrap().iter().flat_map(Value::as_str).collect();
        assert_eq!(asked, [&*within, "kind=wedding"]);
    }
    town.deployment.stop().unwrap();
}

#[test]
fn a_parameter_is_declared_whole_or_refused_by_name() {
    let text = DefinitionFolder::read(&test_definitions().join("no-permit")).unwrap().text;
    Definition::parse(&text, "no-permit").unwrap();
    for (from, to, said) in [
        ("most_months = 24\n", "", "give `not_after`, `most_months`, and nothing else"),
        ("most_months = 24", "most_months = 0", "its bounds are not understood"),
        ("most_months = 24", "most_months = 1441", "its bounds are not understood"),
        ("not_after = \"last_month\"", "not_after = \"today\"", "its bounds are not understood"),
        ("not_after = \"today\"", "not_after = \"1999-12-31\"", "nothing lies between them"),
        ("not_after = \"today\"", "not_after = \"tomorrow\"", "its bounds are not understood"),
        ("not_before = \"2000-01-01\"\n", "", "give `not_before`, `not_after`, and nothing else"),
        ("not_before = \"2000-01-01\"", "not_before = \"2000-1-1\"", "bounds are not understood"),
        ("max = 20", "max = -1", "nothing lies between them"),
        ("max = 20", "max = 1000000000001", "its bounds are not understood"),
        ("min = 0\n", "", "give `min`, `max`, and nothing else"),
        ("level = \"county\"", "level = \"village\"", "its bounds are not understood"),
        ("level = \"county\"", "level = \"county\"\nmin = 1", "give `level`, and nothing else"),
        ("type = \"uscc\"", "type = \"uscc\"\nmax = 1", "give none of them, and nothing else"),
        ("type = \"region\"", "type = \"place\"", "type `place` is not known"),
        ("{ any = {", "{ Any = {", "its bounds are not understood"),
        ("en = \"any\"", "en = \" \"", "word `any`.en"),
        ("title = { en = \"paid for by\", zh = \"付款单位\" }\n", "", "it has no title"),
        ("name = \"payer\"", "name = \"payer\"\nnames = 1", "names"),
        ("type = \"resident_id\"", "type = \"uscc\"", "none names whom it asks about"),
        ("type = \"uscc\"", "type = \"resident_id\"", "is a second one to ask about"),
        ("name = \"begun\"", "name = \"today\"", "has a column `today` already"),
        ("name = \"begun\"", "name = \"kind\"", "has a column `kind` already"),
        ("name = \"begun\"", "name = \"period_from\"", "has a column `period_from` already"),
        // Nothing but the person is a key, or one for whom silence counts.
        (
            "\nkeys = [\"request.applicant\"]",
            "\nkeys = [\"request.payer\"]",
            "no parameter `payer` names whom it asks about",
        ),
        (
            "absence_for = [\"request.applicant\"]",
            "absence_for = [\"request.begun\"]",
            "no parameter `begun` names whom it asks about",
        ),
        (
            "{ parameter = \"applicant\" }",
            "{ parameter = \"payer\" }",
            "is no parameter that names whom it asks about: `payer`",
        ),
        (
            "known_from = \"request.period\"",
            "known_from = \"request.most\"",
            "is no period and no day",
        ),
        (
            "known_from = \"request.period\"",
            "known_from = \"permit.issued_on\"",
            "is no period and no day",
        ),
        (
            "known_from = \"request.period\"",
            "known_from = \"request.period\"\nlast_years = 0",
            "say how far back",
        ),
        ("known_from = \"request.period\"\n", "", "say how far back"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Definition::parse(&text.replacen(from, to, 1), "no-permit").unwrap_err();
        assert!(error.to_string().contains(said), "`{to}`: {error}");
    }
    // A day of the request says since when too.
    let day = text.replace("known_from = \"request.period\"", "known_from = \"request.begun\"");
    Definition::parse(&day, "no-permit").unwrap();
}

/// What owners approve: the parameters and their bounds are in each template, so that a wider
/// period needs a new approval; and a check that has none has the templates of before.
#[test]
fn the_bounds_of_what_is_asked_are_in_what_owners_approve() {
    let text = DefinitionFolder::read(&test_definitions().join("no-permit")).unwrap().text;
    let parameters = |text: &str| {
        let definition = Definition::parse(text, "no-permit").unwrap();
        let variant = &definition.variants[0];
        let (name, scan) = variant.scans().next().unwrap();
        scan.template(&definition, &variant.name, name).parameters
    };
    let all = parameters(&text);
    let names: Vec<&str> = all.iter().map(|terms| terms.name.as_str()).collect();
    assert_eq!(names, ["period", "kind", "district", "payer", "most", "begun"]);
    for (from, to) in [
        ("most_months = 24", "most_months = 25"),
        ("\"last_month\"", "\"this_month\""),
        ("max = 20", "max = 21"),
        ("level = \"county\"", "level = \"prefecture\""),
        ("hunting = { en = \"hunting\"", "hunting = { en = \"shooting\""),
        ("not_before = \"2000-01-01\"", "not_before = \"1999-01-01\""),
    ] {
        assert_ne!(parameters(&text.replacen(from, to, 1)), all, "{from}");
    }
    let shipped = DefinitionFolder::read(&definitions().join("no-property")).unwrap();
    let shipped = shipped.definition().unwrap();
    for variant in &shipped.variants {
        for (name, scan) in variant.scans() {
            assert_eq!(scan.template(&shipped, &variant.name, name).parameters, []);
        }
    }
}
