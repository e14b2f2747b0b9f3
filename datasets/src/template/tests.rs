#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
use std::time::SystemTime;

use zerotrip_proto::v1::{KeyOrigin, KnownMeanings, ReleasedClaim, TypedColumn};

use super::*;

fn statement() -> DatasetStatement {
    crate::DatasetFile::parse(crate::file::tests::HOUSEHOLD, "household.toml")
        .unwrap()
        .to_statement(SystemTime::UNIX_EPOCH)
}

fn template() -> ScanTemplate {
    ScanTemplate {
        check: "no-property/couple".into(),
        scan: "household".into(),
        dataset: "police.household".into(),
        lookup: "kin".into(),
        columns: vec!["resident_id".into(), "status".into()],
        origins: vec![KeyOrigin { from: Some(Origin::Parameter("applicant".into())) }],
        supplies: vec!["resident_id".into()],
        max_keys: 2,
        max_rows: 100,
        meanings: vec![meanings(&["moved_out", "registered"])],
        types: types(&[("resident_id", SemanticType::ResidentId), ("status", SemanticType::Code)]),
        lookup_columns: vec!["father_id".into()],
        optional: Vec::new(),
        claims: Vec::new(),
        rules_digest: Vec::new(),
        parameters: Vec::new(),
        key_kind: 0,
        identity: None,
        subject_kind: 0,
    }
}

fn types(of: &[(&str, SemanticType)]) -> Vec<TypedColumn> {
    of.iter()
        .map(|(column, semantic)| TypedColumn {
            column: (*column).into(),
            r#type: (*semantic).into(),
            ..TypedColumn::default()
        })
        .collect()
}

#[test]
fn a_column_of_another_type_and_a_look_up_that_looks_elsewhere_are_refused() {
    let said = |template: ScanTemplate| -> Vec<String> {
        validate(&template, &statement()).unwrap_err().iter().map(ToString::to_string).collect()
    };
    let text = types(&[("resident_id", SemanticType::ResidentId), ("status", SemanticType::Text)]);
    let stated =
        "`police.household`.`status` is of type `code`, and the check takes it to be `text`";
    assert!(said(ScanTemplate { types: text, ..template() }).concat().starts_with(stated));
    let one = types(&[("resident_id", SemanticType::ResidentId)]);
    assert!(
        said(ScanTemplate { types: one, ..template() })
            .concat()
            .contains("`status`: the check does not say")
    );
    let elsewhere =
        ScanTemplate { lookup_columns: vec!["mother_id".into(), "father_id".into()], ..template() };
    let joins = "`police.household`: look-up `kin` does not look in `mother_id`, by which the \
                 check joins: add it to the look-up's `columns`";
    assert_eq!(said(elsewhere), [joins]);
}

fn meanings(known: &[&str]) -> KnownMeanings {
    KnownMeanings {
        column: "status".into(),
        meanings: known.iter().map(|word| (*word).to_owned()).collect(),
    }
}

#[test]
fn a_word_that_the_check_does_not_know_is_refused() {
    let said = |meanings: Vec<KnownMeanings>| {
        let faults = validate(&ScanTemplate { meanings, ..template() }, &statement()).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    validate(
        &ScanTemplate {
            meanings: vec![meanings(&["deceased", "moved_out", "registered"])],
            ..template()
        },
        &statement(),
    )
    .unwrap();
    assert_eq!(
        said(vec![meanings(&["moved_in", "registered"])]),
        ["a code of `police.household`.`status` means `moved_out`, which the check does not \
          know; it knows moved_in, registered. Map the code to the one that says exactly \
          what it means, in the dataset file, or have the check's definition revised"]
    );
    let none = "`police.household`.`status` holds codes, and the check does not say which of \
                their meanings it knows: list them in a `[[code]]`";
    assert_eq!(said(Vec::new()), [none]);
}

#[test]
fn a_day_on_which_rows_rest_cannot_be_absent_and_an_end_can() {
    let mut statement = statement();
    statement.columns.push(zerotrip_proto::v1::Column {
        name: "on".into(),
        r#type: SemanticType::Date.into(),
        origin: ColumnOrigin::Absent.into(),
        ..zerotrip_proto::v1::Column::default()
    });
    for (role, refused) in [
        (DateRole::Event, "the day of something that happened"),
        (DateRole::Birth, "a day of birth"),
        (DateRole::End, ""),
        (DateRole::Begin, ""),
    ] {
        let mut asked = ScanTemplate {
            meanings: vec![meanings(&["deceased", "moved_out", "registered"])],
            ..template()
        };
        asked.columns.push("on".into());
        asked.types.push(TypedColumn {
            column: "on".into(),
            r#type: SemanticType::Date.into(),
            role: role.into(),
            ..TypedColumn::default()
        });
        let said = validate(&asked, &statement)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<String>());
        match said {
            Ok(()) => assert_eq!(refused, ""),
            Err(said) => assert!(
                !refused.is_empty()
                    && said.contains(refused)
                    && said.contains("has no `on` (`absent`)"),
                "{said}"
            ),
        }
    }
}

/// `approve` once said "has no column `ended_on`; did you mean `filed_on`?", and following it
/// made a false certificate.
#[test]
fn a_column_that_is_missing_is_not_guessed_from_names() {
    let mut statement = statement();
    let columns = ["filed_on", "added_on", "ended_at", "endedon", "ended_n", "started_on"];
    statement.columns.extend(
        columns.map(|name| zerotrip_proto::v1::Column { name: name.into(), ..Default::default() }),
    );
    let asked = ScanTemplate { columns: vec!["ended_on".into()], ..template() };
    let said: String =
        validate(&asked, &statement).unwrap_err().iter().map(ToString::to_string).collect();
    assert!(
        said.contains("has no column `ended_on`")
            && !columns.iter().any(|name| said.contains(name)),
        "{said}"
    );
}

#[test]
fn a_fitting_scan_passes() {
    validate(&template(), &statement()).unwrap();
}

#[test]
fn an_optional_column_comes_where_it_is_stated_of_the_type_taken() {
    let with = |optional: &[&str], taken: &[(&str, SemanticType)]| {
        let taken =
            [&[("resident_id", SemanticType::ResidentId), ("status", SemanticType::Code)], taken]
                .concat();
        let optional = optional.iter().map(|name| (*name).into()).collect();
        let template = ScanTemplate { optional, types: types(&taken), ..template() };
        validate(&template, &statement()).unwrap();
        delivered(&template, &statement())
    };
    let all = ["resident_id", "status", "father_id"];
    assert_eq!(with(&["father_id"], &[("father_id", SemanticType::ResidentId)]), all);
    for (optional, taken) in [("father_id", SemanticType::Text), ("unit_no", SemanticType::Text)] {
        assert_eq!(with(&[optional], &[(optional, taken)]), all[..2], "{optional}");
    }
    assert_eq!(
        with(&["father_id"], &[]),
        all[..2],
        "the check does not say what it takes it to be"
    );
    let twice = ScanTemplate { optional: vec!["status".into()], ..template() };
    assert!(
        matches!(validate(&twice, &statement()).unwrap_err().as_slice(), [TemplateError::Twice(name)] if name == "status")
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let bad = ScanTemplate {
        check: "no-property".into(),
        scan: String::new(),
        lookup: "kim".into(),
        columns: vec!["status".into(), "resident".into(), "status".into()],
        origins: vec![KeyOrigin { from: None }],
        supplies: vec!["father_id".into(), "status".into()],
        max_keys: 0,
        max_rows: MOST_ROWS + 1,
        ..template()
    };
    let said: Vec<String> =
        validate(&bad, &statement()).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`check` is `no-property`: write `<check>/<variant>`",
            "`scan` is ``: give the scan's name in the definition",
            "`police.household` has no lookup `kim`: describe one by that name, over every \
             column that names whom the check looks for",
            "`police.household` has no column `resident`, by which the check means something \
             that it does not describe: describe the column that holds just that, whatever it \
             is called in the register, and no other; where the register has none, say so \
             with `absent`, `constant` or `derived`",
            "column `status` is named twice: name it once",
            "`father_id` is to supply keys but is not among the scan's columns: add it, or \
             drop it from `supplies`",
            "`status` is to supply keys but is not of type `resident_id`, `uscc`, `vessel_number`, \
             `vin` or `unit_code`",
            "`origins` is `None`: name a parameter, or a dataset's column",
            "`max_keys` is `0`: it must be between 1 and 10000",
            "`max_rows` is `1000001`: it must be between 1 and 1000000",
        ]
    );
    let other = ScanTemplate { dataset: "civil.marriage".into(), ..template() };
    assert!(matches!(
        validate(&other, &statement()).unwrap_err().as_slice(),
        [TemplateError::Dataset { .. }]
    ));
}

#[test]
fn what_is_told_is_made_of_columns_that_the_scan_asks_for() {
    let told = |column: &str| ScanTemplate {
        claims: vec![ReleasedClaim {
            name: "standing".into(),
            columns: vec![column.into()],
            ..ReleasedClaim::default()
        }],
        ..template()
    };
    assert_eq!(validate(&told("status"), &statement()), Ok(()));
    let (claim, column) = ("standing".to_owned(), "birth_date".to_owned());
    assert_eq!(
        validate(&told("birth_date"), &statement()),
        Err(vec![TemplateError::ClaimUndelivered { claim, column }])
    );
}
