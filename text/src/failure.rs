//! What a person reads of a failure: what happened and where, and apart from it the remedy.

use crate::Bilingual;

/// What a person reads of a failure, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, and where: one sentence.
    pub what: Bilingual,
    /// What the reader can do about it: one instruction. `None` where nothing is known to help.
    pub remedy: Option<Bilingual>,
}

impl Failure {
    /// A failure without a remedy.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { what: Bilingual::new(en, zh), remedy: None }
    }

    /// Adds the remedy. An error's own text often ends with it, behind a mark: it is cut off there,
    /// so that it is not said twice.
    #[must_use]
    pub fn remedy(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        let remedy = Bilingual::new(en, zh);
        cut_off(&mut self.what.en, &remedy.en);
        cut_off(&mut self.what.zh, &remedy.zh);
        self.remedy = Some(remedy);
        self
    }

    /// Adds the remedy where there is none yet.
    #[must_use]
    pub fn or_remedy(self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        if self.remedy.is_some() { self } else { self.remedy(en, zh) }
    }

    /// Says before it where, or in the course of what, it happened.
    #[must_use]
    pub fn within(mut self, en: &str, zh: &str) -> Self {
        self.what.en.insert_str(0, en);
        self.what.zh.insert_str(0, zh);
        self
    }

    /// Adds a fact behind what happened.
    #[must_use]
    pub fn and(mut self, en: &str, zh: &str) -> Self {
        self.what.en.push_str(en);
        self.what.zh.push_str(zh);
        self
    }

    /// Takes two sentences of the form `<what>; <remedy>` apart, as hubs send them. Where one of
    /// them has no such part, or more than one, or the Chinese part asks for nothing (请), all of
    /// it is what happened.
    pub fn of_sentences(en: &str, zh: &str) -> Self {
        let instruction = |(_, remedy): &(&str, &str)| remedy.replace("请求", "").contains('请');
        match (halves(en, "; "), halves(zh, "；").filter(instruction)) {
            (Some((what_en, remedy_en)), Some((what_zh, remedy_zh))) => Self {
                what: Bilingual::new(what_en, what_zh),
                remedy: Some(Bilingual::new(remedy_en, remedy_zh)),
            },
            _ => Self::new(en, zh),
        }
    }
}

/// An error that explains itself to a person.
pub trait Explain {
    /// What happened, and what to do about it.
    fn explain(&self) -> Failure;
}

/// What joins a remedy to what happened.
const JOINTS: [&str; 7] = ["; ", ": ", ". ", "；", "：", "，", "。"];

fn cut_off(what: &mut String, remedy: &str) {
    let kept = what
        .strip_suffix(remedy)
        .and_then(|rest| JOINTS.iter().find_map(|joint| rest.strip_suffix(joint)))
        .filter(|rest| !rest.is_empty())
        .map(str::len);
    if let Some(kept) = kept {
        what.truncate(kept);
    }
}

/// The two parts around the only separator.
fn halves<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    text.split_once(separator).filter(|(what, remedy)| {
        !what.is_empty() && !remedy.is_empty() && !remedy.contains(separator)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_remedy_is_said_once_and_apart() {
        for text in ["no member `a`; list them", "no member `a`: list them", "no member `a`"] {
            let failure =
                Failure::new(text, "没有单位 `a`；请查看清单").remedy("list them", "请查看清单");
            assert_eq!(failure.what, Bilingual::new("no member `a`", "没有单位 `a`"));
            assert_eq!(failure.remedy, Some(Bilingual::new("list them", "请查看清单")));
        }
        let whole = Failure::new("list them", "请查看清单").remedy("list them", "请查看清单");
        assert_eq!(whole.what.en, "list them", "something must be said to have happened");
        let first = Failure::new("a; b", "甲").remedy("b", "乙").or_remedy("c", "丙");
        assert_eq!(first.remedy.unwrap().en, "b");
    }

    #[test]
    fn a_sentence_is_taken_apart_where_both_languages_agree_that_it_has_two_parts() {
        let failure = Failure::of_sentences("it ended; renew it", "已到期；请续期");
        assert_eq!(failure.what, Bilingual::new("it ended", "已到期"));
        assert_eq!(failure.remedy, Some(Bilingual::new("renew it", "请续期")));
        for (en, zh) in [
            ("it ended", "已到期"),
            ("a; b; c", "甲；请乙"),
            ("no check `x`; there are `y`", "没有 `x`；现有：`y`"),
            ("a; b", "请甲"),
            ("a; the request is kept", "甲；请求已保留"),
            ("; b", "；请乙"),
            ("", ""),
        ] {
            assert_eq!(Failure::of_sentences(en, zh), Failure::new(en, zh));
        }
    }
}
