//! The city's files. Each is written beside its place and then renamed, so that a reader never sees
//! half of one.

use std::fs;
use std::path::Path;

use super::describe::{Description, HOUSEHOLD, MARRIAGE, OWNERSHIP, PRESALE};
use super::file::atomically;
use super::model::{HouseholdRow, MarriageRow, OwnershipRow, PresaleRow, Registers};
use super::systems::{Servers, Table};
use super::{CityError, Spec};

pub(super) fn registers(
    registers: &Registers,
    spec: &Spec,
    servers: &Servers,
    out: &Path,
) -> Result<(), CityError> {
    let [police, civil, estate, housing] = spec.systems;
    let [extracted_at, written_at] = spec.as_of();
    let table = Table {
        system: police,
        stem: "household",
        name: "T_RKXX",
        header: &["SFZH", "XM", "FQSFZH", "MQSFZH", "CSRQ", "SWRQ", "ZT"],
        keys: &["SFZH", "FQSFZH", "MQSFZH"],
        rows: registers.household.iter().map(HouseholdRow::cells).collect(),
        as_of: written_at,
        extract: false,
        csv: (encoding_rs::UTF_8, false, csv::Terminator::CRLF),
    };
    describe(out, &HOUSEHOLD, &table, servers)?;
    let table = Table {
        system: civil,
        stem: "marriage",
        name: "T_HYDJ",
        header: &["DJZH", "NFSFZH", "NVFSFZH", "SJLX", "DJRQ"],
        keys: &["NFSFZH", "NVFSFZH"],
        rows: registers.marriage.iter().map(MarriageRow::cells).collect(),
        as_of: written_at,
        extract: false,
        csv: (encoding_rs::GB18030, false, csv::Terminator::Any(b'\n')),
    };
    describe(out, &MARRIAGE, &table, servers)?;
    let table = Table {
        system: estate,
        stem: "ownership",
        name: "T_FDCQ",
        header: &["DYH", "QLRSFZH", "QLRMC", "GYFE", "QSZT", "DJRQ", "ZXRQ"],
        keys: &["QLRSFZH"],
        rows: registers.ownership.iter().map(OwnershipRow::cells).collect(),
        as_of: extracted_at,
        extract: true,
        csv: (encoding_rs::GB18030, false, csv::Terminator::CRLF),
    };
    describe(out, &OWNERSHIP, &table, servers)?;
    let table = Table {
        system: housing,
        stem: "presale",
        name: "T_YSHT",
        header: &["HTBH", "GMRSFZH", "DYH", "QYRQ", "HTZT", "ZCQRQ", "GXRQ"],
        keys: &["GMRSFZH"],
        rows: registers.presale.iter().map(PresaleRow::cells).collect(),
        as_of: written_at,
        extract: false,
        csv: (encoding_rs::UTF_8, true, csv::Terminator::CRLF),
    };
    describe(out, &PRESALE, &table, servers)
}

/// Writes a register and its dataset file.
pub(super) fn describe(
    out: &Path,
    description: &Description,
    table: &Table<'_>,
    servers: &Servers,
) -> Result<(), CityError> {
    let folder = out.join(description.folder);
    fs::create_dir_all(&folder)
        .map_err(|source| CityError::Write { path: folder.clone(), source })?;
    let source = table.write(&folder, servers)?;
    atomically(
        &folder.join(description.file),
        description.text(table.rows.len(), &source).as_bytes(),
    )
}
