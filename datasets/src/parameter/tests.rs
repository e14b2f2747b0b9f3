#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use proptest::prelude::*;
use zerotrip_proto::v1;

use super::*;
use crate::ResidentId;
use crate::{CivilDay, StrictError};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> Option<CivilDay> {
    Some(CivilDay::of(day("2026-03-31")))
}

fn date() -> ParameterType {
    ParameterType::Date(DateBounds { not_before: day("2000-01-01"), not_after: None })
}

fn period(not_after: LastMonth) -> ParameterType {
    ParameterType::Period(PeriodBounds { most_months: 24, not_after })
}

fn code() -> ParameterType {
    ParameterType::Code(["basic", "supplementary"].map(str::to_owned).into())
}

fn all() -> Vec<ParameterType> {
    vec![
        ParameterType::ResidentId,
        ParameterType::Uscc,
        date(),
        period(LastMonth::This),
        ParameterType::Number(NumberBounds { min: -3, max: 120 }),
        ParameterType::Region(Level::County),
        code(),
    ]
}

fn signed(declared: &ParameterType, text: &str) -> Result<String, ParameterFault> {
    let read = declared.read("p", text, Spelling::Signed, today());
    read.map(|argument| argument.text().to_owned()).map_err(|error| error.why)
}

fn typed(declared: &ParameterType, text: &str) -> Result<String, ParameterFault> {
    let read = declared.read("p", text, Spelling::Typed, today());
    read.map(|argument| argument.text().to_owned()).map_err(|error| error.why)
}

#[test]
fn a_parameter_is_canonical_or_its_name_and_the_remedy_are_said() {
    let resident = ParameterType::ResidentId;
    let parse = |text: &str, today| resident.read("applicant", text, Spelling::Typed, today);
    let read = parse(" 11010519491231002x", None).unwrap();
    assert_eq!((read.name.as_str(), read.text()), ("applicant", "11010519491231002X"));
    assert!(!format!("{read:?}").contains("19491231"), "{read:?}");
    let error = parse("110105194912310021", None).unwrap_err();
    assert!(error.to_string().starts_with("parameter `applicant`: "), "{error}");
    assert!(error.to_string().ends_with("compare with the card"), "{error}");
    assert!(error.zh().starts_with("参数 `applicant`：") && error.zh().ends_with("请对照证件"));
    // Of someone who is not born yet: in form, and refused where the day is known.
    let later = Some(CivilDay::of(day("1949-12-30")));
    assert!(parse("11010519491231002X", Some(CivilDay::of(day("1949-12-31")))).is_ok());
    let error = parse("11010519491231002X", later).unwrap_err();
    assert!(
        matches!(error.why, ParameterFault::Resident(StrictError::NeverIssued { .. })),
        "{error}"
    );
}

/// An id with marks that turn the order of reading looks like another one.
#[test]
fn what_is_signed_is_canonical() {
    let resident = ParameterType::ResidentId;
    assert_eq!(signed(&resident, "11010519491231002X").unwrap(), "11010519491231002X");
    let folded =
        ["11010519491231002x", " 11010519491231002X", "１１０１０５１９４９１２３１００２Ｘ"];
    let marks = ['\u{200f}', '\u{200e}', '\u{ad}', '\u{feff}', '\u{2060}', '\r', '\0', '\u{202c}'];
    let marked = marks.map(|mark| format!("110{mark}10519491231002X"));
    for text in folded.into_iter().map(str::to_owned).chain(marked) {
        let why = signed(&resident, &text).unwrap_err();
        let is_readable = typed(&resident, &text).is_ok();
        let canonical = ParameterFault::Resident(StrictError::NotCanonical);
        assert!(!is_readable || why == canonical, "{text:?}: {why}");
    }
}

#[test]
fn each_type_has_one_spelling_and_its_bounds_are_included() {
    use ParameterFault as Fault;
    let number = ParameterType::Number(NumberBounds { min: -3, max: 120 });
    let out = || Err(Fault::OutOfBounds { min: -3, max: 120 });
    let late = |last: &str| Err(Fault::TooLate { last: last.to_owned() });
    let ok = |text: &str| Ok(text.to_owned());
    for (declared, text, said) in [
        (date(), "2000-01-01", ok("2000-01-01")),
        (date(), "2026-03-31", ok("2026-03-31")),
        (date(), "1999-12-31", Err(Fault::TooEarly { first: "2000-01-01".into() })),
        (date(), "2026-04-01", late("2026-03-31")),
        (date(), "2026-02-29", Err(Fault::NotDate)),
        (date(), "2026-3-1", Err(Fault::NotDate)),
        (date(), "20260301", Err(Fault::NotDate)),
        (date(), "+2026-03-01", Err(Fault::NotDate)),
        (date(), "today", Err(Fault::NotDate)),
        (date(), "", Err(Fault::NotDate)),
        (period(LastMonth::This), "2026-03/2026-03", ok("2026-03/2026-03")),
        (period(LastMonth::This), "2024-04/2026-03", ok("2024-04/2026-03")),
        (period(LastMonth::This), "2024-03/2026-03", Err(Fault::TooLong { most: 24 })),
        (period(LastMonth::This), "2026-03/2026-04", late("2026-03")),
        (period(LastMonth::Before), "2026-02/2026-02", ok("2026-02/2026-02")),
        (period(LastMonth::Before), "2026-02/2026-03", late("2026-02")),
        (period(LastMonth::This), "2026-02/2026-01", Err(Fault::NotPeriod)),
        (period(LastMonth::This), "2025-13/2026-01", Err(Fault::NotPeriod)),
        (period(LastMonth::This), "2025-1/2026-01", Err(Fault::NotPeriod)),
        (period(LastMonth::This), "2025-01-01/2025-02-01", Err(Fault::NotPeriod)),
        (period(LastMonth::This), "2025-01", Err(Fault::NotPeriod)),
        (period(LastMonth::This), "2025-01/2025-02/2025-03", Err(Fault::NotPeriod)),
        (number.clone(), "120", ok("120")),
        (number.clone(), "-3", ok("-3")),
        (number.clone(), "0", ok("0")),
        (number.clone(), "121", out()),
        (number.clone(), "-4", out()),
        (number.clone(), "007", Err(Fault::NotCanonical { canonical: "7".into() })),
        (number.clone(), "-0", Err(Fault::NotCanonical { canonical: "0".into() })),
        (number.clone(), "+1", Err(Fault::NotNumber)),
        (number.clone(), "1.0", Err(Fault::NotNumber)),
        (number.clone(), "1e2", Err(Fault::NotNumber)),
        (number.clone(), "--1", Err(Fault::NotNumber)),
        (number.clone(), "-", Err(Fault::NotNumber)),
        (number, "18446744073709551617", Err(Fault::NotNumber)),
        (ParameterType::Region(Level::County), "330106", ok("330106")),
        (ParameterType::Region(Level::Prefecture), "330100", ok("330100")),
        (ParameterType::Region(Level::Province), "330000", ok("330000")),
        (
            ParameterType::Region(Level::County),
            "330100",
            Err(Fault::NotRegion { level: Level::County }),
        ),
        (
            ParameterType::Region(Level::County),
            "990106",
            Err(Fault::NotRegion { level: Level::County }),
        ),
        (
            ParameterType::Region(Level::County),
            "330106000",
            Err(Fault::NotRegion { level: Level::County }),
        ),
        (ParameterType::Region(Level::County), "330103", Err(Fault::Abolished { year: 2021 })),
        (ParameterType::Region(Level::County), "330104", Err(Fault::Abolished { year: 2021 })),
        (code(), "basic", ok("basic")),
        (
            code(),
            "Basic",
            Err(Fault::NotWord { known: vec!["basic".into(), "supplementary".into()] }),
        ),
    ] {
        assert_eq!(signed(&declared, text), said, "{declared:?} {text:?}");
    }
    // What people type is brought to that spelling.
    assert_eq!(typed(&date(), " ２０２６-03-01").unwrap(), "2026-03-01");
    assert_eq!(typed(&ParameterType::Region(Level::County), "330106 ").unwrap(), "330106");
    assert_eq!(typed(&code(), " basic\n").unwrap(), "basic");
    assert!(signed(&code(), "basic ").is_err() && signed(&date(), "２０２６-03-01").is_err());
}

/// At midnight in China the day is another; the same text is late, and then is not.
#[test]
fn tomorrow_is_late_until_it_is_today() {
    let read = |on: &str| {
        let today = Some(CivilDay::of(day(on)));
        date().read("on", "2026-04-01", Spelling::Signed, today).is_ok()
    };
    assert_eq!((read("2026-03-31"), read("2026-04-01")), (false, true));
    let read = |on: &str| {
        let today = Some(CivilDay::of(day(on)));
        period(LastMonth::Before).read("p", "2026-03/2026-03", Spelling::Signed, today).is_ok()
    };
    assert_eq!((read("2026-03-31"), read("2026-04-01")), (false, true));
}

#[test]
fn an_enterprise_is_named_by_a_code_that_is_no_persons_number() {
    let code = "91330106MA2ABCDE1X";
    let code = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|check| format!("{}{check}", &code[..17]))
        .find(|code| crate::normal::uscc::is_valid(code.as_bytes()))
        .unwrap();
    assert_eq!(signed(&ParameterType::Uscc, &code), Ok(code.clone()));
    let lower = code.to_ascii_lowercase();
    assert_eq!(typed(&ParameterType::Uscc, &lower), Ok(code.clone()));
    assert_eq!(signed(&ParameterType::Uscc, &lower), Err(ParameterFault::CodeNotCanonical));
    let read = ParameterType::Uscc.read("payer", &code, Spelling::Signed, None).unwrap();
    assert!(!format!("{read:?}").contains(&code[5..12]), "{read:?}");
    assert_eq!(read.subject(), None);
    for text in ["330106000012345", "MA2ABCDE1", "91330106MA2ABCDE1", "000000000000000000"] {
        assert_eq!(signed(&ParameterType::Uscc, text), Err(ParameterFault::NotUscc), "{text}");
    }
    // Residents of 331102 whose number has the check character of both.
    let both = (0..999).find_map(|sequence| {
        let id = ResidentId::from_parts(331_102, day("1985-03-02"), sequence)?;
        let id = id.as_str().to_owned();
        crate::normal::uscc::is_valid(id.as_bytes()).then_some(id)
    });
    assert_eq!(signed(&ParameterType::Uscc, &both.unwrap()), Err(ParameterFault::PersonsNumber));
}

#[test]
fn a_vessel_is_named_by_the_number_of_a_keel_that_is_laid() {
    let number = "CN20154839571".to_owned();
    assert_eq!(signed(&ParameterType::Vessel, &number), Ok(number.clone()));
    assert_eq!(typed(&ParameterType::Vessel, "cn2015 4839-571"), Ok(number.clone()));
    let other = ParameterFault::NotCanonical { canonical: number.clone() };
    assert_eq!(signed(&ParameterType::Vessel, "cn20154839571"), Err(other));
    let read = ParameterType::Vessel.read("vessel", &number, Spelling::Signed, today()).unwrap();
    assert_eq!(read.subject().map(|key| key.as_str().to_owned()), Some(number));
    assert!(!format!("{read:?}").contains("4839571"), "{read:?}");
    // Of a keel to be laid, the digits alone, another number of a vessel, a filling.
    for text in ["CN20994839571", "20154839571", "IMO 9074729", "CN20150000000", "CN2015483957"] {
        assert_eq!(signed(&ParameterType::Vessel, text), Err(ParameterFault::NotVessel), "{text}");
    }
}

#[test]
fn vehicles_and_units_are_named_by_their_whole_numbers() {
    let (vin, unit) = ("LSVAA49J132047371", "330106001001GB00001F00010001");
    for (declared, number, typed_as, not) in [
        (&ParameterType::Vehicle, vin, "lsva a49j-132047371", ParameterFault::NotVehicle),
        (
            &ParameterType::PropertyUnit,
            unit,
            "330106 001001 gb00001 f00010001",
            ParameterFault::NotPropertyUnit,
        ),
    ] {
        let number = number.to_owned();
        assert_eq!(signed(declared, &number), Ok(number.clone()));
        assert_eq!(typed(declared, typed_as), Ok(number.clone()));
        let other = ParameterFault::NotCanonical { canonical: number.clone() };
        assert_eq!(signed(declared, &number.to_lowercase()), Err(other));
        let read = declared.read("it", &number, Spelling::Signed, today()).unwrap();
        assert_eq!(read.subject().map(|key| key.as_str().to_owned()), Some(number.clone()));
        assert!(!format!("{read:?}").contains(&number[5..12]), "{read:?}");
        // A wrong check digit and a letter that no number has; the tail; a plate; a parcel, a code
        // of before the survey, a house without a number; a certificate's number.
        for text in [
            "LSVAA49J232047371",
            "LSVAA49J13204737I",
            "32047371",
            "浙A12345",
            "330106001001GB00001",
            "330106000000GB00001F00010001",
            "330106001001GB00001F00000000",
            "房权证杭字第0012345号",
        ] {
            assert_eq!(signed(declared, text), Err(not.clone()), "{text}");
        }
    }
}

#[test]
fn exactly_what_is_declared_is_given_and_each_once() {
    let (person, on) = (ParameterType::ResidentId, date());
    let declared = [("applicant", &person), ("on", &on)];
    let given = |list: &[(&str, &str)]| -> Result<Vec<String>, ParameterFault> {
        let given: Vec<v1::Parameter> = list
            .iter()
            .map(|(name, value)| v1::Parameter {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect();
        let read = read_all(declared, &given, Spelling::Signed, today());
        read.map(|all| all.iter().map(|one| one.text().to_owned()).collect())
            .map_err(|error| error.why)
    };
    let (id, day) = ("11010519491231002X", "2026-03-01");
    let whole = vec![id.to_owned(), day.to_owned()];
    assert_eq!(given(&[("on", day), ("applicant", id)]), Ok(whole));
    let once = Err(ParameterFault::NotOnce);
    assert_eq!(given(&[("applicant", id)]), once);
    assert_eq!(given(&[("applicant", id), ("on", day), ("on", day)]), once);
    assert_eq!(given(&[("applicant", id), ("on", day), ("on", "2026-03-02")]), once);
    let known = vec!["applicant".to_owned(), "on".to_owned()];
    let other = given(&[("applicant", id), ("on", day), ("On", day)]);
    assert_eq!(other, Err(ParameterFault::Unknown { known }));
}

#[test]
fn what_is_told_names_the_parameter_and_the_remedy_in_both_languages() {
    for (declared, text) in [
        (date(), "x"),
        (date(), "1990-01-01"),
        (date(), "2030-01-01"),
        (period(LastMonth::This), "x"),
        (period(LastMonth::This), "2000-01/2025-12"),
        (ParameterType::Number(NumberBounds { min: 1, max: 2 }), "x"),
        (ParameterType::Number(NumberBounds { min: 1, max: 2 }), "3"),
        (ParameterType::Number(NumberBounds { min: 1, max: 2 }), "01"),
        (ParameterType::Region(Level::County), "x"),
        (ParameterType::Region(Level::County), "330103"),
        (ParameterType::Uscc, "x"),
        (ParameterType::Vessel, "x"),
        (ParameterType::Vehicle, "x"),
        (ParameterType::PropertyUnit, "x"),
        (code(), "x"),
    ] {
        let error = declared.read("named", text, Spelling::Signed, today()).unwrap_err();
        assert!(error.to_string().starts_with("parameter `named`: "), "{error}");
        assert!(error.zh().starts_with("参数 `named`："), "{}", error.zh());
        // One separator, so that a screen can set the remedy apart.
        assert_eq!(error.to_string().matches("; ").count(), 1, "{error}");
        assert!(
            error.zh().matches('；').count() == 1 && error.zh().contains('请'),
            "{}",
            error.zh()
        );
    }
}

proptest! {
    /// What is read has one text, and that text is read as the same.
    #[test]
    fn a_value_has_one_text(text in "[-0-9a-z/０-９ +]{0,20}", which in 0_usize..7) {
        let declared = all().remove(which);
        if let Ok(read) = declared.read("p", &text, Spelling::Typed, today()) {
            let again = declared.read("p", read.text(), Spelling::Signed, today()).unwrap();
            prop_assert_eq!(&again, &read);
            prop_assert_eq!(signed(&declared, &text).is_ok(), text == read.text());
        }
    }

    #[test]
    fn hostile_text_is_refused_or_bounded(text in any::<String>(), which in 0_usize..7) {
        let declared = all().remove(which);
        if let Ok(read) = declared.read("p", &text, Spelling::Signed, today()) {
            prop_assert_eq!(read.text(), text);
        }
    }
}
