//! The socket: connections within bounds, TLS where the settings have it, and an orderly end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::call::Call;
use super::rate::Connections;
use super::reply::{Refused, Reply};
use crate::bounds::{CONNECTION_TIME, DRAIN, HEAD, HEAD_TIME, HEADERS, LONG, SEALING, SWEEP};
use crate::door::Door;
use crate::error::DoorError;

/// An open door.
#[derive(Debug)]
pub struct Open {
    /// Where it listens.
    pub at: SocketAddr,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

/// Opens the door at an address.
pub async fn open(door: Arc<Door>, at: SocketAddr) -> Result<Open, DoorError> {
    let tls = door.tls()?;
    if tls.is_none() && !at.ip().is_loopback() {
        return Err(DoorError::Open(at));
    }
    let listening = TcpListener::bind(at).await;
    let listener = listening.map_err(|error| DoorError::Listen { at, error })?;
    let at = listener.local_addr().map_err(|error| DoorError::Listen { at, error })?;
    let (stop, stopped) = watch::channel(false);
    let ended = tokio::spawn(serve(door, listener, tls.map(TlsAcceptor::from), stopped));
    Ok(Open { at, stop, ended })
}

impl Open {
    /// Takes no more connections, lets open requests end within their bound, and closes.
    pub async fn close(self) {
        // No receiver means that it has ended already.
        let _ended = self.stop.send(true);
        let _joined = self.ended.await;
    }
}

async fn serve(
    door: Arc<Door>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let connections = Connections::default();
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = sweep.tick() => {
                door.sweep(SystemTime::now());
                continue;
            }
            _stop = stopped.wait_for(|stop| *stop) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or a connection that went away: others are not lost by it.
                tracing::warn!(%error, "no connection was accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(connected) = connections.take(from.ip()) else {
            tracing::warn!("too many connections; one was closed");
            continue;
        };
        let (door, tls, stopped) = (Arc::clone(&door), tls.clone(), stopped.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(door, stream, stopped).await,
                Some(tls) => match tokio::time::timeout(HEAD_TIME, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(door, stream, stopped).await,
                    Ok(Err(_)) | Err(_) => tracing::debug!("a TLS handshake failed"),
                },
            }
            drop(connected);
        });
    }
    drop(listener);
    let drained = async {
        while connections.count() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("connections were still open when the door closed");
    }
    // Certificates that are being sealed: each has been asked for by a wallet.
    let permits = u32::try_from(SEALING).unwrap_or_default();
    let sealed = door.sealing.acquire_many(permits);
    if tokio::time::timeout(LONG, sealed).await.is_err() {
        tracing::warn!("certificates were still being sealed when the door closed");
    }
}

async fn connection(
    door: Arc<Door>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(Arc::clone(&door), request));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .half_close(false);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let age = tokio::time::sleep(CONNECTION_TIME);
    tokio::select! {
        // How a connection broke is the caller's affair.
        _ended = connection.as_mut() => return,
        _stop = stopped.wait_for(|stop| *stop) => {}
        () = age => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ended = tokio::time::timeout(DRAIN, connection).await;
}

async fn answer(
    door: Arc<Door>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let begun = Instant::now();
    let (path, reply, drop_it) = reply(&door, request).await;
    let (status, error) = (reply.status.as_u16(), reply.error.unwrap_or_default());
    // The path is that of the table, never the caller's.
    tracing::info!(path, status, error, ms = begun.elapsed().as_millis(), "answered");
    let mut response = reply.into_response();
    if drop_it {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What was called, the answer, and whether the connection ends with it: what was not read of a
/// refused request is not read as the next one.
async fn reply(door: &Arc<Door>, request: Request<Incoming>) -> (&'static str, Reply, bool) {
    if !door.rate.takes(Instant::now()) {
        return ("-", Refused::later().into(), true);
    }
    let call = match Call::of(&request, &door.settings.authority) {
        Ok(call) => call,
        Err(refused) => return ("-", refused.into(), true),
    };
    let path = call.route.path;
    let body = match call.body(request).await {
        Ok(body) => body,
        Err(refused) => return (path, refused.into(), true),
    };
    match tokio::time::timeout(call.route.time, door.act(&call, &body)).await {
        Ok(Ok(reply)) => (path, reply, false),
        Ok(Err(refused)) => (path, refused.into(), false),
        Err(_elapsed) => (path, Refused::later().into(), true),
    }
}
