//! `kind = "rest"`.

use std::time::Duration;

use super::pointer::Pointer;
use super::remote::{self, Tls};
use super::url::Url;
use super::{Kind, Parameter, Source};
use crate::file::section::{Section, is_text};

mod paging;

pub use paging::{Paging, Total, Way};

use paging::total;

/// A collection that an HTTP API gives as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Where the collection is.
    pub url: Url,
    /// Where its rows are in an answer.
    pub rows: Pointer,
    /// How one answer follows the other.
    pub paging: Paging,
    /// Headers that are secret, one in a line, in a file that no one else may read, relative to
    /// the dataset file.
    pub header_file: Option<String>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Time for one request: 1 s to 10 min, default 30 s.
    pub time_out: Duration,
    /// Answers of one reading: 1 to 100,000, default 10,000.
    pub most_pages: usize,
    /// Time between two readings: zero, or 1 s to 24 h, default 15 min.
    pub refresh_every: Duration,
    /// Of when its answers are.
    pub age: Age,
    /// The owner's reason why no row or cell is hidden from this reader.
    pub nothing_hidden: String,
}

/// Of when an interface's answers are: it has no catalogue that could be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Age {
    /// Of now, for the reason that its owner gives.
    Live(String),
    /// As each answer says itself there.
    Said(Total),
}

pub(super) const KIND: Kind = Kind {
    name: "rest",
    title: "A collection that a system's own HTTP interface gives as JSON.",
    title_zh: "业务系统的 HTTP 接口（JSON）",
    parameters: &[
        &URL,
        &ROWS,
        &PAGING,
        &HEADER_FILE,
        &TLS,
        &remote::CA_FILE,
        &TIME_OUT,
        &MOST_PAGES,
        &REFRESH_EVERY,
        &LIVE,
        &AS_OF,
        &remote::NOTHING_HIDDEN,
    ],
    example: "[source]\nkind = \"rest\"\nurl = \"https://estate.example/api/v2/ownerships\"\nrows \
              = \"/data/list\"\npaging = { kind = \"page\", parameter = \"pageNo\", \
              size_parameter = \"pageSize\", size = 500, id = \"DJBH\", total = \"/data/total\" \
              }\nheader_file = \"secret/estate-header\"\nrefresh_every = \"30m\"\nlive = \
              \"answers from the register's own database: contract FCJ/2026/17\"\nnothing_hidden \
              = \"this token's role sees all districts\"\n",
    notes: "A search of the interface's own would not find every spelling of an id, so the whole \
            collection is read, page by page, into an indexed snapshot beside the connector. A \
            new one is made every `refresh_every`; until it is whole, the one before serves, with \
            its own as-of: the start of its reading. Rows are located by their number in the \
            reading.\n\n**A collection may change while it is read**, and a row that moves to a \
            page that was read already would be lost. So whatever takes more than one request is \
            read twice, and counts only if both readings gave the same rows, page by page: then \
            every page was so at the moment between them. What was changed and changed back \
            meanwhile, in the same place, is all that this does not see. It is read up to four \
            times; if it never stays unchanged that long, the snapshot before serves, and `check` \
            says so. What each way holds beyond that:\n\n| `paging` | its keys | what tells that \
            nothing is missing |\n|---|---|---|\n| `{ kind = \"whole\" }` | | One answer has all \
            rows, and its owner says so. An answer with a `Link` to a next one is refused. An \
            interface that cuts its answer off in silence is found only by `total`, or by the \
            dataset's `row_floor`. |\n| `{ kind = \"page\", … }` | `parameter`, `id`, `first` \
            (default 1) | Pages are read until one is empty; a shorter one is not trusted to be \
            the last, and without `total` two more behind the empty one are asked for. The page \
            before the first is asked for as well, in every reading: one that has rows which the \
            others have not is refused, for then pages count from another number. No two rows may \
            have the same `id`: an interface that sorts its pages differently each time gives one \
            row twice and another never. |\n| `{ kind = \"offset\", … }` | `parameter`, `id` | \
            The same; the next request begins behind the rows that came, and one row before and \
            one behind the first are asked for as well. |\n| `{ kind = \"cursor\", … }` | \
            `parameter`, `next` (a pointer) | `next` is null or empty in the last answer. If it \
            is not there at all, that is the end only where `total` says so. An interface that \
            loses rows between two cursors is found by `total` only. |\n| `{ kind = \"link\" }` | \
            | The last answer has no `Link` header with `rel=\"next\"`. Links lead to the same \
            server, or are refused. An interface that loses rows is found by `total` only. \
            |\n\nEach may have `size_parameter` and `size` (the rows to ask for in each answer), \
            `id` (the field that no two rows have in common; where it is given, a second row with \
            it is refused) and `total` (a JSON pointer, or a header's name such as \
            `X-Total-Count`): it must be the same in every answer, and the number of rows that \
            came.\n\nA column's `field` is the name of a row's member or, with `/` at its \
            beginning, a JSON pointer (RFC 6901) within the row, such as `/owner/id`. **A list is \
            read with `*`**, which stands for each of its elements: with `/owners/*/id` and \
            `/owners/*/share`, an object with three owners becomes three rows that share its \
            other cells; an empty list becomes one row with no person in it. One list may be read \
            so. A step that is a number leads to the only element of a list: where there are \
            others beside it, the reading is refused, in a column and in `rows`, where `*` may \
            appear as well.\n\nWhat an answer's own headers say of its age (`Age`, or a `Date` \
            more than a minute before the request) makes its as-of older; a cache is asked for \
            nothing (`Cache-Control: no-cache`).\n\n| JSON | becomes |\n|---|---|\n| a string | \
            the text; half of a surrogate pair becomes `\u{fffd}`, which nothing reads |\n| a \
            number | its digits exactly as they are: `1.50` stays so. In a column of ids one of \
            more than 15 digits that could be what a floating-point number left of another becomes \
            `4.4052418800101e17`: **never a person**, but any person whose id begins so. Give ids \
            as strings. |\n| `true`, `false` | the word |\n| `null`, or a pointer that leads \
            through one | NULL |\n| a member that is not there | refused: the interface must write \
            `null` |\n| an object or an array | refused, if a column names it: name what is \
            within, of a list with `*` |\n\nAn answer must be whole JSON in UTF-8 with status 200, \
            of at most 64 MiB and 64 levels, no key twice in an object; compression is not asked \
            for, redirects are not followed. A request is tried again, up to three times, when its \
            connection fails, or after status 429 or 503, waiting as long as `Retry-After` says, \
            up to 30 seconds.\n",
    read,
};

const URL: Parameter = Parameter {
    key: "url",
    default: None,
    form: "must be `https://host[:port]/path[?query]`, without user, password or `#`; `http` with \
           `tls = \"off\"` only",
    doc: "The collection. In messages, the values of its query are left out; secrets belong into \
          `header_file` all the same.",
};
const ROWS: Parameter = Parameter {
    key: "rows",
    default: None,
    form: paging::POINTER_FORM,
    doc: "Where the array of rows is in an answer, such as `/data/list`; empty where the \
          answer is the array.",
};
const PAGING: Parameter = Parameter {
    key: "paging",
    default: None,
    form: "must be a table such as `{ kind = \"page\", parameter = \"page\", id = \"…\" }`",
    doc: "How the collection is read from its first row to its last; the ways are below.",
};
const HEADER_FILE: Parameter = Parameter {
    key: "header_file",
    default: Some("none"),
    form: "must be a file's path",
    doc: "A file with secret headers, one in a line (`Authorization: Bearer …`), at most 8, \
          relative to this file; refused if another user may read it (`chmod 600`). Read for \
          every reading.",
};
const TLS: Parameter = Parameter {
    doc: "`verify`: encrypted, and the server's certificate must bear the host of `url` and lead \
          to a known authority. `off`: in clear text, the secret headers included; for a server \
          on the same machine.",
    ..remote::TLS
};
const TIME_OUT: Parameter = Parameter {
    key: "time_out",
    default: Some("30s"),
    form: "must be between `1s` and `10m`",
    doc: "Time for one request, from dialling to the last byte.",
};
const MOST_PAGES: Parameter = Parameter {
    key: "most_pages",
    default: Some("10000"),
    form: "must be between 1 and 100000",
    doc: "Most answers of one reading; a collection with more is refused.",
};
const REFRESH_EVERY: Parameter = Parameter {
    key: "refresh_every",
    default: Some("15m"),
    form: "must be `0s`, or between `1s` and `24h`, such as `15m`",
    doc: "How often the collection is read. `0s`: for every look-up, for small collections: then \
          its answers are of the moment.",
};
const LIVE: Parameter = Parameter {
    key: "live",
    default: Some("as `as_of` says"),
    form: "must be a sentence that says why, of at most 200 characters",
    doc: "The owner's reason why an answer is of the moment in which it is asked for, and of no \
          cache, copy or nightly load. An interface cannot be asked: so either this or `as_of` \
          must be there.",
};
const AS_OF: Parameter = Parameter {
    key: "as_of",
    default: Some("none"),
    form: "must be a JSON pointer, or a header's name",
    doc: "Where each answer says of when it is, such as `/data/loadedAt`; a time without an \
          offset is Beijing time. The oldest of all answers counts, and never a later one than \
          the reading's start.",
};
fn read(section: &mut Section<'_>) -> Option<Source> {
    let url = url(section);
    let rows = ROWS.read(section, None, |value| Pointer::parse(value.as_str()?));
    let paging = paging(section, url.as_ref());
    let header_file = HEADER_FILE
        .read(section, Some(None), |value| value.as_str().filter(|text| is_text(text)).map(Some));
    let tls = remote::tls(section);
    let time_out = TIME_OUT.read(section, Some(Duration::from_secs(30)), |value| {
        let time = zerotrip_text::duration(value.as_str()?)?;
        (Duration::from_secs(1)..=Duration::from_secs(600)).contains(&time).then_some(time)
    });
    let most_pages = MOST_PAGES.read(section, Some(10_000), |value| {
        usize::try_from(value.as_integer()?).ok().filter(|pages| (1..=100_000).contains(pages))
    });
    let refresh_every = REFRESH_EVERY.read(section, Some(Duration::from_secs(900)), |value| {
        let time = zerotrip_text::duration(value.as_str()?)?;
        (time.is_zero() || (Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time))
            .then_some(time)
    });
    let live = LIVE.read(section, Some(None), |value| remote::reason(value).map(Some));
    let as_of = AS_OF.read(section, Some(None), |value| total(value.as_str()?).map(Some));
    let nothing_hidden = remote::NOTHING_HIDDEN.read(section, None, remote::reason);
    let age = match (live?, as_of?) {
        (Some(reason), None) => Age::Live(reason),
        (None, Some(place)) => Age::Said(place),
        (None, None) => {
            section.fault(
                "live",
                None,
                "missing; say why its answers are of now, or name in `as_of` where they say of \
                 when they are"
                    .to_owned(),
            );
            return None;
        }
        (Some(_), Some(_)) => {
            section.fault("as_of", None, "there is `live` already: keep one of them".to_owned());
            return None;
        }
    };
    let (url, tls) = (url?, tls?);
    if url.secure != (tls != Tls::Off) {
        // Its value is left out: it may hold a secret.
        section.fault(
            "url",
            None,
            "`https` goes with `tls = \"verify\"`, `http` with `tls = \"off\"`".to_owned(),
        );
        return None;
    }
    Some(Source::Rest(Rest {
        url,
        rows: rows?,
        paging: paging?,
        header_file: header_file?.map(str::to_owned),
        tls,
        time_out: time_out?,
        most_pages: most_pages?,
        refresh_every: refresh_every?,
        age,
        nothing_hidden: nothing_hidden?,
    }))
}

fn url(section: &mut Section<'_>) -> Option<Url> {
    let value = section.need(URL.key, URL.form)?;
    let url = value.as_str().and_then(Url::parse);
    if url.is_none() {
        // A wrong one may hold a password.
        section.fault(URL.key, None, URL.form.to_owned());
    }
    url
}

fn paging(section: &mut Section<'_>, url: Option<&Url>) -> Option<Paging> {
    let mut inner = section.section(PAGING.key, PAGING.form)?;
    let paging = paging::read(&mut inner, url);
    section.close(inner);
    paging
}
