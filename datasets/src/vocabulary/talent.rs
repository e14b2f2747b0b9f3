//! What is asked of the office that certifies talents.

use super::{AskedDataset, AskedEnd, AskedLookup, begin_from, code, date, end, id};

pub(super) const CERTIFICATE: AskedDataset = AskedDataset {
    id: "talent.certificate",
    what: "人才认定记录: one row for each certificate, those that expired or were revoked included",
    coverage: "A certificate of before `since` is in it only if `older = \"carried_over\"`.",
    lookup: AskedLookup { name: "holder", columns: &["holder_id"], whom: "the holder" },
    columns: &[
        id("holder_id", "the id of the holder (持证人证件号)"),
        code(
            "status",
            "the certificate's state now (证书状态): a time that has run out shows in it",
            &[("valid", "有效"), ("expired", "已过期"), ("revoked", "已撤销")],
        ),
        date("issued_on", "the day of issue (认定日期)"),
        date(
            "status_on",
            "the day on which it expired or was revoked; empty while the certificate is valid",
        ),
    ],
    dates: &[begin_from("issued_on", 0), end("status_on", &[])],
    end: Some(AskedEnd { column: "status_on", code: "status", ended: &["expired", "revoked"] }),
};
