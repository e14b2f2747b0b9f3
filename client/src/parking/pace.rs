//! How long a parked question waits before it is asked again.

use std::time::Duration;

/// Before the second try, unless it is said otherwise.
pub const FIRST: Duration = Duration::from_secs(30);
/// The shortest that can be said.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The longest: doubling ends there.
pub const LONGEST: Duration = Duration::from_secs(900);

/// Before the next try, after so many. `dice`: any number, by which it is up to a quarter shorter
/// or longer, so that those who were parked together do not come back together.
pub(super) fn wait(first: Duration, tries: u32, dice: u16) -> Duration {
    let doubled = 2_u32.checked_pow(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let plain = first.max(SHORTEST).saturating_mul(doubled).min(LONGEST);
    plain.mul_f64(0.75 + f64::from(dice) / f64::from(u16::MAX) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries within an hour of the first, where each wait is as short as the dice let it be.
    fn within_an_hour(first: Duration) -> u32 {
        let (mut at, mut tries) = (Duration::ZERO, 1);
        loop {
            at += wait(first, tries, 0);
            if at > Duration::from_secs(3600) {
                return tries;
            }
            tries += 1;
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_stay_within_a_hubs_budget() {
        let middle = u16::MAX / 2;
        let waits: Vec<u64> =
            (1..8).map(|tries| wait(FIRST, tries, middle).as_secs_f64().round() as u64).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        for tries in [1, 5, 40, u32::MAX] {
            let (short, long) = (wait(FIRST, tries, 0), wait(FIRST, tries, u16::MAX));
            assert!(short < long && long <= LONGEST.mul_f64(1.25), "{tries}");
        }
        assert!(wait(Duration::ZERO, 1, 0) >= SHORTEST.mul_f64(0.75));
        // `subject_per_hour` is 60 where nothing else is set.
        assert!(within_an_hour(FIRST) <= 11 && within_an_hour(SHORTEST) <= 16);
    }
}
