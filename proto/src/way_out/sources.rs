//! Codes of a source, whoever is asked about.

use super::parts::{Step, Time, WayOut, Who, Words, step, words};

/// Nobody at the counter can do anything about it, and nothing is wrong with the citizen's records.
const LATER: Words = words(
    "A register could not be read just now. That says nothing about you. The office asks again; \
     you need bring nothing.",
    "有一处登记系统暂时无法查询，与您本人情况无关；经办单位将重试，无需补交材料。",
);

const UNTIL_MENDED: Words = words(
    "A department has to set its register right before this can be answered. That says nothing \
     about you; the office tells you which paper it takes meanwhile.",
    "需由数据提供单位修复其登记数据后才能核验，与您本人情况无关；其间请按经办单位告知的方式提供材料。",
);

const AGAIN: Words = words(
    "ask again in a few minutes, and tell the hub's operator if it stays so",
    "请数分钟后重试，如持续出现请联系枢纽运维人员",
);

const DEPARTMENT: Words = words("its department must look at it", "需数据提供部门处理");

const PARK: Step = step(
    Who::Requester,
    "parks the question, which is then asked again by itself until a deadline",
    "挂起该请求，系统自动重试直至期限",
    "zerotrip check --park 2h",
);

pub(super) static UNREACHABLE: WayOut = WayOut {
    what: words("the source cannot be reached now", "该数据源暂时无法连接"),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "starts its connector, and looks at the line to the hub",
            "启动连接器，并检查与枢纽的网络",
            "zerotrip-connector serve",
        ),
    ],
    clerk: AGAIN,
    citizen: LATER,
};

pub(super) static TIMEOUT: WayOut = WayOut {
    what: words("the source did not answer in time", "该数据源未在限时内应答"),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "gives its system an index on the columns that are looked up, or more connections",
            "为查询列建立索引，或增加连接数",
            "zerotrip-connector check",
        ),
    ],
    clerk: AGAIN,
    citizen: LATER,
};

pub(super) static TRUNCATED: WayOut = WayOut {
    what: words("the source's answer broke off", "该数据源的应答中断"),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "reads in the connector's log why it stopped",
            "查看连接器日志中的中断原因",
            "zerotrip-connector serve",
        ),
    ],
    clerk: AGAIN,
    citizen: LATER,
};

pub(super) static STALE: WayOut = WayOut {
    what: words(
        "the source's data are older than the check allows",
        "该数据源的数据时点早于核验要求",
    ),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "delivers the next extract, or states how old its data may be",
            "提供最新数据，或声明数据的最长时效",
            "zerotrip-connector check",
        ),
    ],
    clerk: words(
        "ask again after the register's next extract, and tell its department if it stays so",
        "请在该登记下次更新后重试，如持续出现请联系数据提供部门",
    ),
    citizen: LATER,
};

pub(super) static LIMIT: WayOut = WayOut {
    what: words(
        "the source refuses for a limit of its owner's, or quiet hours",
        "该数据源已达其自设上限，或处于静默时段",
    ),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "raises the limit, or shortens the quiet hours, in the dataset file",
            "在数据集文件中放宽上限或缩短静默时段",
            "zerotrip-connector sign",
        ),
    ],
    clerk: AGAIN,
    citizen: LATER,
};

pub(super) static FAILED: WayOut = WayOut {
    what: words("the source, or its connector, failed", "该数据源或其连接器故障"),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Owner,
            "reads the cause in the connector's log, and tries its system by hand",
            "查看连接器日志，并用命令检查数据源",
            "zerotrip-connector check",
        ),
    ],
    clerk: AGAIN,
    citizen: LATER,
};

pub(super) static IMPLAUSIBLE: WayOut = WayOut {
    what: words(
        "the source is not plausible: too few rows, a sudden loss, a known person missing",
        "该数据源未通过合理性检验：行数过少、骤减，或已知人员缺失",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "restores the rows that are missing, or states the new number of rows",
        "恢复缺失的记录，或声明新的行数",
        "zerotrip-connector check",
    )],
    clerk: DEPARTMENT,
    citizen: UNTIL_MENDED,
};

pub(super) static STATEMENT_CONTRADICTED: WayOut = WayOut {
    what: words(
        "a row of the source refutes what its owner states",
        "该数据源中有记录与提供单位的声明相矛盾",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "corrects the row, or states less, and signs that",
        "更正该记录，或缩小声明范围并重新签署",
        "zerotrip-connector check",
    )],
    clerk: DEPARTMENT,
    citizen: UNTIL_MENDED,
};

pub(super) static DRIFT: WayOut = WayOut {
    what: words(
        "the source has other columns or types than were stated",
        "该数据源的列或类型与声明不符",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "brings the dataset file up to date with its system, and signs it",
        "按现有系统更新数据集文件并签署",
        "zerotrip-connector sign",
    )],
    clerk: DEPARTMENT,
    citizen: UNTIL_MENDED,
};
