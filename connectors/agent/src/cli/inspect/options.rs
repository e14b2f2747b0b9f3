//! Errors of sources name the faulty setting by its key in a dataset file. `inspect` has no such
//! file yet, so its errors name the command's options instead.

use zerotrip_sources::SourceError;
use zerotrip_sources::catalogue::TargetLocation;

/// Keys, and the option for each. A key that begins with another comes before it.
const KEYS: &[(&str, &str)] = &[
    ("`source.password_file`", "--password-file"),
    ("`source.password_env`", "--password-env"),
    ("its password", "its password in --password-file"),
    ("`source.header_file`", "--header-file"),
    ("`source.header`", "--header"),
    ("`source.ca_file`", "--ca-file"),
    ("`source.tls`", "--tls"),
    ("`tls = \"off\"`", "--tls off"),
    ("`source.schema`", "--schema"),
    ("`source.table`", "--table"),
    ("`source.sheet`", "--table"),
    ("`source.rows`", "--table"),
    ("`source.path`", "the path"),
    ("`source.file`", "the file"),
    ("`source.url`", "the address"),
    ("`source.driver`", "`Driver=`"),
    ("`source.dsn`", "`DSN=`"),
    ("`source.attributes`", "the connection string"),
    ("`source.database`", "the database in the URL"),
    ("`source.host`", "the host in the URL"),
    ("lower `source.connections`", "try again when some are closed"),
];

/// The same error in the words of the command line.
pub fn in_options(error: SourceError, place: &TargetLocation) -> SourceError {
    let user =
        if matches!(place, TargetLocation::Odbc(_)) { "`UID=`" } else { "the user in the URL" };
    let said = error.detail.replace("`source.user`", user);
    let said = KEYS.iter().fold(said, |said, (key, option)| said.replace(key, option));
    SourceError::new(error.code, said)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use zerotrip_proto::v1::ErrorCode;

    use super::*;

    #[test]
    fn no_key_of_a_dataset_file_is_left_where_there_is_none() {
        let place = TargetLocation::File(PathBuf::new());
        for (said, here) in [
            (
                "it does not let `clerk` in; fix `source.user` or its password",
                "fix the user in the URL or its password in --password-file",
            ),
            (
                "no password is given; name its file in `source.password_file`, or fix \
                 `source.user`",
                "name its file in --password-file, or fix the user in the URL",
            ),
            (
                "TLS: fix `source.host`, `source.ca_file` or `source.tls`",
                "fix the host in the URL, --ca-file or --tls",
            ),
            ("turn it on there, or say `tls = \"off\"`", "or say --tls off"),
            ("too many connections; lower `source.connections`", "try again when some are closed"),
            ("fix `source.table` or `source.schema`", "fix --table or --schema"),
            ("fix `source.driver` or `source.dsn`", "fix `Driver=` or `DSN=`"),
            ("no row 3; fix `source.header`", "fix --header"),
            ("fix `source.header_file`", "fix --header-file"),
        ] {
            let error = in_options(SourceError::new(ErrorCode::Misconfigured, said), &place);
            assert!(
                error.detail.ends_with(here) && !error.detail.contains("`source."),
                "{}",
                error.detail
            );
        }
    }
}
