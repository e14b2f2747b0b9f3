//! An HTTP interface such as departments' own systems have: collections as JSON, in numbered pages,
//! for whoever shows the token.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::ServerError;
use crate::process::io;

/// What a client must send as `Authorization: Bearer …`.
pub const TOKEN: &str = "only-for-tests-guards-nothing";
/// Bytes of a request's head.
const MOST_HEAD: u64 = 16 << 10;
/// Rows of a page where the client does not say how many it wants, and the most that it gets.
const PAGE: usize = 100;
const MOST_PAGE: usize = 1000;
/// Time after which a connection without a request is looked at again.
const IDLE: Duration = Duration::from_millis(500);

/// The interface, on a free loopback port; it ends with this value.
#[derive(Debug)]
pub struct Rest {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// By name: each row, an object in JSON.
    collections: RwLock<BTreeMap<String, Arc<Vec<String>>>>,
    ended: AtomicBool,
}

impl Rest {
    /// A new one, ready, without collections.
    pub fn start() -> Result<Self, ServerError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| io("127.0.0.1", error))?;
        let address = listener.local_addr().map_err(|error| io("127.0.0.1", error))?;
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A client that hangs up is no fault.
                std::thread::spawn(move || drop(shared.converse(stream)));
            }
        });
        Ok(Self { address, shared })
    }

    /// The port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Puts a collection at `/api/<name>`, or another in its place; each row is an object in JSON.
    pub fn put(&self, name: &str, rows: Vec<String>) {
        self.shared
            .collections
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::new(rows));
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Whoever waits for the next client is woken by one. If none gets through, nobody waits.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(IDLE))?;
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while !self.ended.load(Ordering::SeqCst) {
            match reader.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            }
            let mut head = String::new();
            let mut lines = reader.by_ref().take(MOST_HEAD);
            while lines.read_line(&mut head)? > 2 {}
            let (status, body) = self.answer(&head);
            write!(
                writer,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: \
                 {}\r\n\r\n{body}",
                body.len()
            )?;
        }
        Ok(())
    }

    fn answer(&self, head: &str) -> (&'static str, String) {
        let error = |status, what: &str| (status, format!("{{\"code\":1,\"message\":\"{what}\"}}"));
        let mut lines = head.lines();
        let mut request = lines.next().unwrap_or_default().split(' ');
        let (Some("GET"), Some(target)) = (request.next(), request.next()) else {
            return error("405 Method Not Allowed", "GET only");
        };
        let shown = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if shown.and_then(|(_, value)| value.trim().strip_prefix("Bearer ")) != Some(TOKEN) {
            return error("401 Unauthorized", "show the token");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let name = path.strip_prefix("/api/").unwrap_or_default();
        let rows =
            self.collections.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let Some(rows) = rows else { return error("404 Not Found", "no such collection") };
        let number = |wanted: &str| {
            let mut parameters = query.split('&').filter_map(|part| part.split_once('='));
            parameters
                .find(|(name, _)| *name == wanted)
                .and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let size = number("pageSize").unwrap_or(PAGE).clamp(1, MOST_PAGE);
        let before = number("pageNo").unwrap_or(1).saturating_sub(1).saturating_mul(size);
        let page: Vec<&str> = rows.iter().skip(before).take(size).map(String::as_str).collect();
        let body = format!(
            "{{\"code\":0,\"data\":{{\"total\":{},\"list\":[{}]}}}}",
            rows.len(),
            page.join(",")
        );
        ("200 OK", body)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn get(api: &Rest, target: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(api.address).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\n{header}\r\n").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn collections_come_in_pages_to_whoever_shows_the_token() {
        let api = Rest::start().unwrap();
        api.put("rows", (0..5).map(|number| format!("{{\"n\":{number}}}")).collect());
        let token = format!("authorization: Bearer {TOKEN}\r\n");
        let page = |query: &str| get(&api, &format!("/api/rows?{query}"), &token);
        assert!(
            page("pageNo=2&pageSize=2")
                .ends_with(r#"{"code":0,"data":{"total":5,"list":[{"n":2},{"n":3}]}}"#)
        );
        assert!(page("pageNo=4&pageSize=2").ends_with(r#""list":[]}}"#));
        assert!(get(&api, "/api/rows", "").starts_with("HTTP/1.1 401"));
        assert!(get(&api, "/api/other", &token).starts_with("HTTP/1.1 404"));
    }
}
