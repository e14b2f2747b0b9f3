//! Codes of persons' records. A requester hears of all of them `UNSETTLED`; the others are for the
//! authority, and for the department whose dataset it is.

use super::parts::{Time, WayOut, Who, Words, step, words};

/// What all of them are to whoever asks, and so to the clerk of any requester.
const CLERK: Words = words(
    "ask again after the register's next update; if it stays so, the person concerned can ask its \
     department by the number of the exchange",
    "请在该登记下次更新后重试；如仍如此，请当事人凭交换编号向该数据源的主管部门查询",
);

pub(super) static UNSETTLED: WayOut = WayOut {
    what: words(
        "what this register holds of the persons concerned does not settle the question",
        "该登记现有记录不足以就此问题作出结论",
    ),
    time: Time::Perhaps,
    steps: &[
        step(
            Who::Person,
            "asks the register's department, by the number of the exchange",
            "凭交换编号向该登记的主管部门查询",
            "",
        ),
        step(
            Who::Owner,
            "finds out which records it is, and what settles them",
            "查明具体记录及处理方式",
            "zerotrip ledger fact",
        ),
        step(
            Who::Authority,
            "sees for which registers it happens often",
            "了解哪些登记经常如此",
            "zerotrip unavailable list",
        ),
    ],
    clerk: CLERK,
    citizen: words(
        "A register does not settle this question. That is not a no. Take the number of this \
         exchange to the department of that register: it can tell you what would settle it.",
        "该登记现有记录尚不足以得出结论，但这不等于“不符合”。您可凭交换编号到该登记的主管部门\
         查询如何处理。",
    ),
};

pub(super) static UNREADABLE: WayOut = WayOut {
    what: words(
        "a record that could concern the persons cannot be read",
        "存在可能涉及当事人但无法识读的记录",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "corrects the record in its system, or says whom it can concern",
        "在业务系统中更正该记录，或裁定其可能涉及的人员",
        "zerotrip-connector adjudicate",
    )],
    clerk: CLERK,
    citizen: words(
        "There is an old or damaged record that could be about you. The department can find out \
         whose it is, and say so once and for all.",
        "存在可能涉及您、但无法识读的旧记录或受损记录，主管部门可以核实并予以裁定。",
    ),
};

pub(super) static OUTSIDE_COVERAGE: WayOut = WayOut {
    what: words(
        "the register does not know about everyone concerned, or not of the whole time",
        "当事人或所查期间不全在该登记的覆盖范围内",
    ),
    time: Time::Never,
    steps: &[
        step(
            Who::Person,
            "brings a proof of the register that does: of the place where they lived before, of \
             the authority that issued their passport",
            "提供覆盖该情形的登记机关的证明，如原户籍地或护照签发机关",
            "",
        ),
        step(
            Who::Owner,
            "states it, where the register knows more than was stated (`moved_in`, `regions`, \
             `since`)",
            "登记实际覆盖更多的，补充声明（`moved_in`、`regions`、`since`）",
            "zerotrip-connector sign",
        ),
    ],
    clerk: CLERK,
    citizen: words(
        "This register does not know about you, or about one of your family, for all of the time. \
         Please bring a proof from the place where you were registered before.",
        "该登记未覆盖您本人或家庭成员的全部情况，请提供此前登记地出具的证明。",
    ),
};

pub(super) static HAND_OVER_GAP: WayOut = WayOut {
    what: words(
        "since the moment of the register's data a record ended or was handed over elsewhere, and \
         what became of it does not show yet",
        "在该登记的数据时点之后，有记录终止或移交，其去向尚未体现",
    ),
    time: Time::Alone,
    steps: &[
        step(
            Who::Owner,
            "delivers the next extract; the gap closes with it",
            "提供下一次数据更新，间隙随之消除",
            "zerotrip-connector check",
        ),
        step(Who::Requester, "asks again after it", "更新后重新核验", "zerotrip check"),
    ],
    clerk: CLERK,
    citizen: words(
        "Something of yours has just been passed from one register to another. Come again after \
         the register's next update.",
        "您的有关事项刚由一处登记转至另一处登记，请在该登记下次更新后再来办理。",
    ),
};

pub(super) static NO_COMMON_MOMENT: WayOut = WayOut {
    what: words(
        "the register does not keep what has ended, so it proves nothing beside the others",
        "该登记不保留已终止的记录，无法与其他登记共同证明“无记录”",
    ),
    time: Time::Never,
    steps: &[step(
        Who::Owner,
        "serves a source that keeps what has ended, and states it (`ended = \"kept\"`)",
        "改用保留已终止记录的数据源，并予以声明（`ended = \"kept\"`）",
        "zerotrip-connector sign",
    )],
    clerk: CLERK,
    citizen: words(
        "The registers cannot be compared as of one moment yet. That is for the department to set \
         right, and says nothing about you.",
        "各登记尚无法按同一时点核对，需由主管部门处理，与您本人情况无关。",
    ),
};

pub(super) static UNDATED: WayOut = WayOut {
    what: words(
        "a record ended on a day that the register does not say: a cancellation, a death, a \
         divorce without a date",
        "存在未注明终止日期的已终止记录，如未记日期的注销、死亡或离婚",
    ),
    time: Time::Never,
    steps: &[
        step(
            Who::Owner,
            "enters the day in its system, or states by which day all that are undated had ended \
             (`undated_before`)",
            "在业务系统中补记日期，或声明未记日期者最迟终止于何日（`undated_before`）",
            "zerotrip-connector sign",
        ),
        step(Who::Person, "brings the paper that shows the day", "提供载明日期的材料", ""),
    ],
    clerk: CLERK,
    citizen: words(
        "A record about you or your family has ended, and the day is missing. Please bring the \
         paper that shows it, such as the notice of cancellation, to the register's department.",
        "有关您或家庭成员的一条记录已终止但缺少日期，请携带载明日期的材料（如注销通知）到登记\
         主管部门补记。",
    ),
};

pub(super) static UNDETERMINED: WayOut = WayOut {
    what: words(
        "a record settles nothing: something is in progress, or records contradict one another (a \
         person who is dead by one and alive by another, a child whose number and birth date \
         differ, a title that only the spouse's papers name)",
        "存在状态未定（如办理中）或相互矛盾的记录：如生死记载不一、子女身份号码与出生日期不符、\
         房产仅载于配偶名下",
    ),
    time: Time::Perhaps,
    steps: &[
        step(
            Who::Owner,
            "ends what is in progress, or corrects the record that is wrong",
            "办结在办事项，或更正有误的记录",
            "zerotrip-connector check",
        ),
        step(
            Who::Person,
            "brings what shows which of the records is right",
            "提供能够说明哪条记录属实的材料",
            "",
        ),
    ],
    clerk: CLERK,
    citizen: words(
        "Something about you or your family is still being dealt with, or two records contradict \
         one another. The register's department can end or correct it; bring what shows how it is.",
        "有关您或家庭成员的事项尚在办理中，或记录之间相互矛盾；请携带相关材料到登记主管部门办结\
         或更正。",
    ),
};

pub(super) static DEFINITION_LIMIT: WayOut = WayOut {
    what: words(
        "the question concerns more persons or records than the check, or the owner, allows for",
        "涉及的人员或记录超过核验事项或数据提供单位设定的上限",
    ),
    time: Time::Never,
    steps: &[
        step(
            Who::Owner,
            "raises `limits` in the dataset file, and signs it",
            "在数据集文件中放宽 `limits` 并签署",
            "zerotrip-connector sign",
        ),
        step(
            Who::Authority,
            "raises the bound in the check's definition, where it is too small",
            "核验定义的上限过小的，予以放宽",
            "zerotrip definition validate",
        ),
    ],
    clerk: CLERK,
    citizen: words(
        "There are more records than can be weighed by machine. The office decides by hand; it \
         tells you which papers it needs.",
        "相关记录过多，无法自动判断，将由经办单位人工办理，并告知您所需材料。",
    ),
};
