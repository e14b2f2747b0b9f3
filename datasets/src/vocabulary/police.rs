//! What is asked of the police.

use super::{
    AskedColumn, AskedDataset, AskedDate, AskedEnd, AskedLookup, BORN, began, begin_from, code,
    date, end, id,
};

const STATUS: AskedColumn = code(
    "status",
    "the person's status in this register now",
    &[
        ("registered", "registered here, and alive"),
        (
            "moved_out",
            "迁出、应征入伍注销、出国（境）定居注销: registered here no longer, for another reason than \
             death (户口登记条例 art. 10, 11)",
        ),
        (
            "deceased",
            "死亡注销 (art. 8), and no other 注销. A double entry that was struck off (重复户口注销) has no \
             meaning here: where its number is the person's own, the person may be registered by \
             the other entry. Leave its code out, and its row stops answers until it is gone",
        ),
    ],
);

pub(super) const HOUSEHOLD: AskedDataset = AskedDataset {
    id: "police.household",
    what: "户籍登记: one row for each person, those who died or moved out included",
    coverage: "Persons that it does not have as registered are outside coverage, whatever \
               `since` says.",
    lookup: AskedLookup {
        name: "kin",
        columns: &["resident_id", "father_id", "mother_id"],
        whom: "the person, and every row that names the person as a parent",
    },
    columns: &[
        id("resident_id", "the id of the person whose row it is"),
        id("father_id", "the father's id; blank only where no father is on record"),
        id("mother_id", "the mother's id; blank only where no mother is on record"),
        date("birth_date", "the day of birth"),
        date("death_date", "the day of death; empty for a living person"),
        STATUS,
    ],
    dates: &[
        AskedDate { parents: &["father_id", "mother_id"], ..BORN },
        end("death_date", &["resident_id"]),
    ],
    end: Some(AskedEnd { column: "death_date", code: "status", ended: &["deceased"] }),
};

/// The same register, asked about a person's own rows alone.
pub(super) const HOUSEHOLD_OWN: AskedDataset = AskedDataset {
    lookup: AskedLookup {
        name: "kin",
        columns: &["resident_id"],
        whom: "the person; rows that name the person as a parent do no harm",
    },
    columns: &[
        id("resident_id", "the id of the person whose row it is"),
        date("birth_date", "the day of birth"),
        date("death_date", "the day of death; empty for a living person"),
        STATUS,
    ],
    dates: &[BORN, end("death_date", &["resident_id"])],
    ..HOUSEHOLD
};

/// The same, and since when the person is registered here.
pub(super) const HOUSEHOLD_SINCE: AskedDataset = AskedDataset {
    columns: &[
        id("resident_id", "the id of the person whose row it is"),
        date("birth_date", "the day of birth"),
        date("death_date", "the day of death; empty for a living person"),
        STATUS,
        began(
            "registered_on",
            "the day since which the person is registered here without a break; blank where it is \
             not known, and never the day of an export",
        ),
    ],
    dates: &[BORN, end("death_date", &["resident_id"]), begin_from("registered_on", 0)],
    ..HOUSEHOLD_OWN
};

/// The same, asked whether the person lives, and nothing of the birth.
pub(super) const HOUSEHOLD_LIFE: AskedDataset = AskedDataset {
    columns: &[
        id("resident_id", "the id of the person whose row it is"),
        date("death_date", "the day of death; empty for a living person"),
        STATUS,
    ],
    dates: &[end("death_date", &["resident_id"])],
    ..HOUSEHOLD_OWN
};

/// The same, asked about children: whether they live, and whose they are today.
pub(super) const HOUSEHOLD_CHILD: AskedDataset = AskedDataset {
    columns: &[
        id("resident_id", "the id of the person whose row it is"),
        id("father_id", "the father's id; blank only where no father is on record"),
        id("mother_id", "the mother's id; blank only where no mother is on record"),
        date("death_date", "the day of death; empty for a living person"),
        STATUS,
    ],
    ..HOUSEHOLD_LIFE
};
