//! Faults of what the requester must say.

use std::collections::BTreeSet;

use zerotrip_datasets::ParameterType;
use zerotrip_datasets::parameter::MOST_PARAMETERS;

use super::Faults;
use crate::definition::container::CHECK_FILE;
use crate::definition::parameter::{Parameter, RawParameter};

impl Faults<'_> {
    /// The parameters, each with its declared type.
    pub(in crate::definition) fn parameters(&mut self, raw: &[RawParameter]) -> Vec<Parameter> {
        if raw.len() > MOST_PARAMETERS {
            self.add("parameter", format!("over {MOST_PARAMETERS}"), "ask for less");
        }
        let mut parameters = Vec::with_capacity(raw.len());
        for parameter in raw {
            self.name("parameter.name", &parameter.name);
            let at = format!("parameter `{}`", parameter.name);
            let declared = parameter.declared().unwrap_or_else(|(what, remedy)| {
                self.add(&at, what, remedy);
                // The definition is refused; its other faults are named by this one's name.
                ParameterType::ResidentId
            });
            let words = parameter.words();
            for (word, text) in &words {
                self.text(CHECK_FILE, &format!("{at}: word `{word}`"), text);
            }
            match &parameter.title {
                Some(title) => self.text(CHECK_FILE, &format!("{at}: title"), title),
                None if !declared.is_subject() => self.add(
                    &at,
                    "it has no title, and owners and certificates name it",
                    "give it a `title`",
                ),
                None => {}
            }
            parameters.push(Parameter {
                name: parameter.name.clone(),
                title: parameter.title.clone(),
                declared,
                words,
            });
        }
        self.check_subject(&parameters);
        self.check_request_columns(&parameters);
        parameters
    }

    /// How many variants may be asked is counted by person: with two, each of them could be asked
    /// about again beside another.
    fn check_subject(&mut self, parameters: &[Parameter]) {
        let mut persons = parameters.iter().filter(|one| one.declared.is_subject());
        match (persons.next(), persons.next()) {
            (Some(_), Some(second)) => self.add(
                "parameter",
                format!("`{}` is a second one to ask about; a check is about one", second.name),
                "reach the other by a register that relates the two",
            ),
            (None, _) => self.add(
                "parameter",
                "none names whom it asks about",
                "give one of type `resident_id` or `enterprise`",
            ),
            (Some(_), None) => {}
        }
    }

    /// Each column of the table `request` is there once.
    fn check_request_columns(&mut self, parameters: &[Parameter]) {
        let mut seen = BTreeSet::from(["today".to_owned()]);
        for parameter in parameters {
            for (column, _) in parameter.declared.columns(&parameter.name) {
                if !seen.insert(column.clone()) {
                    self.add(
                        &format!("parameter `{}`", parameter.name),
                        format!("the table `request` has a column `{column}` already"),
                        "choose another name",
                    );
                }
            }
        }
    }
}
