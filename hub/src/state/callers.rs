//! Until when callers' certificates hold.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::{self, Ending};
use zerotrip_trust::x509::{self, CertificateDer};

/// When the certificates end with which systems called: what their holders may not look at, the
/// operator sees.
#[derive(Debug, Default)]
pub struct CallersEnds(Mutex<BTreeMap<String, (SystemTime, SystemTime)>>);

impl CallersEnds {
    /// A caller has shown this certificate.
    pub fn saw(&self, uri: &str, certificate: &CertificateDer<'_>) {
        if let Ok(validity) = x509::validity_of(certificate) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.to_owned(), validity);
        }
    }

    /// Of those that the directory lists as active.
    pub fn endings(&self, directory: &Directory) -> Vec<Ending> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|uri, _| directory.system(uri).is_some_and(|system| system.active));
        let remedy = Bilingual::new(
            "its department asks for its renewal (a connector does so itself), and the authority \
             renews it with `zerotrip authority refresh`",
            "由该单位申请续期（连接器会自动申请），数据主管部门执行 `zerotrip authority refresh` \
             办理",
        );
        seen.iter().map(|(uri, validity)| ending::of_certificate(uri, *validity, &remedy)).collect()
    }
}
