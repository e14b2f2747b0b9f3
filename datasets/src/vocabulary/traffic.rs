//! What is asked of the traffic police.

use zerotrip_proto::v1::SemanticType;

use super::{
    AskedDataset, AskedEnd, AskedLookup, RECORDED, RECORDED_ON, code, column, date, end,
    event_from, id,
};

pub(super) const LICENCE: AskedDataset = AskedDataset {
    id: "traffic.licence",
    what: "机动车驾驶证登记: one row for each licence, those that ended or went elsewhere included",
    coverage: "Of persons that it has no row of nothing is concluded, unless it knows of \
               everyone's licences, wherever they are kept. A person is asked about from the age \
               of 16 on (`lifetime_from`).",
    lookup: AskedLookup {
        name: "holder",
        columns: &["holder_id"],
        whom: "the holder of the licence",
    },
    columns: &[
        id("holder_id", "the holder's id (持证人证件号)"),
        code(
            "class",
            "the highest classes of vehicles (准驾车型). Of joined ones, what is for motorcycles and \
             the like is dropped (C1D, A2E); a joining of A and B that is not below has no meaning",
            &[
                ("a1", "大型客车"),
                ("a1a2", "大型客车、重型牵引挂车"),
                ("a2", "重型牵引挂车"),
                ("a2a3", "重型牵引挂车、城市公交车"),
                ("a3", "城市公交车"),
                ("a3b1", "城市公交车、中型客车"),
                ("a3b2", "城市公交车、大型货车"),
                ("b1", "中型客车"),
                ("b1b2", "中型客车、大型货车"),
                ("b2", "大型货车"),
                ("c1", "小型汽车"),
                ("c2", "小型自动挡汽车"),
                ("other", "every other class: C3 to C6, D, E, F, M, N, P"),
            ],
        ),
        code(
            "status",
            "the licence's status now; of several that it has at once, the gravest",
            &[
                ("normal", "正常, and nothing else beside it"),
                ("points_full", "超分: the penalty points are full"),
                ("held_back", "扣留、暂扣"),
                ("overdue", "逾期未换证、逾期未审验、停止使用"),
                ("moved_out", "转出: kept by another city now"),
                ("ended", "注销、撤销、吊销"),
            ],
        ),
        date(
            "obtained_on",
            "the day on which this licence was first obtained (初次领证日期); after a revocation, \
             that of the new one",
        ),
        column(
            "valid_until",
            SemanticType::Month,
            "the month of the last day of validity (有效期止); `day = \"ignored\"` where the field \
             holds the day",
        ),
        date("ended_on", "the day on which it ended or went elsewhere; EMPTY while it is here"),
        RECORDED_ON,
    ],
    dates: &[event_from("obtained_on", 16), end("ended_on", &[]), RECORDED],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["moved_out", "ended"] }),
};

pub(super) const MEASURE: AskedDataset = AskedDataset {
    id: "traffic.measure",
    what: "驾驶证行政强制措施及处罚登记: one row for each measure against a person's licence, those that \
           ended or were annulled included",
    coverage: "Measures of other cities' police against a licence that is kept here belong into it \
               (`subjects` is registered_in:traffic.licence), those from before it came here too \
               (`moved_in`).",
    lookup: AskedLookup {
        name: "driver",
        columns: &["driver_id"],
        whom: "the driver whose licence the measure is against",
    },
    columns: &[
        id("driver_id", "the driver's id (驾驶人证件号)"),
        code(
            "kind",
            "the kind of measure (措施种类)",
            &[
                ("detention", "扣留驾驶证"),
                ("suspension", "暂扣驾驶证"),
                ("stop", "停止使用驾驶证"),
                ("revocation", "吊销驾驶证"),
                ("withdrawal", "撤销驾驶许可"),
            ],
        ),
        code(
            "status",
            "what has become of the measure",
            &[
                ("in_force", "现行有效, and every revocation that was not annulled"),
                ("ended", "已执行完毕、已解除: the licence was given back"),
                ("annulled", "决定被撤销: as if it had never been"),
            ],
        ),
        date("decided_on", "the day of the decision (决定日期)"),
        date("ended_on", "the day on which it ended (解除日期); EMPTY while it is in force"),
    ],
    dates: &[event_from("decided_on", 14), end("ended_on", &[])],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["ended"] }),
};
