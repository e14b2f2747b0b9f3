//! What each statement of a register's owner must mean, by the definition that relies on it.

use std::collections::BTreeSet;

use zerotrip_checks::definition::{
    DateOf, Definition, ExpectedDataset, Reach, Role, Scan, Variant,
};
use zerotrip_text::Bilingual;

use super::kinds::Kind;
use super::{Section, dataset_name, joined, scans, word};

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
        Kind::HandedOver => handed_over(definition, shape),
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
        "month" => ("a month", "月份"),
        "code" => ("one word of a closed list", "封闭代码表中的一项"),
        "text" => ("text as it is written", "原文文本"),
        "money" => ("an amount in yuan", "金额（元）"),
        "uscc" => ("a unified social credit code", "统一社会信用代码"),
        "vessel_number" => ("a ship identification number", "船舶识别号"),
        "vin" => ("a vehicle identification number", "车辆识别代号"),
        "unit_code" => ("the code of a real-property unit", "不动产单元代码"),
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
                Role::RecordedOn => (
                    "the day since which the row says what it says: by then, what it shows as \
                     ended had ended, and what it shows as going on went on",
                    "该记录自何日起作此记载：截至该日，所载已终止的事项已终止，所载持续的事项仍持续",
                ),
                Role::Limit => (
                    "the last day for which what the row records holds",
                    "所载事项有效期的最后一日",
                ),
            };
            let bounds = bounds(date);
            Bilingual::new(
                format!("{} is {en}{}", column.en, bounds.en),
                format!("{}为{zh}{}", column.zh, bounds.zh),
            )
        })
        .collect()
}

/// Between which days it can be: another day is one that cannot be read.
fn bounds(date: &DateOf) -> Bilingual {
    let aged = match (date.role, date.least_age.unwrap_or(0)) {
        (Role::Birth, 0) if date.parents.is_empty() => Bilingual::default(),
        (Role::Birth, 0) => {
            Bilingual::new(", and the parents were born before it", "，父母出生均早于该日")
        }
        (Role::Birth, age) => Bilingual::new(
            format!(", on which each of the parents was {age} at least"),
            format!("，当日父母均已满 {age} 周岁"),
        ),
        (Role::Begin, 0) if date.least_age.is_some() => {
            Bilingual::new(", and not before anybody's birth", "，不早于相关人员出生")
        }
        (_, 0) => Bilingual::default(),
        (_, age) => Bilingual::new(
            format!(", on which each of them was {age} at least"),
            format!("，当日相关人员均已满 {age} 周岁"),
        ),
    };
    let first = date.not_before.map_or_else(Bilingual::default, |day| {
        Bilingual::new(format!(", not before {day}"), format!("，不早于 {day}"))
    });
    Bilingual::new(aged.en + &first.en, aged.zh + &first.zh)
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
    // Of rows that are judged one by one, or counted, those of its regions are enough.
    let is_local = |variant: &str, name: &str, scan: &Scan| {
        let counts = |variant: &Variant| variant.counts().any(|(_, months)| months.of == name);
        scan.judged || definition.variants.iter().any(|one| one.name == variant && counts(one))
    };
    let all = || scans(definition, &shape.id);
    if all().any(|(variant, name, scan)| is_local(variant, name, scan)) {
        ways.push(Bilingual::new(
            "it knows of everyone, wherever registered, what is in its regions",
            "无论何地户籍，凡在其涵盖地区内的均有记录",
        ));
    }
    if !all().all(|(variant, name, scan)| is_local(variant, name, scan)) {
        ways.push(Bilingual::new(
            "it knows of everyone, wherever registered and wherever it happened",
            "无论何地户籍、发生于何地，均有记录",
        ));
    }
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
    if let [way] = ways.as_slice() {
        return vec![way.clone()];
    }
    let en: Vec<&str> = ways.iter().map(|way| way.en.as_str()).collect();
    let zh: Vec<&str> = ways.iter().map(|way| way.zh.as_str()).collect();
    vec![Bilingual::new(
        format!("one of these is so: {}", en.join("; or ")),
        format!("下列之一成立：{}", zh.join("；或者")),
    )]
}

fn since(definition: &Definition, shape: &ExpectedDataset) -> Bilingual {
    let reaches = scans(definition, &shape.id).map(|(variant, name, scan)| match scan.reach() {
        _ if scan.known_from.is_some() => Bilingual::new(
            format!("`{variant}`, `{name}`: the days that the request names"),
            format!("`{variant}` 的 `{name}`：请求所载时间"),
        ),
        Reach::LifetimeFrom(age) => Bilingual::new(
            format!("`{variant}`, `{name}`: lives from the age of {age} on"),
            format!("`{variant}` 的 `{name}`：自满 {age} 周岁起"),
        ),
        Reach::LastYears(0) => Bilingual::new(
            format!("`{variant}`, `{name}`: what is so at that moment"),
            format!("`{variant}` 的 `{name}`：该时点的状态"),
        ),
        Reach::LastYears(years) => Bilingual::new(
            format!("`{variant}`, `{name}`: the last {years} years"),
            format!("`{variant}` 的 `{name}`：近 {years} 年"),
        ),
        // Days are a request's, and no definition's.
        Reach::Days { .. } => Bilingual::default(),
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

/// Of a register that a record leaves for another, or comes to from another.
fn handed_over(definition: &Definition, shape: &ExpectedDataset) -> Vec<Bilingual> {
    let is_of = |step: &str| scans(definition, &shape.id).any(|(_, name, _)| name == step);
    let pairs = definition.hand_overs.iter().filter(|pair| is_of(&pair.from) || is_of(&pair.to));
    pairs
        .map(|pair| {
            let (from, to) = (&pair.from, &pair.to);
            let by = pair.by.as_ref().map_or_else(Bilingual::default, |by| {
                let by = word(shape, by);
                Bilingual::new(
                    format!(", of the same {}, where both state it", by.en),
                    format!("，双方均有载{}的，该项也须相同", by.zh),
                )
            });
            Bilingual::new(
                format!(
                    "what `{from}` says went to `{to}` by a day is there since that day, as a \
                     separate row of the same person{}",
                    by.en
                ),
                format!(
                    "`{from}` 载明已于某日转至 `{to}` 的，自该日起在后者另有同一人员的记录{}",
                    by.zh
                ),
            )
        })
        .collect()
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
            "所给时点即其记录当时的状态；答复以各登记中最早的时点为准，且各时点距答复时均不得超过 {hours} 小时"
        ),
    )]
}
