//! The tables of `docs/unavailable.md` and its Chinese page are made from the table of ways out
//! and from the shipped definitions' reasons: an answer cannot end with a code that is not there.

use std::fmt::Write as _;
use std::fs;

use zerotrip_hub::state::DefinitionFolder;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_proto::{NO, WayOut, Words};
use zerotrip_tests::deployment::definitions;

use super::{page, root};

/// What the page is in, and the heading from which on it is made.
struct Page {
    name: &'static str,
    pick: fn(Words) -> &'static str,
    begins: &'static str,
    told: &'static str,
    untold: &'static str,
    reasons: &'static str,
    codes: &'static str,
    texts: &'static str,
}

const PAGES: [Page; 2] = [
    Page {
        name: "docs/unavailable.md",
        pick: |words| words.en,
        begins: "## Every code that is told\n",
        told: "Made from the code (`proto/src/way_out/`), as are the tables below.\n",
        untold: "## Every code that is told as UNSETTLED\n\nThe requester hears UNSETTLED. The \
                 authority reads these, and the department whose dataset it is.\n",
        reasons: "## Every reason of a no\n\nA *no* is an answer. Its reasons are in each check's \
                  definition.\n",
        codes: "| code | what is so | time | who can end it, and how | the clerk reads | the \
                citizen hears |",
        texts: "| check | reason | told as | the clerk reads | the citizen hears |",
    },
    Page {
        name: "docs/zh/unavailable.md",
        pick: |words| words.zh,
        begins: "## 告知请求方的代码\n",
        told: "本表及以下各表由代码生成（`proto/src/way_out/`）。\n",
        untold: "## 以 UNSETTLED 告知的代码\n\n请求方只获知 UNSETTLED；以下代码供数据主管部门和相应数据的\
                 提供单位查阅。\n",
        reasons: "## “不符合”的理由\n\n“不符合”是明确的答复，理由写在各核验事项的定义中。\n",
        codes: "| 代码 | 情况 | 时间 | 由谁、如何解决 | 经办人所见 | 告知当事人 |",
        texts: "| 核验事项 | 理由 | 告知代码 | 经办人所见 | 告知当事人 |",
    },
];

impl Page {
    fn made(&self) -> String {
        let line = |columns: usize| format!("|{}\n", "---|".repeat(columns));
        let mut text = format!("{}\n{}\n{}\n{}", self.begins, self.told, self.codes, line(6));
        let all = || ErrorCode::all().filter(|code| *code != ErrorCode::Unspecified);
        for code in all().filter(|code| code.as_told() == *code) {
            text += &self.row(code.name(), code.way_out());
        }
        write!(text, "\n{}\n{}\n{}", self.untold, self.codes, line(6)).unwrap();
        for code in all().filter(|code| code.as_told() != *code) {
            text += &self.row(code.name(), code.way_out());
        }
        write!(text, "\n{}\n{}\n{}", self.reasons, self.codes, line(6)).unwrap();
        text += &self.row("NO", &NO);
        write!(text, "\n{}\n{}", self.texts, line(5)).unwrap();
        let mut checks: Vec<_> =
            fs::read_dir(definitions()).unwrap().map(|entry| entry.unwrap().path()).collect();
        checks.sort();
        for check in checks.iter().filter(|path| path.is_dir()) {
            let definition = DefinitionFolder::read(check).unwrap().definition().unwrap();
            for reason in &definition.reasons {
                let told = reason.requester_code.as_ref().unwrap_or(&reason.code);
                let is_english = self.name == "docs/unavailable.md";
                let pick = |text: &zerotrip_text::Bilingual| match is_english {
                    true => text.en.clone(),
                    false => text.zh.clone(),
                };
                let (clerk, citizen) = (pick(&reason.requester), pick(&reason.citizen));
                let (name, code) = (&definition.name, &reason.code);
                writeln!(text, "| {name} | {code} | {told} | {clerk} | {citizen} |").unwrap();
            }
        }
        text
    }

    fn row(&self, code: &str, way: &WayOut) -> String {
        let pick = self.pick;
        let steps: Vec<String> = way
            .steps
            .iter()
            .map(|step| {
                let who = pick(step.who.words());
                let apart = if self.name == "docs/unavailable.md" { " " } else { "：" };
                let command = match step.command {
                    "" => String::new(),
                    command => format!(" (`{command}`)"),
                };
                format!("{who}{apart}{}{command}", pick(step.deed))
            })
            .collect();
        let (what, time, steps) = (pick(way.what), pick(way.time.words()), steps.join("<br>"));
        let (clerk, citizen) = (pick(way.clerk), pick(way.citizen));
        format!("| {code} | {what} | {time} | {steps} | {clerk} | {citizen} |\n")
    }
}

#[test]
fn the_page_of_ways_out_has_every_code_and_reason_that_an_answer_can_end_with() {
    let rewrite = std::env::var_os("ZEROTRIP_WRITE_MANUAL").is_some();
    for one in &PAGES {
        let (whole, made) = (page(one.name), one.made());
        let (written, _) = whole
            .split_once(one.begins)
            .unwrap_or_else(|| panic!("{} has no `{}`", one.name, one.begins.trim()));
        let wanted = format!("{written}{made}");
        if rewrite {
            fs::write(root().join(one.name), &wanted).unwrap();
        }
        assert!(
            page(one.name) == wanted,
            "{} lags behind; run this test with ZEROTRIP_WRITE_MANUAL=1 and read what changed",
            one.name
        );
        for code in ErrorCode::all().filter(|code| *code != ErrorCode::Unspecified) {
            assert!(made.contains(&format!("\n| {} | ", code.name())), "{}", code.name());
        }
    }
}
