//! How a segment is listed.

use serde_json::{Value, json};
use zerotrip_ledger::{SegmentRow, Whereabouts};

pub fn line(segment: &SegmentRow) -> String {
    let bodies = if segment.dropped {
        "all bodies erased".to_owned()
    } else {
        format!("{} bodies in {} KiB", segment.bodies, segment.bodies_bytes >> 10)
    };
    format!(
        "{:>6}  {}  leaves {} to {}, {} KiB; {bodies}",
        segment.number,
        segment.day,
        segment.first,
        segment.end.saturating_sub(1),
        segment.entries_bytes >> 10
    ) + &at_line("entries", &segment.entries)
        + &at_line("bodies", &segment.bodies_file)
}

fn at_line(what: &str, at: &Whereabouts) -> String {
    match at {
        Whereabouts::Here | Whereabouts::Removed => String::new(),
        Whereabouts::OnItsWay(object) => format!("\n        {what}: on the way to {object}"),
        Whereabouts::Elsewhere(object) => format!("\n        {what}: in {object}"),
        Whereabouts::ToBeRemoved(object) => {
            format!("\n        {what}: erased; {object} is still to be removed")
        }
    }
}

fn at_row(at: &Whereabouts) -> Value {
    match at {
        Whereabouts::Here => json!({ "at": "here" }),
        Whereabouts::Removed => json!({ "at": "removed" }),
        Whereabouts::OnItsWay(object) => json!({ "at": "on_its_way", "object": object }),
        Whereabouts::Elsewhere(object) => json!({ "at": "elsewhere", "object": object }),
        Whereabouts::ToBeRemoved(object) => json!({ "at": "to_be_removed", "object": object }),
    }
}

pub fn row(segment: &SegmentRow) -> Value {
    json!({
        "segment": segment.number, "day": segment.day, "first": segment.first,
        "end": segment.end, "entries_bytes": segment.entries_bytes,
        "bodies_bytes": segment.bodies_bytes, "bodies": segment.bodies,
        "dropped": segment.dropped, "entries": at_row(&segment.entries),
        "bodies_file": at_row(&segment.bodies_file),
    })
}
