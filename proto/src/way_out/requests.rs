//! Codes of a request that is wrong.

use super::parts::{Step, Time, WayOut, Who, Words, step, words};

const CORRECTED: &[Step] = &[step(
    Who::Requester,
    "corrects the request, which the message says what is wrong with",
    "按提示更正请求",
    "zerotrip check",
)];

/// Nothing about the citizen: the office's own system.
const OFFICE: Words = words(
    "The office's own system made a mistake in asking. That says nothing about you, and you need \
     bring nothing.",
    "经办单位系统的请求有误，与您本人情况无关，无需补交材料。",
);

const CORRECT: Words = words("correct the request", "请更正请求内容");

const CLOCKS: Words = words(
    "compare this machine's clock with the hub's, then ask again",
    "请核对本机与枢纽的时钟，然后重新请求",
);

const CLOCK_STEPS: &[Step] = &[step(
    Who::Requester,
    "sets this machine's clock, and signs a new request",
    "校准本机时钟后重新签发请求",
    "zerotrip check",
)];

pub(super) static MALFORMED: WayOut = WayOut {
    what: words("the message cannot be decoded, or lacks a field", "报文无法解析或缺少字段"),
    time: Time::Never,
    steps: CORRECTED,
    clerk: CORRECT,
    citizen: OFFICE,
};

pub(super) static INVALID_PARAMETER: WayOut = WayOut {
    what: words(
        "a parameter of the check is missing, unknown or no value",
        "核验参数缺失、未知或无效",
    ),
    time: Time::Never,
    steps: CORRECTED,
    clerk: CORRECT,
    citizen: OFFICE,
};

pub(super) static TOO_LARGE: WayOut = WayOut {
    what: words("a list, message or answer is over its bound", "名单、报文或答复超过上限"),
    time: Time::Never,
    steps: &[
        step(Who::Requester, "asks about fewer at a time", "减少每次核验的人数", "zerotrip check"),
        step(
            Who::Owner,
            "approves requests about more persons",
            "批准人数更多的请求",
            "zerotrip-connector approve --max-subjects",
        ),
    ],
    clerk: CORRECT,
    citizen: OFFICE,
};

pub(super) static WRONG_AUDIENCE: WayOut = WayOut {
    what: words("the request is for another hub", "请求的对象是另一枢纽"),
    time: Time::Never,
    steps: &[step(
        Who::Requester,
        "asks the hub that the system's folder names",
        "改向本系统目录所指的枢纽请求",
        "zerotrip check",
    )],
    clerk: words("ask the hub that the system's folder names", "请向本系统目录所指的枢纽提出请求"),
    citizen: OFFICE,
};

pub(super) static NOT_YET_VALID: WayOut = WayOut {
    what: words("the request is from the future", "请求的签发时间在将来"),
    time: Time::Never,
    steps: CLOCK_STEPS,
    clerk: CLOCKS,
    citizen: OFFICE,
};

pub(super) static EXPIRED: WayOut = WayOut {
    what: words("the request has expired", "请求已过期"),
    time: Time::Never,
    steps: CLOCK_STEPS,
    clerk: CLOCKS,
    citizen: OFFICE,
};

pub(super) static REPLAYED: WayOut = WayOut {
    what: words("the request's number was used before", "请求编号已被使用"),
    time: Time::Never,
    steps: &[step(Who::Requester, "signs a new request", "重新签发请求", "zerotrip check")],
    clerk: words("sign a new request", "请重新签发请求"),
    citizen: OFFICE,
};

pub(super) static UNKNOWN_NAME: WayOut = WayOut {
    what: words("there is nothing of that name", "没有该名称的对象"),
    time: Time::Never,
    steps: &[step(
        Who::Requester,
        "compares the name with what there is",
        "核对名称",
        "zerotrip catalog list",
    )],
    clerk: words(
        "compare the name with what there is; `zerotrip catalog list` shows checks and datasets",
        "请核对名称；核验事项和数据集见 `zerotrip catalog list`",
    ),
    citizen: OFFICE,
};

pub(super) static NOT_ISSUABLE: WayOut = WayOut {
    what: words("no certificate can rest on this answer", "不能据该答复签发证明"),
    time: Time::Never,
    steps: &[step(
        Who::Requester,
        "asks the check again, and issues on that answer within an hour",
        "重新核验，并在一小时内据新答复签发",
        "zerotrip issue",
    )],
    clerk: words(
        "ask the check again, and issue on that answer within an hour",
        "请重新核验，并在一小时内据该答复签发",
    ),
    citizen: words(
        "Your certificate could not be issued on an earlier answer; the office asks again. You \
         need bring nothing.",
        "无法依据此前的答复为您签发证明，经办单位将重新核验，无需补交材料。",
    ),
};
