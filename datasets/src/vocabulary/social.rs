//! What is asked of social insurance.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedDataset, AskedEnd, AskedLookup, GRANTS, begin_from, code, column, date, end, event_from,
    id,
};

pub(super) const CONTRIBUTION: AskedDataset = AskedDataset {
    id: "social.contribution",
    what: "社会保险缴费记录: one row for one person's contribution of one kind for one month; what is \
           taken back is a row below 0, and no row is removed",
    coverage: "`since` is the first day from which every contribution is in this table: a question \
               about months before it is not answered.",
    lookup: AskedLookup {
        name: "insured",
        columns: &["insured_id"],
        whom: "the insured person, whoever pays",
    },
    columns: &[
        id("insured_id", "the id of the insured person (参保人证件号)"),
        column(
            "month",
            SemanticType::Month,
            "the month that it is for (费款所属期), not the one of payment",
        ),
        code(
            "insurance",
            "the kind of insurance (险种)",
            &[
                ("pension", "职工基本养老保险"),
                ("medical", "职工基本医疗保险"),
                ("unemployment", "失业保险"),
                ("work_injury", "工伤保险"),
                ("maternity", "生育保险"),
            ],
        ),
        column(
            "amount",
            SemanticType::Money,
            "what was received for the month; below 0, what was paid back or cancelled (退费、冲销)",
        ),
        date(
            "paid_on",
            "the day on which the payment was received (到账日期); never that of the declaration",
        ),
        column("entry_no", SemanticType::Text, "the row's own number (记账流水号)"),
    ],
    dates: &[event_from("paid_on", 10)],
    end: None,
};

pub(super) const INJURY_CARE: AskedDataset = AskedDataset {
    id: "social.injury_care",
    what: "工伤保险生活护理费发放登记: one row for each grant to a person, those that ended included",
    coverage: "`since` is the first day from which every grant is in this table: older grants that \
               are still paid count only where they were carried over (`older`). `subjects` is \
               everyone whom the funds of these regions pay.",
    lookup: AskedLookup {
        name: "beneficiary",
        columns: &["beneficiary_id"],
        whom: "the injured person, whoever's account it is paid to",
    },
    columns: &[
        id("beneficiary_id", "the id of the injured person (领取人证件号)"),
        GRANTS,
        date("granted_on", "the day on which it was granted (核定日期)"),
        date(
            "ended_on",
            "the day on which it ended (终止日期); EMPTY while it is granted. Never the day of the \
             last payment, nor of an export",
        ),
    ],
    dates: &[begin_from("granted_on", 10), end("ended_on", &[])],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};
