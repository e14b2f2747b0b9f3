//! What is asked of employment services.

use super::{
    AskedDataset, AskedEnd, AskedLookup, RECORDED, RECORDED_ON, code, date, end, event_from, id,
};

pub(super) const REGISTRATION: AskedDataset = AskedDataset {
    id: "employment.registration",
    what: "就业登记: one row for each registration of a person as employed, by an employer or on \
           their own; those that ended included",
    coverage: "`since` is the first day from which every registration is in this table: older ones \
               that go on count only where they were carried over (`older`). `subjects` is \
               everyone who is registered as employed in these regions.",
    lookup: AskedLookup {
        name: "employee",
        columns: &["employee_id"],
        whom: "the person who is employed, whoever registers",
    },
    columns: &[
        id("employee_id", "the employee's id (劳动者证件号)"),
        code(
            "status",
            "the registration's status now",
            &[
                ("in_force", "现行有效: employed now"),
                ("ended", "终止、解除、退工: the work has ended"),
                ("void", "作废: as if it had never been"),
            ],
        ),
        date("registered_on", "the day of registration (登记日期)"),
        date(
            "ended_on",
            "the day on which it ended (终止日期); EMPTY while it is in force. Never the day on \
             which the contract is to end",
        ),
        RECORDED_ON,
    ],
    dates: &[event_from("registered_on", 10), end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};
