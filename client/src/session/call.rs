//! One call to the hub.

use std::future::Future;

use tonic::{Response, Status};
use zerotrip_channel::deadline::Deadline;
use zerotrip_proto::Refusal;

use super::bounds::CALL_TIME;
use super::error::SessionError;

/// One call, with its time bounded and its refusal named.
pub async fn answered<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, SessionError> {
    match Deadline::after(CALL_TIME).within(call).await {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(Refusal::from_status(&status).into()),
        Err(_elapsed) => Err(SessionError::Silent),
    }
}
