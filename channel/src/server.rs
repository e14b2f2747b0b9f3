//! Serves gRPC on one accepted or dialled socket.

use std::convert::Infallible;
use std::future::Future;

use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use crate::{Http2Bounds, Peer};

/// How serving a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Served {
    /// The peer went away, or the connection failed.
    Closed,
    /// `stop` came, and every open stream was finished.
    Drained,
}

/// Serves `service` until the peer goes away or `stop` completes; then open streams finish and new ones are refused.
/// Every request carries the [`Peer`] in its extensions.
pub async fn serve<I, S>(io: I, peer: Peer, service: S, bounds: Http2Bounds, stop: impl Future<Output = ()>) -> Served
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let service = service.map_request(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        request
    });
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.streams)
        .initial_stream_window_size(bounds.stream_window)
        .initial_connection_window_size(bounds.connection_window)
        .max_header_list_size(bounds.header_list)
        .max_pending_accept_reset_streams(bounds.pending_resets)
        .max_send_buf_size(bounds.stream_window as usize)
        .keep_alive_interval(bounds.ping_interval)
        .keep_alive_timeout(bounds.ping_timeout);
    let connection = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        // How a connection broke is the transport's affair; that it is gone is what the caller acts on.
        _ended = connection.as_mut() => Served::Closed,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
            Served::Drained
        }
    }
}
