//! What a register's own rows can suggest against its owner's statement without refuting it: each
//! has a name, by which the owner accepts it in the dataset file (`[accepted]`), with the reason.
//!
//! What rows refute cannot be accepted: the statement, or the rows, must change.

/// What rows suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspicion {
    /// Rows are older than `since`.
    OlderRows,
    /// The first row is later than `since` by far more than any gap between two rows.
    SinceGap,
    /// A region that is stated, and that no row names.
    RegionWithoutRows,
    /// What ends is said to be kept, and nothing has ended.
    NothingEnded,
    /// A column of a look-up that names no person in any row.
    BlankLookUp,
    /// Everyone is said to be known, and every person's number is from here.
    OnlyLocals,
    /// Dates to come.
    DatesToCome,
    /// The newest row is older than the as-of by more than the rows' own gaps.
    NothingNew,
    /// Amounts that nobody pays: fen that were taken for yuan.
    MoneyUnit,
    /// Numbers of 15 digits, where former numbers are said to be carried over.
    FormerNumbers,
}

/// Every suspicion: its name, and what it is, in English and Chinese.
pub const SUSPICIONS: &[(&str, Suspicion, &str, &str)] = &[
    (
        "older_rows",
        Suspicion::OlderRows,
        "`since` is later than a row's own date, and nothing older is said to be carried over. \
         While a connector serves, a row that is older than `since` stops all answers until this \
         is accepted or `since` corrected.",
        "有早于 `since` 的记录",
    ),
    (
        "since_gap",
        Suspicion::SinceGap,
        "`since` is earlier than the first row, by more than three months and by more than twice \
         any gap between two rows that follow one another.",
        "`since` 早于首条记录，且相差超过记录之间最大间隔的两倍",
    ),
    (
        "region_without_rows",
        Suspicion::RegionWithoutRows,
        "`regions` names a region that no cell of a division code is in.",
        "`regions` 所列地区没有任何记录",
    ),
    (
        "nothing_ended",
        Suspicion::NothingEnded,
        "`ended = \"kept\"`, and no row has ended.",
        "声明保留已终止的记录，但没有任何已终止的记录",
    ),
    (
        "blank_look_up",
        Suspicion::BlankLookUp,
        "A column of a look-up names a person in no row at all.",
        "查询字段在所有记录中均为空",
    ),
    (
        "only_locals",
        Suspicion::OnlyLocals,
        "`subjects` is everyone, and the number of every person was issued within `regions`.",
        "声明覆盖所有人，但全部证件号码均为本地签发",
    ),
    (
        "dates_to_come",
        Suspicion::DatesToCome,
        "One date in a hundred of a column, and more than a handful, is yet to come.",
        "有较多日期晚于今天",
    ),
    (
        "nothing_new",
        Suspicion::NothingNew,
        "The newest row is older than the as-of by more than a month and by twice any gap between \
         days with rows, of the last three years.",
        "最新记录明显早于所声明的数据时点",
    ),
    (
        "money_unit",
        Suspicion::MoneyUnit,
        "One amount in a hundred, and more than a handful, is over a billion yuan, as if fen were \
         taken for yuan.",
        "金额过大，疑似以分为单位",
    ),
    (
        "former_numbers",
        Suspicion::FormerNumbers,
        "`renumbered = \"carried_over\"`, and persons are there under numbers of 15 digits.",
        "声明原号码已并入现号码，但仍有 15 位号码",
    ),
];

impl Suspicion {
    /// Its name.
    pub fn name(self) -> &'static str {
        SUSPICIONS.iter().find(|(_, one, ..)| *one == self).map_or("", |(name, ..)| name)
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        SUSPICIONS.iter().find(|(known, ..)| *known == name).map(|(_, one, ..)| *one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_name() {
        for (name, one, en, zh) in SUSPICIONS {
            assert_eq!((one.name(), Suspicion::of_name(name)), (*name, Some(*one)));
            assert!(en.ends_with('.') && !zh.ends_with('。'), "{name}");
        }
        assert_eq!(Suspicion::of_name("since"), None);
    }
}
