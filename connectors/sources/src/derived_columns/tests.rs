#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::Key;
use zerotrip_datasets::aggregate::Question;

use super::super::{open, select};
use super::*;

const LI: &str = "11010519491231002X";
const WANG: &str = "440524188001010014";

const FILE: &str = r#"
[dataset]
id = "estate.ownership"
name = { zh = "产权", en = "Ownership" }
sharing = "conditional"
most_age = "36h"
row_floor = 1
[source]
kind = "sqlite"
path = "t.db"
table = "t"
as_of = "live"
[coverage]
regions = ["330100"]
since = "1984-01-01"
subjects = "everyone"
text = { zh = "杭州", en = "Hangzhou" }
[[column]]
name = "kind"
type = "code"
grade = "L1"
constant = "home"
[[column]]
name = "owner"
field = "SFZH"
type = "resident_id"
grade = "L3"
[[column]]
name = "status"
type = "code"
grade = "L2"
derived = { from = "ended_on", table = { blank = "current", filled = "cancelled" } }
[[column]]
name = "ended_on"
field = "JSRQ"
type = "date"
grade = "L2"
[[column]]
name = "leased_on"
type = "date"
grade = "L2"
absent = "leases are the housing office's"
[[lookup]]
name = "owner_of"
columns = ["owner"]
"#;

fn opened(folder: &Path) -> (DatasetFile, Arc<dyn Source>) {
    let database = Connection::open(folder.join("t.db")).unwrap();
    database
        .execute_batch("create table t (SFZH text, JSRQ text); create index i on t (SFZH)")
        .unwrap();
    for (id, ended) in
        [(LI, None), (LI, Some("2020-02-01")), (WANG, Some("????")), ("1101051949", None)]
    {
        database.execute("insert into t values (?1, ?2)", (id, ended)).unwrap();
    }
    let file = DatasetFile::parse(FILE, "t.toml").unwrap();
    let source = open(&file, folder, &folder.join("state"), Arc::default()).unwrap();
    (file, source)
}

fn readings(file: &DatasetFile, row: RawRow<'_>) -> Vec<String> {
    file.columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{:?}", cell::read(column, row.get(at))))
        .collect()
}

#[tokio::test]
async fn a_row_has_what_its_owner_says_beside_what_the_system_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (file, source) = opened(folder.path());
    let look_up = |id: &str| LookUp {
        columns: vec![1],
        keys: Arc::from([Key::canonical(id).unwrap()]),
        most_rows: 100,
        cancellation: Cancellation::after(Duration::from_secs(20)),
    };
    let found = async |id: &str| {
        let (sender, mut rows) = mpsc::channel::<Rows>(8);
        let end = source.look_up(look_up(id), sender).await.unwrap();
        let mut found = Vec::new();
        while let Some(batch) = rows.recv().await {
            found.extend(batch.iter().map(|row| readings(&file, row)));
        }
        (found, end.rows)
    };
    let (mut li, rows) = found(LI).await;
    li.sort();
    assert_eq!(rows, 4);
    let day =
        zerotrip_datasets::date::to_date32(chrono::NaiveDate::from_ymd_opt(2020, 2, 1).unwrap());
    let all = |status: &str, ended: String| {
        vec![
            "Code(\"home\")".to_owned(),
            format!("{:?}", CellReading::Id(Key::canonical(LI).unwrap())),
            status.to_owned(),
            ended,
            "Null".to_owned(),
        ]
    };
    let mut expected = vec![
        all("Code(\"current\")", "Null".to_owned()),
        all("Code(\"cancelled\")", format!("Date({day})")),
    ];
    expected.sort();
    assert_eq!(li, expected);
    // An end that cannot be read is no end, and no absence of one.
    let (wang, _) = found(WANG).await;
    assert_eq!((wang[0][2].as_str(), wang[0][3].as_str()), ("UnknownCode", "Unreadable"));
}

#[tokio::test]
async fn what_is_counted_and_shown_has_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let (file, source) = opened(folder.path());
    let counted = async |condition: &str| {
        let only = Predicate::parse(condition, &file.columns).unwrap();
        let question = Question { by: Vec::new(), only, measures: Vec::new() };
        let cancellation = Cancellation::after(Duration::from_secs(20));
        let (answer, _) =
            select::run(&*source, &file.columns, &question, 100, cancellation).await.unwrap();
        (answer.groups.values().map(|group| group.rows).sum::<u64>(), answer.undecided)
    };
    assert_eq!(counted("status=current").await, (2, 1));
    assert_eq!(counted("status=cancelled").await, (1, 1));
    assert_eq!(counted("kind=home").await, (4, 0));
    assert_eq!(counted("ended_on>=2020-01-01").await, (1, 1));
    assert_eq!(counted("leased_on=").await, (4, 0));
    // What is made cannot be asked of the system, and is not left out of a condition turned round.
    let both = |first: Predicate| {
        Predicate::Not(Box::new(Predicate::All(vec![
            first,
            Predicate::parse("kind=home", &file.columns).unwrap(),
        ])))
    };
    let made = DerivedColumnsSource::new(Arc::clone(&source), &file);
    assert_eq!(made.only(&both(Predicate::Blank(3))), Predicate::All(Vec::new()));
    let conjuncts = Predicate::All(vec![Predicate::Blank(3), Predicate::Blank(4)]);
    assert_eq!(made.only(&conjuncts), Predicate::All(vec![Predicate::Blank(1)]));
    let survey = source.survey().await.unwrap();
    assert_eq!((survey.rows, survey.unreadable_count), (4, 1));
    let unreadable = source.unreadable(10).await.unwrap();
    let cells: Vec<Option<&str>> = unreadable[0].cells.iter().map(Option::as_deref).collect();
    assert_eq!(cells, [Some("home"), Some("1101051949"), Some("current"), None, None]);
}
