//! A few vehicles and homes, what is registered of each, and how clerks wrote it: small registers,
//! and what must be said of each thing.

use std::path::Path;

use zerotrip_datasets::{Key, KeyKind};

use super::random::Random;
use super::sheet::{CARRIED_OVER, Holds, Register, Row};
use super::systems::System;
use super::{CityError, Spec};

/// One thing, by its number, and what must be said of it: outcome, code, dataset.
#[derive(Clone, Debug)]
pub struct Thing {
    pub key: Key,
    pub says: (&'static str, &'static str, &'static str),
}

/// What is said of whom.
const FREE: (&str, &str, &str) = ("true", "", "");

const STATUS: Holds = Holds::Code(&[("1", "registered"), ("2", "deregistered")]);
const MEASURE: Holds = Holds::Code(&[("1", "in_force"), ("2", "ended"), ("3", "annulled")]);
const MORTGAGE: Holds = Holds::Code(&[("1", "in_force"), ("2", "ended")]);

const VEHICLE: Register = Register {
    id: "police.vehicle",
    zh: "机动车登记",
    en: "Motor vehicles",
    table: "T_JDC",
    lookup: "vehicle",
    looked_up: 1,
    subjects: "registered_in:police.vehicle",
    since: CARRIED_OVER,
    columns: &[("vin", "CLSBDH", Holds::Vehicle), ("status", "ZT", STATUS)],
};

const VEHICLE_MORTGAGE: Register = Register {
    id: "police.vehicle_mortgage",
    zh: "机动车抵押登记",
    en: "Mortgages of motor vehicles",
    table: "T_JDCDY",
    columns: &[
        ("vin", "CLSBDH", Holds::Vehicle),
        ("status", "ZT", MORTGAGE),
        ("registered_on", "DJRQ", Holds::Date),
        ("ended_on", "JCRQ", Holds::Date),
    ],
    ..VEHICLE
};

const VEHICLE_SEIZURE: Register = Register {
    id: "court.vehicle_seizure",
    zh: "机动车查封登记",
    en: "Seizures of motor vehicles",
    table: "T_JDCCF",
    columns: &[
        ("vin", "CLSBDH", Holds::Vehicle),
        ("status", "ZT", MEASURE),
        ("decided_on", "JDRQ", Holds::Date),
        ("ended_on", "JCRQ", Holds::Date),
    ],
    ..VEHICLE
};

const UNIT: Register = Register {
    id: "estate.unit",
    zh: "不动产单元登记",
    en: "Real-property units",
    table: "T_DY",
    lookup: "unit",
    subjects: "registered_in:estate.unit",
    columns: &[
        ("unit_code", "BDCDYH", Holds::Unit),
        ("parcel_code", "ZDDYH", Holds::Parcel),
        ("status", "ZT", Holds::Code(&[("1", "current"), ("2", "former")])),
    ],
    ..VEHICLE
};

const UNIT_MORTGAGE: Register = Register {
    id: "estate.mortgage",
    zh: "不动产抵押登记",
    en: "Mortgages of real property",
    table: "T_DYA",
    columns: &[
        ("unit_code", "BDCDYH", Holds::Unit),
        ("status", "ZT", MORTGAGE),
        ("registered_on", "DJRQ", Holds::Date),
        ("ended_on", "ZXRQ", Holds::Date),
    ],
    ..UNIT
};

const UNIT_SEIZURE: Register = Register {
    id: "estate.seizure",
    zh: "不动产查封登记",
    en: "Seizures of real property",
    table: "T_CF",
    columns: &[
        ("unit_code", "BDCDYH", Holds::TypedUnit),
        ("status", "ZT", MEASURE),
        ("decided_on", "JDRQ", Holds::Date),
        ("ended_on", "JCRQ", Holds::Date),
    ],
    ..UNIT
};

fn row(cells: &[&str]) -> Row {
    cells.iter().map(|cell| Some((*cell).to_owned()).filter(|cell| !cell.is_empty())).collect()
}

fn things(
    kind: KeyKind,
    list: &[(&str, (&'static str, &'static str, &'static str))],
) -> Vec<Thing> {
    let keys = list.iter().filter_map(|(number, says)| Some((kind.canonical(number)?, *says)));
    keys.map(|(key, says)| Thing { key, says }).collect()
}

/// Writes the registers of vehicles beside the city's others.
pub fn vehicles(spec: &Spec, system: System, out: &Path) -> Result<Vec<Thing>, CityError> {
    let free = "LSVAA49J132047371";
    let mortgaged = "LDC613P23A1305189";
    let released = "LSJA24U62JG269225";
    let seized_by_a_slip = "LATPAB071W1005301";
    let seized_by_its_tail = "LBV5S3102ESJ25655";
    let of_another_place = "LFV3A23C883012346";
    let records = [free, mortgaged, released, seized_by_a_slip, seized_by_its_tail];
    let records = records.iter().map(|number| row(&[number, "1"])).collect();
    let mortgages = vec![
        row(&["ldc613p2 3a1305189", "1", "2024-03-01", ""]),
        row(&["ＬＳＪＡ２４Ｕ６２ＪＧ２６９２２５", "2", "2021-03-01", "2024-03-02"]),
        // Made for another market: its number has no check digit, and resembles nobody's here.
        row(&["WVWZZZ1KZ6W000001", "1", "2019-03-01", ""]),
    ];
    let seizures = vec![
        // A digit for another: the check digit does not hold.
        row(&["LATPAB071W1005307", "1", "2026-01-05", ""]),
        row(&["ESJ25655", "1", "2026-02-03", ""]),
    ];
    let mut random = Random::new(spec.seed);
    for (register, rows) in
        [(&VEHICLE, records), (&VEHICLE_MORTGAGE, mortgages), (&VEHICLE_SEIZURE, seizures)]
    {
        register.write((spec, system), &mut random, rows, out)?;
    }
    let unread = ("unavailable", "SOURCE_UNREADABLE", "court.vehicle_seizure");
    Ok(things(
        KeyKind::Vehicle,
        &[
            (free, FREE),
            (mortgaged, ("false", "MORTGAGED", "")),
            (released, FREE),
            (seized_by_a_slip, unread),
            (seized_by_its_tail, unread),
            (of_another_place, ("unavailable", "OUTSIDE_COVERAGE", "police.vehicle")),
        ],
    ))
}

/// Writes the registers of real-property units beside the city's others.
pub fn units(spec: &Spec, system: System, out: &Path) -> Result<Vec<Thing>, CityError> {
    let (parcel, other_parcel) = ("330106001001GB00001W00000000", "330106001001GB00347W00000000");
    let free = "330106001001GB00001F00020037";
    let mortgaged = "330106001001GB00001F00030014";
    let beside_a_seized_one = "330106001001GB00001F00040052";
    let seized = "330106001001GB00001F00040053";
    let on_mortgaged_land = "330106001001GB00347F00010002";
    let of_another_place = "330182005017JC00208F00010001";
    let homes = [free, mortgaged, beside_a_seized_one, seized];
    let homes = homes.iter().map(|home| (*home, parcel));
    let units = homes.chain([
        (parcel, parcel),
        (on_mortgaged_land, other_parcel),
        (other_parcel, other_parcel),
    ]);
    let units = units.map(|(unit, on)| row(&[unit, on, "1"])).collect();
    let mortgages = vec![
        row(&["330106 001001 GB00001 F00030014", "1", "2024-03-01", ""]),
        // The next home's: codes are selected in the register, so it is no other's.
        row(&["330106001001GB00001F00020038", "1", "2024-03-01", ""]),
        row(&[other_parcel, "1", "2019-05-06", ""]),
    ];
    // Codes are typed from the court's order.
    let seizures = vec![row(&["330106-001001-gb00001-f00040053", "1", "2026-01-05", ""])];
    let mut random = Random::new(spec.seed);
    for (register, rows) in [(&UNIT, units), (&UNIT_MORTGAGE, mortgages), (&UNIT_SEIZURE, seizures)]
    {
        register.write((spec, system), &mut random, rows, out)?;
    }
    Ok(things(
        KeyKind::PropertyUnit,
        &[
            (free, FREE),
            (mortgaged, ("false", "MORTGAGED", "")),
            (seized, ("false", "SEIZED", "")),
            (beside_a_seized_one, ("unavailable", "SOURCE_UNREADABLE", "estate.seizure")),
            (on_mortgaged_land, ("unavailable", "UNDETERMINED", "estate.mortgage")),
            (other_parcel, ("false", "MORTGAGED", "")),
            (of_another_place, ("unavailable", "OUTSIDE_COVERAGE", "estate.unit")),
        ],
    ))
}
