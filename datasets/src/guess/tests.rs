#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::ResidentId;

fn guess<S: AsRef<str>>(values: &[S]) -> Guess {
    let mut evidence = Evidence::default();
    values.iter().for_each(|value| evidence.note(Some(value.as_ref())));
    evidence.guess()
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..45_000).prop_map(|days| NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + Days::new(days))
}

fn id() -> impl Strategy<Value = String> {
    (330_100_u32..330_199, day(), 1_u16..995, 0_usize..5).prop_map(
        |(division, birth, sequence, spelling)| {
            let id = ResidentId::from_parts(division, birth, sequence).unwrap();
            match spelling {
                0 => id.spellings().pop().unwrap(),
                1 => format!("{} {}", &id.as_str()[..6], &id.as_str()[6..]),
                _ => id.as_str().to_owned(),
            }
        },
    )
}

fn uscc() -> impl Strategy<Value = String> {
    "91330100MA2[0-9A-HJ-NPQRTUWXY]{6}".prop_map(|begin| {
        let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        let codes = alphabet.chars().map(|check| format!("{begin}{check}"));
        codes.into_iter().find(|code| crate::normal::uscc::read(code).is_some()).unwrap()
    })
}

fn date() -> impl Strategy<Value = String> {
    (day(), 0_usize..5).prop_map(|(day, way)| {
        day.format(["%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y.%-m.%-d", "%Y年%-m月%-d日"][way])
            .to_string()
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-z一-龥]{1,3}[-a-zA-Z0-9一-龥 ]{5,40}[一-龥a-z]"
}

/// A generator for each type that is told by its values alone.
fn typed() -> impl Strategy<Value = (SemanticType, Vec<String>)> {
    use SemanticType as Type;
    let many = |one: BoxedStrategy<String>| prop::collection::vec(one, 60..200);
    let name = "[王李张刘陈杨黄赵吴周][伟芳娜敏静丽强磊军洋]{1,2}".boxed();
    let address = "杭州市(西湖|上城|拱墅)区文[一二三]路[1-9][0-9]{0,2}号[1-9]幢".boxed();
    let division = prop::sample::select(vec!["330106", "330105", "330102000", "110101", "320508"])
        .prop_map(str::to_owned)
        .boxed();
    prop_oneof![
        many(id().boxed()).prop_map(|values| (Type::ResidentId, values)),
        many(uscc().boxed()).prop_map(|values| (Type::Uscc, values)),
        many("1[3-9][0-9]-?[0-9]{4}-?[0-9]{4}".boxed()).prop_map(|values| (Type::Phone, values)),
        many(date().boxed()).prop_map(|values| (Type::Date, values)),
        many(division).prop_map(|values| (Type::DivisionCode, values)),
        many("[1-9][0-9]{0,6}[.][0-9]{2}".boxed()).prop_map(|values| (Type::Money, values)),
        many(name).prop_map(|values| (Type::PersonName, values)),
        many(address).prop_map(|values| (Type::Address, values)),
        many(
            prop::sample::select(vec!["正常", "迁出", "死亡", "注销"])
                .prop_map(str::to_owned)
                .boxed()
        )
        .prop_map(|values| (Type::Code, values)),
    ]
}

proptest! {
    #[test]
    fn columns_of_each_type_are_recognised((semantic, values) in typed()) {
        let guess = guess(&values);
        prop_assert_eq!(guess.semantic, semantic, "{}", guess.reason);
        prop_assert!(guess.confidence >= 80, "{:?}", guess);
    }

    #[test]
    fn dirt_lowers_the_confidence((semantic, values) in typed(), dirt in prop::collection::vec("[?？#]{2}[a-z]{6}[?]{3}", 15)) {
        let (clean, dirty) = (guess(&values), guess(&[values.clone(), dirt].concat()));
        prop_assert!(dirty.confidence < clean.confidence || dirty.semantic != semantic, "{:?} {:?}", clean, dirty);
    }

    #[test]
    fn free_text_is_never_an_id(values in prop::collection::vec(text(), 1..200)) {
        let guess = guess(&values);
        prop_assert!(!matches!(guess.semantic, SemanticType::ResidentId | SemanticType::Uscc | SemanticType::Phone), "{:?}", guess);
    }

    #[test]
    fn a_guess_tells_of_nobody(ids in prop::collection::vec(id(), 1..5), count in 20_usize..60) {
        // Few persons, each often: they must not become a list of codes.
        let values: Vec<String> = ids.iter().cycle().take(count * 5).cloned().collect();
        let damaged: Vec<String> = values.iter().map(|id| format!("{id}7")).collect();
        for column in [values, damaged] {
            let told = format!("{:?}", guess(&column));
            prop_assert!(!column.iter().any(|value| told.contains(value.as_str())), "{}", told);
        }
    }

    #[test]
    fn hostile_values_are_bounded(values in prop::collection::vec(any::<String>(), 0..200)) {
        let guess = guess(&values);
        prop_assert!(guess.confidence <= 100 && guess.examples.len() <= MOST_EXAMPLES && guess.codes.len() <= MOST_WORDS);
        let told = format!("{}{}", guess.reason, guess.examples.concat());
        prop_assert!(!told.contains(char::is_control));
    }
}

#[test]
fn the_reason_says_what_was_found() {
    let mut values: Vec<String> = (100..197)
        .map(|sequence| {
            ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1980, 5, 6).unwrap(), sequence)
                .unwrap()
                .as_str()
                .to_owned()
        })
        .collect();
    values.extend([
        "110105491231002".to_owned(),
        "E12345678".to_owned(),
        "110105194912310021".to_owned(),
    ]);
    let guess = guess(&values);
    assert_eq!(
        guess.reason,
        "98 of 100 values are resident ids; 1 have 15 digits; 1 of the form of a `passport` \
         number (see `schemes`); 2 cannot be read"
    );
    assert_eq!(
        (guess.confidence, guess.grade, guess.examples),
        (96, Grade::L3, vec!["E*******8".to_owned(), "1101**********0021".to_owned()])
    );
}

#[test]
fn a_guard_around_a_value_and_around_a_filler_is_told() {
    let id = |sequence| {
        ResidentId::from_parts(330_106, NaiveDate::from_ymd_opt(1980, 5, 6).unwrap(), sequence)
            .unwrap()
    };
    let mut values: Vec<String> =
        (100..140).map(|sequence| format!("=\"{}\"", id(sequence).as_str())).collect();
    values.extend([
        "=\"无\"".to_owned(),
        "=\"000000000000000000\"".to_owned(),
        "=\"H1234567801\"".to_owned(),
    ]);
    let guess = guess(&values);
    assert!(
        guess.reason.contains("41 stand in a spreadsheet's guard, such as =\"…\""),
        "{}",
        guess.reason
    );
    assert!(
        guess.reason.contains("1 of the form of a `hong_kong_macau_permit` number"),
        "{}",
        guess.reason
    );
    // As they stand, for so the owner's words are compared.
    let fillers: Vec<&str> = guess.fillers.iter().map(|filler| filler.word.as_str()).collect();
    assert_eq!(fillers, ["=\"无\"", "=\"000000000000000000\""]);
}

#[test]
fn kinds_of_documents_are_listed_however_seldom_and_other_words_are_counted() {
    let seldom = ["护照", "统一社会信用代码", "港澳居民来往内地通行证", "王伟代持"];
    let values: Vec<&str> = ["身份证"; 600].into_iter().chain(seldom).collect();
    let guess = guess(&values);
    assert_eq!((guess.semantic, guess.unlisted), (SemanticType::Code, 1));
    for word in ["身份证", "护照", "统一社会信用代码", "港澳居民来往内地通行证"]
    {
        assert!(guess.codes.iter().any(|code| code == word), "{word}: {:?}", guess.codes);
    }
    assert!(!guess.codes.iter().any(|code| code.contains("王伟")));
}

#[test]
fn names_that_repeat_are_no_codes() {
    let clerks = ["王伟", "李芳", "张敏"].repeat(40);
    assert_eq!(guess(&clerks).semantic, SemanticType::PersonName);
    assert_eq!(
        guess(&["单独所有", "按份共有 1/2"].repeat(40)).semantic,
        SemanticType::Text,
        "a share is no code"
    );
    assert_eq!(guess(&["330106199001011234"].repeat(40)).codes, Vec::<String>::new());
}

#[test]
fn a_code_that_could_be_a_name_is_not_listed() {
    let guess = guess(&["小学", "初中", "高中", "不详"].repeat(40));
    assert_eq!(
        (guess.semantic, guess.codes),
        (SemanticType::Code, ["不详", "初中", "小学"].map(str::to_owned).to_vec())
    );
    assert!(guess.reason.contains("1 of them could be names"), "{}", guess.reason);
}

#[test]
fn rare_words_are_counted_and_not_listed() {
    let values: Vec<&str> =
        ["正常"; 50].into_iter().chain(["迁出"; 40]).chain(["见张三案卷", "?"]).collect();
    let guess = guess(&values);
    assert_eq!(
        (guess.semantic, guess.codes),
        (SemanticType::Code, vec!["正常".to_owned(), "迁出".to_owned()])
    );
    assert!(
        guess.reason.contains("90 of 92 rows; 2 others, in 2 rows, are not listed"),
        "{}",
        guess.reason
    );
}

#[test]
fn a_rare_word_that_is_surely_a_code_is_listed_and_marks_and_blanks_are_no_hindrance() {
    let often = ["正常"; 300].into_iter().chain(["迁出"; 100]);
    for (rare, listed) in [
        (&["9", "9", "9"][..], true),
        (&["12"], true),
        (&["冻结"], true),
        (&["轮候查封"], true),
        (&["已撤销"], true),
        (&["未登记"], true),
        (&["王正常"], false),
        (&["仝某离婚"], false),
        (&["已"], false),
        (&["张三已死亡"], false),
        (&["4711"], false),
        (&["ZSM"], false),
        (&["?", "?", "?", "？", "--", "NULL", "\\N", "/"], false),
    ] {
        let values: Vec<&str> =
            often.clone().chain(rare.iter().copied()).chain(["", " ", "\u{3000}"]).collect();
        let guess = guess(&values);
        assert_eq!(guess.semantic, SemanticType::Code, "{rare:?}: {}", guess.reason);
        let mut codes = vec!["正常", "迁出"];
        codes.extend(rare.first().filter(|_| listed));
        codes.sort_unstable();
        assert_eq!(guess.codes, codes);
    }
    let numbers: Vec<&str> =
        ["0101"; 90].into_iter().chain(["0102"; 50]).chain(["0199", "0200001"]).collect();
    assert_eq!(guess(&numbers).codes, ["0101", "0102", "0199"]);
}

#[test]
fn what_fills_a_cell_is_counted_and_hides_no_type() {
    let dates = (0..40).map(|day| format!("2001-02-{:02}", day % 28 + 1));
    let fill = ["0000-00-00"; 200]
        .iter()
        .chain(&["NULL"; 7])
        .chain(&["不详"; 2])
        .chain(&["1900-01-01"; 9])
        .chain(&["1970-01-01"]);
    let guess = guess(&dates.chain(fill.map(|word| (*word).to_owned())).collect::<Vec<_>>());
    assert_eq!(guess.semantic, SemanticType::Date, "{}", guess.reason);
    let found: Vec<(&str, u64, Says)> =
        guess.fillers.iter().map(|one| (one.word.as_str(), one.rows, one.says)).collect();
    assert_eq!(
        found,
        [
            ("0000-00-00", 200, Says::Nothing),
            ("NULL", 7, Says::Nothing),
            ("不详", 2, Says::Unknown),
            ("1900-01-01", 9, Says::Either),
        ]
    );
}

#[test]
fn no_filler_could_be_somebodys() {
    for word in [
        "000000000000000000",
        "999999999999999",
        "XXXXXXXXXXXXXXXXXX",
        "123456789012345678",
        "***************",
    ] {
        assert_eq!(fillers::says(word), Some(Says::Either), "{word}");
    }
    for word in [
        "330106199001011234",
        "11010519491231002X",
        "12345678X",
        "1111",
        "张三",
        "无名氏",
        "不详某",
        "88888888a",
    ] {
        assert_eq!(fillers::says(word), None, "{word}");
    }
}

#[test]
fn running_numbers_are_no_divisions_and_nothing_is_no_type() {
    let numbers: Vec<String> = (0..200).map(|number| (330_100 + number).to_string()).collect();
    assert_eq!(guess(&numbers).semantic, SemanticType::Text);
    let nothing = guess(&["", " ", "\u{3000}"]);
    assert_eq!((nothing.semantic, nothing.confidence, nothing.blanks), (SemanticType::Text, 0, 3));
    assert_eq!(guess::<&str>(&[]).confidence, 0);
}

#[test]
fn a_long_column_is_sampled_evenly() {
    let mut evidence = Evidence::default();
    // The second half of the column is another matter than the first.
    (0..5000).for_each(|number| evidence.note(Some(&format!("x{number}-"))));
    (0..5000).for_each(|number| {
        evidence.note(Some(&format!("19{:02}-01-{:02}", number % 90, number % 28 + 1)))
    });
    assert!((500..=MOST_VALUES).contains(&evidence.sample.len()));
    let dates = evidence.sample.iter().filter(|value| crate::date::parse(value).is_some()).count();
    assert!(
        (45..=55).contains(&(dates * 100 / evidence.sample.len())),
        "{dates} of {}",
        evidence.sample.len()
    );
}

#[test]
fn a_name_that_is_a_value_is_told_from_a_name() {
    for value in [
        "330105195604010493",
        "33010519560401049X",
        "330105560401049",
        "330105********0493",
        "３３０１０５１９５６０４０１０４９３",
        "330105 19560401 0493",
        "'330105195604010493",
        "330105195604010493;李四光明;2026-11-01;现势",
        "2026-11-01",
        "2026年11月1日",
        "13800138000",
        "3301051956040104",
        "SFZH:330105195604010493",
        "330105-1956-0401-0493",
    ] {
        assert!(is_value(value), "{value}");
    }
    for name in [
        "SFZH",
        "QLR_SFZH1",
        "姓 名",
        "证件号18位",
        "DJRQ2024",
        "2024年",
        "第1列",
        "A-1",
        "ADDR2000",
        "",
        "金额(万元)",
        "column_12",
        "F0000001",
    ] {
        assert!(!is_value(name), "{name}");
    }
}
