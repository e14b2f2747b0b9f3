//! The city as it is: persons, and the four registers' rows with what each cell means beside what
//! is written in it.

use chrono::NaiveDate;
use zerotrip_datasets::ResidentId;

/// A cell: as written, and what it means.
#[derive(Clone, Debug)]
pub(super) struct Field<T> {
    /// `None` is NULL (in a CSV: empty).
    pub(super) raw: Option<String>,
    pub(super) means: Meaning<T>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning<T> {
    Value(T),
    Null,
    /// An identifier of another scheme.
    Other,
    /// Unreadable, or a code that is not in the closed list.
    Lost,
}

impl<T: Copy + PartialEq> Field<T> {
    pub(super) fn value(raw: impl Into<String>, value: T) -> Self {
        Self { raw: Some(raw.into()), means: Meaning::Value(value) }
    }

    pub(super) fn null() -> Self {
        Self { raw: None, means: Meaning::Null }
    }

    pub(super) fn lost(raw: Option<&str>) -> Self {
        Self { raw: raw.map(str::to_owned), means: Meaning::Lost }
    }

    pub(super) fn is(&self, value: T) -> bool {
        self.means == Meaning::Value(value)
    }

    pub(super) fn get(&self) -> Option<T> {
        match self.means {
            Meaning::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.means == Meaning::Lost
    }

    pub(super) fn text(&self) -> String {
        self.raw.clone().unwrap_or_default()
    }
}

/// Where a person stands with the household register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residence {
    Registered,
    MovedOut,
    Deceased,
    /// Not in it: migrants, and spouses registered elsewhere.
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Married,
    Divorced,
    Remarried,
    Annulled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Title {
    Current,
    Cancelled,
    /// A transfer under way: of the buyer, or of the seller, whose title still counts.
    Pending,
    /// The buyer's application, of which nothing has been entered.
    Applied,
    Advance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contract {
    Filed,
    Cancelled,
    Transferred,
}

/// The source's words for its codes. `Residence::Absent` has no row and so no word.
pub(super) trait Code: Copy + PartialEq {
    fn word(self) -> &'static str;

    fn field(self) -> Field<Self> {
        Field::value(self.word(), self)
    }
}

impl Code for Residence {
    fn word(self) -> &'static str {
        match self {
            Self::Registered | Self::Absent => "正常",
            Self::MovedOut => "迁出",
            Self::Deceased => "死亡",
        }
    }
}

impl Code for Event {
    fn word(self) -> &'static str {
        match self {
            Self::Married => "结婚",
            Self::Divorced => "离婚",
            Self::Remarried => "复婚",
            Self::Annulled => "撤销",
        }
    }
}

impl Code for Title {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "现势",
            Self::Cancelled => "注销",
            Self::Pending => "转移中",
            Self::Applied => "办理中",
            Self::Advance => "预告",
        }
    }
}

impl Code for Contract {
    fn word(self) -> &'static str {
        match self {
            Self::Filed => "已备案",
            Self::Cancelled => "已撤销",
            Self::Transferred => "已转产权",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: ResidentId,
    pub(super) name: String,
    pub(super) birth: NaiveDate,
    pub(super) death: Option<NaiveDate>,
    /// Places in [`Registers::persons`].
    pub(super) father: Option<usize>,
    pub(super) mother: Option<usize>,
    pub(super) residence: Residence,
}

#[derive(Clone, Debug)]
pub(super) struct HouseholdRow {
    pub(super) resident: Field<ResidentId>,
    pub(super) name: String,
    pub(super) father: Field<ResidentId>,
    pub(super) mother: Field<ResidentId>,
    pub(super) birth: Field<NaiveDate>,
    pub(super) death: Field<NaiveDate>,
    pub(super) status: Field<Residence>,
}

#[derive(Clone, Debug)]
pub(super) struct MarriageRow {
    pub(super) number: String,
    pub(super) man: Field<ResidentId>,
    pub(super) woman: Field<ResidentId>,
    pub(super) event: Field<Event>,
    pub(super) date: Field<NaiveDate>,
    /// The fields as written, where their number is not the header's.
    pub(super) ragged: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
pub(super) struct OwnershipRow {
    pub(super) unit: String,
    pub(super) owner: Field<ResidentId>,
    pub(super) owner_name: String,
    pub(super) share: String,
    pub(super) status: Field<Title>,
    pub(super) registered: Field<NaiveDate>,
    pub(super) ended: Field<NaiveDate>,
}

#[derive(Clone, Debug)]
pub(super) struct PresaleRow {
    pub(super) number: String,
    pub(super) buyer: Field<ResidentId>,
    pub(super) unit: String,
    pub(super) signed: Field<NaiveDate>,
    pub(super) status: Field<Contract>,
    pub(super) ended: Field<NaiveDate>,
    /// The day on which the row got its present status, by the system itself.
    pub(super) recorded: Field<NaiveDate>,
    /// The fields as written, where their number is not the header's.
    pub(super) ragged: Option<Vec<String>>,
}

/// Everything there is.
#[derive(Debug, Default)]
pub(super) struct Registers {
    pub(super) persons: Vec<Person>,
    pub(super) household: Vec<HouseholdRow>,
    pub(super) marriage: Vec<MarriageRow>,
    pub(super) ownership: Vec<OwnershipRow>,
    pub(super) presale: Vec<PresaleRow>,
}

impl HouseholdRow {
    pub(super) fn cells(&self) -> Vec<Option<String>> {
        let (resident, father, mother) =
            (self.resident.raw.clone(), self.father.raw.clone(), self.mother.raw.clone());
        vec![
            resident,
            Some(self.name.clone()),
            father,
            mother,
            self.birth.raw.clone(),
            self.death.raw.clone(),
            self.status.raw.clone(),
        ]
    }
}

impl MarriageRow {
    pub(super) fn cells(&self) -> Vec<Option<String>> {
        self.ragged
            .as_ref()
            .map(|fields| fields.iter().cloned().map(Some).collect())
            .unwrap_or_else(|| {
                let number = Some(self.number.clone());
                vec![
                    number,
                    self.man.raw.clone(),
                    self.woman.raw.clone(),
                    self.event.raw.clone(),
                    self.date.raw.clone(),
                ]
            })
    }
}

impl OwnershipRow {
    pub(super) fn cells(&self) -> Vec<Option<String>> {
        let (unit, name, share) =
            (Some(self.unit.clone()), Some(self.owner_name.clone()), Some(self.share.clone()));
        let (registered, ended) = (self.registered.raw.clone(), self.ended.raw.clone());
        vec![unit, self.owner.raw.clone(), name, share, self.status.raw.clone(), registered, ended]
    }
}

impl PresaleRow {
    pub(super) fn cells(&self) -> Vec<Option<String>> {
        self.ragged
            .as_ref()
            .map(|fields| fields.iter().cloned().map(Some).collect())
            .unwrap_or_else(|| {
                let (number, unit) = (Some(self.number.clone()), Some(self.unit.clone()));
                let (signed, ended, recorded) =
                    (self.signed.raw.clone(), self.ended.raw.clone(), self.recorded.raw.clone());
                vec![
                    number,
                    self.buyer.raw.clone(),
                    unit,
                    signed,
                    self.status.raw.clone(),
                    ended,
                    recorded,
                ]
            })
    }
}
