//! What is asked of courts.

use zerotrip_proto::v1::SemanticType;

use super::{AskedDataset, AskedEnd, AskedLookup, begin_from, code, column, date, end, id};

pub(super) const RESTRICTION: AskedDataset = AskedDataset {
    id: "court.restriction",
    what: "限制消费令: one row for each order and person, those that were lifted included",
    coverage: "An order of before `since` is in it only if `older = \"carried_over\"`. It speaks \
               of the orders of the courts of its regions; one of any other court forbids a \
               purchase here too, so a copy of the national list belongs here where there is one.",
    lookup: AskedLookup {
        name: "restricted",
        columns: &["restricted_id"],
        whom: "the person who is restricted, as a debtor or for a company",
    },
    columns: &[
        id("restricted_id", "the id of the person who is restricted (被限制消费人证件号)"),
        column("order_no", SemanticType::Text, "the order's own number (限制消费令编号)"),
        code("status", "the order's state now", &[("in_force", "现行有效"), ("lifted", "已解除")]),
        date("ordered_on", "the day of the order (发出日期)"),
        date("lifted_on", "the day on which it was lifted; empty while it is in force"),
    ],
    dates: &[begin_from("ordered_on", 0), end("lifted_on", &[])],
    end: Some(AskedEnd { column: "lifted_on", code: "status", ended: &["lifted"] }),
};
