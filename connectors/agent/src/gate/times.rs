//! The times of a ticket, and of the request behind it.

use std::time::SystemTime;

use zerotrip_channel::deadline::Deadline;
use zerotrip_proto::v1::{ErrorCode, Request, ScanTicket};
use zerotrip_proto::{Refusal, bounds, from_timestamp};

use super::arrival::{Arrival, refuse};
use crate::clock::{Skew, seconds};

/// Until when the ticket may be served.
pub(super) fn check_ticket(
    ticket: &ScanTicket,
    arrival: &Arrival<'_>,
) -> Result<Deadline, Refusal> {
    let (Some(issued), Some(expires)) =
        (from_timestamp(ticket.issued_at.as_ref()), from_timestamp(ticket.expires_at.as_ref()))
    else {
        return refuse(
            ErrorCode::Malformed,
            "the ticket does not say from when until when it is valid",
        );
    };
    if issued > arrival.now + bounds::CLOCK_SKEW {
        let skew = Skew::Behind(seconds(issued.duration_since(arrival.now).unwrap_or_default()));
        return refuse(
            ErrorCode::NotYetValid,
            format!(
                "the hub issued the ticket in this machine's future: {skew}. Set the clock that \
                 is wrong"
            ),
        );
    }
    let life = expires.duration_since(issued).ok().filter(|life| *life <= bounds::GRANT_LIFE);
    let Some(life) = life else {
        return refuse(
            ErrorCode::Expired,
            "the ticket would live longer than a minute, or ends before it begins",
        );
    };
    if expires + bounds::CLOCK_SKEW <= arrival.now {
        let late = seconds(arrival.now.duration_since(issued).unwrap_or_default());
        let why = format!(
            "the ticket has lapsed: by this machine's clock the hub issued it {late} s ago. \
             Either this machine's clock is ahead of the hub's, or the ticket took long to \
             arrive. Compare the clocks"
        );
        return refuse(ErrorCode::Expired, why);
    }
    if issued < arrival.remembers_since {
        return refuse(
            ErrorCode::Expired,
            "the ticket was issued before this connector started, so whether it was used is not \
             known",
        );
    }
    // The life is counted from the arrival: by a clock that is ahead of the hub's, no time would
    // be left.
    Ok(Deadline::at(arrival.arrived + life))
}

/// A request lives for minutes. A hub that keeps one cannot ask with it for longer, whatever its
/// signer wrote.
pub(super) fn check_request(request: &Request, arrival: &Arrival<'_>) -> Result<(), Refusal> {
    let (Some(issued), Some(expires)) =
        (from_timestamp(request.issued_at.as_ref()), from_timestamp(request.expires_at.as_ref()))
    else {
        return refuse(
            ErrorCode::Malformed,
            "the request behind the ticket does not say from when until when it is valid",
        );
    };
    let by = |later: SystemTime, earlier: SystemTime| {
        seconds(later.duration_since(earlier).unwrap_or_default())
    };
    if issued > arrival.now + bounds::CLOCK_SKEW {
        let by = by(issued, arrival.now);
        let why = format!(
            "the request behind the ticket was issued {by} s in this machine's future. Compare \
             the requester's clock with this one"
        );
        return refuse(ErrorCode::NotYetValid, why);
    }
    if expires + bounds::CLOCK_SKEW < arrival.now {
        let by = by(arrival.now, expires);
        let why = format!(
            "the request behind the ticket expired {by} s ago by this machine's clock. Compare \
             the clocks of hub and connector"
        );
        return refuse(ErrorCode::Expired, why);
    }
    if expires.duration_since(issued).map_or(true, |life| life > bounds::REQUEST_LIFE) {
        return refuse(
            ErrorCode::Expired,
            "the request behind the ticket would live longer than five minutes",
        );
    }
    // Which scans of an exchange were served before the process began is known of those alone that
    // are dated later. What it may have served before is therefore not served again.
    if issued < arrival.remembers_since {
        let why = "the request was made before this connector started, so whether this scan of it \
                   was served is not known. Make a new request";
        return refuse(ErrorCode::Expired, why);
    }
    Ok(())
}
