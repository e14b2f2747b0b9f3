//! What is signed: which message an envelope's payload type names, and who signs it with which key.

use crate::payload_type;
use crate::v1::{self, KeyUsage};

/// A message that travels in a signed envelope.
pub trait SignedMessage: prost::Message + Default {
    /// The payload type of its envelopes. The signature covers it.
    const PAYLOAD_TYPE: &'static str;
}

/// A message that is signed with a key of the key directory.
pub trait HolderSigned: SignedMessage {
    /// Who signs it.
    const SIGNER: Signer;
    /// The usage that its key is registered for.
    const USAGE: KeyUsage;
}

/// The kind of holder whose keys are accepted for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A system of a member.
    System,
    /// A hub.
    Hub,
    /// Either.
    SystemOrHub,
}

/// Binds each message to its payload type and, where the key directory lists its signers, to these.
macro_rules! signed {
    ($($message:ident as $name:ident $(by $signer:ident for $usage:ident)?;)*) => {
        $(
            impl SignedMessage for v1::$message {
                const PAYLOAD_TYPE: &'static str = payload_type::$name;
            }
            $(
                impl HolderSigned for v1::$message {
                    const SIGNER: Signer = Signer::$signer;
                    const USAGE: KeyUsage = KeyUsage::$usage;
                }
            )?
        )*
        #[cfg(test)]
        const PAYLOAD_TYPES: &[&str] = &[$(payload_type::$name),*];
    };
}

signed! {
    Request as REQUEST by System for Sign;
    Answer as ANSWER by Hub for Sign;
    DatasetQuality as QUALITY by System for Sign;
    DatasetStatement as DATASET by System for Approve;
    Approvals as APPROVALS by System for Approve;
    Adjudications as ADJUDICATIONS by System for Approve;
    ScanTicket as SCAN_GRANT by Hub for Sign;
    ScanReceipt as SCAN_RECEIPT by System for Sign;
    Renewal as RENEWAL by SystemOrHub for Sign;
    // The authority signs these; its key is not in the directory.
    KeyDirectory as DIRECTORY;
    GrantBundle as GRANTS;
}

#[cfg(test)]
mod tests {
    use super::PAYLOAD_TYPES;

    #[test]
    fn no_two_messages_have_one_payload_type() {
        let distinct: std::collections::BTreeSet<_> = PAYLOAD_TYPES.iter().collect();
        assert_eq!(distinct.len(), PAYLOAD_TYPES.len());
    }
}
