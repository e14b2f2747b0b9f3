//! Serves gRPC on one accepted or dialled socket.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use crate::corked::Corked;
use crate::{Http2Bounds, Peer};

/// Time in which a peer must have said that it speaks HTTP/2 (RFC 9113, 3.4); from then on it is
/// asked for signs of life.
const PREFACE_TIME: Duration = Duration::from_secs(5);
/// Bytes of that.
const PREFACE_BYTES: usize = 24;

/// How serving a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Served {
    /// The peer went away, or the connection failed.
    Closed,
    /// `stop` came, and every open stream was finished.
    Drained,
}

/// Serves `service` until the peer goes away or `stop` completes; then open streams finish and new
/// ones are refused. Every request carries the [`Peer`] in its extensions, where there is one.
pub async fn serve<I, S>(
    io: I,
    peer: Option<Peer>,
    service: S,
    bounds: Http2Bounds,
    stop: impl Future<Output = ()>,
) -> Served
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    let service = service.map_request(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(peer) = peer.clone() {
            request.extensions_mut().insert(peer);
        }
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
    let prefaced = Arc::new(Notify::new());
    let io =
        Prefacing { io: Corked::new(io), left: PREFACE_BYTES, prefaced: Arc::clone(&prefaced) };
    let silent = async {
        if tokio::time::timeout(PREFACE_TIME, prefaced.notified()).await.is_ok() {
            std::future::pending().await
        }
    };
    let connection = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        () = silent => Served::Closed,
        // How a connection broke is the transport's affair; that it is gone is what the caller acts
        // on.
        _ended = connection.as_mut() => Served::Closed,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
            Served::Drained
        }
    }
}

/// A socket that tells when the peer's preface has come.
struct Prefacing<I> {
    io: I,
    /// Bytes of it that are still to come.
    left: usize,
    prefaced: Arc<Notify>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Prefacing<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        if self.left > 0 {
            self.left = self.left.saturating_sub(buffer.filled().len() - before);
            if self.left == 0 {
                self.prefaced.notify_one();
            }
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Prefacing<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
