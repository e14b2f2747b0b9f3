#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use tokio::sync::mpsc;
use zerotrip_channel::deadline::Cancellation;
use zerotrip_datasets::file::Limits;
use zerotrip_datasets::{DatasetFile, ResidentId};

use super::*;
use zerotrip_sources::{
    CouldMatch, LookUp, LookUpEnd, Rows, Select, SelectEnd, Source, SourceFuture, Survey,
    UnreadableRow,
};

const LI: &str = "11010519491231002X";
const WANG: &str = "440524188001010014";
const ZHAO: &str = "33010619900101123X";

/// A register of two columns, `owner` and `agent`; it sends everything, whoever is asked for.
#[derive(Debug, Default)]
struct Register(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    rows: Vec<[&'static str; 2]>,
    rests_on: RestsOn,
    /// How many keys each look-up had.
    asked: Vec<usize>,
    /// More rows than this are refused as a source does.
    unreachable: bool,
}

impl Source for Register {
    fn look_up<'a>(
        &'a self,
        look_up: LookUp,
        rows: mpsc::Sender<Rows>,
    ) -> SourceFuture<'a, LookUpEnd> {
        Box::pin(async move {
            let (all, rests_on) = {
                let mut held = self.0.lock().unwrap();
                held.asked.push(look_up.keys.len());
                if held.unreachable {
                    return Err(SourceError::new(ErrorCode::SourceUnreachable, "gone"));
                }
                if look_up.keys.len() as u64 > look_up.most_rows {
                    return Err(SourceError::new(ErrorCode::DefinitionLimit, "too many rows"));
                }
                (held.rows.clone(), held.rests_on)
            };
            let count = all.len() as u64;
            let mut sent = Rows::default();
            for row in all {
                row.iter().for_each(|cell| sent.cell(Some(cell)));
                sent.end_row(1);
            }
            rows.send(sent).await.unwrap();
            Ok(LookUpEnd {
                as_of: SystemTime::now(),
                rows: count,
                could_match: CouldMatch::new(look_up.keys, |_| Vec::new()),
                rests_on,
            })
        })
    }

    fn select<'a>(&'a self, _: Select, _: mpsc::Sender<Rows>) -> SourceFuture<'a, SelectEnd> {
        unreachable!()
    }

    fn survey(&self) -> SourceFuture<'_, Survey> {
        unreachable!()
    }

    fn unreadable(&self, _: usize) -> SourceFuture<'_, Vec<UnreadableRow>> {
        unreachable!()
    }
}

fn dataset() -> DatasetFile {
    let column = |name: &str| {
        format!(
            "[[column]]\nname = \"{name}\"\nfield = \"{name}\"\ntype = \"resident_id\"\ngrade = \
             \"L3\"\n"
        )
    };
    let look_up = |name: &str, column: &str| {
        format!("[[lookup]]\nname = \"{name}\"\ncolumns = [\"{column}\"]\n")
    };
    let text = format!(
        "[dataset]\nid = \"estate.ownership\"\nname = {{ zh = \"产权\", en = \"Ownership\" \
         }}\nsharing = \"conditional\"\nmost_age = \"36h\"\nrow_floor = 1\nprobes = \
         \"known.txt\"\n[source]\nkind = \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \
         \"live\"\n[coverage]\nregions = [\"330100\"]\nsince = \"1984-01-01\"\nsubjects = \
         \"everyone\"\ntext = {{ zh = \"杭州\", en = \"Hangzhou\" }}\n{}{}{}{}",
        column("owner"),
        column("agent"),
        look_up("owned_by", "owner"),
        look_up("acted_for", "agent"),
    );
    DatasetFile::parse(&text, "estate.toml").unwrap()
}

fn write(folder: &Path, text: &str) {
    let path = folder.join("known.txt");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

struct Rig {
    folder: tempfile::TempDir,
    register: Arc<Register>,
    proving: Arc<ProbeMonitor>,
}

fn rig(names: &str, limits: Limits) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), names);
    let register = Arc::new(Register::default());
    let probes = Probes::of(&dataset(), folder.path()).unwrap().unwrap();
    let access = Access::new(Arc::clone(&register) as Arc<dyn Source>, limits);
    Rig { folder, register, proving: Arc::new(ProbeMonitor::new(probes, Arc::new(access))) }
}

impl Rig {
    fn hold(&self, rows: &[[&'static str; 2]], rests_on: RestsOn) {
        let mut held = self.register.0.lock().unwrap();
        (held.rows, held.rests_on) = (rows.to_vec(), rests_on);
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut self.register.0.lock().unwrap().asked).len()
    }

    async fn answers(&self, rests_on: RestsOn) -> Result<(), SourceError> {
        self.proving.verify(rests_on, &Cancellation::after(Duration::from_secs(20))).await
    }
}

#[tokio::test]
async fn each_snapshot_is_borne_out_once_and_a_look_lasts_a_minute() {
    let rig = rig(LI, Limits::default());
    rig.hold(&[["110105491231002", ""]], RestsOn::Pass(1));
    rig.answers(RestsOn::Pass(1)).await.unwrap();
    assert_eq!(rig.asked(), 1, "found by the first look-up, so the other need not be asked");
    rig.answers(RestsOn::Pass(1)).await.unwrap();
    assert_eq!(rig.asked(), 0);
    // A newer drop, in which the person is not: nothing that rests upon it is borne out, and
    // nothing is said of who it was.
    rig.hold(&[[WANG, ""]], RestsOn::Pass(2));
    let error = rig.answers(RestsOn::Pass(2)).await.unwrap_err();
    assert_eq!((error.code, rig.asked()), (ErrorCode::SourceImplausible, 2));
    assert!(error.detail.contains("1 of 1 known persons are not found: line 1 of"), "{error}");
    for text in [error.to_string(), format!("{error:?} {:?}", rig.proving)] {
        assert!(!text.contains(LI) && !text.contains("110105"), "{text}");
    }
    // For a moment the system is left alone; nothing else is borne out either.
    rig.hold(&[[LI, ""]], RestsOn::Pass(1));
    assert_eq!(rig.answers(RestsOn::Pass(1)).await.unwrap_err().code, ErrorCode::SourceImplausible);
    assert_eq!(rig.asked(), 0);
    // Then it is looked at anew.
    rig.proving.state.lock().unwrap().failed.as_mut().unwrap().at -= RETRY;
    rig.answers(RestsOn::Pass(1)).await.unwrap();
    assert_eq!(rig.asked(), 1);
    // And so it is when a minute is over.
    rig.proving.state.lock().unwrap().passed[0].1 -= EVERY;
    rig.hold(&[], RestsOn::Pass(1));
    assert_eq!(rig.answers(RestsOn::Pass(1)).await.unwrap_err().code, ErrorCode::SourceImplausible);
}

#[tokio::test]
async fn answers_under_way_may_rest_upon_what_was_there_before() {
    let rig = rig(LI, Limits::default());
    for number in 1..=2 {
        rig.hold(&[[LI, ""]], RestsOn::Pass(number));
        rig.answers(RestsOn::Pass(number)).await.unwrap();
    }
    rig.answers(RestsOn::Pass(1)).await.unwrap();
    // What nobody was looked up in is not borne out by what came after it.
    rig.hold(&[[LI, ""]], RestsOn::Pass(4));
    assert_eq!(rig.answers(RestsOn::Pass(3)).await.unwrap_err().code, ErrorCode::SourceFailed);
    rig.answers(RestsOn::Pass(4)).await.unwrap();
    // Answers of the moment share no number.
    rig.hold(&[[LI, ""]], RestsOn::Moment);
    rig.answers(RestsOn::Moment).await.unwrap();
}

#[tokio::test]
async fn whatever_is_written_to_a_live_file_is_looked_at_before_anything_rests_upon_it() {
    let rig = rig(LI, Limits::default());
    rig.hold(&[[LI, ""]], RestsOn::Rows(1));
    rig.answers(RestsOn::Rows(1)).await.unwrap();
    rig.answers(RestsOn::Rows(1)).await.unwrap();
    assert_eq!(rig.asked(), 1);
    // Somebody has written, and the person is there: known or not what was written after the
    // answer.
    rig.hold(&[[LI, ""], [WANG, ""]], RestsOn::Rows(3));
    rig.answers(RestsOn::Rows(2)).await.unwrap();
    assert_eq!(rig.asked(), 1);
    rig.answers(RestsOn::Rows(3)).await.unwrap();
    assert_eq!(rig.asked(), 0);
    // And now it is not.
    rig.hold(&[[WANG, ""]], RestsOn::Rows(4));
    assert_eq!(rig.answers(RestsOn::Rows(4)).await.unwrap_err().code, ErrorCode::SourceImplausible);
}

#[tokio::test]
async fn a_source_that_does_not_answer_bears_nothing_out() {
    let rig = rig(LI, Limits::default());
    rig.hold(&[[LI, ""]], RestsOn::Moment);
    rig.register.0.lock().unwrap().unreachable = true;
    assert_eq!(rig.answers(RestsOn::Moment).await.unwrap_err().code, ErrorCode::SourceUnreachable);
}

#[tokio::test]
async fn the_owners_limits_hold_and_whoever_must_be_found_by_one_way_is() {
    let limits = Limits { most_keys: 2, most_rows: 1, most_rate: 3, ..Limits::default() };
    let names = format!(
        "\u{feff}# known since 1987\r\n{LI}\r\n\r\n{WANG} acted_for # the agent\r\n{ZHAO}\r\n"
    );
    let rig = rig(&names, limits);
    rig.hold(&[[LI, WANG], ["", ZHAO]], RestsOn::Moment);
    let begun = Instant::now();
    rig.answers(RestsOn::Moment).await.unwrap();
    assert!(
        begun.elapsed() > Duration::from_millis(500),
        "over three scans, within a second of {:?}",
        begun.elapsed()
    );
    let asked = std::mem::take(&mut rig.register.0.lock().unwrap().asked);
    assert!(asked.iter().all(|keys| *keys <= 2) && asked.len() > 3, "{asked:?}");
    // By the other way, the person on line 4 does not count.
    rig.hold(&[[LI, ""], [WANG, ZHAO]], RestsOn::Moment);
    let error = rig.proving.verify_now().await.unwrap_err();
    assert!(error.detail.contains("1 of 3 known persons are not found: line 4 of"), "{error}");
    // A line that is out of date is mended without a restart.
    write(rig.folder.path(), &format!("{LI}\n{ZHAO}"));
    rig.proving.verify_now().await.unwrap();
}

#[test]
fn a_file_that_is_of_no_use_is_explained_by_line_and_never_by_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.txt");
    let said = || {
        let error =
            Probes::of(&dataset(), folder.path()).map(|probes| probes.is_some()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Misconfigured);
        error.detail
    };
    assert!(said().contains("No such file"));
    let many: Vec<String> = (0..101)
        .map(|number| {
            ResidentId::from_parts(
                330_106,
                chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap(),
                number,
            )
            .unwrap()
            .as_str()
            .to_owned()
        })
        .collect();
    for (text, why) in [
        ("# nobody\n", "it names no person"),
        (
            "\n110105491231002",
            "line 2 is neither a resident id of 18 characters nor a unified social credit",
        ),
        (
            &format!("{LI} owner"),
            "line 1 names an unknown look-up after the id. The dataset has: owned_by, acted_for",
        ),
        (&format!("{LI} owned_by {WANG}"), "line 1 has more than an id and a look-up"),
        (&format!("{LI}\n\n11010519491231002x"), "line 3 names the same person as line 1"),
        (&many.join("\n"), "it names 101 persons, and at most 100 are looked up"),
        (&"#".repeat(70_000), "over 65536 bytes"),
    ] {
        write(folder.path(), text);
        let said = said();
        assert!(said.contains(why), "{said}");
        assert!(!said.contains("110105") && !said.contains(WANG), "{said}");
    }
    write(folder.path(), LI);
    assert!(Probes::of(&dataset(), folder.path()).unwrap().is_some());
    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    assert!(said().contains("chmod 600"));
}
