//! Why a scan is not answered: to the operator's log in words, to the check as a code.

use tonic::Status;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{ErrorCode, ErrorDetail};

use crate::engine::ScanCall;

/// What a connector's refusal means for the check. Its words are logged here, for the operator; the
/// requester gets the code.
pub(super) fn refused(call: &ScanCall<'_>, status: &Status) -> ErrorCode {
    let mut refusal = Refusal::from_status(status);
    if refusal.code == ErrorCode::Internal && status.details().is_empty() {
        // No department said so: the channel broke, one way or another.
        refusal.code = ErrorCode::SourceUnreachable;
    }
    not_answered(call, &refusal)
}

/// The same, where the refusal came as a message.
pub(super) fn refused_in_words(call: &ScanCall<'_>, detail: ErrorDetail) -> ErrorCode {
    let mut refusal = Refusal::from_detail(detail);
    if refusal.code == ErrorCode::Unspecified {
        refusal.code = ErrorCode::SourceFailed;
    }
    not_answered(call, &refusal)
}

/// The channel broke.
pub(super) fn unreachable(call: &ScanCall<'_>, why: &dyn std::fmt::Display) -> ErrorCode {
    not_answered(call, &Refusal::new(ErrorCode::SourceUnreachable, why.to_string()))
}

fn not_answered(call: &ScanCall<'_>, refusal: &Refusal) -> ErrorCode {
    tracing::warn!(scan = call.name, dataset = %call.scan.scan.dataset, code = refusal.code.name(), why = %refusal.en, "a scan was not answered");
    refusal.code
}

/// The answer does not match its receipt, or the receipt is not the one that was asked for.
pub(super) fn untrusted(call: &ScanCall<'_>, why: &dyn std::fmt::Display) -> ErrorCode {
    let dataset = &call.scan.scan.dataset;
    tracing::error!(scan = call.name, %dataset, %why, "an answer cannot be trusted");
    ErrorCode::SourceTruncated
}

/// A fault of ours.
pub(super) fn fault(error: &dyn std::fmt::Display) -> ErrorCode {
    tracing::error!(%error, "dispatch failed");
    ErrorCode::Internal
}
