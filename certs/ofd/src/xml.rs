//! XML as our files have it: one spelling of each text and each number.

use zerotrip_paper::layout::Length;

/// What every file begins with.
pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// The namespace of GB/T 33190.
pub(crate) const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";

/// A text, in an element or in an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// A length in ten-thousandths of a millimetre: a point is 127/360 mm.
pub(crate) fn rounded(length: Length) -> i64 {
    (length * 254 + 3_600).div_euclid(7_200)
}

/// Ten-thousandths, as a decimal number without superfluous zeros.
pub(crate) fn decimal(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, part) = (number.abs() / 10_000, number.abs() % 10_000);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:04}").trim_end_matches('0').to_owned()
}

/// A length in millimetres.
pub(crate) fn millimetres(length: Length) -> String {
    decimal(rounded(length))
}

/// Several lengths in millimetres.
pub(crate) fn all_in_millimetres<const N: usize>(lengths: [Length; N]) -> String {
    lengths.map(millimetres).join(" ")
}
