//! What is asked of market supervision.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedColumn, AskedDataset, AskedEnd, AskedLookup, begin, code, column, date, end, event, limit,
};

const USCC: AskedColumn = column(
    "uscc",
    SemanticType::Uscc,
    "the enterprise's unified social credit code (统一社会信用代码). Where the column holds organisation \
     codes or tax numbers of before 2015 too, say so in `schemes`; registration numbers (注册号) say \
     nothing of the code: have it entered, or rule on their rows",
);

const ENTERPRISE: AskedLookup = AskedLookup {
    name: "enterprise",
    columns: &["uscc"],
    whom: "the enterprise whose row it is, under each of its numbers; never the one that \
           represents it, nor one that owns it",
};

const ANYONES: &str = "its silence counts for enterprises that the register of enterprises has \
                       today (`registered_in`). `since` is the first day from which every entry \
                       is in this table; what was in force by then must be in it too (`older`), \
                       and what enterprises brought along that moved here (`moved_in`).";

pub(super) const REGISTRATION: AskedDataset = AskedDataset {
    id: "market.registration",
    what: "市场主体登记: one row for each enterprise, those that have ended included",
    coverage: "it knows the enterprises that are registered here (`registered_in` itself), each \
               under the code that it has today: state `renumbered` only if rows under former \
               numbers have the present one.",
    lookup: ENTERPRISE,
    columns: &[
        USCC,
        column("name", SemanticType::Text, "the registered name (名称)"),
        code(
            "status",
            "what has become of the registration here",
            &[
                ("in_business", "存续、在营、开业: registered here, and in business"),
                (
                    "suspended",
                    "歇业: registered here, and out of business for a time that was filed",
                ),
                (
                    "revoked",
                    "吊销: the licence was taken, whether or not the enterprise is struck off",
                ),
                ("cancelled", "注销: struck off"),
                ("moved_out", "迁出: registered elsewhere now"),
            ],
        ),
        date(
            "established_on",
            "the day on which the enterprise was established (成立日期); never that of the licence's \
             last issue",
        ),
        date(
            "ended_on",
            "the day of the revocation, the striking off or the move; EMPTY while the enterprise \
             is registered here",
        ),
        date(
            "term_until",
            "the last day of its term (经营期限至); EMPTY where it has no end (长期)",
        ),
    ],
    dates: &[event("established_on"), end("ended_on", &[]), limit("term_until")],
    end: Some(AskedEnd {
        column: "ended_on",
        code: "status",
        ended: &["revoked", "cancelled", "moved_out"],
    }),
};

pub(super) const ABNORMAL: AskedDataset = AskedDataset {
    id: "market.abnormal",
    what: "经营异常名录: one row for each time that an enterprise was listed, also of those that were \
           taken off",
    coverage: ANYONES,
    lookup: ENTERPRISE,
    columns: &[
        USCC,
        date("listed_on", "the day of the decision to list it (列入日期)"),
        date(
            "removed_on",
            "the day of the decision to take it off (移出日期); EMPTY while it is listed",
        ),
    ],
    dates: &[begin("listed_on"), end("removed_on", &[])],
    end: None,
};

pub(super) const SERIOUS: AskedDataset = AskedDataset {
    id: "market.serious",
    what: "严重违法失信名单: one row for each time that an enterprise was listed, also of those that were \
           taken off",
    coverage: ANYONES,
    lookup: ENTERPRISE,
    columns: &[
        USCC,
        date("listed_on", "the day of the decision to list it (列入日期)"),
        date(
            "removed_on",
            "the day of the decision to take it off (移出日期); EMPTY while it is listed",
        ),
    ],
    dates: &[begin("listed_on"), end("removed_on", &[])],
    end: None,
};
