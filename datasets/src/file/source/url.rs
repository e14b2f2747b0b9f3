//! The addresses of HTTP interfaces. What their queries hold may be secret and is never shown.

use std::fmt;

use super::remote::is_host;

/// Bytes of an address.
const MOST_BYTES: usize = 2000;

/// An `https` or `http` address.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// `https`.
    pub secure: bool,
    /// A name or an address, that of IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// With its `/`.
    pub path: String,
    /// Without its `?`; empty if there is none.
    pub query: String,
}

impl Url {
    /// Nothing else than scheme, host, port, path and query, in the characters that a request may
    /// have.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MOST_BYTES
            || text.bytes().any(|c| !c.is_ascii_graphic() || b"\"#<>\\^`{|}".contains(&c))
        {
            return None;
        }
        let (secure, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (host, port) = host_and_port(authority)?;
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        let path = if path.is_empty() { "/" } else { path };
        Some(Self {
            secure,
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_owned(),
            query: query.to_owned(),
        })
    }

    /// Whether its query has this parameter.
    pub fn asks(&self, name: &str) -> bool {
        self.parameters().any(|known| known == name)
    }

    /// Whether it is on the same server, reached in the same way.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }

    /// The host as an address has it, with the port.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn parameters(&self) -> impl Iterator<Item = &str> {
        self.query
            .split('&')
            .filter_map(|part| part.split('=').next())
            .filter(|name| !name.is_empty())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}{}",
            if self.secure { "https" } else { "http" },
            self.authority(),
            self.path
        )?;
        for (place, name) in self.parameters().enumerate() {
            write!(f, "{}{name}=…", if place == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']').filter(|(host, _)| host.parse::<std::net::Ipv6Addr>().is_ok())?
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None if port.is_empty() => None,
        None => return None,
    };
    is_host(host).then_some((host, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn addresses_are_read_and_their_queries_never_shown() {
        let url = Url::parse("https://API.example:8443/v2/rows?key=s3cret&kind=home").unwrap();
        assert_eq!(
            (url.secure, url.host.as_str(), url.port, url.path.as_str()),
            (true, "api.example", 8443, "/v2/rows")
        );
        assert_eq!(url.query, "key=s3cret&kind=home");
        assert!(url.asks("key") && !url.asks("page"));
        assert_eq!(url.to_string(), "https://api.example:8443/v2/rows?key=…&kind=…");
        assert!(!format!("{url:?}").contains("s3cret"));
        let bare = |text: &str| {
            Url::parse(text).map(|url| format!("{} {} {}", url.authority(), url.path, url.query))
        };
        assert_eq!(bare("http://[::1]?a=b").unwrap(), "[::1]:80 / a=b");
        assert_eq!(bare("https://10.0.0.1").unwrap(), "10.0.0.1:443 / ");
        for wrong in [
            "ftp://a/",
            "a/b",
            "https://",
            "https://u:p@a/",
            "https://a/#b",
            "https://a:0/",
            "https://a:b/",
            "https://a/ b",
            "https://[a]/",
            "https://a/é",
        ] {
            assert_eq!(bare(wrong), None, "{wrong}");
        }
    }
}
