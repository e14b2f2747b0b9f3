//! What people call each kind of whom a register is asked about, and its number: the one place for
//! screens, remedies and errors.

use super::KeyKind;

/// How a kind is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindWords {
    /// The type of the columns by which they are looked up, in dataset files.
    pub type_name: &'static str,
    /// One of them.
    pub one: &'static str,
    /// Several.
    pub several: &'static str,
    /// What belongs to one.
    pub of_one: &'static str,
    /// Its number.
    pub number: &'static str,
    /// The same with its article.
    pub a_number: &'static str,
    /// One of them, in Chinese.
    pub zh: &'static str,
    /// Counted, in Chinese: what stands behind the figure.
    pub counted_zh: &'static str,
    /// Its number, in Chinese.
    pub number_zh: &'static str,
}

const RESIDENTS: KindWords = KindWords {
    type_name: "resident_id",
    one: "person",
    several: "persons",
    of_one: "a person's",
    number: "resident id",
    a_number: "a resident id",
    zh: "人员",
    counted_zh: "人",
    number_zh: "居民身份号码",
};
const ENTERPRISES: KindWords = KindWords {
    type_name: "uscc",
    one: "enterprise",
    several: "enterprises",
    of_one: "an enterprise's",
    number: "unified social credit code",
    a_number: "a unified social credit code",
    zh: "企业",
    counted_zh: "家企业",
    number_zh: "统一社会信用代码",
};
const VESSELS: KindWords = KindWords {
    type_name: "vessel_number",
    one: "vessel",
    several: "vessels",
    of_one: "a vessel's",
    number: "ship identification number",
    a_number: "a ship identification number",
    zh: "船舶",
    counted_zh: "艘船舶",
    number_zh: "船舶识别号",
};
const VEHICLES: KindWords = KindWords {
    type_name: "vin",
    one: "vehicle",
    several: "vehicles",
    of_one: "a vehicle's",
    number: "vehicle identification number",
    a_number: "a vehicle identification number",
    zh: "车辆",
    counted_zh: "辆车",
    number_zh: "车辆识别代号",
};
const PROPERTY_UNITS: KindWords = KindWords {
    type_name: "unit_code",
    one: "real-property unit",
    several: "real-property units",
    of_one: "a real-property unit's",
    number: "real-property unit code",
    a_number: "a real-property unit code",
    zh: "不动产单元",
    counted_zh: "个不动产单元",
    number_zh: "不动产单元代码",
};

impl KeyKind {
    /// What people call it.
    pub fn words(self) -> &'static KindWords {
        match self {
            Self::Resident => &RESIDENTS,
            Self::Enterprise => &ENTERPRISES,
            Self::Vessel => &VESSELS,
            Self::Vehicle => &VEHICLES,
            Self::PropertyUnit => &PROPERTY_UNITS,
        }
    }

    /// The names of the types by whose columns somebody or something is looked up: with `join`
    /// before the last.
    pub fn listed_types(join: &str) -> String {
        listed(Self::ALL.map(|kind| format!("`{}`", kind.words().type_name)), join)
    }

    /// What is looked up: with `join` before the last.
    pub fn listed_things(join: &str) -> String {
        listed(Self::ALL.map(|kind| kind.words().several.to_owned()), join)
    }
}

fn listed<const N: usize>(names: [String; N], join: &str) -> String {
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => {
            format!("{} {join} {last}", before.join(", "))
        }
        _ => names.join(""),
    }
}
