//! What is asked of civil affairs: marriages, allowances, and support of those in need.

use super::{
    AskedColumn, AskedDataset, AskedDate, AskedEnd, AskedLookup, GRANTS, RECORDED, RECORDED_ON,
    begin_from, code, date, end, event, event_from, id,
};

pub(super) const MARRIAGE: AskedDataset = AskedDataset {
    id: "civil.marriage",
    what: "婚姻登记: one row for each event between two persons (marriage, divorce, \
           remarriage, annulment)",
    coverage: "A person is asked about from the age of 15 on (`lifetime_from`): a person \
               who turned 15 before `since` gets no answer. A day too early hides the \
               marriages before it.",
    lookup: AskedLookup {
        name: "party",
        columns: &["man_id", "woman_id"],
        whom: "either party of the event",
    },
    columns: &[
        id("man_id", "the husband's id (男方证件号)"),
        id("woman_id", "the wife's id (女方证件号)"),
        code(
            "event",
            "what was registered; a divorce or an annulment is of the marriage of the same \
             two that it follows",
            &[
                ("married", "结婚: they are married from this day on"),
                ("remarried", "复婚: the same two, married again"),
                ("divorced", "离婚, at the registry or by a court"),
                (
                    "annulled",
                    "撤销婚姻、宣告婚姻无效: of a marriage alone, which never was one (民法典 1054). The \
                     annulment of a divorce is not this: leave its code out",
                ),
            ],
        ),
        date(
            "event_date",
            "the day on which the event was registered; never the day of an earlier \
             event, nor of typing it in",
        ),
    ],
    dates: &[AskedDate { persons: &["man_id", "woman_id"], ..event_from("event_date", 15) }],
    end: None,
};

pub(super) const ALLOWANCE: AskedDataset = AskedDataset {
    id: "civil.allowance",
    what: "福利津贴补贴发放登记: one row for each grant of an allowance to a person, those that ended \
           included",
    coverage: "`since` is the first day from which every grant is in this table: older grants that \
               are still paid count only where they were carried over (`older`). `subjects` is \
               everyone to whom these regions grant.",
    lookup: AskedLookup {
        name: "beneficiary",
        columns: &["beneficiary_id"],
        whom: "the person to whom it is granted, whoever's account it is paid to",
    },
    columns: &[
        id("beneficiary_id", "the id of the person to whom it is granted (享受人证件号)"),
        code(
            "kind",
            "the kind of allowance (津贴补贴种类)",
            &[
                ("advanced_age_80", "高龄津贴, from 80 years on"),
                ("advanced_age_90", "高龄津贴, from 90 years on"),
                ("advanced_age_100", "高龄津贴, from 100 years on"),
                ("elderly_nursing", "老年人护理补贴"),
                ("disability_living", "困难残疾人生活补贴"),
                ("disability_nursing", "重度残疾人护理补贴"),
                ("orphan_living", "孤儿基本生活费"),
            ],
        ),
        GRANTS,
        GRANTED_ON,
        GRANT_ENDED_ON,
        RECORDED_ON,
    ],
    dates: &[event("granted_on"), end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};

const GRANTED_ON: AskedColumn =
    date("granted_on", "the day on which it was granted (批准日期); empty while it is applied for");

const GRANT_ENDED_ON: AskedColumn = date(
    "ended_on",
    "the day on which it ended (终止日期); EMPTY while it is granted. Never the day of the last \
     payment, nor of an export",
);

pub(super) const MINIMUM_LIVING: AskedDataset = AskedDataset {
    id: "civil.minimum_living",
    what: "社会救助对象登记: one row for each person of each household that is supported, and for each \
           grant; those that ended included",
    coverage: "`since` is the first day from which every grant is in this table: older grants that \
               are still paid count only where they were carried over (`older`). `subjects` is \
               everyone whom these regions support.",
    lookup: AskedLookup {
        name: "supported",
        columns: &["person_id"],
        whom: "each person who is supported, and not the head of the household alone",
    },
    columns: &[
        id("person_id", "the id of the person supported (救助对象证件号)"),
        code(
            "kind",
            "the kind of support (救助种类)",
            &[
                ("minimum_living", "最低生活保障, of each person of the household"),
                ("extreme_poverty", "特困人员救助供养"),
            ],
        ),
        GRANTS,
        GRANTED_ON,
        GRANT_ENDED_ON,
        RECORDED_ON,
    ],
    dates: &[begin_from("granted_on", 0), end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};
