//! Codes of the hub itself and of how it is set up.

use super::parts::{Step, Time, WayOut, Who, Words, step, words};

/// The exchange did not get as far as a register.
const AT_THE_HUB: Words = words(
    "The exchange between departments could not answer just now. That says nothing about you; the \
     office asks again, and you need bring nothing.",
    "部门间数据交换暂时无法办理，与您本人情况无关；经办单位将重试，无需补交材料。",
);

const REPORT: Words = words(
    "tell the hub's operator, with the time of the request",
    "请联系枢纽运维人员，并说明请求时间",
);

const PARK: Step = step(
    Who::Requester,
    "parks the question, which is then asked again by itself until a deadline",
    "挂起该请求，系统自动重试直至期限",
    "zerotrip check --park 2h",
);

pub(super) static MISCONFIGURED: WayOut = WayOut {
    what: words(
        "what the dataset's owner states and what the check takes it to be do not agree",
        "数据提供单位的声明与核验定义不一致",
    ),
    time: Time::Never,
    steps: &[
        step(
            Who::Owner,
            "corrects the dataset file, and signs it",
            "更正数据集文件并签署",
            "zerotrip-connector sign",
        ),
        step(
            Who::Authority,
            "corrects the check's definition",
            "更正核验定义",
            "zerotrip definition validate",
        ),
        step(
            Who::Operator,
            "reads in the hub's log which of them it is",
            "查看枢纽日志确定原因",
            "",
        ),
    ],
    clerk: words("its department must look at it", "需数据提供部门处理"),
    citizen: words(
        "A department has to set something right before this can be answered. That says nothing \
         about you; the office tells you which paper it takes meanwhile.",
        "需由数据提供单位处理后才能核验，与您本人情况无关；其间请按经办单位告知的方式提供材料。",
    ),
};

pub(super) static OVERLOADED: WayOut = WayOut {
    what: words(
        "the hub is busy or stopping, or a budget is used up",
        "枢纽繁忙或正在停机，或请求次数已达上限",
    ),
    time: Time::Alone,
    steps: &[
        PARK,
        step(
            Who::Operator,
            "raises a budget that is too small for the office's work",
            "酌情放宽请求次数上限",
            "",
        ),
    ],
    clerk: words("ask again in a minute", "请一分钟后重试"),
    citizen: AT_THE_HUB,
};

pub(super) static LEDGER_UNAVAILABLE: WayOut = WayOut {
    what: words(
        "the hub cannot record durably, so nothing proceeds",
        "枢纽无法可靠存证，因此不予办理",
    ),
    time: Time::Alone,
    steps: &[
        step(
            Who::Operator,
            "frees the disk or the object store, and starts the hub again",
            "恢复磁盘或对象存储后重新启动枢纽",
            "zerotrip-hub serve",
        ),
        PARK,
    ],
    clerk: words(
        "ask again in a few minutes, and tell the hub's operator if it stays so",
        "请数分钟后重试，如持续出现请联系枢纽运维人员",
    ),
    citizen: AT_THE_HUB,
};

pub(super) static INTERNAL: WayOut = WayOut {
    what: words("a fault of the hub's own", "枢纽自身故障"),
    time: Time::Never,
    steps: &[step(
        Who::Operator,
        "finds the fault in the hub's log, and reports it",
        "在枢纽日志中查明故障并上报",
        "",
    )],
    clerk: REPORT,
    citizen: AT_THE_HUB,
};
