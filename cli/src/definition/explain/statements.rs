//! What the owner of a register must state, what each statement must mean, and what would be
//! wrongly concluded if it meant something else.

use std::collections::BTreeSet;

use zerotrip_checks::definition::{Definition, ExpectedDataset, Reach, Role, Scan};
use zerotrip_text::Bilingual;

use super::{Section, dataset_name, joined, scans, word};

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
    AsOf,
}

impl Kind {
    pub(super) const ALL: [Self; 13] = [
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
            Self::AsOf => (
                "what was entered since is taken not to be there, and the answer is dated later \
                 than what it rests on",
                "此后登记的内容会被误认为不存在，答复所载时点也会晚于其依据",
            ),
        };
        Bilingual::new(en, zh)
    }

    /// A line: what it must mean here, and what follows otherwise.
    fn line(self, must: &Bilingual) -> Bilingual {
        let (name, otherwise) = (self.name(), self.otherwise());
        Bilingual::new(
            format!("{}: {}. Otherwise {}.", name.en, must.en, otherwise.en),
            format!("{}：{}。否则，{}。", name.zh, must.zh, otherwise.zh),
        )
    }
}

/// What the owner of one register must mean.
pub(super) fn owner(definition: &Definition, shape: &ExpectedDataset) -> Section {
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        lines.extend(musts(kind, definition, shape).iter().map(|must| kind.line(must)));
    }
    let dataset = dataset_name(shape);
    Section {
        title: Bilingual::new(
            format!("What the owner of {} must mean", dataset.en),
            format!("{}的数据提供单位须确认的内容", dataset.zh),
        ),
        lines,
    }
}

fn musts(kind: Kind, definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    match kind {
        Kind::LookUp => look_ups(shape),
        Kind::Type => {
            let types = shape.columns.iter().map(|(name, typed)| of_type(shape, name, typed));
            vec![joined(&types.collect::<Vec<_>>())]
        }
        Kind::Code => codes(definition, shape),
        Kind::Date => dates(definition, shape),
        Kind::Blank => columns(
            definition,
            shape,
            |scan| &scan.required,
            |columns| {
                Bilingual::new(
                    format!("a row without {} cannot be read", columns.en),
                    format!("缺少{}的记录视为不可读", columns.zh),
                )
            },
        ),
        Kind::Optional => columns(
            definition,
            shape,
            |scan| &scan.optional,
            |columns| {
                Bilingual::new(
                    format!(
                        "the register may lack {}, and then states none of that name",
                        columns.en
                    ),
                    format!("登记可以没有{}；没有时不得以同名列代替", columns.zh),
                )
            },
        ),
        Kind::Subjects => subjects(definition, shape),
        Kind::Regions => vec![Bilingual::new(
            "of what is or happened in the regions that it names, it has every record; the answer \
             holds only in those that all registers name",
            "对所列地区内存在或发生的事项，登记均有记录；答复仅在各登记共同涵盖的地区内成立",
        )],
        Kind::Since => vec![since(definition, shape)],
        Kind::Numbers => vec![Bilingual::new(
            "rows of a person whose number changed are under the present number; where that is not \
             stated, those whose number shows that they had another are not answered",
            "号码变更人员的记录均在现号码名下；未作此声明时，凡号码显示其曾有他号者不予答复",
        )],
        Kind::KeepsEnded => vec![Bilingual::new(
            "what ends stays as a row that says so; no row is removed or overwritten",
            "终止后仍保留注明终止的记录，不删除、不覆盖",
        )],
        Kind::UndatedBefore => vec![Bilingual::new(
            "what ended and bears no day had ended before the day that is stated; where none is \
             stated, a row that ended without a day makes the answer unavailable",
            "未载日期的终止均发生在所声明日期之前；未声明时，无日期的终止使答复为“无法确定”",
        )],
        Kind::AsOf => as_of(definition, shape),
    }
}

fn look_ups(shape: &ExpectedDataset) -> Vec<Bilingual> {
    let by = shape.lookup.iter().map(|(name, columns)| {
        let columns: Vec<Bilingual> = columns.iter().map(|column| word(shape, column)).collect();
        let columns = joined(&columns);
        Bilingual::new(
            format!("`{name}` finds every row that names the person, in {} at least", columns.en),
            format!("`{name}` 须找到载有当事人的每一条记录，至少检索{}", columns.zh),
        )
    });
    by.collect()
}

fn of_type(shape: &ExpectedDataset, name: &str, typed: &str) -> Bilingual {
    let column = word(shape, name);
    let (en, zh) = match typed {
        "resident_id" => ("a resident's number", "居民身份号码"),
        "date" => ("a calendar day", "日期"),
        "code" => ("one word of a closed list", "封闭代码表中的一项"),
        "text" => ("text as it is written", "原文文本"),
        "money" => ("an amount in yuan", "金额（元）"),
        "uscc" => ("a unified social credit code", "统一社会信用代码"),
        "division_code" => ("a division code", "行政区划代码"),
        "person_name" => ("a person's name", "姓名"),
        "phone" => ("a telephone number", "电话号码"),
        "address" => ("an address", "地址"),
        other => (other, other),
    };
    Bilingual::new(format!("{} is {en}", column.en), format!("{}为{zh}", column.zh))
}

fn codes(definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    let codes = definition.codes.iter().filter(|code| code.dataset == shape.id);
    codes
        .map(|code| {
            let column = word(shape, &code.column);
            let meanings: Vec<Bilingual> = code
                .meanings
                .iter()
                .map(|meaning| word(shape, &format!("{}.{meaning}", code.column)))
                .collect();
            let meanings = joined(&meanings);
            Bilingual::new(
                format!(
                    "each code of {} means one of these and nothing else: {}",
                    column.en, meanings.en
                ),
                format!("{}的每个代码只能是下列含义之一：{}", column.zh, meanings.zh),
            )
        })
        .collect()
}

fn dates(definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    let dates = definition.dates.iter().filter(|date| date.dataset == shape.id);
    dates
        .map(|date| {
            let column = word(shape, &date.column);
            let (en, zh) = match date.role {
                Role::Event => {
                    ("the day on which what the row records happened", "所载事项发生之日")
                }
                Role::End => ("the day on which what the row records ended", "所载事项终止之日"),
                Role::Birth => ("the day of birth that the number has inside", "号码所含出生日期"),
                Role::Begin => ("the day on which what the row records began", "所载事项开始之日"),
            };
            let aged = match date.least_age {
                0 => Bilingual::default(),
                age => Bilingual::new(
                    format!(", on which each of them was {age} at least"),
                    format!("，当日相关人员均已满 {age} 周岁"),
                ),
            };
            Bilingual::new(
                format!("{} is {en}{}", column.en, aged.en),
                format!("{}为{zh}{}", column.zh, aged.zh),
            )
        })
        .collect()
}

/// One line for all columns that any scan of the register names so.
fn columns(
    definition: &Definition,
    shape: &ExpectedDataset,
    of: impl Fn(&Scan) -> &Vec<String>,
    say: impl Fn(&Bilingual) -> Bilingual,
) -> Vec<Bilingual> {
    let names: BTreeSet<&String> =
        scans(definition, &shape.id).flat_map(|(_, _, scan)| of(scan)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let words: Vec<Bilingual> = names.into_iter().map(|name| word(shape, name)).collect();
    vec![say(&joined(&words))]
}

fn subjects(definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    let mut ways = Vec::new();
    if scans(definition, &shape.id).any(|(_, _, scan)| scan.judged) {
        ways.push(Bilingual::new(
            "it knows of everyone, wherever registered, what is in its regions",
            "无论何地户籍，凡在其涵盖地区内的均有记录",
        ));
    }
    ways.push(Bilingual::new(
        "it knows of everyone, wherever registered and wherever it happened",
        "无论何地户籍、发生于何地，均有记录",
    ));
    ways.extend(definition.coverage.iter().map(|rule| {
        let (statement, by) = (&rule.statement, &rule.registered);
        Bilingual::new(
            format!(
                "it knows of those who are registered, wherever it happened (`{statement}`), and \
                 the check tests by `{}.{}` who is",
                by.step, by.column
            ),
            format!(
                "仅涵盖已登记人员，发生于何地均有记录（`{statement}`），由 `{}.{}` 核对是否登记",
                by.step, by.column
            ),
        )
    }));
    let en: Vec<&str> = ways.iter().map(|way| way.en.as_str()).collect();
    let zh: Vec<&str> = ways.iter().map(|way| way.zh.as_str()).collect();
    vec![Bilingual::new(
        format!("one of these is so: {}", en.join("; or ")),
        format!("下列之一成立：{}", zh.join("；或者")),
    )]
}

fn since(definition: &Definition, shape: &ExpectedDataset) -> Bilingual {
    let reaches = scans(definition, &shape.id).map(|(variant, name, scan)| match scan.reach() {
        Reach::LifetimeFrom(age) => Bilingual::new(
            format!("`{variant}`, `{name}`: lives from the age of {age} on"),
            format!("`{variant}` 的 `{name}`：自满 {age} 周岁起"),
        ),
        Reach::LastYears(years) => Bilingual::new(
            format!("`{variant}`, `{name}`: the last {years} years"),
            format!("`{variant}` 的 `{name}`：近 {years} 年"),
        ),
    });
    let reaches = joined(&reaches.collect::<Vec<_>>());
    Bilingual::new(
        format!(
            "from the day that is stated on it has every record, and if so stated also what was in \
             force before; the check needs {}",
            reaches.en
        ),
        format!(
            "自所声明之日起均有记录；如另有声明，此前仍有效的也已转入；本核验需要{}",
            reaches.zh
        ),
    )
}

fn as_of(definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    let ages = scans(definition, &shape.id).map(|(_, _, scan)| scan.most_age.0.as_secs() / 3600);
    let Some(hours) = ages.min() else { return Vec::new() };
    vec![Bilingual::new(
        format!(
            "the moment that it gives is the one at which its rows were so; the answer is about \
             the earliest of all, and none may be more than {hours} hours old"
        ),
        format!(
            "所给时点即其记录当时的状态；答复以各登记中最早的时点为准，且均不得早于 {hours} 小时"
        ),
    )]
}
