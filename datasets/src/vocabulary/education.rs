//! What is asked of education.

use super::{AskedDataset, AskedLookup, RECORDED, RECORDED_ON, code, date, event_from, id};

pub(super) const GRADUATE: AskedDataset = AskedDataset {
    id: "education.graduate",
    what: "高等教育毕业生登记: one row for each diploma of a university, those that were withdrawn \
           included",
    coverage: "Somebody can have studied anywhere: `subjects` is everyone_anywhere of the national \
               register, and of a copy registered_in:education.graduate, which says nothing of \
               those who have no row.",
    lookup: AskedLookup { name: "graduate", columns: &["graduate_id"], whom: "the graduate" },
    columns: &[
        id("graduate_id", "the graduate's id (毕业生证件号)"),
        code(
            "status",
            "the diploma's status now",
            &[("valid", "有效"), ("withdrawn", "撤销、宣布无效")],
        ),
        date("graduated_on", "the day of graduation (毕业日期); never that of enrolment"),
        RECORDED_ON,
    ],
    dates: &[event_from("graduated_on", 12), RECORDED],
    end: None,
};
