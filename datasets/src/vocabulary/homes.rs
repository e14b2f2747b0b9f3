//! What is asked of the registers of homes: titles, and contracts on homes that are being built.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedColumn, AskedDataset, AskedEnd, AskedLookup, RECORDED, began, begin, code, column, date,
    end, id,
};

/// A date and a unit that a register may lack; with them, fewer answers are unavailable.
const RECORDED_ON: AskedColumn = began(
    "recorded_on",
    "the day on which the row got its present status, so that what ended without a day of \
           its own had ended by then; never the day of an export",
);

const UNIT_NO: AskedColumn = AskedColumn {
    is_optional: true,
    ..column(
        "unit_no",
        SemanticType::Text,
        "the number of the unit (不动产单元号), written as the other register of homes writes \
           it, so that what was handed over is found there",
    )
};

pub(super) const OWNERSHIP: AskedDataset = AskedDataset {
    id: "estate.ownership",
    what: "不动产权登记: one row for each owner of each title, ended titles included",
    coverage: "`since` is the first day from which every title is in this table; \
               `subjects` is everyone only if owners from elsewhere are in it too.",
    lookup: AskedLookup {
        name: "owner",
        columns: &["owner_id"],
        whom: "every owner and co-owner: each column that can hold the id of one belongs \
               into it",
    },
    columns: &[
        id("owner_id", "the owner's id (权利人证件号)"),
        code(
            "status",
            "the title's status now",
            &[
                ("current", "现势: it is owned now"),
                ("advance", "预告登记: it counts as owned"),
                (
                    "pending",
                    "a transfer under way, of the buyer's row or of the seller's: neither \
                     yes nor no is answered",
                ),
                (
                    "applied",
                    "受理、办理中, of an applicant: nothing is owned until it is \
                     entered (民法典 209, 214). Never the row of a seller, whose title \
                     still counts, nor an advance notice",
                ),
                ("cancelled", "注销、转移: it was owned, and is owned by this owner no longer"),
            ],
        ),
        date(
            "ended_on",
            "the day on which the title ended for this owner; EMPTY while it is current. \
             Never the day of registration, of filing or of an export: with one of those, \
             a title that ended this morning seems to have ended long ago, and a false \
             certificate follows",
        ),
        RECORDED_ON,
        began(
            "registered_on",
            "the day on which this owner's title was registered: what ended before it \
             contradicts itself",
        ),
        UNIT_NO,
    ],
    dates: &[end("ended_on", &[]), RECORDED, begin("registered_on")],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["cancelled"] }),
};

pub(super) const PRESALE: AskedDataset = AskedDataset {
    id: "housing.presale",
    what: "商品房预售合同备案: one row for each buyer of each contract, ended contracts \
           included",
    coverage: "`since` is the first day from which every contract is in this table; \
               `subjects` is everyone only if buyers from elsewhere are in it too.",
    lookup: AskedLookup {
        name: "buyer",
        columns: &["buyer_id"],
        whom: "every buyer: each column that can hold the id of one belongs into it",
    },
    columns: &[
        id("buyer_id", "the buyer's id (买受人证件号)"),
        code(
            "status",
            "the contract's status now",
            &[
                ("filed", "已备案: a home is bought, and not yet registered as a title"),
                ("transferred", "已转产权: it has become a title, in the ownership register"),
                ("cancelled", "已撤销、退房: nothing is bought any longer"),
            ],
        ),
        date(
            "ended_on",
            "the day on which the contract was cancelled, or became a title; EMPTY while \
             it is filed. Never the day of signing or filing: with one of those, what was \
             handed over this morning seems to have been so long ago, and a false \
             certificate follows",
        ),
        RECORDED_ON,
        began(
            "signed_on",
            "the day on which the contract was signed or filed: what ended before it \
             contradicts itself",
        ),
        UNIT_NO,
    ],
    dates: &[end("ended_on", &[]), RECORDED, begin("signed_on")],
    end: Some(AskedEnd {
        column: "ended_on",
        code: "status",
        ended: &["cancelled", "transferred"],
    }),
};
