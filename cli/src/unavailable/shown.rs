//! What ended without a conclusion, on the screen and as JSON.

use serde_json::{Value, json};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{
    CountUnavailableReply, ErrorCode, ListUnavailableReply, UnavailableCount, UnavailableExchange,
};
use zerotrip_text::shown;

use crate::render::{Failure, Language, Screen, rfc3339, way_out};

/// What names a place in the list: `41:UNDATED:estate.ownership`.
pub(super) fn place(one: &UnavailableExchange) -> String {
    format!("{}:{}:{}", one.index, one.code().name(), one.dataset)
}

/// For the authority: counted, then a page of them.
pub(super) fn list(reply: &ListUnavailableReply, screen: &Screen) -> Result<(), Failure> {
    let next = reply.exchanges.last().filter(|_| reply.more).map(place);
    let mut lines = groups(&reply.counts, screen);
    if !reply.exchanges.is_empty() {
        lines.push(screen.pick("the oldest first:", "按时间由早到晚：").to_owned());
    }
    lines.extend(reply.exchanges.iter().map(|one| exchange_line(one, screen)));
    if let Some(next) = &next {
        let head = screen.pick("there are more: --after", "还有更多：--after");
        lines.push(format!("{head} {}", shown(next)));
    }
    let value = json!({
        "counts": reply.counts.iter().map(count_value).collect::<Vec<_>>(),
        "exchanges": reply.exchanges.iter().map(exchange_value).collect::<Vec<_>>(),
        "next": next,
    });
    screen.show(&lines.join("\n"), &value)
}

/// For a department: of its own datasets.
pub(super) fn count(reply: &CountUnavailableReply, screen: &Screen) -> Result<(), Failure> {
    let counts = reply.counts.iter().map(count_value).collect::<Vec<_>>();
    screen.show(&groups(&reply.counts, screen).join("\n"), &json!({ "counts": counts }))
}

/// The table itself.
pub(super) fn codes(only: Option<ErrorCode>, screen: &Screen) -> Result<(), Failure> {
    let meant = |code: &ErrorCode| match only {
        Some(only) => *code == only,
        None => *code != ErrorCode::Unspecified,
    };
    for code in ErrorCode::all().filter(meant) {
        let way = code.way_out();
        let what = screen.pick(way.what.en, way.what.zh);
        let mut lines = vec![format!("{}: {what}", code.name())];
        if code.as_told() != code {
            let told = code.as_told().name();
            lines.push(match screen.language {
                Language::Zh => format!("  请求方所获告知：{told}"),
                Language::En => format!("  the requester hears: {told}"),
            });
        }
        lines.extend(way_out::steps(way, screen));
        lines.push(screen.remedy(screen.pick(way.clerk.en, way.clerk.zh)));
        lines.push(way_out::citizen(way, screen));
        let value = json!({
            "code": code.name(), "told_as": code.as_told().name(), "what_en": way.what.en,
            "what_zh": way.what.zh, "remedy_en": way.clerk.en, "remedy_zh": way.clerk.zh,
            "parked": code.passes(), "way_out": way_out::value(way),
        });
        screen.show(&lines.join("\n"), &value)?;
    }
    Ok(())
}

/// By dataset: how many in all, and why.
fn groups(counts: &[UnavailableCount], screen: &Screen) -> Vec<String> {
    if counts.is_empty() {
        let none = screen.pick("no exchange ended without a conclusion", "没有暂不可用的答复");
        return vec![none.to_owned()];
    }
    let mut datasets: Vec<&str> = counts.iter().map(|one| one.dataset.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    datasets.retain(|dataset| seen.insert(*dataset));
    let mut lines = Vec::new();
    for dataset in datasets {
        let alike = counts.iter().filter(|one| one.dataset == dataset);
        let total: u64 = alike.clone().map(|one| one.subjects).sum();
        let name = match dataset {
            "" => screen.pick("(no single dataset)", "（不涉及单一数据集）").to_owned(),
            dataset => shown(dataset),
        };
        lines.push(match screen.language {
            Language::Zh => format!("{name}：{total} 次答复暂不可用"),
            Language::En => format!("{name}: {total} answers were unavailable"),
        });
        for one in alike {
            lines.extend(group(one, screen));
        }
    }
    lines
}

fn group(one: &UnavailableCount, screen: &Screen) -> Vec<String> {
    let way = one.code().way_out();
    let moment = |time| from_timestamp(time).map(|time| screen.time(time)).unwrap_or_default();
    let (first, last) = (moment(one.first.as_ref()), moment(one.last.as_ref()));
    let (code, check, number) = (one.code().name(), shown(&one.check), one.subjects);
    let what = screen.pick(way.what.en, way.what.zh);
    let head = match screen.language {
        Language::Zh => format!(" {number} 次 {code}（{check}），{first} 至 {last}：{what}"),
        Language::En => format!(" {number} {code} ({check}), {first} to {last}: {what}"),
    };
    std::iter::once(head).chain(way_out::steps(way, screen)).collect()
}

fn exchange_line(one: &UnavailableExchange, screen: &Screen) -> String {
    let at = from_timestamp(one.at.as_ref()).map(|time| screen.time(time)).unwrap_or_default();
    let many = match (one.subjects, screen.language) {
        (0 | 1, _) => String::new(),
        (many, Language::Zh) => format!("（{many} 人）"),
        (many, Language::En) => format!(" ({many} persons)"),
    };
    let (exchange, dataset) = (shown(&one.exchange_id), shown(&one.dataset));
    let line = format!(" {at}  {exchange}  {} {dataset}", one.code().name());
    format!("{}  {}{many}", line.trim_end(), shown(&one.check))
}

fn count_value(one: &UnavailableCount) -> Value {
    let way = one.code().way_out();
    json!({
        "code": one.code().name(), "dataset": one.dataset, "check": one.check,
        "exchanges": one.exchanges, "subjects": one.subjects,
        "first": from_timestamp(one.first.as_ref()).map(rfc3339),
        "last": from_timestamp(one.last.as_ref()).map(rfc3339),
        "what_en": way.what.en, "what_zh": way.what.zh, "way_out": way_out::value(way),
    })
}

fn exchange_value(one: &UnavailableExchange) -> Value {
    json!({
        "exchange": one.exchange_id, "code": one.code().name(), "dataset": one.dataset,
        "check": one.check, "at": from_timestamp(one.at.as_ref()).map(rfc3339),
        "subjects": one.subjects,
    })
}
