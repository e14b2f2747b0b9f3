#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{RawSegments, Segments};

const BUCKET: &str = "to = \"s3://archive/hub-1\"\nendpoint = \"https://s3.example:9000\"\nkeys = \
                      \"s3.keys\"\nca = \"ca.pem\"\n";

fn validated(text: &str) -> Result<Segments, Vec<String>> {
    let raw = toml::from_str::<RawSegments>(text).map_err(|error| vec![error.to_string()])?;
    raw.validated(Path::new("/hub"))
}

fn with(key: &str, value: &str) -> String {
    let others = BUCKET.lines().filter(|line| !line.starts_with(&format!("{key} =")));
    others.chain([&*format!("{key} = \"{value}\"")]).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_place_is_named_in_full_or_refused() {
    assert!(matches!(validated(BUCKET), Ok(Segments::Bucket(_))));
    for to in ["s3://archive", "s3://archive/", "s3://a.b-c1/x/Y_z/0.1", "s3://archive/hub-1/"] {
        assert!(validated(&with("to", to)).is_ok(), "{to}");
    }
    for to in [
        "",
        "s3://",
        "s3:///x",
        "s3://ab",
        "s3://-abc",
        "s3://abc-",
        "s3://a..b",
        "s3://Archive/x",
        "s3://archive/../x",
        "s3://archive//x",
        "s3://archive/x?y",
        "s3://archive/x y",
        "s3://user@archive",
        "S3://archive",
        "https://archive",
        "archive",
    ] {
        let faults = validated(&with("to", to)).unwrap_err();
        assert!(faults.iter().all(|fault| fault.starts_with("`to`")), "{to}: {faults:?}");
    }
    for endpoint in ["https://s3.example", "https://[::2]:9000/", "https://10.0.0.1:9000"] {
        assert!(validated(&with("endpoint", endpoint)).is_ok(), "{endpoint}");
    }
    for endpoint in [
        "",
        "http://s3.example",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "https://s3.example/path",
        "https://user:word@s3.example",
        "https://s3.example?x",
        "ftp://s3.example",
        "s3.example",
    ] {
        let faults = validated(&with("endpoint", endpoint)).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains("endpoint")), "{endpoint}: {faults:?}");
    }
    let without_ca: String =
        BUCKET.lines().filter(|line| !line.starts_with("ca")).flat_map(|it| [it, "\n"]).collect();
    assert!(validated(&without_ca).unwrap_err().join("").contains("`ca` is missing"));
    for here in ["http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost:9000"] {
        let text = without_ca.replace("https://s3.example:9000", here);
        assert!(validated(&text).is_ok(), "{here}");
        let faults = validated(&(text + "ca = \"ca.pem\"\n")).unwrap_err();
        assert!(faults.join("").contains("`ca` is not for"), "{faults:?}");
    }
    assert!(matches!(validated("to = \"file:///mnt/archive\""), Ok(Segments::Folder(_))));
    for to in ["file://mnt", "file://", "file:///mnt/../etc"] {
        assert!(validated(&format!("to = \"{to}\"")).is_err(), "{to}");
    }
    assert!(validated("to = \"file:///mnt\"\nregion = \"x\"").is_err());
    assert!(validated(&(BUCKET.to_owned() + "secret = \"x\"\n")).is_err(), "an unknown key");
    // All at once.
    let faults = validated("to = \"x\"\nendpoint = \"y\"\nregion = \"\"").unwrap_err();
    assert_eq!(faults.len(), 4, "{faults:?}");
}

#[test]
fn keys_that_others_can_read_are_refused_and_never_shown() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    zerotrip_trust::tls::install_provider();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("s3.keys");
    let text = "to = \"s3://archive/hub\"\nendpoint = \"http://127.0.0.1:1\"\nkeys = \"s3.keys\"";
    let open = || {
        let raw: RawSegments = toml::from_str(text).unwrap();
        raw.validated(folder.path()).unwrap().open()
    };
    let good = "access_key_id = \"AKIATEST\"\nsecret_access_key = \"s3cr3t/+=\"\n";
    let write = |text: &str, mode: u32| {
        fs::write(&keys, text).unwrap();
        fs::set_permissions(&keys, Permissions::from_mode(mode)).unwrap();
    };
    assert!(open().unwrap_err().contains("s3.keys"));
    for mode in [0o644, 0o640, 0o604, 0o602, 0o777] {
        write(good, mode);
        let error = open().unwrap_err();
        assert!(error.contains("chmod 600") && !error.contains("s3cr3t"), "{error}");
    }
    for wrong in [
        "",
        "access_key_id = \"AKIATEST\"\n",
        "access_key_id = \"AKIATEST\"\nsecret_access_key = \"\"\n",
        "access_key_id = \"AKIATEST\"\nsecret_access_key = \"s3cr3t\\n\"\n",
        "access_key_id = AKIATEST\nsecret_access_key = s3cr3t\n",
        "access_key_id = \"AKIATEST\"\nsecret_access_key = \"s3cr3t\"\nmore = \"x\"\n",
    ] {
        write(wrong, 0o600);
        let error = open().unwrap_err();
        assert!(!error.contains("AKIATEST") && !error.contains("s3cr3t"), "{error}");
    }
    write(good, 0o600);
    let place = open().unwrap();
    let shown = format!("{place:?}");
    assert!(!shown.contains("s3cr3t"), "{shown}");
    fs::remove_file(&keys).unwrap();
    fs::create_dir(&keys).unwrap();
    assert!(open().unwrap_err().contains("not a regular file"));
}
