//! Codes of the identification of the person asked about: each is a refusal, and none says anything
//! of what a register holds.

use super::parts::{Step, Time, WayOut, Who, Words, step, words};

/// The person can be identified again.
const IDENTIFY: Words = words(
    "The office has to identify you for this question, and could not show that it did. That says \
     nothing about what is on record of you; ask to be identified again.",
    "办理本事项须核验您本人身份，经办单位未能提供有效的身份核验结果，与您的登记记录无关；请重新进行\
     身份核验。",
);

const AGAIN: Step = step(
    Who::Requester,
    "has the person identified for this request, and asks with what the provider signed",
    "就本次请求为当事人办理身份核验，并随附身份核验机构签发的结果",
    "zerotrip identity challenge",
);

pub(super) static REQUIRED: WayOut = WayOut {
    what: words(
        "the check asks that the person was identified, and the request does not show it",
        "该核验事项要求当事人已经身份核验，而请求未能证明",
    ),
    time: Time::Never,
    steps: &[AGAIN],
    clerk: words(
        "have the person identified with the nonce of `zerotrip identity challenge`, and give the \
         token with `--identity`; ask about each person alone",
        "请以 `zerotrip identity challenge` 给出的 nonce 为当事人办理身份核验，并以 `--identity` \
         提交令牌；须逐人核验",
    ),
    citizen: IDENTIFY,
};

pub(super) static INVALID: WayOut = WayOut {
    what: words(
        "what was brought is not an assertion of a trusted identity provider to this system",
        "所提交的并非受信任身份核验机构向本系统签发的身份核验结果",
    ),
    time: Time::Never,
    steps: &[
        AGAIN,
        step(
            Who::Authority,
            "trusts the provider with its present keys, and this system's audience",
            "核实该机构现行密钥及本系统在其处的客户标识，并予以信任",
            "zerotrip identity trust",
        ),
    ],
    clerk: words(
        "give the provider's ID token as it came; where it is, have the authority look at the \
         provider's keys and audiences with `zerotrip identity list`",
        "请原样提交身份核验机构签发的 ID 令牌；如确系原样，请数据主管部门以 `zerotrip identity list` \
         核对该机构的密钥和客户标识",
    ),
    citizen: IDENTIFY,
};

pub(super) static INSUFFICIENT: WayOut = WayOut {
    what: words(
        "the assertion is not of this request and person, or not recent or sure enough",
        "身份核验结果并非针对本次请求和本人，或者时间过久、级别不足",
    ),
    time: Time::Never,
    steps: &[AGAIN],
    clerk: words(
        "have the person identified anew, with the nonce of `zerotrip identity challenge` for this \
         very question",
        "请以 `zerotrip identity challenge` 就本次请求给出的 nonce 重新为当事人办理身份核验",
    ),
    citizen: IDENTIFY,
};
