//! Asking a time-stamping authority (RFC 3161, 3.4).

use std::time::Duration;

use zerotrip_paper::bounds::RESPONSE_BYTES;
use zerotrip_text::Failure;

/// How long it may take.
const TIME_OUT: Duration = Duration::from_secs(10);

/// Its response, at most 12 KiB.
pub(super) async fn ask(address: &str, request: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(
            format!("the time-stamping authority `{address}` does not answer: {why}"),
            format!("时间戳服务 `{address}` 没有答复：{why}"),
        )
    };
    let client = reqwest::Client::builder()
        .timeout(TIME_OUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| failed(&error))?;
    let asked = client
        .post(address)
        .header("Content-Type", "application/timestamp-query")
        .body(request)
        .send()
        .await;
    let mut response = asked.map_err(|error| failed(&error))?;
    if !response.status().is_success() {
        return Err(failed(&response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > RESPONSE_BYTES {
            return Err(failed(&"more than 12 KiB"));
        }
    }
    Ok(bytes)
}
