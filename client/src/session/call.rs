//! One call to the hub.

use std::future::Future;
use std::time::Duration;

use tonic::{Response, Status};
use zerotrip_channel::deadline::Deadline;
use zerotrip_proto::Refusal;

use super::bounds::CALL_TIME;
use super::error::SessionError;

/// One call, with its time bounded and its refusal named.
pub async fn answered<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, SessionError> {
    answered_within(CALL_TIME, call).await
}

/// The same for a call that may take longer.
pub(super) async fn answered_within<T>(
    time: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, SessionError> {
    match Deadline::after(time).within(call).await {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(Refusal::from_status(&status).into()),
        Err(_elapsed) => Err(SessionError::Silent(time)),
    }
}
