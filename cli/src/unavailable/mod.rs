//! `unavailable`: what ended without a conclusion, who can end that, and how.

mod shown;

use std::process::ExitCode;
use std::time::SystemTime;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use zerotrip_client::{Session, answered};
use zerotrip_proto::v1::{
    CountUnavailableRequest, ErrorCode, ListUnavailableRequest, UnavailableExchange,
    UnavailableFilter,
};
use zerotrip_proto::{CHINA_OFFSET_SECONDS, to_timestamp};

use crate::folders::SystemDir;
use crate::render::{Failure, Screen, way_out};
use crate::renewals;

#[derive(Subcommand)]
pub(super) enum UnavailableCommand {
    /// Exchanges that ended without a conclusion in the last 90 days, the oldest first: counted by
    /// code, dataset and check, with who can end each and by which command, then one by one. Names
    /// nobody. Run by the authority, in its folder.
    List {
        #[command(flatten)]
        system: SystemDir,
        #[command(flatten)]
        filter: Filter,
        /// Exchanges on one page; the counts are of all.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        most: u32,
        /// Go on behind this one: what the page before named as the next.
        #[arg(long, value_name = "PLACE", value_parser = after)]
        after: Option<UnavailableExchange>,
    },
    /// How many answers were unavailable by the doing of a department's own datasets, why in full,
    /// and what to do. Run by a department, in its connector's folder; the authority's shows all.
    Count {
        #[command(flatten)]
        system: SystemDir,
        #[command(flatten)]
        filter: Filter,
    },
    /// The table of codes: what each stands for, who can end it, and what clerk and citizen read.
    /// Needs no hub.
    Codes {
        /// One code, such as `UNDATED`; without it all.
        #[arg(value_parser = way_out::code)]
        code: Option<ErrorCode>,
    },
}

/// Which of them.
#[derive(Args)]
pub(super) struct Filter {
    /// Ended within this time (`36h`, `30d`), or since this day began in China (`2026-11-01`).
    #[arg(long, default_value = "30d", value_parser = since)]
    since: SystemTime,
    /// With this code, in full: `UNDATED`, not `UNSETTLED` as the requester heard.
    #[arg(long, value_parser = way_out::code)]
    code: Option<ErrorCode>,
    /// By the doing of this dataset, such as `estate.ownership`.
    #[arg(long)]
    dataset: Option<String>,
    /// Of this check, such as `no-property`, or `no-property/family`.
    #[arg(long)]
    check: Option<String>,
}

impl Filter {
    fn sent(self) -> UnavailableFilter {
        UnavailableFilter {
            since: Some(to_timestamp(self.since)),
            code: self.code.unwrap_or_default().into(),
            dataset: self.dataset.unwrap_or_default(),
            check: self.check.unwrap_or_default(),
        }
    }
}

pub(super) async fn unavailable(
    command: UnavailableCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    match command {
        UnavailableCommand::List { system, filter, most, after } => {
            let session = Session::connect(&renewals::open_home(&system.dir, screen)?).await?;
            let request = ListUnavailableRequest { filter: Some(filter.sent()), most, after };
            let reply = answered(session.connection().ledger().list_unavailable(request)).await?;
            shown::list(&reply, screen)?;
        }
        UnavailableCommand::Count { system, filter } => {
            let session = Session::connect(&renewals::open_home(&system.dir, screen)?).await?;
            let request = CountUnavailableRequest { filter: Some(filter.sent()) };
            let reply = answered(session.connection().ledger().count_unavailable(request)).await?;
            shown::count(&reply, screen)?;
        }
        UnavailableCommand::Codes { code } => shown::codes(code, screen)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A time ago, or a day.
fn since(text: &str) -> Result<SystemTime, String> {
    let wrong = || {
        "write `30d`, `36h` or a day such as `2026-11-01` / 请写作 `30d`、`36h` 或日期如 \
         `2026-11-01`"
            .to_owned()
    };
    if let Some(ago) = zerotrip_text::duration(text) {
        return SystemTime::now().checked_sub(ago).ok_or_else(wrong);
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?;
    let midnight = day.and_hms_opt(0, 0, 0).ok_or_else(wrong)?.and_utc();
    let offset = chrono::TimeDelta::seconds(i64::from(CHINA_OFFSET_SECONDS));
    let began = midnight.checked_sub_signed(offset).ok_or_else(wrong)?;
    if began.timestamp() < 0 { Err(wrong()) } else { Ok(began.into()) }
}

/// Read as [`shown::place`] writes it.
fn after(text: &str) -> Result<UnavailableExchange, String> {
    let mut parts = text.splitn(3, ':');
    let mut read = || {
        let index = parts.next()?.parse().ok()?;
        let code = way_out::code(parts.next()?).ok()?.into();
        let dataset = parts.next()?.to_owned();
        Some(UnavailableExchange { index, code, dataset, ..UnavailableExchange::default() })
    };
    read().ok_or_else(|| {
        "not a place of the list; copy what the page before named / 不是清单中的位置，请照抄上一页\
         所示"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::shown::place;
    use super::*;

    #[test]
    fn a_place_of_the_list_is_read_as_it_was_written() {
        let one = UnavailableExchange {
            index: 41,
            code: ErrorCode::Undated.into(),
            dataset: "estate.ownership".into(),
            ..UnavailableExchange::default()
        };
        assert_eq!(place(&one), "41:UNDATED:estate.ownership");
        assert_eq!(after(&place(&one)).unwrap(), one);
        let nobodys = UnavailableExchange { dataset: String::new(), ..one };
        assert_eq!(after(&place(&nobodys)).unwrap(), nobodys);
        for text in ["", "41", "41:UNDATED", "x:UNDATED:a.b", "41:NO_SUCH:a.b"] {
            assert!(after(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_china_and_a_time_ago_ends_now() {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_462_400);
        assert_eq!(since("2026-11-01").unwrap(), day, "2026-10-31T16:00:00Z");
        let asked = since("2h").unwrap();
        let ago = SystemTime::now().duration_since(asked).unwrap();
        assert!(ago >= Duration::from_secs(7200) && ago < Duration::from_secs(7260));
        for text in ["", "30", "d", "2026-13-01", "0001-01-01", "yesterday"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
