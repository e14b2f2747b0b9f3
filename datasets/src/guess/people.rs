//! Whether a text is built like a person's name, or like an address.

/// The commonest surnames: nine in ten names of the mainland begin with one of them.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧诸葛司上官";
/// What an address is divided by.
const PLACES: [char; 14] =
    ['省', '市', '区', '县', '镇', '乡', '街', '路', '巷', '弄', '村', '道', '里', '州'];
/// What a house is counted by.
const HOUSES: [char; 9] = ['号', '號', '幢', '栋', '室', '楼', '组', '户', '层'];

pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Two to four characters of Chinese that begin with a surname, or the parts of a name with dots
/// between them.
pub(super) fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    let begins = text.chars().next().is_some_and(|first| SURNAMES.contains(first));
    if text.contains('·') {
        return (4..=40).contains(&length) && text.chars().all(|c| is_han(c) || c == '·');
    }
    begins && (2..=4).contains(&length) && text.chars().all(is_han)
}

/// A place, and behind it a house.
pub(super) fn is_address(text: &str) -> bool {
    let place = text.find(PLACES);
    let house = text.rfind(HOUSES);
    let is_written = text.chars().filter(|c| is_han(*c)).count() >= 4;
    is_written && place.zip(house).is_some_and(|(place, house)| place < house)
}
