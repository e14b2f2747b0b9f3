//! The kinds of statement that an answer rests on, and what would be wrongly concluded if one meant
//! something else.

use zerotrip_text::Bilingual;

/// A kind of statement that an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    LookUp,
    Type,
    Code,
    Date,
    Blank,
    Optional,
    Subjects,
    Regions,
    Since,
    Numbers,
    KeepsEnded,
    UndatedBefore,
    HandedOver,
    AsOf,
}

impl Kind {
    pub(super) const ALL: [Self; 14] = [
        Self::LookUp,
        Self::Type,
        Self::Code,
        Self::Date,
        Self::Blank,
        Self::Optional,
        Self::Subjects,
        Self::Regions,
        Self::Since,
        Self::Numbers,
        Self::KeepsEnded,
        Self::UndatedBefore,
        Self::HandedOver,
        Self::AsOf,
    ];

    /// What it is called.
    pub(super) fn name(self) -> Bilingual {
        let (en, zh) = match self {
            Self::LookUp => ("look-up", "检索"),
            Self::Type => ("type", "类型"),
            Self::Code => ("code", "代码"),
            Self::Date => ("date", "日期"),
            Self::Blank => ("blank", "空值"),
            Self::Optional => ("optional column", "可选列"),
            Self::Subjects => ("whom it knows of", "涵盖人员"),
            Self::Regions => ("regions", "涵盖地区"),
            Self::Since => ("since", "起始日期"),
            Self::Numbers => ("numbers carried over", "曾用号码"),
            Self::KeepsEnded => ("keeps what ended", "保留终止记录"),
            Self::UndatedBefore => ("undated before", "无日期的终止"),
            Self::HandedOver => ("handed over", "移交"),
            Self::AsOf => ("as of", "数据时点"),
        };
        Bilingual::new(en, zh)
    }

    /// What would be wrongly concluded if the statement meant something else.
    fn otherwise(self) -> Bilingual {
        let (en, zh) = match self {
            Self::LookUp => (
                "rows that name the person in a column that is not looked in are taken not to be \
                 there",
                "当事人载于未检索的列时，该记录将被误认为不存在",
            ),
            Self::Type => (
                "a date that is compared as text, or a number that is no person's, falls on the \
                 wrong side, and the row counts for nothing",
                "日期按文字比较、号码并非个人证件号码时，记录会被误判而不起作用",
            ),
            Self::Code => (
                "what goes on is taken for what ended, or what ended for what goes on",
                "仍然持续的情形会被当作已终止，或者相反",
            ),
            Self::Date => (
                "something is taken to have ended, or to have begun, on a day on which it had not, \
                 and two registers are compared by the wrong days",
                "会按错误的日期认定终止或开始，各登记之间的比对也随之出错",
            ),
            Self::Blank => (
                "a row of which something needed is not known is passed over, though it could \
                 decide",
                "缺少必要内容的记录会被略过，而该记录可能起决定作用",
            ),
            Self::Optional => (
                "the answer is unavailable more often; a column of that name that means something \
                 else hides an end or an arrival",
                "会更多地得出“无法确定”；同名而含义不同的列会掩盖终止或移交",
            ),
            Self::Subjects => (
                "the silence of a register that does not know the person is taken for proof that \
                 there is nothing",
                "登记并不涵盖当事人时，其无记录会被误当作“没有”的证明",
            ),
            Self::Regions => (
                "an answer is taken to hold where the register knows nothing",
                "会把答复误用于该登记并不掌握的地区",
            ),
            Self::Since => (
                "what is older than the register, and still goes on, is taken not to be there",
                "早于该登记且仍然有效的情形会被误认为不存在",
            ),
            Self::Numbers => (
                "rows under a number that the person had before, a passport or a corrected number, \
                 are taken to be nobody's",
                "当事人曾用号码（护照、更正前的号码等）名下的记录会被漏掉",
            ),
            Self::KeepsEnded => (
                "what moved from one register to another between the two readings is in neither, \
                 and is taken not to be there",
                "两次读取之间从一处移到另一处的内容在两处都看不到，会被误认为不存在",
            ),
            Self::UndatedBefore => (
                "something that ended this morning, and may have become something else, is taken \
                 to have ended long ago",
                "当日上午才终止、可能已转为他项的情形，会被当作早已终止",
            ),
            Self::HandedOver => (
                "something that left one register and never came to the other is in neither, and \
                 is taken not to be there",
                "已从一处移出而未到达另一处的内容，会被误认为不存在",
            ),
            Self::AsOf => (
                "what was entered since is taken not to be there, and the answer is dated later \
                 than what it rests on",
                "此后登记的内容会被误认为不存在，答复所载时点也会晚于其依据",
            ),
        };
        Bilingual::new(en, zh)
    }

    /// A line: what it must mean here, and what follows otherwise.
    pub(super) fn line(self, must: &Bilingual) -> Bilingual {
        let (name, otherwise) = (self.name(), self.otherwise());
        Bilingual::new(
            format!("{}: {}. Otherwise {}.", name.en, must.en, otherwise.en),
            format!("{}：{}。否则，{}。", name.zh, must.zh, otherwise.zh),
        )
    }
}
