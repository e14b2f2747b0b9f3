//! Faults of what a check asks of the identification of its person.

use zerotrip_datasets::ParameterType;
use zerotrip_identification::{IdentityTerms, LEAST_WITHIN, Level, MOST_WITHIN};
use zerotrip_text::cut;

use super::Faults;
use crate::definition::parameter::Parameter;
use crate::definition::raw::RawIdentity;

/// Where a fault of it is.
const AT: &str = "identity";

impl Faults<'_> {
    /// What the definition asks, if it asks: every key is given, for none has a value that the law
    /// leaves open.
    pub(in crate::definition) fn identity(
        &mut self,
        raw: Option<RawIdentity>,
        parameters: &[Parameter],
    ) -> Option<IdentityTerms> {
        let RawIdentity { parameter, level, within } = raw?;
        let named = parameters.iter().find(|known| known.name == parameter);
        match named.map(|known| &known.declared) {
            Some(ParameterType::ResidentId) => {}
            Some(_) => self.add(
                AT,
                format!(
                    "`{}` does not name a resident, and only a person is identified",
                    cut(&parameter)
                ),
                "name the parameter of type `resident_id`, or drop the table",
            ),
            None => self.add(
                AT,
                format!("there is no parameter `{}`", cut(&parameter)),
                "name the parameter of type `resident_id`",
            ),
        }
        let known = Level::read(&level);
        if known.is_none() {
            self.add(
                AT,
                format!("`{}` is not a level", cut(&level)),
                "say `low`, `substantial` or `high`",
            );
        }
        let age = within.as_deref().map(|text| (text, zerotrip_text::duration(text)));
        let age = match age {
            Some((_, Some(age))) if (LEAST_WITHIN..=MOST_WITHIN).contains(&age) => Some(age),
            Some((text, _)) => {
                self.add(
                    AT,
                    format!("`{}` is not an age of 60s to 24h", cut(text)),
                    "say how long ago the person can have been identified, such as `15m`",
                );
                None
            }
            None => {
                self.add(
                    AT,
                    "the age of the identification has no bound",
                    "say with `within` how long ago it can have been, such as `15m`",
                );
                None
            }
        };
        Some(IdentityTerms { parameter, level: known?, within: age? })
    }
}
