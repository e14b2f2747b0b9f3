//! What the table of ways out is made of.

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

/// Who can end what a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The system that asked, and the clerk at it.
    Requester,
    /// The person asked about.
    Person,
    /// The department whose dataset it is.
    Owner,
    /// The data authority.
    Authority,
    /// Whoever runs the hub.
    Operator,
}

impl Who {
    /// Every one there is.
    pub const ALL: [Self; 5] =
        [Self::Requester, Self::Person, Self::Owner, Self::Authority, Self::Operator];

    /// For machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Person => "person",
            Self::Owner => "owner",
            Self::Authority => "authority",
            Self::Operator => "operator",
        }
    }

    /// For people.
    pub fn words(self) -> Words {
        match self {
            Self::Requester => words("the requester", "请求方"),
            Self::Person => words("the person", "当事人"),
            Self::Owner => words("the dataset's owner", "数据提供单位"),
            Self::Authority => words("the data authority", "数据主管部门"),
            Self::Operator => words("the hub's operator", "枢纽运维人员"),
        }
    }
}

/// Whether time ends it without anybody being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// It does: whoever runs what is down brings it back, an extract is followed by the next one. A
    /// question that ends so can be parked.
    Alone,
    /// It can: the next update of a register may settle it, and may not.
    Perhaps,
    /// It does not.
    Never,
}

impl Time {
    /// For machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Perhaps => "perhaps",
            Self::Never => "never",
        }
    }

    /// For people.
    pub fn words(self) -> Words {
        match self {
            Self::Alone => words("time alone ends it", "会自行恢复"),
            Self::Perhaps => words("time may end it", "可能自行恢复"),
            Self::Never => words("time does not end it", "不会自行恢复"),
        }
    }
}

/// What one of those who can end it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub who: Who,
    /// Does what: one instruction.
    pub deed: Words,
    /// The command for it; empty where it is no command's.
    pub command: &'static str,
}

/// The way out of what a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// What is so.
    pub what: Words,
    /// Whether time ends it.
    pub time: Time,
    /// Who can end it, and how; the likeliest first.
    pub steps: &'static [Step],
    /// What the clerk does: one instruction.
    pub clerk: Words,
    /// What the citizen is told.
    pub citizen: Words,
}

pub(super) const fn words(en: &'static str, zh: &'static str) -> Words {
    Words { en, zh }
}

pub(super) const fn step(
    who: Who,
    en: &'static str,
    zh: &'static str,
    command: &'static str,
) -> Step {
    Step { who, deed: words(en, zh), command }
}
