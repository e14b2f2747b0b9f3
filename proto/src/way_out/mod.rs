//! The table of ways out: for each code who can end what it stands for, by which deed, whether time
//! alone does, and what clerk and citizen read of it. Hub, command line, SDK and the reference page
//! (`docs/unavailable.md`) all take their words from here.

mod hub;
mod identity;
mod parts;
mod records;
mod requests;
mod rights;
mod sources;

use crate::v1::ErrorCode;

pub use parts::{Step, Time, WayOut, Who, Words};

impl ErrorCode {
    /// The way out of what this code stands for. To a requester only that of the code that it is
    /// told may be shown ([`Self::as_told`]): the rows of the others are for who may read the fact.
    pub fn way_out(self) -> &'static WayOut {
        match self {
            Self::Malformed => &requests::MALFORMED,
            Self::WrongAudience => &requests::WRONG_AUDIENCE,
            Self::NotYetValid => &requests::NOT_YET_VALID,
            Self::Expired => &requests::EXPIRED,
            Self::Replayed => &requests::REPLAYED,
            Self::UnknownName => &requests::UNKNOWN_NAME,
            Self::InvalidParameter => &requests::INVALID_PARAMETER,
            Self::NotIssuable => &requests::NOT_ISSUABLE,
            Self::TooLarge => &requests::TOO_LARGE,
            Self::Unauthenticated => &rights::UNAUTHENTICATED,
            Self::BadSignature => &rights::BAD_SIGNATURE,
            Self::SignerMismatch => &rights::SIGNER_MISMATCH,
            Self::PolicyDenied => &rights::POLICY_DENIED,
            Self::MemberSuspended => &rights::MEMBER_SUSPENDED,
            Self::GateRefused => &rights::GATE_REFUSED,
            Self::InvalidToken => &rights::INVALID_TOKEN,
            Self::AdminOnly => &rights::ADMIN_ONLY,
            Self::StaleBundle => &rights::STALE_BUNDLE,
            Self::GrantReused => &rights::GRANT_REUSED,
            Self::KeyWithoutOrigin => &rights::KEY_WITHOUT_ORIGIN,
            Self::VariantLimit => &rights::VARIANT_LIMIT,
            Self::IdentityRequired => &identity::REQUIRED,
            Self::IdentityInvalid => &identity::INVALID,
            Self::IdentityInsufficient => &identity::INSUFFICIENT,
            Self::SourceUnreachable => &sources::UNREACHABLE,
            Self::SourceTimeout => &sources::TIMEOUT,
            Self::SourceTruncated => &sources::TRUNCATED,
            Self::SourceStale => &sources::STALE,
            Self::SourceImplausible => &sources::IMPLAUSIBLE,
            Self::StatementContradicted => &sources::STATEMENT_CONTRADICTED,
            Self::SourceDrift => &sources::DRIFT,
            Self::SourceLimit => &sources::LIMIT,
            Self::SourceFailed => &sources::FAILED,
            Self::SourceUnreadable => &records::UNREADABLE,
            Self::OutsideCoverage => &records::OUTSIDE_COVERAGE,
            Self::HandOverGap => &records::HAND_OVER_GAP,
            Self::NoCommonMoment => &records::NO_COMMON_MOMENT,
            Self::Undated => &records::UNDATED,
            Self::Undetermined => &records::UNDETERMINED,
            Self::DefinitionLimit => &records::DEFINITION_LIMIT,
            Self::Unsettled => &records::UNSETTLED,
            Self::Misconfigured => &hub::MISCONFIGURED,
            Self::Overloaded => &hub::OVERLOADED,
            Self::LedgerUnavailable => &hub::LEDGER_UNAVAILABLE,
            Self::Internal | Self::Unspecified => &hub::INTERNAL,
        }
    }

    /// What a requester can do about the code that it gets ([`Self::as_told`]): the same for all
    /// codes that it cannot tell apart. A text that came with the code can name a more exact one.
    pub fn remedy(self) -> Words {
        self.as_told().way_out().clerk
    }

    /// Whether a question that ended in this code can be parked: time alone ends whatever the code
    /// stands for. As told: what stands for several facts is parked only if time ends each.
    pub fn passes(self) -> bool {
        self.as_told().way_out().time == Time::Alone
    }

    /// Every code there is, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..MOST_NUMBER).filter_map(|number| Self::try_from(number).ok())
    }
}

/// Codes have three digits.
const MOST_NUMBER: i32 = 1000;

/// The way out of a *no*, whatever the reason that the check's definition has for it: what the
/// clerk and the citizen read of the reason itself is in the definition (`reasons.toml`).
pub static NO: WayOut = WayOut {
    what: parts::words(
        "the registers answer the question with a no",
        "依据登记记录，该问题的结论为“不符合”",
    ),
    time: Time::Perhaps,
    steps: &[
        parts::step(
            Who::Person,
            "asks the register's department for the record, and has it corrected where it is wrong",
            "向登记主管部门查询该记录，如有误申请更正",
            "",
        ),
        parts::step(
            Who::Owner,
            "corrects the record in its own system",
            "在本单位业务系统中更正记录",
            "",
        ),
        parts::step(
            Who::Requester,
            "asks again once the record has changed",
            "记录变更后重新核验",
            "zerotrip check",
        ),
    ],
    clerk: parts::words(
        "tell the person the reason, and ask again only once the record has changed",
        "请将原因告知当事人；记录变更后再重新核验",
    ),
    citizen: parts::words(
        "This is a no by the records. If you think that a record is wrong, have the register's \
         department correct it, and come again.",
        "依据现有登记记录，结论为“不符合”。如认为记录有误，请向登记主管部门申请更正后再来办理。",
    ),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_told_alike_have_one_remedy_and_every_code_has_one() {
        for code in ErrorCode::all() {
            let Words { en, zh } = code.remedy();
            assert_eq!(code.remedy(), code.as_told().remedy(), "{code:?}");
            let one_instruction = !en.is_empty() && !en.ends_with('.') && !zh.ends_with('。');
            assert!(one_instruction && zh.contains(['请', '需']), "{code:?}: {en} / {zh}");
        }
    }

    #[test]
    fn every_code_has_a_way_out_that_somebody_can_take() {
        assert!(ErrorCode::all().count() > 40);
        for (code, way) in
            ErrorCode::all().map(|code| (code.name(), code.way_out())).chain([("NO", &NO)])
        {
            assert!(!way.steps.is_empty(), "{code}: nobody can end it");
            let mut who: Vec<Who> = way.steps.iter().map(|step| step.who).collect();
            who.sort_unstable();
            who.dedup();
            assert_eq!(who.len(), way.steps.len(), "{code}: somebody has two deeds");
            let texts = [way.what, way.clerk, way.citizen];
            for words in way.steps.iter().map(|step| step.deed).chain(texts) {
                assert!(words.en.is_ascii() && !words.en.is_empty(), "{code}: {}", words.en);
                let chinese = |text: &str| text.chars().any(|c| ('一'..='龥').contains(&c));
                assert!(chinese(words.zh) && !words.zh.contains(". "), "{code}: {}", words.zh);
            }
            // A whole sentence for the citizen, who has nobody to ask.
            assert!(way.citizen.en.ends_with('.') && way.citizen.zh.ends_with('。'), "{code}");
            for step in way.steps {
                let known = ["", "zerotrip ", "zerotrip-connector ", "zerotrip-hub "];
                let program = step.command.split_inclusive(' ').next().unwrap_or_default();
                assert!(known.contains(&program), "{code}: {}", step.command);
            }
        }
    }

    /// What time alone ends can wait in a file; a code for several facts only where it ends all.
    #[test]
    fn only_what_time_alone_ends_is_parked() {
        let parked: Vec<&str> =
            ErrorCode::all().filter(|code| code.passes()).map(ErrorCode::name).collect();
        assert_eq!(
            parked,
            [
                "SOURCE_UNREACHABLE",
                "SOURCE_TIMEOUT",
                "SOURCE_TRUNCATED",
                "SOURCE_STALE",
                "SOURCE_LIMIT",
                "SOURCE_FAILED",
                "OVERLOADED",
                "LEDGER_UNAVAILABLE"
            ]
        );
        assert_eq!(ErrorCode::HandOverGap.way_out().time, Time::Alone, "the fact passes");
        assert!(!ErrorCode::HandOverGap.passes(), "the requester hears no more than UNSETTLED");
    }
}
