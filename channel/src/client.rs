//! The client's end of one connection, whichever end dialled it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tower::Service;

use crate::Http2Bounds;
use crate::corked::Corked;

/// A gRPC transport over one HTTP/2 connection: give it to any generated client. Cheap to clone;
/// all clones share the connection. For calls of one message: that is whole before it is sent, so
/// that its last frame also says that it is the last. For a stream of messages, see
/// [`Http2Client::streaming`].
#[derive(Clone, Debug)]
pub struct Http2Client {
    sender: SendRequest<Either<Full<Bytes>, Body>>,
    origin: http::Uri,
    is_streaming: bool,
}

/// The connection failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// While it was being set up, or while a request was on it.
    #[error("the connection failed: {0}")]
    Connection(#[from] hyper::Error),
    /// A request's own address could not be completed.
    #[error("not an address: {0}")]
    Address(#[from] http::uri::InvalidUriParts),
    /// A request could not be made.
    #[error("the request could not be made: {0}")]
    Request(#[from] tonic::Status),
}

impl Http2Client {
    /// Speaks HTTP/2 as the client on `io`. The second part completes when the connection is gone,
    /// for whatever reason: run it as a task.
    pub async fn handshake<I>(
        io: I,
        bounds: Http2Bounds,
    ) -> Result<(Self, impl Future<Output = ()> + Send), ClientError>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(bounds.stream_window)
            .initial_connection_window_size(bounds.connection_window)
            .max_header_list_size(bounds.header_list)
            .max_concurrent_streams(bounds.streams)
            .max_send_buf_size(bounds.stream_window as usize)
            .keep_alive_interval(bounds.ping_interval)
            .keep_alive_timeout(bounds.ping_timeout)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(Corked::new(io)))
            .await?;
        let origin = http::Uri::from_static("https://channel.zerotrip");
        let ended = async move {
            let _why = connection.await;
        };
        Ok((Self { sender, origin, is_streaming: false }, ended))
    }

    /// The same connection, for calls that send a stream of messages: each leaves as it comes.
    pub fn streaming(&self) -> Self {
        Self { is_streaming: true, ..self.clone() }
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl Service<Request<Body>> for Http2Client {
    type Response = Response<hyper::body::Incoming>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ClientError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        self.sender.poll_ready(cx).map_err(ClientError::from)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut uri = self.origin.clone().into_parts();
        uri.path_and_query = request.uri().path_and_query().cloned();
        let (mut sender, is_streaming) = (self.sender.clone(), self.is_streaming);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            head.uri = http::Uri::from_parts(uri)?;
            let body = if is_streaming {
                Either::Right(body)
            } else {
                Either::Left(Full::new(body.collect().await?.to_bytes()))
            };
            Ok(sender.send_request(Request::from_parts(head, body)).await?)
        })
    }
}
