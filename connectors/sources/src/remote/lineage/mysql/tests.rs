#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn named(text: &str) -> Result<String, String> {
    view(text).map(|found| {
        found
            .tables
            .into_iter()
            .map(|(base, table)| format!("{base}.{table}"))
            .collect::<Vec<_>>()
            .join(" ")
    })
}

#[test]
fn tables_are_found_wherever_they_are() {
    for (text, expected) in [
        ("select `d`.`t`.`a` AS `a` from `d`.`t`", "d.t"),
        (
            "select `d`.`t`.`a` AS `a ``b` from `d`.`t``x` where `d`.`t`.`n` = '%x`y\\' from \
             `d`.`z`' and 1 between 1 and 2",
            "d.t`x",
        ),
        (
            "select `d`.`t`.`a` AS `a` from (`d`.`t` join `e`.`u`) where `d`.`t`.`n` = `e`.`u`.`n`",
            "d.t e.u",
        ),
        (
            "select `a`.`x` AS `x`,trim(both ' ' from `b`.`y`) AS `y`,case when `a`.`n` = 1 then \
             'x' else NULL end AS `c`,cast(`a`.`n` as char(3) charset utf8mb3) AS `s` from \
             ((`d`.`t` `a` join `e`.`u` `b` on(`a`.`x` = `b`.`x`)) left join (select `d`.`w`.`y` \
             AS `y`,ucase(`d`.`w`.`z`) AS `m` from `d`.`w`) `z` on(`z`.`y` = `b`.`y`)) where \
             `a`.`n` in (1,2) and `a`.`s` like 'x%' union all select `f`.`q`.`x` AS `x` from \
             `f`.`q` where 1 = 1",
            "d.t d.w e.u f.q",
        ),
        (
            "select `d`.`t`.`a` AS `a` from (`d`.`t` left join (`d`.`t` `t2` join `e`.`u` \
             on(`t2`.`n` = `e`.`u`.`n`)) on(1 = 1))",
            "d.t e.u",
        ),
        (
            "/* select#1 */ select `d`.`t`.`a` AS `a` from `d`.`t` where (`d`.`t`.`b` = \
             _utf8mb4'x')",
            "d.t",
        ),
        (
            "select `d`.`t`.`a` AS `a`,`e`.`u`.`b` AS `b` from `d`.`t`,`e`.`u` where `d`.`t`.`n` \
             in (1,`e`.`u`.`n`)",
            "d.t e.u",
        ),
        (
            "select `d`.`t`.`n` AS `n` from `d`.`t` union all (select `d`.`u`.`n` AS `n` from \
             `d`.`u`) order by `n` desc",
            "d.t d.u",
        ),
    ] {
        assert_eq!(named(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_done_with_a_column_beside_showing_it_is_told() {
    let text = "select `d`.`t`.`shown` AS `shown`,upper(`d`.`t`.`a`) AS `b` from `d`.`t` join \
                (select `u`.`c` AS `d` from `d`.`u`) `z` on(`z`.`d` = `d`.`t`.`e`) where \
                `d`.`t`.`f` is null";
    let used: Vec<String> = view(text).unwrap().used.into_iter().collect();
    assert_eq!(used, ["a", "c", "d", "e", "f"]);
}

#[test]
fn a_column_is_told_from_its_table_whatever_they_are_called() {
    let text = "select `ts`.`a` AS `a` from `d`.`t` `ts` where `ts`.`ts` < '2020-01-01'";
    assert!(view(text).unwrap().used.contains("ts"), "a table that is called like its column");
    let text = "select `d`.`t`.`a` AS `a`,`d`.`t`.`ts` AS `x` from `d`.`t` union all select 'b' \
                AS `a`,`d`.`t`.`at` AS `x` from `d`.`t`";
    let found = view(text).unwrap();
    let shown: Vec<(&str, usize)> =
        found.shown.iter().map(|(name, place)| (name.as_str(), *place)).collect();
    assert_eq!((shown, found.width), (vec![("a", 0), ("ts", 1), ("at", 1)], 2));
    let used: Vec<String> =
        expression("if(`TS` < 'x',concat(`b`,'c'),NULL)").unwrap().into_iter().collect();
    assert_eq!(used, ["TS", "b"]);
}

#[test]
fn what_only_adds_columns_is_told_from_what_can_hide_rows() {
    let beside = |text: &str| {
        let taken = view(text).unwrap().taken;
        taken
            .iter()
            .map(|one| {
                format!(
                    "{}{}{}",
                    one.query,
                    one.table.1,
                    if one.is_beside { " beside" } else { "" }
                )
            })
            .collect::<Vec<_>>()
    };
    let of = |shown: &str, joined: &str, condition: &str| {
        format!("select `a`.`x` AS `x`{shown} from (`d`.`t` `a` {joined}) where {condition}")
    };
    let left = "left join `d`.`u` `b` on(`a`.`x` = `b`.`x` and (`b`.`k` = 1))";
    assert_eq!(beside(&of(",upper(`b`.`y`) AS `y`", left, "1 = 1")), ["0t", "0u beside"]);
    assert_eq!(beside(&of("", left, "`b`.`y` is null")), ["0t", "0u"]);
    assert_eq!(beside(&of("", left, "`B`.`y` is null")), ["0t", "0u"]);
    assert_eq!(beside(&of("", &left.replace("left", ""), "1 = 1")), ["0t", "0u"]);
    let further = format!("{left} join `d`.`w` `c` on(`c`.`x` = `b`.`x`)");
    assert_eq!(beside(&of("", &further, "1 = 1")), ["0t", "0u", "0w"]);
    let plain = "left join `d`.`u` on(`a`.`x` = `d`.`u`.`x`)";
    assert_eq!(beside(&of(",`d`.`u`.`y` AS `y`", plain, "1 = 1")), ["0t", "0u beside"]);
    assert_eq!(beside(&of("", plain, "`d`.`u`.`y` = 1")), ["0t", "0u"]);
    let second =
        "select `d`.`t`.`x` AS `x` from `d`.`t` union all select `d`.`t`.`x` AS `x` from `d`.`t`";
    assert_eq!(beside(second), ["0t", "1t"]);
    let within = "select `z`.`x` AS `x` from (`d`.`t` left join (select `d`.`t`.`x` AS `x` from \
                  `d`.`t`) `z` on(`z`.`x` = `d`.`t`.`x`))";
    assert_eq!(beside(within), ["0t", "0t"]);
}

#[test]
fn what_is_not_known_is_not_accepted() {
    let of_t = |what: &str| format!("select {what} AS `a`,`d`.`t`.`b` AS `b` from `d`.`t`");
    let calls = [
        "current_user",
        "user",
        "now",
        "current_timestamp",
        "rand",
        "uuid",
        "sleep",
        "group_concat",
        "connection_id",
        "load_file",
        "min",
        "max",
        "count",
        "row_number",
        "date_format",
        "week",
        "weekday",
        "dayname",
        "monthname",
        "str_to_date",
        "date",
        "year",
        "extract",
        "charset",
        "collation",
        "coercibility",
        "format",
        "convert",
        "version",
        "database",
        "from_unixtime",
        "hex",
        "soundex",
    ];
    for call in calls {
        assert_eq!(
            named(&of_t(&format!("{call}(`d`.`t`.`b`)"))).unwrap_err(),
            format!("`{call}()`")
        );
        assert!(expression(&format!("if({call}(`b`) = 1,`b`,NULL)")).is_err(), "{call}");
    }
    assert!(expression("concat(`a`,'x')").is_ok());
    for (text, word) in [
        (of_t("`f`()"), "`f`"),
        (of_t("`d`.`f`(`d`.`t`.`b`)"), "`f`"),
        (of_t("@@port"), "`@`"),
        (of_t("(select 1)"), "a query within an expression"),
        (of_t("exists(select 1 from `d`.`u` limit 1)"), "`exists()`"),
        (of_t("1 in (select `d`.`u`.`a` from `d`.`u`)"), "a query within an expression"),
        (of_t("`d`.`t`.`b` collate utf8mb4_bin"), "`collate`"),
        (of_t("`d`.`t`.`b` like 'x\\\\%'"), "`like`"),
        (of_t("`d`.`t`.`b` like `d`.`t`.`c`"), "`like`"),
        (of_t("cast(`d`.`t`.`b` as date)"), "`date`"),
        (of_t("cast(`d`.`t`.`b` as char charset latin1)"), "`charset`"),
        (of_t("`d`.`t`.`b` + 1"), "`+`"),
        ("select distinct `d`.`t`.`a` AS `a` from `d`.`t`".to_owned(), "`distinct`"),
        ("select `d`.`t`.`a` AS `a` from `d`.`t` group by `d`.`t`.`a`".to_owned(), "`group`"),
        ("select `d`.`t`.`a` AS `a` from `d`.`t` limit 5".to_owned(), "`limit`"),
        (
            "select `d`.`t`.`a` AS `a` from `d`.`t` union select `d`.`u`.`a` AS `a` from `d`.`u`"
                .to_owned(),
            "`union` without `all`",
        ),
        (
            "select `d`.`t`.`a` AS `a` from `d`.`t` except all select `d`.`u`.`a` AS `a` from \
             `d`.`u`"
                .to_owned(),
            "`except`",
        ),
        (
            "with q as (select `d`.`t`.`a` AS `a` from `d`.`t`)select `q`.`a` AS `a` from `q`"
                .to_owned(),
            "`with`",
        ),
        ("select `t`.`a` AS `a` from `t`".to_owned(), "`t`"),
        (
            "select `j`.`a` AS `a` from json_table('[]','$' columns(a int path '$')) `j`"
                .to_owned(),
            "`json_table()`",
        ),
        (
            "select `d`.`t`.`a` AS `a` from `d`.`t` for system_time as of '2020-01-01'".to_owned(),
            "`for`",
        ),
        ("select `d`.`t`.`a` AS `a` from `d`.`t` partition (`p0`)".to_owned(), "`partition()`"),
        ("select `d`.`t`.`a` AS `a` from `d`.`t` /* x */".to_owned(), "`/*`"),
    ] {
        assert_eq!(named(&text).unwrap_err(), word, "{text}");
    }
    for broken in [
        "",
        "select",
        "select 1 AS `a`",
        "select `a` from",
        "select `d`.`t`.`a` AS `a` from `d`.`t` where ('",
        "select `d`.`t`.`a` from (`d`.`t`",
    ] {
        assert!(named(broken).is_err(), "{broken}");
    }
}
