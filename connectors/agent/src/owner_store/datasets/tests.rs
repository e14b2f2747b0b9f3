#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

/// A register of marriages.
fn marriages(since: &str, undated_before: &str, event_date: &str) -> DatasetFile {
    let text = format!(
        r#"
[dataset]
id = "civil.marriage"
name = {{ zh = "婚姻登记", en = "Marriages" }}
sharing = "conditional"
most_age = "36h"
row_floor = 1
ended = "kept"
{undated_before}
[source]
kind = "csv"
path = "marriage.csv"
encoding = "gb18030"
as_of = "manifest"
[coverage]
regions = ["330100"]
since = "{since}"
subjects = "everyone_anywhere"
text = {{ zh = "婚姻", en = "marriages" }}
[[column]]
name = "man_id"
field = "NFSFZH"
type = "resident_id"
grade = "L3"
[[column]]
name = "woman_id"
field = "NVFSFZH"
type = "resident_id"
grade = "L3"
[[column]]
name = "event"
field = "SJLX"
type = "code"
grade = "L3"
codes = {{ "结婚" = "married" }}
[[column]]
name = "event_date"
type = "date"
grade = "L3"
{event_date}
[[lookup]]
name = "party"
columns = ["man_id", "woman_id"]
"#
    );
    DatasetFile::parse(&text, "marriage.toml").unwrap()
}

/// Whatever can be stated of a register on the day on which it is signed: everything but what is
/// yet to come.
#[test]
fn what_is_yet_to_come_cannot_be_stated() {
    let now = SystemTime::now();
    let day = |days: i64| {
        let distance = Duration::from_secs(days.unsigned_abs() * 86_400);
        CivilDay::at(if days < 0 { now - distance } else { now + distance }).to_string()
    };
    let field = "field = \"DJRQ\"";
    for (days, fits) in
        [(-20_000, true), (-1, true), (0, true), (1, false), (30, false), (9000, false)]
    {
        let since = can_be_stated(&marriages(&day(days), "", field), now);
        let undated = can_be_stated(
            &marriages("1990-01-01", &format!("undated_before = \"{}\"", day(days)), field),
            now,
        );
        for (key, said) in [("coverage.since", since), ("dataset.undated_before", undated)] {
            match said {
                Ok(()) => assert!(fits, "{key} {days}"),
                Err(error) => {
                    let said = error.to_string();
                    assert!(
                        !fits
                            && said.starts_with(&format!(
                                "`{key}` of `civil.marriage` is {}, which is yet to come",
                                day(days)
                            )),
                        "{said}"
                    );
                }
            }
        }
    }
    // It is held against the day on which it is served, too.
    let stated = marriages(&day(1), "", field);
    assert!(can_be_stated(&stated, now).is_err() && can_be_stated(&stated, now + DAY).is_ok());
}

#[test]
fn a_day_on_which_everything_rests_cannot_be_absent() {
    let said = can_be_stated(
        &marriages("1990-01-01", "", "absent = \"never typed in\""),
        SystemTime::now(),
    )
    .unwrap_err()
    .to_string();
    assert!(
        said.starts_with(
            "column `event_date` of `civil.marriage` is `absent`, and the check `no-property` \
             takes it to be"
        ),
        "{said}"
    );
    assert!(
        can_be_stated(&marriages("1990-01-01", "", "field = \"DJRQ\""), SystemTime::now()).is_ok()
    );
}
