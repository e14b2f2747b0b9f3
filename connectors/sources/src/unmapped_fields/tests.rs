#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn pieces_with_words_between_are_put_together() {
    let said = |rows: &[[&str; 4]]| {
        let mut left = UnmappedFields::of([KeyKind::Resident].into());
        rows.iter().for_each(|row| {
            left.row(["A", "B", "C", "D"].into_iter().zip(row.iter().map(|cell| Some(*cell))))
        });
        left.require_none("t").map_err(|error| error.detail)
    };
    let ids = [
        ["330106", "1987-05-12", "男", "7949"],
        ["110105", "1949-12-31", "女", "002X"],
        ["330106", "1990年1月1日", "男", "123X"],
    ];
    assert!(said(&ids).unwrap_err().contains("`A` in"), "{:?}", said(&ids));
    let turned = ids.map(|[a, b, c, d]| [d, c, b, a]);
    assert!(said(&turned).is_err());
    // A district, a day and a year: one in eleven has the right check character.
    let chance: Vec<[String; 4]> = (0..220)
        .map(|at| {
            [
                "330106".into(),
                format!("2019-05-{:02}", at % 28 + 1),
                "男".into(),
                (1990 + at % 35).to_string(),
            ]
        })
        .collect();
    let chance: Vec<[&str; 4]> =
        chance.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    assert_eq!(said(&chance), Ok(()));
}
