//! What ends, and when that is to be said: certificates, keys, the directory. Each end is announced
//! beforehand to the people who can prevent it, in the logs and on the screens that they look at.
//! Decides when; says nothing itself, and reads no clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zerotrip_proto::v1::KeyUsage;
use zerotrip_text::Bilingual;

use crate::directory::Directory;

const DAY: Duration = Duration::from_secs(86_400);
/// How long before its end a long life is announced.
const NOTICES: [Duration; 4] = [
    Duration::from_secs(60 * 86_400),
    Duration::from_secs(30 * 86_400),
    Duration::from_secs(7 * 86_400),
    DAY,
];
/// A life of at least twice the first notice is a long one. A shorter one is announced at its half
/// and at its last quarter.
const LONG: Duration = Duration::from_secs(120 * 86_400);

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What it is.
    pub what: Bilingual,
    /// When it began.
    pub began: SystemTime,
    /// From when on it is not accepted.
    pub ends: SystemTime,
    /// What to do, one imperative sentence.
    pub remedy: Bilingual,
}

/// How near an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Too far to be spoken of.
    Quiet,
    /// How many notices are due.
    Notice(u8),
    /// It has ended.
    Ended,
}

/// What is to be said now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether it has ended already.
    pub ended: bool,
    /// In words.
    pub text: Bilingual,
}

impl Ending {
    /// How near its end is.
    pub fn stage(&self, now: SystemTime) -> Stage {
        let Ok(left) = self.ends.duration_since(now) else { return Stage::Ended };
        if left.is_zero() {
            return Stage::Ended;
        }
        let life = self.life();
        let passed = if life >= LONG {
            NOTICES.iter().filter(|notice| left <= **notice).count()
        } else {
            [life / 2, life / 4].iter().filter(|notice| left <= **notice).count()
        };
        match u8::try_from(passed) {
            Ok(0) => Stage::Quiet,
            Ok(passed) => Stage::Notice(passed),
            Err(_) => Stage::Ended,
        }
    }

    /// Whether it is time to renew it: from the first notice on.
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.stage(now) > Stage::Quiet
    }

    /// What is to be said of it at this time; nothing while its end is far.
    pub fn in_words(&self, now: SystemTime) -> Option<Said> {
        let (date, Bilingual { en, zh }) = (utc(self.ends), &self.what);
        let Bilingual { en: do_en, zh: do_zh } = &self.remedy;
        match self.stage(now) {
            Stage::Quiet => None,
            Stage::Ended => {
                let text = Bilingual::new(
                    format!("{en} ended on {date}: {do_en}"),
                    format!("{zh}已于 {date} 到期：{do_zh}"),
                );
                Some(Said { ended: true, text })
            }
            Stage::Notice(_) => {
                let left = self.ends.duration_since(now).unwrap_or_default();
                let (in_en, in_zh) = in_units(left);
                let text = Bilingual::new(
                    format!("{en} ends in {in_en}, on {date}: {do_en}"),
                    format!("{zh}将在{in_zh}后（{date}）到期：{do_zh}"),
                );
                Some(Said { ended: false, text })
            }
        }
    }

    /// Time after which the same is said again.
    fn say_again(&self, stage: Stage) -> Duration {
        let hour = Duration::from_secs(3600);
        if self.life() >= LONG && stage != Stage::Ended {
            DAY
        } else {
            (self.life() / 24).clamp(Duration::from_secs(60), hour)
        }
    }

    fn life(&self) -> Duration {
        self.ends.duration_since(self.began).unwrap_or_default()
    }
}

/// What was said of which end, so that each notice is given once and then now and then.
#[derive(Clone, Debug, Default)]
pub struct Announcer(BTreeMap<Bilingual, (Stage, SystemTime)>);

impl Announcer {
    /// What must be said now about what ends. What is no longer listed is forgotten.
    pub fn due(&mut self, endings: &[Ending], now: SystemTime) -> Vec<Said> {
        self.0.retain(|what, _| endings.iter().any(|ending| ending.what == *what));
        let mut due = Vec::new();
        for ending in endings {
            let stage = ending.stage(now);
            let Some(said) = ending.in_words(now) else {
                self.0.remove(&ending.what);
                continue;
            };
            let before = self.0.get(&ending.what);
            let again = ending.say_again(stage);
            let recent = |at: SystemTime| now.duration_since(at).is_ok_and(|since| since < again);
            if before.is_some_and(|(known, at)| *known == stage && recent(*at)) {
                continue;
            }
            self.0.insert(ending.what.clone(), (stage, now));
            due.push(said);
        }
        due
    }
}

/// The directory itself.
pub fn of_directory(directory: &Directory, remedy: &Bilingual) -> Ending {
    let what = Bilingual::new(
        format!("key directory version {}", directory.version()),
        format!("密钥目录第 {} 版", directory.version()),
    );
    Ending {
        what,
        began: directory.issued_at(),
        ends: directory.expires_at(),
        remedy: remedy.clone(),
    }
}

/// The keys of a system or hub that hold at this time, or ended without being revoked and without
/// another in their place.
pub fn of_keys(directory: &Directory, holder: &str, remedy: &Bilingual) -> Vec<Ending> {
    let keys = directory.lives_of(holder);
    // Where a usage has several keys, the last of them to end is what counts.
    let mut last: BTreeMap<i32, (KeyUsage, SystemTime, SystemTime)> = BTreeMap::new();
    for (usage, began, ends) in keys {
        let known = last.entry(usage.into()).or_insert((usage, began, ends));
        if ends > known.2 {
            *known = (usage, began, ends);
        }
    }
    let named = |(usage, began, ends): (KeyUsage, SystemTime, SystemTime)| {
        let (en, zh) = usage_words(usage);
        let what =
            Bilingual::new(format!("the {en} key of `{holder}`"), format!("`{holder}` 的{zh}密钥"));
        Ending { what, began, ends, remedy: remedy.clone() }
    };
    last.into_values().map(named).collect()
}

/// A TLS certificate.
pub fn of_certificate(
    holder: &str,
    (began, ends): (SystemTime, SystemTime),
    remedy: &Bilingual,
) -> Ending {
    let what = Bilingual::new(
        format!("the TLS certificate of `{holder}`"),
        format!("`{holder}` 的 TLS 证书"),
    );
    Ending { what, began, ends, remedy: remedy.clone() }
}

fn usage_words(usage: KeyUsage) -> (&'static str, &'static str) {
    match usage {
        KeyUsage::Sign => ("signing", "签名"),
        KeyUsage::Seal => ("sealing", "签章"),
        KeyUsage::Approve => ("approving", "审批"),
        KeyUsage::Checkpoint => ("checkpoint", "存证"),
        KeyUsage::Unspecified => ("unknown", "未知用途"),
    }
}

fn in_units(left: Duration) -> (String, String) {
    let seconds = left.as_secs();
    let (number, en, zh) = match seconds {
        172_800.. => (seconds / 86_400, "days", "天"),
        7200.. => (seconds / 3600, "hours", "小时"),
        120.. => (seconds / 60, "minutes", "分钟"),
        _ => (seconds, "seconds", "秒"),
    };
    (format!("{number} {en}"), format!(" {number} {zh}"))
}

/// `2027-11-29 02:06 UTC`, by the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
pub fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", rest / 3600, rest % 3600 / 60)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn at(days: u64) -> SystemTime {
        UNIX_EPOCH + DAY * u32::try_from(days).unwrap()
    }

    fn ending(began: SystemTime, ends: SystemTime) -> Ending {
        Ending {
            what: Bilingual::new("it", "它"),
            began,
            ends,
            remedy: Bilingual::new("renew it", "请续期"),
        }
    }

    #[test]
    fn a_year_is_announced_60_30_7_and_1_days_before_its_end() {
        let year = ending(at(0), at(365));
        for (day, stage) in [
            (0, Stage::Quiet),
            (304, Stage::Quiet),
            (305, Stage::Notice(1)),
            (335, Stage::Notice(2)),
            (358, Stage::Notice(3)),
            (364, Stage::Notice(4)),
            (365, Stage::Ended),
            (900, Stage::Ended),
        ] {
            assert_eq!(year.stage(at(day)), stage, "day {day}");
        }
        let said = year.in_words(at(335)).unwrap();
        assert_eq!(said.text.en, "it ends in 30 days, on 1971-01-01 00:00 UTC: renew it");
        assert_eq!(
            year.in_words(at(365)).unwrap().text.en,
            "it ended on 1971-01-01 00:00 UTC: renew it"
        );
        assert_eq!(year.in_words(at(304)), None);
    }

    #[test]
    fn a_day_is_announced_at_its_half_and_hourly_in_its_last_quarter() {
        let hour = Duration::from_secs(3600);
        let day = ending(at(1), at(2));
        let mut announcer = Announcer::default();
        let told: Vec<u32> = (0..24)
            .filter(|past| {
                !announcer.due(std::slice::from_ref(&day), at(1) + hour * *past).is_empty()
            })
            .collect();
        assert_eq!(told, (12..24).collect::<Vec<_>>());
        assert!(announcer.due(std::slice::from_ref(&day), at(2))[0].ended);
        assert!(announcer.due(std::slice::from_ref(&day), at(2) + hour / 2).is_empty());
        assert!(
            announcer.due(&[ending(at(2), at(3))], at(2)).is_empty(),
            "a new one is far from its end"
        );
    }

    #[test]
    fn dates_are_the_calendars() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_795_918_019, "2026-11-29 02:06 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    proptest! {
        /// However seldom somebody looks, as long as it is more often than the notices, nothing
        /// ends unannounced.
        #[test]
        fn no_end_comes_unannounced(life in 2u64..2000, step in 1u64..40) {
            let ending = ending(at(100), at(100 + life));
            let mut announcer = Announcer::default();
            let step = step.min((life / 4).max(1));
            let mut announced = false;
            let mut day = 100;
            while day < 100 + life {
                announced |= announcer.due(std::slice::from_ref(&ending), at(day)).iter().any(|said| !said.ended);
                prop_assert!(ending.stage(at(day)) <= ending.stage(at(day + step)));
                day += step;
            }
            prop_assert!(announced);
            prop_assert_eq!(ending.stage(at(100 + life)), Stage::Ended);
        }
    }
}
