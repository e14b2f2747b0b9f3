//! What is asked about vessels: of the maritime safety administration, the survey body, the
//! transport authority and the court.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedColumn, AskedDataset, AskedDate, AskedEnd, AskedLookup, RECORDED, RECORDED_ON, code,
    column, date, end, event, limit,
};

const VESSEL_NUMBER: AskedColumn = column(
    "vessel_number",
    SemanticType::VesselNumber,
    "the ship identification number (船舶识别号): `CN` and 11 digits. Where the column has the \
     digits alone, say so in `schemes` (`vessel_digits`); IMO numbers, official numbers (登记号码) \
     and numbers of the survey (船检登记号) say nothing of it: have it entered, or rule on their \
     rows. Nothing shows a wrong digit, so a row under a number one slip away makes an answer \
     unavailable",
);

const VESSEL: AskedLookup = AskedLookup {
    name: "vessel",
    columns: &["vessel_number"],
    whom: "the vessel whose row it is; never one that tows it, or that it belongs to",
};

const IN_REGISTER: &str = "its silence counts for vessels that the register of vessels has \
                           (`registered_in:maritime.vessel`). What was in force by `since` must be \
                           in it too (`older`), what vessels brought along whose home port was \
                           elsewhere (`moved_in`), and rows of before 2010 under the present \
                           number (`renumbered`).";

const STATUS: AskedColumn = code(
    "status",
    "what has become of the paper",
    &[
        ("valid", "有效: issued, and neither suspended nor ended"),
        ("suspended", "暂停、暂扣"),
        ("ended", "撤销、注销、吊销、换发: what a later paper took the place of among them"),
    ],
);
const ISSUED_ON: AskedColumn = date("issued_on", "the day of its issue (签发日期)");
const VALID_UNTIL: AskedColumn =
    date("valid_until", "the last day on which it is valid; EMPTY of a certificate of ownership");
const ENDED_ON: AskedColumn =
    date("ended_on", "the day on which it ended; EMPTY while it is there");

const PAPER_DATES: &[AskedDate] =
    &[event("issued_on"), limit("valid_until"), end("ended_on", &[]), RECORDED];
const PAPER_END: Option<AskedEnd> =
    Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] });

pub(super) const VESSEL_REGISTER: AskedDataset = AskedDataset {
    id: "maritime.vessel",
    what: "船舶登记簿: one row for each vessel, those that were deregistered included",
    coverage: "it knows the vessels that are registered here (`registered_in` itself), each under \
               its ship identification number: state `renumbered` only if rows of before 2010 have \
               it.",
    lookup: VESSEL,
    columns: &[
        VESSEL_NUMBER,
        code(
            "status",
            "what has become of the registration here",
            &[
                ("registered", "已登记, mortgaged or chartered by demise among them"),
                ("deregistered", "注销: lost, scrapped, sold abroad, or moved to another port"),
            ],
        ),
        column("home_port", SemanticType::DivisionCode, "the division of the home port (船籍港)"),
        date("ended_on", "the day on which its registration here ended; EMPTY while it is there"),
        RECORDED_ON,
    ],
    dates: &[end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["deregistered"] }),
};

pub(super) const CERTIFICATE: AskedDataset = AskedDataset {
    id: "maritime.certificate",
    what: "船舶证书登记: one row for each paper of a vessel that was issued, those that ended included",
    coverage: IN_REGISTER,
    lookup: VESSEL,
    columns: &[
        VESSEL_NUMBER,
        code(
            "kind",
            "which paper it is",
            &[
                ("ownership", "船舶所有权登记证书"),
                ("nationality", "船舶国籍证书, provisional ones not among them"),
                ("safe_manning", "船舶最低安全配员证书"),
                ("safety_management", "船舶安全管理证书, interim ones not among them"),
                ("pollution_insurance", "船舶油污损害民事责任保险证书"),
                ("other", "every other paper"),
            ],
        ),
        STATUS,
        ISSUED_ON,
        VALID_UNTIL,
        ENDED_ON,
        RECORDED_ON,
    ],
    dates: PAPER_DATES,
    end: PAPER_END,
};

pub(super) const SURVEY: AskedDataset = AskedDataset {
    id: "survey.certificate",
    what: "船舶检验证书登记: one row for each survey certificate that lets a vessel sail, those that ended \
           included",
    coverage: IN_REGISTER,
    lookup: VESSEL,
    columns: &[VESSEL_NUMBER, STATUS, ISSUED_ON, VALID_UNTIL, ENDED_ON, RECORDED_ON],
    dates: PAPER_DATES,
    end: PAPER_END,
};

pub(super) const PERMIT: AskedDataset = AskedDataset {
    id: "transport.vessel_permit",
    what: "船舶营业运输证登记: one row for each operation permit of a vessel, those that ended included",
    coverage: IN_REGISTER,
    lookup: VESSEL,
    columns: &[VESSEL_NUMBER, STATUS, ISSUED_ON, VALID_UNTIL, ENDED_ON, RECORDED_ON],
    dates: PAPER_DATES,
    end: PAPER_END,
};

const DECIDED_ON: AskedColumn = date("decided_on", "the day of the decision");
const MEASURE_DATES: &[AskedDate] = &[event("decided_on"), end("ended_on", &[])];
const RELEASED_ON: AskedColumn =
    date("ended_on", "the day on which the vessel was released; EMPTY while it is in force");

pub(super) const DETENTION: AskedDataset = AskedDataset {
    id: "maritime.detention",
    what: "船舶滞留及禁止离港登记: one row for each time, those that are over included, at whichever port",
    coverage: IN_REGISTER,
    lookup: VESSEL,
    columns: &[
        VESSEL_NUMBER,
        code(
            "status",
            "what has become of it",
            &[
                ("in_force", "滞留、禁止离港 in force today"),
                ("ended", "已解除: the vessel was released"),
                ("annulled", "已被撤销: as if it had never been"),
            ],
        ),
        DECIDED_ON,
        RELEASED_ON,
    ],
    dates: MEASURE_DATES,
    end: PAPER_END,
};

pub(super) const ARREST: AskedDataset = AskedDataset {
    id: "court.vessel_arrest",
    what: "船舶扣押登记: one row for each arrest or seizure of a vessel, those that are over included, \
           by whichever court",
    coverage: IN_REGISTER,
    lookup: VESSEL,
    columns: &[
        VESSEL_NUMBER,
        code(
            "status",
            "what has become of it",
            &[
                (
                    "in_force",
                    "扣押、查封 in force today, while the vessel may be used (活扣押) too",
                ),
                ("ended", "已解除: the vessel was released, or sold by the court"),
                ("annulled", "裁定被撤销: as if it had never been"),
            ],
        ),
        DECIDED_ON,
        RELEASED_ON,
    ],
    dates: MEASURE_DATES,
    end: PAPER_END,
};
