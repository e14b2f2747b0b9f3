//! What is asked of the medical insurance agency.

use zerotrip_proto::v1::SemanticType;

use super::{AskedDataset, AskedLookup, code, column, id};

pub(super) const INSURED: AskedDataset = AskedDataset {
    id: "medical.insured",
    what: "基本医疗保险参保登记: one row for each enrolment of a person, those that ended included",
    coverage: "An enrolment of before `since` is in it only if `older = \"carried_over\"`.",
    lookup: AskedLookup {
        name: "insured",
        columns: &["insured_id"],
        whom: "the insured person, whoever pays",
    },
    columns: &[
        id("insured_id", "the id of the insured person (参保人证件号)"),
        code(
            "scheme",
            "the scheme (险种类型)",
            &[
                ("employee", "职工基本医疗保险, retired employees included"),
                ("resident", "城乡居民基本医疗保险"),
            ],
        ),
        code(
            "status",
            "the enrolment's state now (参保状态)",
            &[
                ("active", "正常: benefits within the two months below"),
                ("suspended", "暂停: no benefits now"),
                ("ended", "终止"),
            ],
        ),
        column(
            "benefit_from",
            SemanticType::Month,
            "the month on whose first day benefits begin (待遇开始年月), after any waiting period; \
             where they begin within a month, the next one",
        ),
        column(
            "benefit_until",
            SemanticType::Month,
            "the month on whose last day benefits end (待遇截止年月); empty while no end is set; \
             where they end within a month, the one before",
        ),
    ],
    dates: &[],
    end: None,
};
