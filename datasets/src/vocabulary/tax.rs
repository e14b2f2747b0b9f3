//! What is asked of the tax authority.

use zerotrip_proto::v1::SemanticType;

use super::{AskedColumn, AskedDataset, AskedLookup, code, column, date, event, id};

const TAXPAYER: AskedColumn = id("taxpayer_id", "the id of the taxpayer (纳税人证件号)");

const MONTH: AskedColumn = column(
    "month",
    SemanticType::Month,
    "the month that it is for (税款所属期); empty for what is of no month, such as the settlement \
     after the year",
);

const ITEM: AskedColumn = code(
    "item",
    "the item of income (所得项目)",
    &[
        ("wages", "工资、薪金所得"),
        ("services", "劳务报酬所得"),
        ("writing", "稿酬所得"),
        ("licences", "特许权使用费所得"),
        ("business", "经营所得"),
        ("capital", "利息、股息、红利所得"),
        ("lease", "财产租赁所得"),
        ("transfer", "财产转让所得"),
        ("windfall", "偶然所得"),
        ("settlement", "综合所得年度汇算清缴"),
    ],
);

const TAX: AskedColumn = column(
    "tax",
    SemanticType::Money,
    "the tax that was paid, 0 where none was due; of a correction, the difference; below 0, what \
     was paid back (退税)",
);

const FILING: AskedColumn = code(
    "filing",
    "whether the row declares (申报、更正) or withdraws (作废): a row for each that it withdraws",
    &[("declared", "申报"), ("withdrawn", "作废")],
);

const PAID_ON: AskedColumn =
    date("paid_on", "the day on which the tax was received (入库日期); empty where none was due");

const ENTRY_NO: AskedColumn =
    column("entry_no", SemanticType::Text, "the row's own number (记录编号)");

pub(super) const INCOME: AskedDataset = AskedDataset {
    id: "tax.income",
    what: "个人所得税申报记录: one row for one item of a return for one person and month, also where \
           no tax was due; what is taken back is a row of its own, and no row is removed. A row \
           for more than one month does not belong here",
    coverage: "`since` is the first day from which every return is in this table: a question about \
               months before it is not answered.",
    lookup: AskedLookup {
        name: "taxpayer",
        columns: &["taxpayer_id"],
        whom: "the taxpayer, whoever declares",
    },
    columns: &[
        TAXPAYER,
        MONTH,
        ITEM,
        FILING,
        TAX,
        date(
            "filed_on",
            "the day on which the month was first declared (首次申报日期); a correction keeps it",
        ),
        PAID_ON,
        ENTRY_NO,
    ],
    dates: &[event("filed_on"), event("paid_on")],
    end: None,
};

/// The same register, asked about tax that was paid alone.
pub(super) const INCOME_PAID: AskedDataset = AskedDataset {
    columns: &[TAXPAYER, MONTH, ITEM, FILING, TAX, PAID_ON, ENTRY_NO],
    dates: &[event("paid_on")],
    ..INCOME
};
