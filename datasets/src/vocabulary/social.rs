//! What is asked of social insurance.

use zerotrip_proto::v1::SemanticType;

use super::{AskedDataset, AskedLookup, code, column, date, event, id};

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
    dates: &[event("paid_on", &[], 0)],
    end: None,
};
