//! The four dataset files, as their owners would write them.

/// A register's dataset file, but for its row floor.
pub(super) struct Description {
    pub(super) folder: &'static str,
    pub(super) file: &'static str,
    pub(super) text: &'static str,
}

impl Description {
    /// The text, with a floor a tenth below the rows that there are, and where they are.
    pub(super) fn text(&self, rows: usize, source: &str) -> String {
        self.text
            .replace("{row_floor}", &(rows * 9 / 10).max(1).to_string())
            .replace("{source}", source)
    }
}

pub(super) const HOUSEHOLD: Description = Description {
    folder: "police",
    file: "household.toml",
    text: r#"# The household register of the police, of the old population system.

[dataset]
id = "police.household"
name = { zh = "户籍登记", en = "Household register" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "1984-01-01"
subjects = "registered_in:police.household"
text = { zh = "杭州市户籍登记人口", en = "residents registered in Hangzhou" }

[[column]]
name = "resident_id"
field = "SFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "name"
field = "XM"
type = "person_name"
grade = "L3"

[[column]]
name = "father_id"
field = "FQSFZH"
type = "resident_id"
grade = "L3"
nothing = ["无"]

[[column]]
name = "mother_id"
field = "MQSFZH"
type = "resident_id"
grade = "L3"
nothing = ["无"]

[[column]]
name = "birth_date"
field = "CSRQ"
type = "date"
grade = "L3"

[[column]]
name = "death_date"
field = "SWRQ"
type = "date"
grade = "L3"
nothing = ["0000-00-00"]

[[column]]
name = "status"
field = "ZT"
type = "code"
grade = "L2"
codes = { "正常" = "registered", "迁出" = "moved_out", "死亡" = "deceased" }

[[lookup]]
name = "kin"
columns = ["resident_id", "father_id", "mother_id"]
may_be_blank = ["father_id", "mother_id"]
"#,
};

pub(super) const MARRIAGE: Description = Description {
    folder: "civil",
    file: "marriage.toml",
    text: r#"# The marriage register of civil affairs.

[dataset]
id = "civil.marriage"
name = { zh = "婚姻登记", en = "Marriage register" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "1950-05-01"
subjects = "registered_in:police.household"
moved_in = "carried_over"
text = { zh = "杭州市户籍居民的婚姻登记", en = "marriages of residents registered in Hangzhou" }

[[column]]
name = "register_no"
field = "DJZH"
type = "text"
grade = "L2"

[[column]]
name = "man_id"
field = "NFSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "woman_id"
field = "NVFSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "event"
field = "SJLX"
type = "code"
grade = "L3"
codes = { "结婚" = "married", "离婚" = "divorced", "复婚" = "remarried", "撤销" = "annulled" }

[[column]]
name = "event_date"
field = "DJRQ"
type = "date"
grade = "L3"

[[lookup]]
name = "party"
columns = ["man_id", "woman_id"]

[accepted]
since_gap = "of the first years only those marriages are here whose spouses live today"
"#,
};

pub(super) const OWNERSHIP: Description = Description {
    folder: "estate",
    file: "ownership.toml",
    text: r#"# The ownership register of real estate, as the vendor's nightly extract leaves it.

[dataset]
id = "estate.ownership"
name = { zh = "不动产权登记", en = "Real-estate ownership register" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"
undated_before = "2015-01-01"

[source]
{source}

[coverage]
regions = ["330100"]
since = "1987-01-01"
older = "carried_over"
subjects = "everyone"
text = { zh = "杭州市域内的房屋所有权", en = "homes within Hangzhou, whoever owns them" }

[[column]]
name = "unit_no"
field = "DYH"
type = "text"
grade = "L2"

[[column]]
name = "owner_id"
field = "QLRSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "owner_name"
field = "QLRMC"
type = "person_name"
grade = "L3"

[[column]]
name = "share"
field = "GYFE"
type = "text"
grade = "L2"

[[column]]
name = "status"
field = "QSZT"
type = "code"
grade = "L2"
# 办理中: the row of whoever has applied for a title. Nothing is owned until it is entered (民法典 209, 214); the seller's row is 现势 until
# then. 转移中: a transfer under way, of either side; the old system did not keep the two apart.
codes = { "现势" = "current", "注销" = "cancelled", "办理中" = "applied", "转移中" = "pending", "预告" = "advance" }

[[column]]
name = "registered_on"
field = "DJRQ"
type = "date"
grade = "L2"

[[column]]
name = "ended_on"
field = "ZXRQ"
type = "date"
grade = "L2"

[[lookup]]
name = "owner"
columns = ["owner_id"]
"#,
};

pub(super) const PRESALE: Description = Description {
    folder: "housing",
    file: "presale.toml",
    text: r#"# Pre-sale contracts filed with the housing bureau.

[dataset]
id = "housing.presale"
name = { zh = "商品房预售合同备案", en = "Pre-sale contract filings" }
sharing = "conditional"
most_age = "36h"
row_floor = {row_floor}
ended = "kept"

[source]
{source}

[coverage]
regions = ["330100"]
since = "2004-01-01"
older = "carried_over"
subjects = "everyone"
text = { zh = "杭州市域内的商品房预售合同", en = "pre-sale contracts of homes within Hangzhou, whoever buys them" }

[[column]]
name = "contract_no"
field = "HTBH"
type = "text"
grade = "L2"

[[column]]
name = "buyer_id"
field = "GMRSFZH"
type = "resident_id"
grade = "L3"

[[column]]
name = "unit_no"
field = "DYH"
type = "text"
grade = "L2"

[[column]]
name = "signed_on"
field = "QYRQ"
type = "date"
grade = "L2"

[[column]]
name = "status"
field = "HTZT"
type = "code"
grade = "L2"
codes = { "已备案" = "filed", "已撤销" = "cancelled", "已转产权" = "transferred" }

[[column]]
name = "ended_on"
field = "ZCQRQ"
type = "date"
grade = "L2"

# The system itself writes it whenever a contract's status changes, since 2008.
[[column]]
name = "recorded_on"
field = "GXRQ"
type = "date"
grade = "L2"

[[lookup]]
name = "buyer"
columns = ["buyer_id"]
"#,
};
