//! Refusals at definition time, each by name: what cannot be sound is never prepared.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use zerotrip_checks::definition::Definition;
use zerotrip_hub::engine::PreparedCheck;
use zerotrip_hub::engine::PreparedKind;
use zerotrip_proto::v1::{DatasetStatement, ScanTemplate};

use crate::support::statements;

fn shipped() -> String {
    text_of("no-property")
}

fn text_of(check: &str) -> String {
    zerotrip_tests::deployment::definition_text(check).unwrap()
}

/// The definition without what it says to people of columns and codes: words of a column that is
/// not there any more are refused too.
fn without_words(mut text: String) -> String {
    while let Some(at) = text.find("[dataset.words]\n") {
        let end = at + text[at..].find("\n\n").unwrap();
        text.replace_range(at..=end, "");
    }
    text
}

/// Every check that is shipped.
fn all_shipped() -> Vec<Definition> {
    let folder = std::fs::read_dir(zerotrip_tests::deployment::definitions()).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.iter().map(|name| Definition::parse(&text_of(name), name).unwrap()).collect()
}

/// What is said of the shipped definition after one change.
fn refusal(from: &str, to: &str) -> String {
    refusal_of("no-property", from, to)
}

/// The same of another one.
fn refusal_of(check: &str, from: &str, to: &str) -> String {
    let text = without_words(text_of(check));
    assert!(text.contains(from), "the definition no longer holds `{from}`");
    match Definition::parse(&text.replace(from, to), "changed") {
        Err(error) => error.to_string(),
        Ok(definition) => {
            let prepared = crate::support::runtime()
                .block_on(PreparedCheck::try_new(Arc::new(definition), &statements()));
            match prepared {
                Ok(_) => panic!("`{from}` → `{to}` was accepted"),
                Err(error) => error.to_string(),
            }
        }
    }
}

/// What owners approve of the no-property proof, as before its variants shared their steps: SHA-256
/// over each scan's template. Where a birth is bound by those of the parents, and `recorded_on` is
/// no longer said to be an end, they approve anew.
const APPROVED: [(&str, &str, &str); 13] = [
    ("applicant", "ownership", "a097a05294d7ca288e17098360886587c58a9801d23c2127d29878216bee4bd7"),
    ("applicant", "presale", "2a8394b80f65893df8f8f39c0409707925414a3e1cfadd1ad24850d7627db5e7"),
    ("couple", "marriage", "e122b29eb283102f2effc022ccd5f7012bd58b5e9e9d170e1acda5d0af05699c"),
    ("couple", "household", "7aca6ee533ad1aaeae2fd960a68bbaf045e93c3a65aab537bdc058320ae6b54a"),
    (
        "couple",
        "spouse_marriage",
        "b33157bbff83f0acba2b589f6e097269d276c796d96cd7fe342eac15e8cdda4a",
    ),
    ("couple", "ownership", "611982d52a313277d089e58f36dea3f6cd63b759371d3c2b0df5e9a5b47d18e3"),
    ("couple", "presale", "cc3c1277dc4fcf2c7b38fe1434f206ffd37155c4aeacd398bd70b1ca5c6f195a"),
    ("family", "marriage", "66bb91f87d072315f2ab8a118e4293d13b07189658c509ce7acb01288e6c8523"),
    ("family", "household", "b7b1af4d141a368f209f28408dc74997b9c867f07792e5f403a82423472a118a"),
    (
        "family",
        "spouse_marriage",
        "ab2319783a7ff54925873d7ec141f7a6812b6bf98157ba61ebdb3ae662ba3b0b",
    ),
    (
        "family",
        "minor_household",
        "43d1a9f90a67669a2f6e4f61187ac31e3687ffac80733d1ac5edc24832d38af2",
    ),
    ("family", "ownership", "49325f3e972921d247bb137b3e281122e2ed392f7e01a3e136cad1102ea053c2"),
    ("family", "presale", "361548aedfc88149675ba4abfcc48c83eb2d84b7cb9bff264d8462fb56cd835c"),
];

#[test]
fn what_owners_approved_stays_approved_though_variants_share_steps() {
    let definition = Definition::parse(&shipped(), "no-property").unwrap();
    let mut digests = Vec::new();
    for variant in &definition.variants {
        for (name, scan) in variant.scans() {
            // But for the text that they approve with it.
            let template = scan.template(&definition, &variant.name, name);
            let template = ScanTemplate { rules_digest: Vec::new(), ..template };
            let digest = hex::encode(zerotrip_trust::receipt::template_digest(&template));
            digests.push((variant.name.clone(), name.to_owned(), digest));
        }
    }
    let approved: Vec<_> = APPROVED
        .iter()
        .map(|(variant, scan, digest)| {
            ((*variant).to_owned(), (*scan).to_owned(), (*digest).to_owned())
        })
        .collect();
    assert_eq!(digests, approved);
}

#[test]
fn the_shipped_definitions_are_prepared() {
    for definition in all_shipped() {
        crate::support::runtime()
            .block_on(PreparedCheck::try_new(Arc::new(definition), &statements()))
            .unwrap();
    }
}

#[test]
fn a_fact_and_its_values_are_refused_by_name_where_they_are_not_bound() {
    let from = "from = [\"civil.marriage.event_date\"]";
    let claims =
        "select f.since as married_since from in_force f join living_spouse s on s.id = f.id";
    for (text, change, says) in [
        ("proves = \"fact\"\n", "", "missing field `proves`"),
        ("silence = \"NOT_MARRIED\"\n", "", "say in `silence` which reason"),
        ("silence = \"NOT_MARRIED\"\n", "silence = \"OTHER\"\n", "not the code of a reason"),
        (
            "proves = \"absence\"\n",
            "proves = \"absence\"\nsilence = \"NOT_MARRIED\"\n",
            "drop `silence`",
        ),
        // A value that is not of the columns that its owner approves.
        (from, "from = []", "name the columns that its value is made of"),
        (from, "from = [\"civil.marriage.event\"]", "is made of `civil.marriage.event_date` too"),
        (
            from,
            "from = [\"civil.marriage.event_date\", \"civil.marriage.man_id\"]",
            "not made of `civil.marriage.man_id`",
        ),
        (
            from,
            "from = [\"civil.marriage.number\"]",
            "no scan of `civil.marriage` that asks for `number`",
        ),
        (from, "from = [\"event_date\"]", "not of the form"),
        (
            claims,
            "select case when m.event = 'married' then f.since end as married_since \
             from in_force f join marriage m on m.row_number = f.nr",
            "is made of `civil.marriage.event` too",
        ),
        // Nor of whom a row is about, nor of rows that only raise doubts.
        (
            claims,
            "select case when m.party is null then m.event_date end as married_since \
             from marriage m",
            "is made of `civil.marriage.party` too",
        ),
        (
            claims,
            "select m.event_date as married_since from spouse_marriage m",
            "is made of `civil.marriage (for doubts).event_date` too",
        ),
        (
            claims,
            "select r.today as married_since from request r",
            "not made of `civil.marriage.event_date`",
        ),
        (
            claims,
            "select max(since) as married_since, 1 as other from in_force",
            "its columns must be",
        ),
        (
            claims,
            "select cast(since as text) as married_since from in_force",
            "its columns must be",
        ),
        ("type = \"date\"\nfrom", "type = \"months\"\nfrom", "its columns must be"),
        ("type = \"date\"\nfrom", "type = \"code\"\nfrom", "lists its `words`"),
        ("type = \"date\"\nfrom", "type = \"day\"\nfrom", "unknown variant `day`"),
        ("name = \"married_since\"", "name = \"request\"", "something else has that name"),
        ("name = \"married_since\"", "name = \"applicant\"", "something else has that name"),
        ("name = \"claims\"\nvariants = [\"married\"]", "name = \"claims\"", "no claim; name each"),
        ("name = \"claims\"\n", "name = \"told\"\n", "before `verdict` is `claims`"),
        (
            "from = [\"civil.marriage.event_date\"]",
            "from = [\"civil.marriage.event_date\"]\nvariants = [\"unmarried\"]",
            "no variant `unmarried` proves a fact",
        ),
    ] {
        let said = refusal_of("marriage-status", text, change);
        assert!(said.contains(says), "`{text}` → `{change}`: {said}");
    }
}

#[test]
fn months_are_refused_by_name_where_they_could_be_miscounted() {
    let check = "social-insurance-months";
    let verdict = "from counted where enough";
    for (text, change, says) in [
        // A count or a sum in SQL over the same rows.
        (
            verdict,
            "from counted where enough and (select count(*) from contribution) > 11",
            "it reads the rows of `contribution`, which `counted` counts",
        ),
        (
            "select applicant as id from request",
            "select insured as id from contribution",
            "read the columns of `counted`",
        ),
        // A register that need not know of every month, or of everybody who is counted.
        ("pension-60 = 11", "pension-60 = 10", "say `last_years = 11` or more"),
        ("last_years = {", "lifetime_from = 18 #", "and no `lifetime_from`"),
        (
            "absence_for = [\"request.applicant\"]",
            "absence_for = [\"certain.id\"]",
            "name each of its `keys` in `absence_for`",
        ),
        ("most_age = \"48h\"", "judged = true\nmost_age = \"48h\"", "drop `judged`"),
        ("most_age = \"48h\"", "each_row = true\nmost_age = \"48h\"", "drop `judged`, `each_row`"),
        (
            "most_age = \"48h\"",
            "required = [\"month\"]\nmost_age = \"48h\"",
            "`month` is in `required` or `supplies`",
        ),
        // Columns that are not there, or not of the type.
        ("of = \"contribution\"", "of = \"certain\"", "name in `of` the scan"),
        ("month = \"month\"\namount", "month = \"paid_on\"\namount", "of type month"),
        ("amount = \"amount\"", "amount = \"month\"", "of type money"),
        ("identity = \"entry_no\"", "identity = \"amount\"", "of type text"),
        ("paid_on = \"paid_on\"", "paid_on = \"month\"", "of type date"),
        ("is = [\"pension\"]", "is = [\"annuity\"]", "`is` has a word that `insurance` does not"),
        ("is = [\"pension\"]", "is = []", "`is` has a word"),
        ("role = \"event\"", "role = \"end\"", "is not the date of an event"),
        // What is not said.
        ("amount = \"amount\"\n", "", "nothing says which rows take back"),
        (
            "amount = \"amount\"\n",
            "direction = { column = \"insurance\", adds = [\"pension\"], takes = [\"medical\"] }\n",
            "not each word of `insurance` either adds or takes back",
        ),
        ("paid_on = \"paid_on\"\n", "", "`paid_within` is said, and not when"),
        ("until = 1\n", "until = 0\n", "the month of the question itself is not over"),
        ("pension-60 = 120,", "pension-60 = 601,", "its range is not said, or too long"),
        (
            "pension-12 = 12, pension-12-back-paid = 12, pension-24 = 36",
            "pension-24 = 36",
            "its range",
        ),
        ("months = { pension-60 = 60,", "months = { pension-60 = 121,", "can never be"),
        ("months = { pension-60 = 60,", "months = {", "what is enough is not said once"),
        ("months = { pension-60 = 60,", "months = { pension-12 = 9, pension-60 = 60,", "said once"),
        (
            "paid_within = { pension-12 = 1,",
            "paid_within = { medical-12 = 1,",
            "does not have this step",
        ),
        // A value that is made of more than its owner approves.
        (
            "\"social.contribution.paid_on\", \"social.contribution.entry_no\"]",
            "\"social.contribution.paid_on\"]",
            "is made of `social.contribution.entry_no` too",
        ),
        (
            "select months as months_counted",
            "select case when person is null then 0 else months end as months_counted",
            "is made of `social.contribution.insured` too",
        ),
    ] {
        let said = refusal_of(check, text, change);
        assert!(said.contains(says), "`{text}` → `{change}`: {said}");
    }
}

/// Of two checks that ask about a family, one is not mended without the other.
#[test]
fn who_is_of_a_family_is_said_in_one_way() {
    let sql = |check: &str, file: &str| {
        let folder = zerotrip_tests::deployment::definitions().join(check);
        std::fs::read_to_string(folder.join(file)).unwrap()
    };
    for (file, copy) in [
        ("anothers.sql", "anothers.sql"),
        ("certain.family.sql", "certain.sql"),
        ("certain_spouse.sql", "certain_spouse.sql"),
        ("children.sql", "children.sql"),
        ("former.family.sql", "former.sql"),
        ("life.family.sql", "life.sql"),
        ("living_spouse.sql", "living_spouse.sql"),
        ("minor.sql", "minor.sql"),
        ("out_of_order.sql", "out_of_order.sql"),
        ("registered.sql", "registered.sql"),
        ("spouse.sql", "spouse.sql"),
    ] {
        let [one, other] = [("no-property", file), ("home-purchase-qualification", copy)]
            .map(|(check, file)| sql(check, file));
        assert_eq!(one, other, "{file}");
    }
    // What each row of homes and of persons means is one file there, and two here.
    let verdict = sql("no-property", "verdict.sql");
    let branches: Vec<&str> = verdict.trim_end().split("\nunion all\n").collect();
    let here = |file: &str| {
        let text = sql("home-purchase-qualification", file);
        let (comment, text) = text.trim_end().split_once('\n').unwrap();
        assert!(comment.starts_with("-- "), "{file}");
        text.replace("HOME_FOUND", "PROPERTY_FOUND")
    };
    assert_eq!(here("homes.sql"), branches[..2].join("\nunion all\n"));
    // The first branch of a file names its columns.
    let named = here("people.sql").replacen(
        "'undetermined' as verdict, '' as code, 'marriage' as scan, m.row_number, m.event_date as \
         on_date, cast(null as date) as began_on",
        "'undetermined', '', 'marriage', m.row_number, m.event_date, cast(null as date)",
        1,
    );
    assert_eq!(named, branches[2..].join("\nunion all\n"));
}

/// Every step of it is evaluated on a family's few rows as they are: one operator that is not costs
/// each check some hundred microseconds of streams and meters.
#[test]
fn no_step_of_the_shipped_definitions_needs_a_stream() {
    fn strange(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<String>) {
        match (plan.name(), plan.children().as_slice()) {
            // A node around the join that it stands for.
            ("PairJoin", [join]) => {
                join.children().into_iter().for_each(|side| strange(side, found))
            }
            (
                "SlotScanExec" | "ProjectionExec" | "FilterExec" | "RequestJoin" | "UnionExec",
                children,
            ) => {
                children.iter().for_each(|child| strange(child, found));
            }
            (other, _) => found.push(other.to_owned()),
        }
    }
    let prepared = all_shipped().into_iter().map(|definition| {
        crate::support::runtime()
            .block_on(PreparedCheck::try_new(Arc::new(definition), &statements()))
            .unwrap()
    });
    let variants: Vec<_> = prepared.flat_map(|check| check.variants).collect();
    let mut found = Vec::new();
    for (name, variant) in &variants {
        for step in &variant.steps {
            let PreparedKind::Sql(plan) = &step.kind else { continue };
            let mut here = Vec::new();
            strange(plan, &mut here);
            found.extend(
                here.into_iter().map(|operator| format!("{name}, {}: {operator}", step.name)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn words_are_of_something_that_the_check_asks_for() {
    for (from, to) in [
        ("\"status.applied\" = {", "\"status.wanted\" = {"),
        ("\nbuyer_id = {", "\nseller_id = {"),
        ("\"applied\"]", "\"wanted\"]"),
    ] {
        let text = shipped();
        assert!(text.contains(from), "{from}");
        let said = Definition::parse(&text.replace(from, to), "it").unwrap_err().to_string();
        assert!(said.contains("are of no column and no meaning"), "{from}: {said}");
    }
    let said = shipped().replace("zh = \"婚姻登记\"", "zh = \"\"");
    let said = Definition::parse(&said, "it").unwrap_err().to_string();
    assert!(said.contains("dataset `civil.marriage`: title.zh"), "{said}");
}

#[test]
fn what_people_read_and_what_names_a_certificate_has_bounds() {
    let vct = "vct = \"urn:zerotrip:certificate:no-property:1\"";
    let long = refusal(vct, &format!("vct = \"{}\"", "x".repeat(100_000)));
    assert!(long.contains("certificate.vct") && long.len() < 500, "{}", long.len());
    Definition::parse(&shipped().replace(vct, &format!("vct = \"{}\"", "x".repeat(256))), "f")
        .unwrap();
    let title = "title = { en = \"No-property proof\"";
    assert!(
        refusal(title, &format!("title = {{ en = \"{}\"", "x".repeat(1001)))
            .contains("check.title.en")
    );
    Definition::parse(
        &shipped().replace(title, &format!("title = {{ en = \"{}\"", "x".repeat(1000))),
        "f",
    )
    .unwrap();
    // A deep nesting is not echoed, and the line is named.
    let deep = refusal("deadline = \"10s\"", &format!("deadline = {}", "[".repeat(2000)));
    assert!(deep.len() < 500 && deep.contains("line "), "{deep}");
}

#[test]
fn what_cannot_be_sound_is_refused_by_name() {
    let registered = "select resident_id as id from household here where status = 'registered'
  and not exists (select 1 from household gone where gone.resident_id = here.resident_id and \
                      gone.status = 'moved_out')";
    let cases = [
        (
            "keys = [\n  \"request.applicant\",",
            "keys = [\n  { key = \"request.applicant\", variants = [\"couple\"] },",
            "unbound",
        ),
        (
            "absence_for = [\n  \"request.applicant\",",
            "absence_for = [\n  { key = \"request.applicant\", variants = [\"couple\"] },",
            "undeclared absence",
        ),
        // What variants share is said of variants that have it, or of none.
        (
            "{ key = \"children.id\", variants = [\"family\"] }",
            "\"children.id\"",
            "variant `couple`, scan `ownership`: key `children.id` comes from a step that does not \
             run before it",
        ),
        (
            "{ key = \"children.id\", variants = [\"family\"] }",
            "{ key = \"children.id\", variants = [\"families\"] }",
            "keys `children.id` is for `families`, which does not have this step",
        ),
        (
            "{ column = \"birth_date\", variants = [\"family\"] }",
            "{ column = \"birth_date\", variants = [\"applicant\"] }",
            "required `birth_date` is for `applicant`, which does not have this step",
        ),
        (
            "{ column = \"birth_date\", variants = [\"family\"] }",
            "{ column = \"birth_date\", variants = [] }",
            "required `birth_date` is for no variant",
        ),
        (
            "{ column = \"birth_date\", variants = [\"family\"] }",
            "{ columns = \"birth_date\", variants = [\"family\"] }",
            "`columns` is not known here; there are `column` and `variants`",
        ),
        (
            "{ column = \"birth_date\", variants = [\"family\"] }",
            "{ column = \"birth_date\" }",
            "give both `column` and `variants`",
        ),
        (
            "column = \"resident_id\", variants = [\"family\"] }",
            "column = \"resident_id\", variants = [\"couple\", \"family\", \"clan\"] }",
            "origins `police.household resident_id` is for `clan`",
        ),
        (
            "column = \"resident_id\", variants = [\"family\"] }",
            "column = \"resident_id\" }",
            "variant `applicant`, scan `ownership`: origin `police.household` `resident_id` is not \
             in the `supplies`",
        ),
        (
            "most_keys = { applicant = 1, couple = 8, family = 32 }",
            "most_keys = { applicant = 1, couple = 8 }",
            "variant `family`, scan `ownership`: unbound",
        ),
        (
            "last_years = { couple = 0, family = 18 }",
            "last_years = { couple = 0, family = 18, applicant = 0 }",
            "last_years is for `applicant`, which does not have this step",
        ),
        ("last_years = { couple = 0, family = 18 }", "last_years = { couple = 0 }", "how far back"),
        // A step's SQL is in a file of its name, and no file is there for nothing.
        ("sql = \"verdict.sql\"", "sql = \"judgement.sql\"", "names `verdict.sql`"),
        ("sql = \"life.family.sql\"", "sql = \"life.couple.sql\"", "names `life.sql`"),
        ("sql = \"life.family.sql\"", "sql = \"life.sql\"", "there is no file `life.sql`"),
        (
            "variants = [\"family\"]\nsql = \"life.family.sql\"",
            "variants = [\"couple\", \"family\"]\nsql = \"life.family.sql\"",
            "or, for one variant alone, `life.<variant>.sql`",
        ),
        (
            "[[step]]\nname = \"anothers\"\nvariants = [\"family\"]\nsql = \"anothers.sql\"\n",
            "",
            "anothers.sql: no step names this file",
        ),
        ("sql = \"life.family.sql\"", "sql = \"select 1\"", "is not the name of its file"),
        ("sql = \"life.family.sql\"\n", "", "give it either `sql`, or a `scan`, or `months`"),
        (
            "h.birth_date + interval '18' year > r.today",
            "h.birth_date + interval '18' year > current_date",
            "reads a clock",
        ),
        (
            "h.birth_date + interval '18' year > r.today",
            "h.birth_date + interval '18' year > now()",
            "reads a clock",
        ),
        (
            registered,
            "select distinct lower(resident_id) as id from household",
            "function `lower` is not on the list",
        ),
        (registered, "select resident_id as id from household order by 1 limit 1", "LIMIT"),
        (
            registered,
            "select resident_id as id from household where resident_id like '33%'",
            "pattern matching",
        ),
        (registered, "select try_cast(resident_id as varchar) as id from household", "TRY_CAST"),
        (
            registered,
            "with recursive x as (select 1 as id union all select id + 1 from x) select cast(id \
             as varchar) as id from x",
            "RECURSIVE",
        ),
        (registered, "select row_number() over () as id from household", "window"),
        (
            registered,
            "select distinct resident_id as id from household h join ownership o on true",
            "ownership",
        ),
        (registered, "drop table household", "not a query"),
        ("dataset = \"estate.ownership\"", "dataset = \"estate.parcels\"", "estate.parcels"),
        (
            "columns = [\"status\", \"ended_on\"]",
            "columns = [\"status\", \"transferred_at\"]",
            "transferred_at",
        ),
        ("lookup = \"buyer\"", "lookup = \"seller\"", "seller"),
        // What an owner states as a date, or as looking in two columns, is not taken for anything
        // else.
        (
            "event_date = \"date\"",
            "event_date = \"text\"",
            "`civil.marriage`.`event_date` is of type `date`",
        ),
        ("event_date = \"date\"", "event_date = \"day\"", "`day` of `event_date` is not a type"),
        (
            "[[parameter]]",
            "[[parameter]]\nname = \"other\"\ntype = \"resident_id\"\n\n[[parameter]]",
            "is a second one to ask about; a check is about one",
        ),
        (", event_date = \"date\"", "", "say of which type `event_date` is"),
        (
            "party = [\"man_id\", \"woman_id\"]",
            "party = [\"man_id\", \"child_id\"]",
            "does not look in `child_id`",
        ),
        ("{ party = [", "{ parties = [", "no scan looks anything up by `parties`"),
        ("lookup = { owner = [\"owner_id\"] }\n", "", "say in which columns `owner` must look"),
        ("lookup = { buyer = [\"buyer_id\"] }\n", "", "say in which columns `buyer` must look"),
        ("[\"owner_id\"]", "[\"co_owner_id\"]", "does not look in `co_owner_id`"),
        // Nor is a date believed of which it is not said what it dates, or a register asked of
        // which it is not said how far back it must know.
        (
            "column = \"event_date\"\nrole",
            "column = \"event_day\"\nrole",
            "say in a `[[date]]` what `event_date` is the date of",
        ),
        (
            "persons = [\"man_id\", \"woman_id\"]",
            "persons = [\"man_id\", \"wife_id\"]",
            "`wife_id` is not among the columns",
        ),
        (
            "parents = [\"father_id\", \"mother_id\"]",
            "parents = [\"father_id\", \"guardian_id\"]",
            "`guardian_id` is among the columns of no scan",
        ),
        ("role = \"birth\"", "role = \"event\"", "`parents` bounds nothing"),
        ("role = \"end\"\npersons", "role = \"end\"\nleast_age = 1\npersons", "`least_age` bounds"),
        ("least_age = 15", "least_age = 121", "least_age is too high"),
        ("least_age = 15", "not_before = \"1950-5-1\"", "not a day"),
        ("role = \"event\"", "role = \"happening\"", "unknown variant"),
        ("lifetime_from = 15\n", "", "say how far back the register must know"),
        (
            "last_years = { couple = 0, family = 18 }",
            "last_years = { couple = 0, family = 18 }\nlifetime_from = 0",
            "say how far back the register must know",
        ),
        ("certain = \"certain.id\"", "certain = \"sure.id\"", "has no step `sure`"),
        ("certain = \"certain.id\"", "certain = \"certain.person\"", "no column `certain.person`"),
        // Nor is anything proven by what is asked for doubts alone.
        (
            "only_doubts = true",
            "only_doubts = true\njudged = true",
            "what only raises doubts proves no absence and is not judged",
        ),
        (
            "only_doubts = true",
            "only_doubts = true\nabsence_for = [\"spouse.id\"]",
            "what only raises doubts proves no absence",
        ),
        (
            "lifetime_from = 15\nkeys = [\"request.applicant\"]\nabsence_for = \
             [\"request.applicant\"]",
            "last_years = 0\nkeys = [\"request.applicant\"]\nonly_doubts = true",
            "`civil.marriage` is asked for doubts alone",
        ),
        ("by = \"unit_no\"", "by = \"unit\"", "`unit` is not among its columns"),
        ("supplies = [\"resident_id\"]", "supplies = []", "supplies"),
        (" as verdict,", " as judgement,", "verdict"),
        (
            "keys = [\"request.applicant\", \"spouse.id\"]",
            "keys = [\"request.applicant\", \"children.id\"]",
            "does not run before",
        ),
        ("deadline = \"10s\"", "deadline = \"10\"", "duration"),
        ("most_age = \"48h\"\n", "", "most_age"),
        ("most_age = \"48h\"", "most_age = \"367d\"", "is not 1s to 366d"),
        ("[certificate]", "[certificates]", "certificates"),
        ("vct = \"urn:zerotrip:certificate:no-property:1\"", "vct = \"\"", "certificate.vct"),
        (
            "vct = \"urn:zerotrip:certificate:no-property:1\"",
            "vct = \"urn:a b\"",
            "certificate.vct",
        ),
        (
            "vct = \"urn:zerotrip:certificate:no-property:1\"",
            "vct = \"urn:\\u0000\"",
            "certificate.vct: `urn:\\u{0}`",
        ),
        ("code = \"PROPERTY_FOUND\"", "code = \"PROPERTY\\u0000FOUND\"", "is not a code"),
        ("requester_code = \"NOT_ELIGIBLE\"", "requester_code = \"not eligible\"", "is not a code"),
        (
            "title = { en = \"the applicant alone\", zh = \"仅本人\" }",
            "title = [\"x\", \"x\"]",
            "title",
        ),
        (
            "title = { en = \"the applicant alone\", zh = \"仅本人\" }",
            "title = { en = \" \", zh = \"仅本人\" }",
            "title.en",
        ),
        (
            "title = { en = \"the applicant alone\", zh = \"仅本人\" }",
            "title = { en = \"x\", zh = \"\\u0007\" }",
            "title.zh",
        ),
    ];
    for (from, to, name) in cases {
        let text = refusal(from, to);
        assert!(text.contains(name), "`{to}` should be refused by the name `{name}`, but: {text}");
    }
}

/// What is said of the shipped definition over these statements after a change of one of them.
fn over(
    change: impl FnOnce(&mut BTreeMap<String, DatasetStatement>),
) -> Result<PreparedCheck, String> {
    let mut statements = statements();
    change(&mut statements);
    let definition = Definition::parse(&shipped(), "no-property").unwrap();
    let prepared = crate::support::runtime()
        .block_on(PreparedCheck::try_new(Arc::new(definition), &statements));
    prepared.map_err(|error| error.to_string())
}

#[test]
fn a_register_whose_codes_mean_something_else_is_not_asked() {
    let columns = [
        ("civil.marriage", "event"),
        ("police.household", "status"),
        ("estate.ownership", "status"),
        ("housing.presale", "status"),
    ];
    for (dataset, name) in columns {
        let said = over(|statements| {
            let columns = &mut statements.get_mut(dataset).unwrap().columns;
            columns
                .iter_mut()
                .find(|column| column.name == name)
                .unwrap()
                .meanings
                .push("reissued".into());
        });
        let said = said.err().unwrap();
        assert!(
            said.contains(&format!(
                "`{dataset}`.`{name}` means `reissued`, which the check does not know"
            )),
            "{said}"
        );
    }
    assert!(
        refusal("column = \"event\"\n", "column = \"event_date\"\n")
            .contains("does not say which of their meanings it knows")
    );
    assert!(
        refusal(
            "dataset = \"civil.marriage\"\ncolumn = \"event\"",
            "dataset = \"civil.marriage\"\ncolumn = \"events\""
        )
        .contains("no scan asks")
    );
}

#[test]
fn an_answer_holds_where_every_register_that_it_judges_does() {
    let regions =
        |statements: &mut BTreeMap<String, DatasetStatement>, dataset: &str, regions: &[&str]| {
            let coverage = statements.get_mut(dataset).unwrap().coverage.as_mut().unwrap();
            coverage.regions = regions.iter().map(|code| (*code).to_owned()).collect();
        };
    // A register of people that reaches further says nothing of homes there, and one that reaches
    // less far bounds the answer too; a wider register of homes covers a narrower one.
    let prepared = over(|statements| {
        regions(statements, "police.household", &["330000"]);
        regions(statements, "civil.marriage", &["330000"]);
        regions(statements, "estate.ownership", &["330000", "310000"]);
        regions(statements, "housing.presale", &["330100", "330200", "320500"]);
    });
    let prepared = prepared.unwrap_or_else(|error| panic!("{error}"));
    assert!(prepared.variants.values().all(|variant| variant.regions == ["330100", "330200"]));
    let said =
        over(|statements| regions(statements, "housing.presale", &["330200"])).err().unwrap();
    assert!(said.contains("no region lies within all registers that it reads"), "{said}");
    let said = over(|statements| regions(statements, "civil.marriage", &["330200"])).err().unwrap();
    assert!(said.contains("civil.marriage: 330200"), "a register of persons counts: {said}");
    // All of a city's counties, named one by one, are these counties and not the city.
    let counties = [
        "330102", "330105", "330106", "330108", "330109", "330110", "330111", "330112", "330113",
        "330114", "330122", "330127", "330182",
    ];
    let prepared = over(|statements| regions(statements, "estate.ownership", &counties))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(prepared.variants.values().all(|variant| variant.regions == counties));
    // A district that is no more is a part of another: never that other.
    for abolished in ["330104", "330103", "120107", "110103"] {
        let said = over(|statements| {
            for dataset in
                ["police.household", "civil.marriage", "estate.ownership", "housing.presale"]
            {
                regions(statements, dataset, &[abolished]);
            }
        });
        let said = said.err().unwrap();
        assert!(said.contains(&format!("covers `{abolished}`, which was abolished in")), "{said}");
    }
}

/// What `inspect --for` says of a check is what the check asks.
#[test]
fn a_vocabulary_has_what_its_definition_asks_and_no_more() {
    use std::collections::{BTreeMap, BTreeSet};
    type DatedAs =
        (String, String, Vec<String>, Option<u32>, Vec<String>, Option<chrono::NaiveDate>);
    use zerotrip_checks::definition::StepKind;
    use zerotrip_datasets::file::type_name;
    use zerotrip_hub::state::DefinitionFolder;

    for entry in std::fs::read_dir(zerotrip_tests::deployment::definitions()).unwrap() {
        let folder = DefinitionFolder::read(&entry.unwrap().path()).unwrap();
        let definition = folder.definition().unwrap();
        let vocabulary = zerotrip_datasets::vocabulary::of(&definition.name)
            .unwrap_or_else(|| panic!("no words for {}", definition.name));
        let mut columns: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut lookups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for step in definition.variants.iter().flat_map(|variant| &variant.steps) {
            let StepKind::Scan(scan) = &step.kind else { continue };
            columns
                .entry(scan.dataset.clone())
                .or_default()
                .extend(scan.columns.iter().chain(&scan.optional).cloned());
            lookups.entry(scan.dataset.clone()).or_default().insert(scan.lookup.clone());
        }
        let said: BTreeSet<&str> = vocabulary.datasets.iter().map(|dataset| dataset.id).collect();
        assert_eq!(said, columns.keys().map(String::as_str).collect(), "{}", definition.name);
        for dataset in vocabulary.datasets {
            let shape = definition.datasets.iter().find(|shape| shape.id == dataset.id).unwrap();
            let said: BTreeMap<&str, &str> = dataset
                .columns
                .iter()
                .map(|column| (column.name, type_name(column.semantic)))
                .collect();
            let mut asked: BTreeSet<&str> =
                columns[dataset.id].iter().map(String::as_str).collect();
            asked.extend(shape.lookup.values().flatten().map(String::as_str));
            assert_eq!(said.keys().copied().collect::<BTreeSet<_>>(), asked, "{}", dataset.id);
            for (column, semantic) in &said {
                // What is only looked up by is of the one type that can be.
                assert_eq!(
                    shape.columns.get(*column).map_or("resident_id", String::as_str),
                    *semantic,
                    "{}.{column}",
                    dataset.id
                );
            }
            let required: BTreeSet<&str> = dataset
                .columns
                .iter()
                .filter(|column| !column.is_optional)
                .map(|column| column.name)
                .collect();
            let optional =
                definition.variants.iter().flat_map(|variant| &variant.steps).filter_map(|step| {
                    match &step.kind {
                        StepKind::Scan(scan) if scan.dataset == dataset.id => Some(&scan.optional),
                        _ => None,
                    }
                });
            assert!(
                optional.flatten().all(|name| !required.contains(name.as_str())),
                "{}",
                dataset.id
            );
            assert_eq!(
                lookups[dataset.id],
                BTreeSet::from([dataset.lookup.name.to_owned()]),
                "{}",
                dataset.id
            );
            let joined: BTreeSet<&str> = shape
                .lookup
                .get(dataset.lookup.name)
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            assert_eq!(
                dataset.lookup.columns.iter().copied().collect::<BTreeSet<_>>(),
                joined,
                "{}",
                dataset.id
            );
            let roles: BTreeSet<DatedAs> = definition
                .dates
                .iter()
                .filter(|date| date.dataset == dataset.id)
                .map(|date| {
                    (
                        date.column.clone(),
                        format!("{:?}", date.role),
                        date.persons.clone(),
                        date.least_age,
                        date.parents.clone(),
                        date.not_before,
                    )
                })
                .collect();
            let owned =
                |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let said: BTreeSet<DatedAs> = dataset
                .dates
                .iter()
                .map(|date| {
                    (
                        date.column.to_owned(),
                        format!("{:?}", date.role),
                        owned(date.persons),
                        date.least_age,
                        owned(date.parents),
                        date.first_day(),
                    )
                })
                .collect();
            assert_eq!(said, roles, "{}", dataset.id);
            for end in dataset.end.iter() {
                let code = dataset.columns.iter().find(|column| column.name == end.code).unwrap();
                assert!(
                    end.ended
                        .iter()
                        .all(|word| code.meanings.iter().any(|(meaning, _)| meaning == word)),
                    "{}",
                    dataset.id
                );
            }
            for column in dataset.columns {
                let code = definition
                    .codes
                    .iter()
                    .find(|code| code.dataset == dataset.id && code.column == column.name);
                let known: BTreeSet<&str> =
                    code.into_iter().flat_map(|code| &code.meanings).map(String::as_str).collect();
                assert_eq!(
                    column.meanings.iter().map(|(word, _)| *word).collect::<BTreeSet<_>>(),
                    known,
                    "{}.{}",
                    dataset.id,
                    column.name
                );
            }
        }
    }
}
