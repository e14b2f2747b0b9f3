//! What is asked of whom, what is concluded from silence, and what a no says.

use zerotrip_checks::definition::{
    Definition, ExpectedDataset, Origin, Reach, Reference, Scan, Variant,
};
use zerotrip_datasets::KeyKind;
use zerotrip_text::Bilingual;

use super::counted::counted;
use super::parameters::{identified, said};
use super::proven::proven;
use super::{Section, age, dataset_name, joined, named, word};

/// The check as a whole.
pub(super) fn overview(definition: &Definition) -> Section {
    let variants: Vec<Bilingual> = definition
        .variants
        .iter()
        .map(|variant| named(&variant.name, Some(&variant.title)))
        .collect();
    let variants = joined(&variants);
    let parameters: Vec<String> =
        definition.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
    let others = definition.parameters.iter().filter(|one| !one.declared.is_subject());
    let others: Vec<Bilingual> = others.map(said).collect();
    let registers: Vec<Bilingual> = definition.datasets.iter().map(dataset_name).collect();
    let registers = joined(&registers);
    let statement = &definition.certificate.statement;
    let mut section = Section {
        title: Bilingual::new(
            format!("{} (`{}`)", definition.title.en, definition.name),
            format!("{}（`{}`）", definition.title.zh, definition.name),
        ),
        lines: vec![
            Bilingual::new(
                format!("It can be asked as: {}.", variants.en),
                format!("可按以下范围查询：{}。", variants.zh),
            ),
            Bilingual::new(
                format!("The requester says: {}.", parameters.join(", ")),
                format!("查询方须填写：{}。", parameters.join("、")),
            ),
            Bilingual::new(
                format!("It reads: {}.", registers.en),
                format!("读取的登记：{}。", registers.zh),
            ),
            Bilingual::new(
                format!("A yes states: {}.", statement.en),
                format!("肯定答复所声明的内容：{}。", statement.zh),
            ),
            Bilingual::new(
                "A yes is given only where every register answered whole, could be read whole, \
                 knows of every person asked about, and all of it held at one moment. A no is \
                 given only for what is on record of a person who is asked about beyond doubt, or, \
                 where a question says so below, where every register answered whole and nothing \
                 on record shows it. In every other case the answer is \"unavailable\", which is \
                 neither.",
                "只有在每个登记都完整答复、全部可读、涵盖每一位被查询人员，且各项内容在同一时点均\
                 成立时，才给出肯定答复；只有确属查询对象的人员有相应登记记录时，或者（下文载明的）\
                 各登记均完整答复而没有记录证明时，才给出否定答复；其余情形一律答复“无法确定”，既非是，也非否。",
            ),
        ],
    };
    drop(section.lines.splice(2..2, told_too(others)));
    section.lines.extend(law(definition));
    section.lines.extend(definition.identity.as_ref().map(identified));
    section
}

/// By which law it is asked, and where somebody goes who holds an answer to be wrong.
fn law(definition: &Definition) -> Vec<Bilingual> {
    let mut lines = Vec::new();
    if !definition.basis.is_empty() {
        let en: Vec<&str> = definition.basis.iter().map(|law| law.en.as_str()).collect();
        let zh: Vec<&str> = definition.basis.iter().map(|law| law.zh.as_str()).collect();
        lines.push(Bilingual::new(
            format!("Its rules are by: {}.", en.join("; ")),
            format!("规则依据：{}。", zh.join("；")),
        ));
    }
    let days = definition.certificate.validity.as_secs() / 86_400;
    lines.push(Bilingual::new(
        format!(
            "A certificate on a yes is valid for {days} days, and states what was so when it was \
             made."
        ),
        format!("就肯定答复出具的电子证明有效期 {days} 天，只说明出具时的情况。"),
    ));
    lines.extend(definition.objection.as_ref().map(|objection| {
        Bilingual::new(
            format!("Who holds an answer to be wrong: {}.", objection.en),
            format!("对答复有异议的：{}。", objection.zh),
        )
    }));
    lines
}

/// What the requester says beside the person, and who learns of it.
fn told_too(others: Vec<Bilingual>) -> Vec<Bilingual> {
    if others.is_empty() {
        return others;
    }
    let learn = Bilingual::new(
        "Every department that is asked sees that, in the signed request, and serves nothing \
         outside those bounds. A yes and its certificate name it, and no holder can withhold it.",
        "每个被查询的单位均可在签名的请求中看到上述内容，超出范围的请求一律不予答复；肯定答复及电子\
         证明均载明上述内容，持有人不能隐去。",
    );
    others.into_iter().chain([learn]).collect()
}

/// One form of the question.
pub(super) fn variant(definition: &Definition, variant: &Variant) -> Section {
    let scans = variant.scans().flat_map(|(name, scan)| {
        let shape = definition.datasets.iter().find(|shape| shape.id == scan.dataset);
        let kind = definition.key_kind(scan);
        shape.map(|shape| {
            let whom = asked(variant, (name, kind), scan, shape);
            [whom, allowed(scan, kind), silence(variant, scan, kind)]
        })
    });
    Section {
        title: Bilingual::new(
            format!("What is asked: {} (`{}`)", variant.title.en, variant.name),
            format!("查询内容：{}（`{}`）", variant.title.zh, variant.name),
        ),
        lines: proven(definition, variant)
            .into_iter()
            .chain(scans.flatten())
            .chain(counted(definition, variant))
            .collect(),
    }
}

/// Whom a scan asks about, and for which columns.
fn asked(
    variant: &Variant,
    (name, kind): (&str, KeyKind),
    scan: &Scan,
    shape: &ExpectedDataset,
) -> Bilingual {
    let dataset = dataset_name(shape);
    let persons = persons(variant, &scan.keys, kind);
    let columns: Vec<Bilingual> = scan.columns.iter().map(|column| word(shape, column)).collect();
    let columns = joined(&columns);
    let optional: Vec<Bilingual> = scan.optional.iter().map(|column| word(shape, column)).collect();
    let optional = match optional.is_empty() {
        true => Bilingual::default(),
        false => {
            let optional = joined(&optional);
            Bilingual::new(
                format!("; where the register has them, also {}", optional.en),
                format!("；如登记有载，另取{}", optional.zh),
            )
        }
    };
    let by = shape.lookup.get(&scan.lookup).into_iter().flatten();
    let by = joined(&by.map(|column| word(shape, column)).collect::<Vec<_>>());
    Bilingual::new(
        format!(
            "`{name}` asks {} about {}, looked up in {}. It takes of each row: {}{}.",
            dataset.en, persons.en, by.en, columns.en, optional.en
        ),
        format!(
            "`{name}` 向{}查询{}，按{}检索；每条记录取：{}{}。",
            dataset.zh, persons.zh, by.zh, columns.zh, optional.zh
        ),
    )
}

/// Where the numbers of those persons may come from, where they may go, and how many.
fn allowed(scan: &Scan, kind: KeyKind) -> Bilingual {
    let origins: Vec<Bilingual> = scan
        .origins
        .iter()
        .map(|origin| match origin {
            Origin::Parameter { parameter } => Bilingual::new(
                format!("the request (`{parameter}`)"),
                format!("查询请求（`{parameter}`）"),
            ),
            Origin::Column { dataset, column } => Bilingual::new(
                format!("what `{dataset}` answered (`{column}`)"),
                format!("`{dataset}` 的答复（`{column}`）"),
            ),
        })
        .collect();
    let origins = joined(&origins);
    let (keys, rows) = (scan.most_keys, scan.most_rows);
    let (_, several, _, several_zh) = called(kind);
    let supplied: Vec<String> = scan.supplies.iter().map(|name| format!("`{name}`")).collect();
    let onward = match supplied.is_empty() {
        true => Bilingual::new("Nothing of it is shown on.", "答复内容不再提供给其他单位。"),
        false => Bilingual::new(
            format!("Of it, {} may be shown on as numbers to ask about.", supplied.join(", ")),
            format!("其中 {} 可作为查询号码提供给其他单位。", supplied.join("、")),
        ),
    };
    Bilingual::new(
        format!(
            "Those numbers may come from {} and nowhere else; at most {keys} {several} and {rows} \
             rows. {}",
            origins.en, onward.en
        ),
        format!(
            "所用号码只能来自{}；最多 {keys} {several_zh}、{rows} 条记录。{}",
            origins.zh, onward.zh
        ),
    )
}

/// What follows where a register has no row of a person.
fn silence(variant: &Variant, scan: &Scan, kind: KeyKind) -> Bilingual {
    let (days, age_zh) = age(scan.most_age.0);
    if scan.only_doubts {
        return Bilingual::new(
            format!(
                "Nothing is concluded from its silence. Its rows can only raise doubts, which make \
                 the answer unavailable. It may be {days} old."
            ),
            format!(
                "无记录时不作任何结论；其记录只会引起疑问，使答复为“无法确定”。数据时点距答复时 \
                 不得超过 {age_zh}。"
            ),
        );
    }
    let persons = persons(variant, &scan.absence_for, kind);
    let reach = match scan.reach() {
        _ if scan.known_from.is_some() => Bilingual::new(
            "on the days that the request names, of which it must know",
            "在请求所载时间内（该登记须涵盖此时间）",
        ),
        Reach::LifetimeFrom(0) => Bilingual::new("in their whole life", "自出生以来"),
        Reach::LifetimeFrom(age) => Bilingual::new(
            format!("in their life from the age of {age} on"),
            format!("自满 {age} 周岁以来"),
        ),
        Reach::LastYears(0) => Bilingual::new("at that moment", "于该时点"),
        Reach::LastYears(years) => {
            Bilingual::new(format!("in the last {years} years"), format!("近 {years} 年内"))
        }
        // Days are a request's, and no definition's.
        Reach::Days { .. } => Bilingual::default(),
    };
    let judged = match scan.judged || scan.each_row {
        true => Bilingual::new(
            " Each of its rows must be judged; one that is not settles nothing.",
            "每条记录都须作出判断，未判断的记录使答复为“无法确定”。",
        ),
        false => Bilingual::default(),
    };
    Bilingual::new(
        format!(
            "If it has no row of {}, it is concluded that {} there was none. It may be {days} \
             old.{}",
            persons.en, reach.en, judged.en
        ),
        format!(
            "如无{}的记录，即认定其{}没有此类情形。数据时点距答复时不得超过 {age_zh}。{}",
            persons.zh, reach.zh, judged.zh
        ),
    )
}

/// What those are whom a scan asks about, one and several.
fn called(kind: KeyKind) -> (&'static str, &'static str, &'static str, &'static str) {
    let words = kind.words();
    (words.one, words.several, words.zh, words.counted_zh)
}

fn persons(variant: &Variant, references: &[Reference], kind: KeyKind) -> Bilingual {
    let (one, _, one_zh, _) = called(kind);
    let persons: Vec<Bilingual> = references
        .iter()
        .map(|reference| match reference.step.as_str() {
            "request" => Bilingual::new(
                format!("the {one} that the request names (`{}`)", reference.column),
                format!("请求所载{one_zh}（`{}`）", reference.column),
            ),
            step => {
                let mut steps = variant.steps.iter();
                match steps.find(|known| known.name == step).and_then(|step| step.title.as_ref()) {
                    Some(title) => named(step, Some(title)),
                    None => Bilingual::new(
                        format!("those whom the step `{step}` finds"),
                        format!("步骤 `{step}` 得出的{one_zh}"),
                    ),
                }
            }
        })
        .collect();
    joined(&persons)
}

/// What a no says, to whom.
pub(super) fn reasons(definition: &Definition) -> Section {
    let lines = definition.reasons.iter().map(|reason| {
        let told = reason.requester_code.as_ref().unwrap_or(&reason.code);
        Bilingual::new(
            format!(
                "`{}`: the requester hears `{told}`, \"{}\"; the citizen, \"{}\".",
                reason.code, reason.requester.en, reason.citizen.en
            ),
            format!(
                "`{}`：向查询方告知 `{told}`“{}”；向当事人告知“{}”。",
                reason.code, reason.requester.zh, reason.citizen.zh
            ),
        )
    });
    Section {
        title: Bilingual::new(
            "Why an answer is no, the most important first",
            "否定答复的理由（按重要程度排列）",
        ),
        lines: lines.collect(),
    }
}
