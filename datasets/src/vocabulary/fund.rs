//! What is asked of the housing provident fund centre.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedDataset, AskedDate, AskedEnd, AskedLookup, begin_from, code, column, date, end,
    event_from, id,
};

pub(super) const DEPOSIT: AskedDataset = AskedDataset {
    id: "fund.deposit",
    what: "住房公积金明细账: one row for one entry in a person's account for one month; what is taken \
           back is a row below 0 of the same kind, and no row is removed",
    coverage: "`since` is the first day from which every entry is in this table: a question about \
               months before it is not answered.",
    lookup: AskedLookup {
        name: "depositor",
        columns: &["depositor_id"],
        whom: "the depositor, whoever pays",
    },
    columns: &[
        id("depositor_id", "the id of the depositor (缴存人证件号)"),
        column(
            "month",
            SemanticType::Month,
            "the month that the deposit is for (汇缴年月), not the one of payment; empty for what is \
             of no month",
        ),
        code(
            "entry",
            "the kind of entry (业务类型); what takes an entry back is of its kind",
            &[
                ("deposit", "汇缴"),
                ("back_payment", "补缴: a deposit for a month, whenever it came"),
                ("transfer", "转入、转出: a balance from or to another account"),
                ("withdrawal", "提取"),
                ("interest", "结息"),
            ],
        ),
        column(
            "amount",
            SemanticType::Money,
            "the amount of both shares; below 0, what was taken back (冲销、退回)",
        ),
        date(
            "paid_on",
            "the day on which the money was received (到账日期); never that of the declaration",
        ),
        column("entry_no", SemanticType::Text, "the row's own number (记账流水号)"),
    ],
    dates: &[event_from("paid_on", 10)],
    end: None,
};

pub(super) const ACCOUNT: AskedDataset = AskedDataset {
    id: "fund.account",
    what: "住房公积金个人账户登记: one row for each account, those that were transferred or closed \
           included",
    coverage: "An account that was opened before `since` is in it only if `older = \
               \"carried_over\"`.",
    lookup: AskedLookup { name: "holder", columns: &["holder_id"], whom: "the holder" },
    columns: &[
        id("holder_id", "the id of the holder (账户所有人证件号)"),
        code(
            "status",
            "the account's state now (账户状态)",
            &[
                ("normal", "正常: deposits are made to it"),
                ("sealed", "封存"),
                ("transferred", "已转出 to another centre"),
                ("closed", "已销户"),
            ],
        ),
        date("opened_on", "the day on which the account was opened (开户日期)"),
        date(
            "status_on",
            "the day since which the account is in its present state (现状态起始日期), never the one \
             on which the row was edited",
        ),
        date("closed_on", "the day of transfer or closing; empty while the account is there"),
    ],
    dates: &[
        AskedDate { not_before: Some("1991-01-01"), ..begin_from("opened_on", 10) },
        event_from("status_on", 10),
        end("closed_on", &[]),
    ],
    end: Some(AskedEnd { column: "closed_on", code: "status", ended: &["transferred", "closed"] }),
};
