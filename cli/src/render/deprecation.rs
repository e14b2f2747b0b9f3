//! That a version of a check is answered for a while only: what people and programs hear of it.

use serde_json::{Value, json};
use zerotrip_proto::v1::Deprecation;
use zerotrip_text::shown;

use super::screen::Screen;

/// Says it, beside what was answered. With `--json` it is in the value.
pub(crate) fn note(deprecation: Option<&Deprecation>, check: &str, screen: &Screen) {
    if let Some(Deprecation { last_day, successor }) = deprecation {
        let (check, last_day, successor) = (shown(check), shown(last_day), shown(successor));
        let en = format!("`{check}` is answered until {last_day}; ask `{successor}` instead");
        let zh = format!("`{check}` 受理至 {last_day} 止，请改用 `{successor}`");
        screen.note(screen.pick(&en, &zh));
    }
}

/// Puts it into an object that is shown with `--json`.
pub(crate) fn insert(deprecation: Option<&Deprecation>, value: &mut Value) {
    if let (Some(Deprecation { last_day, successor }), Some(members)) =
        (deprecation, value.as_object_mut())
    {
        let told = json!({ "last_day": last_day, "successor": successor });
        members.insert("deprecation".to_owned(), told);
    }
}
