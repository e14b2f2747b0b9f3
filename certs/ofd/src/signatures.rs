//! The files of the signature (GB/T 33190, 18): the list of signatures and the description of the
//! one that there is. It refers to every file of the package but its own two.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::package::Package;
use crate::sm2::{SM2_WITH_SM3_TEXT, SM3_TEXT, sm3};
use crate::values::time_text;
use crate::xml::{HEAD, NAMESPACE};
use crate::zip::Entry;

/// The list of signatures.
pub(crate) const LIST: &str = "Doc_0/Signs/Signatures.xml";
/// The electronic seal.
pub(crate) const SEAL: &str = "Doc_0/Signs/Sign_0/Seal.esl";
/// The description of the signature.
pub(crate) const DESCRIPTION: &str = "Doc_0/Signs/Sign_0/Signature.xml";
/// The signature.
pub(crate) const VALUE: &str = "Doc_0/Signs/Sign_0/SignedValue.dat";

/// The list of one signature.
pub(crate) fn list() -> String {
    format!(
        "{HEAD}<ofd:Signatures {NAMESPACE}><ofd:Signature ID=\"s1\" Type=\"Seal\" \
         BaseLoc=\"/{DESCRIPTION}\"/></ofd:Signatures>\n"
    )
}

/// The description: which files are signed, when, and where the seal is shown. `None` where the
/// time cannot be stated.
pub(crate) fn description(entries: &[Entry], package: &Package, at: i64) -> Option<String> {
    let reference = |entry: &Entry| {
        format!(
            "<ofd:Reference FileRef=\"/{}\"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference>",
            entry.name,
            STANDARD.encode(sm3(&entry.bytes))
        )
    };
    let references: String = entries.iter().map(reference).collect();
    let (page, boundary) = &package.seal;
    let time = time_text(at)?;
    Some(format!(
        "{HEAD}<ofd:Signature {NAMESPACE}><ofd:SignedInfo><ofd:Provider ProviderName=\"Zerotrip\" \
         Version=\"1\" Company=\"Zerotrip\"/><ofd:SignatureMethod>{SM2_WITH_SM3_TEXT}\
         </ofd:SignatureMethod><ofd:SignatureDateTime>{time}</ofd:SignatureDateTime>\
         <ofd:References CheckMethod=\"{SM3_TEXT}\">{references}</ofd:References><ofd:StampAnnot \
         ID=\"s2\" PageRef=\"{page}\" Boundary=\"{boundary}\"/><ofd:Seal><ofd:BaseLoc>/{SEAL}\
         </ofd:BaseLoc></ofd:Seal></ofd:SignedInfo><ofd:SignedValue>/{VALUE}</ofd:SignedValue>\
         </ofd:Signature>\n"
    ))
}
