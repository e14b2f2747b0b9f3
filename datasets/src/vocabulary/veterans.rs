//! What is asked of veterans affairs.

use super::{AskedDataset, AskedLookup, RECORDED, RECORDED_ON, code, date, event_from, id};

pub(super) const PERSON: AskedDataset = AskedDataset {
    id: "veterans.person",
    what: "退役军人建档立卡登记: one row for each file of a demobilised soldier, those that were not \
           checked or found wrong included",
    coverage: "A person can have served before being registered here: files count only where \
               `older` and, of a register of residents, `moved_in` say that such are in it.",
    lookup: AskedLookup {
        name: "veteran",
        columns: &["person_id"],
        whom: "the demobilised soldier; never a relative who draws a benefit",
    },
    columns: &[
        id("person_id", "the person's id (本人证件号), and not the military one"),
        code(
            "settlement",
            "how the person was settled (安置方式)",
            &[
                ("own_work", "自主就业"),
                ("assigned", "安排工作、转业、复员分配"),
                ("retired", "退休、供养"),
                ("other", "every other way"),
            ],
        ),
        code(
            "status",
            "the file's status now",
            &[
                ("confirmed", "已审核确认"),
                ("pending", "已采集未审核"),
                ("void", "经核查不属于、已撤销"),
            ],
        ),
        date("left_on", "the day on which active service ended (退出现役日期)"),
        RECORDED_ON,
    ],
    dates: &[event_from("left_on", 17), RECORDED],
    end: None,
};
