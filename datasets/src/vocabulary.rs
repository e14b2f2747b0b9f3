//! The words that checks use of registers, for owners who describe one: datasets, columns, look-ups
//! and meanings by the names that a check asks under, and what each of them means. A check's
//! definition says the same without the explanations; a test of the whole holds the two together
//! (`tests/scenarios/definitions.rs`).

use zerotrip_proto::v1::{DateRole, SemanticType};

/// What a check asks of registers.
#[derive(Debug)]
pub struct Vocabulary {
    /// The check.
    pub check: &'static str,
    /// The registers that it asks.
    pub datasets: &'static [AskedDataset],
}

/// A register that a check asks.
#[derive(Debug)]
pub struct AskedDataset {
    /// Under this id; the part before the dot is the member that must own it.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What its `since` and its subjects decide, in the words of this register.
    pub coverage: &'static str,
    /// What it looks persons up by.
    pub lookup: AskedLookup,
    /// What it takes of the rows.
    pub columns: &'static [AskedColumn],
    /// What each of its dates is the date of; others have no role.
    pub dates: &'static [AskedDate],
    /// Where a row says that what it records has ended, and when.
    pub end: Option<AskedEnd>,
}

/// What a date is the date of, as the definition's `[[date]]` says.
#[derive(Debug)]
pub struct AskedDate {
    /// The column.
    pub column: &'static str,
    /// What it is the date of.
    pub role: DateRole,
    /// Columns of persons who had been born by then.
    pub persons: &'static [&'static str],
    /// Years of age that they had reached.
    pub least_age: u32,
}

/// A date that is empty while what the row records goes on.
#[derive(Debug)]
pub struct AskedEnd {
    /// The date's column.
    pub column: &'static str,
    /// The column of the code.
    pub code: &'static str,
    /// The meanings under which it has ended.
    pub ended: &'static [&'static str],
}

const fn event(
    column: &'static str,
    persons: &'static [&'static str],
    least_age: u32,
) -> AskedDate {
    AskedDate { column, role: DateRole::Event, persons, least_age }
}

const BORN: AskedDate = AskedDate {
    column: "birth_date",
    role: DateRole::Birth,
    persons: &["resident_id"],
    least_age: 0,
};

const fn begin(column: &'static str) -> AskedDate {
    AskedDate { column, role: DateRole::Begin, persons: &[], least_age: 0 }
}

const fn end(column: &'static str, persons: &'static [&'static str]) -> AskedDate {
    AskedDate { column, role: DateRole::End, persons, least_age: 0 }
}

/// A look-up that a check makes.
#[derive(Debug)]
pub struct AskedLookup {
    /// Under this name.
    pub name: &'static str,
    /// The columns that it must look in at least. Every other column that can name such a person
    /// belongs into it too.
    pub columns: &'static [&'static str],
    /// The persons or rows that it must find.
    pub whom: &'static str,
}

/// A column that a check asks for.
#[derive(Debug)]
pub struct AskedColumn {
    /// Under this name.
    pub name: &'static str,
    /// Of this type.
    pub semantic: SemanticType,
    /// What its cells say, and when they must be empty.
    pub says: &'static str,
    /// Whether a register may lack it.
    pub is_optional: bool,
    /// Of a code: the meanings that the check knows, and what each says.
    pub meanings: &'static [(&'static str, &'static str)],
}

const fn column(name: &'static str, semantic: SemanticType, says: &'static str) -> AskedColumn {
    AskedColumn { name, semantic, says, is_optional: false, meanings: &[] }
}

const fn id(name: &'static str, says: &'static str) -> AskedColumn {
    column(name, SemanticType::ResidentId, says)
}

const fn date(name: &'static str, says: &'static str) -> AskedColumn {
    column(name, SemanticType::Date, says)
}

/// A date and a unit that a register may lack; with them, fewer answers are unavailable.
const RECORDED_ON: AskedColumn = began(
    "recorded_on",
    "the day on which the row got its present status, so that what ended without a day of \
           its own had ended by then; never the day of an export",
);
const fn began(name: &'static str, says: &'static str) -> AskedColumn {
    AskedColumn { is_optional: true, ..date(name, says) }
}
const UNIT_NO: AskedColumn = AskedColumn {
    is_optional: true,
    ..column(
        "unit_no",
        SemanticType::Text,
        "the number of the unit (不动产单元号), written as the other register of homes writes \
           it, so that what was handed over is found there",
    )
};

const fn code(
    name: &'static str,
    says: &'static str,
    meanings: &'static [(&'static str, &'static str)],
) -> AskedColumn {
    AskedColumn { name, semantic: SemanticType::Code, says, is_optional: false, meanings }
}

const MARRIAGE: AskedDataset = AskedDataset {
    id: "civil.marriage",
    what: "婚姻登记: one row for each event between two persons (marriage, divorce, \
           remarriage, annulment)",
    coverage: "A person is asked about from the age of 15 on (`lifetime_from`): a person \
               who turned 15 before `since` gets no answer. A day too early hides the \
               marriages before it.",
    lookup: AskedLookup {
        name: "party",
        columns: &["man_id", "woman_id"],
        whom: "either party of the event",
    },
    columns: &[
        id("man_id", "the husband's id (男方证件号)"),
        id("woman_id", "the wife's id (女方证件号)"),
        code(
            "event",
            "what was registered; a divorce or an annulment ends the marriage of the same \
             two that it follows",
            &[
                ("married", "结婚: they are married from this day on"),
                ("remarried", "复婚: the same two, married again"),
                ("divorced", "离婚, at the registry or by a court"),
                ("annulled", "撤销或宣告无效: the marriage is taken back"),
            ],
        ),
        date(
            "event_date",
            "the day on which the event was registered; never the day of an earlier \
             event, nor of typing it in",
        ),
    ],
    dates: &[event("event_date", &["man_id", "woman_id"], 15)],
    end: None,
};

const STATUS: AskedColumn = code(
    "status",
    "the person's status in this register now",
    &[
        ("registered", "registered here, and alive"),
        ("moved_out", "迁出: registered elsewhere now"),
        ("deceased", "死亡注销"),
    ],
);

const HOUSEHOLD: AskedDataset = AskedDataset {
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
    dates: &[BORN, end("death_date", &["resident_id"])],
    end: Some(AskedEnd { column: "death_date", code: "status", ended: &["deceased"] }),
};

const OWNERSHIP: AskedDataset = AskedDataset {
    id: "estate.ownership",
    what: "不动产权登记: one row for each owner of each title, ended titles included",
    coverage: "`since` is the first day from which every title is in this table; \
               `subjects` is everyone only if owners from elsewhere are in it too.",
    lookup: AskedLookup {
        name: "owner",
        columns: &["owner_id"],
        whom: "every owner and co-owner: each column that can hold the id of one belongs \
               into it",
    },
    columns: &[
        id("owner_id", "the owner's id (权利人证件号)"),
        code(
            "status",
            "the title's status now",
            &[
                ("current", "现势: it is owned now"),
                ("advance", "预告登记: it counts as owned"),
                (
                    "pending",
                    "a transfer under way, of the buyer's row or of the seller's: neither \
                     yes nor no is answered",
                ),
                (
                    "applied",
                    "受理、办理中, of an applicant: nothing is owned until it is \
                     entered (民法典 209, 214). Never the row of a seller, whose title \
                     still counts, nor an advance notice",
                ),
                ("cancelled", "注销、转移: it was owned, and is owned by this owner no longer"),
            ],
        ),
        date(
            "ended_on",
            "the day on which the title ended for this owner; EMPTY while it is current. \
             Never the day of registration, of filing or of an export: with one of those, \
             a title that ended this morning seems to have ended long ago, and a false \
             certificate follows",
        ),
        RECORDED_ON,
        began(
            "registered_on",
            "the day on which this owner's title was registered: what ended before it \
             contradicts itself",
        ),
        UNIT_NO,
    ],
    dates: &[end("ended_on", &[]), end("recorded_on", &[]), begin("registered_on")],
    end: Some(AskedEnd { column: "ended_on", code: "status", ended: &["cancelled"] }),
};

const PRESALE: AskedDataset = AskedDataset {
    id: "housing.presale",
    what: "商品房预售合同备案: one row for each buyer of each contract, ended contracts \
           included",
    coverage: "`since` is the first day from which every contract is in this table; \
               `subjects` is everyone only if buyers from elsewhere are in it too.",
    lookup: AskedLookup {
        name: "buyer",
        columns: &["buyer_id"],
        whom: "every buyer: each column that can hold the id of one belongs into it",
    },
    columns: &[
        id("buyer_id", "the buyer's id (买受人证件号)"),
        code(
            "status",
            "the contract's status now",
            &[
                ("filed", "已备案: a home is bought, and not yet registered as a title"),
                ("transferred", "已转产权: it has become a title, in the ownership register"),
                ("cancelled", "已撤销、退房: nothing is bought any longer"),
            ],
        ),
        date(
            "ended_on",
            "the day on which the contract was cancelled, or became a title; EMPTY while \
             it is filed. Never the day of signing or filing: with one of those, what was \
             handed over this morning seems to have been so long ago, and a false \
             certificate follows",
        ),
        RECORDED_ON,
        began(
            "signed_on",
            "the day on which the contract was signed or filed: what ended before it \
             contradicts itself",
        ),
        UNIT_NO,
    ],
    dates: &[end("ended_on", &[]), end("recorded_on", &[]), begin("signed_on")],
    end: Some(AskedEnd {
        column: "ended_on",
        code: "status",
        ended: &["cancelled", "transferred"],
    }),
};

/// The same register, asked about a person's own rows alone.
const HOUSEHOLD_OWN: AskedDataset = AskedDataset {
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
    ..HOUSEHOLD
};

const CONTRIBUTION: AskedDataset = AskedDataset {
    id: "social.contribution",
    what: "社会保险缴费记录: one row for one person's contribution of one kind for one month; what is \
           taken back is a row below 0, and no row is removed",
    coverage: "`since` is the first day from which every contribution is in this table: a question \
               about months before it is not answered.",
    lookup: AskedLookup {
        name: "insured",
        columns: &["insured_id"],
        whom: "the insured person, whoever pays",
    },
    columns: &[
        id("insured_id", "the id of the insured person (参保人证件号)"),
        column(
            "month",
            SemanticType::Month,
            "the month that it is for (费款所属期), not the one of payment",
        ),
        code(
            "insurance",
            "the kind of insurance (险种)",
            &[
                ("pension", "职工基本养老保险"),
                ("medical", "职工基本医疗保险"),
                ("unemployment", "失业保险"),
                ("work_injury", "工伤保险"),
                ("maternity", "生育保险"),
            ],
        ),
        column(
            "amount",
            SemanticType::Money,
            "what was received for the month; below 0, what was paid back or cancelled (退费、冲销)",
        ),
        date(
            "paid_on",
            "the day on which the payment was received (到账日期); never that of the declaration",
        ),
        column("entry_no", SemanticType::Text, "the row's own number (记账流水号)"),
    ],
    dates: &[event("paid_on", &[], 0)],
    end: None,
};

/// Every vocabulary that there is.
pub const VOCABULARIES: &[Vocabulary] = &[
    Vocabulary { check: "no-property", datasets: &[MARRIAGE, HOUSEHOLD, OWNERSHIP, PRESALE] },
    Vocabulary { check: "marriage-status", datasets: &[MARRIAGE, HOUSEHOLD_OWN] },
    Vocabulary { check: "household-membership", datasets: &[HOUSEHOLD_OWN] },
    Vocabulary { check: "social-insurance-months", datasets: &[CONTRIBUTION] },
];

/// What the checks ask of the dataset of that id.
pub fn of_dataset(id: &str) -> impl Iterator<Item = &'static AskedDataset> {
    VOCABULARIES.iter().filter_map(move |vocabulary| vocabulary.dataset(id))
}

/// The vocabulary of a check.
pub fn of(check: &str) -> Option<&'static Vocabulary> {
    VOCABULARIES.iter().find(|vocabulary| vocabulary.check == check)
}

impl Vocabulary {
    /// The dataset of that id.
    pub fn dataset(&self, id: &str) -> Option<&'static AskedDataset> {
        self.datasets.iter().find(|dataset| dataset.id == id)
    }
}
