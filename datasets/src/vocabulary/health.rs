//! What is asked of the health commission.

use zerotrip_proto::v1::DateRole;

use super::{AskedDataset, AskedDate, AskedLookup, code, date, dated, id};

pub(super) const BIRTH: AskedDataset = AskedDataset {
    id: "health.birth",
    what: "出生医学证明登记: one row for each birth certificate, those that are void included",
    coverage: "`since` is the first day from which every birth in these regions is in this table; \
               `subjects` is everyone who was born here, wherever the parents are registered.",
    lookup: AskedLookup {
        name: "family",
        columns: &["child_id", "mother_id", "father_id"],
        whom: "the child, and every row that names the person as a parent",
    },
    columns: &[
        id("child_id", "the child's id; blank as long as the child has none"),
        id("mother_id", "the mother's id (母亲证件号)"),
        id("father_id", "the father's id; blank only where no father is on record"),
        date("birth_date", "the day of birth; never that of issue"),
        code(
            "status",
            "the certificate's status now",
            &[
                ("valid", "有效: issued first (首次签发), or in place of another (换发、补发)"),
                ("void", "作废, and every certificate in whose place another was issued"),
            ],
        ),
    ],
    dates: &[AskedDate {
        persons: &["child_id"],
        parents: &["mother_id", "father_id"],
        least_age: Some(8),
        ..dated("birth_date", DateRole::Birth)
    }],
    end: None,
};
