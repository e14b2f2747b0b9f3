//! What is asked of the federation of disabled persons.

use super::{
    AskedDataset, AskedEnd, AskedLookup, RECORDED, RECORDED_ON, begin_from, code, date, end, id,
};

pub(super) const CERTIFICATE: AskedDataset = AskedDataset {
    id: "disabled.certificate",
    what: "残疾人证登记: one row for each certificate, those that were cancelled or replaced included",
    coverage: "A certificate can be older than its holder's registration here: it counts only \
               where `older` and, of a register of residents, `moved_in` say that such are in it.",
    lookup: AskedLookup {
        name: "holder",
        columns: &["holder_id"],
        whom: "the holder; the number of the certificate holds the holder's id, and is no other \
               person's",
    },
    columns: &[
        id("holder_id", "the holder's id (持证人证件号), without the digits for kind and grade"),
        code(
            "grade",
            "the grade of the disability (残疾等级); of several disabilities, that of the certificate",
            &[("grade_1", "一级"), ("grade_2", "二级"), ("grade_3", "三级"), ("grade_4", "四级")],
        ),
        code(
            "status",
            "the certificate's status now",
            &[
                ("valid", "有效"),
                ("expired", "过期: its period is over, and it was not renewed"),
                ("frozen", "冻结: until it was looked into"),
                ("ended", "注销、换发: cancelled, or replaced by another"),
            ],
        ),
        date("issued_on", "the day on which it was issued (发证日期)"),
        date("ended_on", "the day on which it was cancelled or replaced; EMPTY while it is valid"),
        RECORDED_ON,
    ],
    dates: &[begin_from("issued_on", 0), end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};
