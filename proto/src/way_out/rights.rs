//! Codes of what is not allowed.

use super::parts::{Step, Time, WayOut, Who, Words, step, words};

/// The office may not ask: nothing about the citizen.
const NOT_ALLOWED: Words = words(
    "This office may not ask that question, or not now. That says nothing about you; the office \
     tells you which paper it takes instead.",
    "经办单位目前无权进行此项核验，与您本人情况无关；请按经办单位告知的方式提供材料。",
);

/// A department's side has to be set right.
const AT_A_DEPARTMENT: Words = words(
    "A department has to set something right before this can be answered. That says nothing about \
     you; the office tells you which paper it takes meanwhile.",
    "需由数据提供单位处理后才能核验，与您本人情况无关；其间请按经办单位告知的方式提供材料。",
);

const KEYS: &[Step] = &[step(
    Who::Authority,
    "says whether this system's keys and invitation are in force, and admits it anew where not",
    "核实本系统的密钥和邀请是否有效，必要时重新准入",
    "zerotrip member list",
)];

const ASK_ABOUT_KEYS: Words = words(
    "ask the data authority whether this system's keys and invitation are in force",
    "请向数据主管部门核实本系统的密钥和邀请是否有效",
);

const DEPARTMENT: Words = words("its department must look at it", "需数据提供部门处理");

pub(super) static UNAUTHENTICATED: WayOut = WayOut {
    what: words(
        "there is no client certificate, or one that counts no more",
        "没有客户端证书，或证书已失效",
    ),
    time: Time::Never,
    steps: &[
        step(
            Who::Requester,
            "uses the folder of the system's newest admission, or joins",
            "使用最近一次获准接入的目录，或重新接入",
            "zerotrip join",
        ),
        step(Who::Authority, "invites the system", "签发接入邀请", "zerotrip member invite"),
    ],
    clerk: words(
        "use the folder of the system's newest admission; without one, join with the authority's \
         invitation",
        "请使用该系统最近一次获准接入的目录；如尚未接入，请先凭数据主管部门的邀请接入",
    ),
    citizen: NOT_ALLOWED,
};

pub(super) static BAD_SIGNATURE: WayOut = WayOut {
    what: words(
        "the signature does not verify, or its key is not in force",
        "签名验证未通过，或其密钥无效",
    ),
    time: Time::Never,
    steps: KEYS,
    clerk: ASK_ABOUT_KEYS,
    citizen: NOT_ALLOWED,
};

pub(super) static SIGNER_MISMATCH: WayOut = WayOut {
    what: words("who signed is not who calls", "签名方与调用方不一致"),
    time: Time::Never,
    steps: KEYS,
    clerk: ASK_ABOUT_KEYS,
    citizen: NOT_ALLOWED,
};

pub(super) static INVALID_TOKEN: WayOut = WayOut {
    what: words("the invitation is unknown, used or expired", "邀请无效、已使用或已过期"),
    time: Time::Never,
    steps: &[step(
        Who::Authority,
        "gives the system a new invitation",
        "重新签发接入邀请",
        "zerotrip member invite",
    )],
    clerk: ASK_ABOUT_KEYS,
    citizen: NOT_ALLOWED,
};

pub(super) static POLICY_DENIED: WayOut = WayOut {
    what: words("no grant covers the request", "没有覆盖该请求的授权"),
    time: Time::Never,
    steps: &[step(
        Who::Authority,
        "grants the check for this purpose and legal basis, or says why not",
        "就该用途和法律依据授权，或说明不予授权的理由",
        "zerotrip grant add",
    )],
    clerk: words(
        "ask the data authority for a grant that covers this request",
        "请向数据主管部门申请覆盖该请求的授权",
    ),
    citizen: NOT_ALLOWED,
};

pub(super) static MEMBER_SUSPENDED: WayOut = WayOut {
    what: words("the system or its member is suspended or unknown", "该系统或其单位已停用或未登记"),
    time: Time::Never,
    steps: &[step(
        Who::Authority,
        "says why, and resumes the system or its member",
        "说明停用原因，并恢复该系统或单位",
        "zerotrip member resume",
    )],
    clerk: words(
        "ask the data authority why this system or its member is not active",
        "请向数据主管部门了解本系统或本单位为何停用",
    ),
    citizen: NOT_ALLOWED,
};

pub(super) static GATE_REFUSED: WayOut = WayOut {
    what: words(
        "no approval of the dataset's owner covers the question",
        "数据提供单位的批准未覆盖该请求",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "approves the check for this requester and purpose, or says why not",
        "就该请求方和用途予以批准，或说明理由",
        "zerotrip-connector approve",
    )],
    clerk: DEPARTMENT,
    citizen: AT_A_DEPARTMENT,
};

pub(super) static ADMIN_ONLY: WayOut = WayOut {
    what: words(
        "only administrators of the data authority may do this",
        "仅数据主管部门的管理员可以执行",
    ),
    time: Time::Never,
    steps: &[step(Who::Authority, "does it in its own folder", "在其自身目录中执行", "")],
    clerk: words(
        "have an administrator of the data authority do it",
        "请由数据主管部门的管理员执行",
    ),
    citizen: NOT_ALLOWED,
};

pub(super) static STALE_BUNDLE: WayOut = WayOut {
    what: words(
        "the key directory or the grants in force have run out",
        "现行密钥目录或授权已过期",
    ),
    time: Time::Never,
    steps: &[step(Who::Authority, "publishes them anew", "重新发布", "zerotrip authority refresh")],
    clerk: words(
        "have the authority publish with `zerotrip authority refresh`",
        "请数据主管部门执行 `zerotrip authority refresh` 发布",
    ),
    citizen: NOT_ALLOWED,
};

pub(super) static GRANT_REUSED: WayOut = WayOut {
    what: words("a scan's ticket was used before", "扫描凭据已被使用"),
    time: Time::Never,
    steps: &[
        step(
            Who::Owner,
            "looks in the connector's log for who used it",
            "在连接器日志中查找使用者",
            "",
        ),
        step(Who::Operator, "compares it with the hub's log", "与枢纽日志核对", ""),
    ],
    clerk: DEPARTMENT,
    citizen: AT_A_DEPARTMENT,
};

pub(super) static KEY_WITHOUT_ORIGIN: WayOut = WayOut {
    what: words("a person was asked about whom no other answer named", "所查人员没有来源依据"),
    time: Time::Never,
    steps: &[
        step(
            Who::Owner,
            "approves the dataset and column that the person's number came from",
            "批准该号码来源的数据集和列",
            "zerotrip-connector approve",
        ),
        step(Who::Operator, "looks in the hub's log why it asked", "在枢纽日志中查明原因", ""),
    ],
    clerk: DEPARTMENT,
    citizen: AT_A_DEPARTMENT,
};

pub(super) static VARIANT_LIMIT: WayOut = WayOut {
    what: words(
        "another scope of the check was asked about this person for this purpose",
        "就同一用途已对该当事人查询过其他范围",
    ),
    time: Time::Perhaps,
    steps: &[
        step(
            Who::Requester,
            "asks the scope that was asked before",
            "改用此前已查询的范围",
            "zerotrip check",
        ),
        step(
            Who::Authority,
            "grants more scopes for each person",
            "放宽每名当事人的查询范围",
            "zerotrip grant add --variants-per-subject",
        ),
    ],
    clerk: words(
        "ask what was asked before, or have the authority grant more with \
         `--variants-per-subject`",
        "请查询此前已查询的范围，或由数据主管部门以 `--variants-per-subject` 放宽授权",
    ),
    citizen: NOT_ALLOWED,
};
