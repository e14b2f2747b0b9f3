//! What is asked of civil affairs.

use super::{AskedDataset, AskedLookup, code, date, event, id};

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
            "what was registered; a divorce or an annulment ends the marriage of the same \
             two that it follows",
            &[
                ("married", "结婚: they are married from this day on"),
                ("remarried", "复婚: the same two, married again"),
                ("divorced", "离婚, at the registry or by a court"),
                ("annulled", "撤销或宣告无效: the marriage is taken back"),
            ],
        ),
        date(
            "event_date",
            "the day on which the event was registered; never the day of an earlier \
             event, nor of typing it in",
        ),
    ],
    dates: &[event("event_date", &["man_id", "woman_id"], 15)],
    end: None,
};
