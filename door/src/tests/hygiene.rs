//! What can be called, within which bounds, and what is never said.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::wallet::{Wallet, asking, call, raw};
use super::world::World;
use crate::bounds::{BODY, CONNECTIONS_OF_ONE};
use crate::{Body, DoorError, ROUTES, open};

/// Everything that can be called: whoever adds a route adds it here, with its bounds.
const TABLE: [(&str, &str, Body, usize, u64); 10] = [
    ("GET", "/.well-known/openid-credential-issuer", Body::None, 0, 10),
    ("GET", "/.well-known/oauth-authorization-server", Body::None, 0, 10),
    ("POST", "/token", Body::Form, 8 << 10, 10),
    ("POST", "/nonce", Body::None, 0, 10),
    ("POST", "/credential", Body::Json, 32 << 10, 120),
    ("GET", "/presentations/{id}/request", Body::None, 0, 10),
    ("POST", "/presentations/{id}/response", Body::Form, BODY, 10),
    ("GET", "/shown", Body::None, 0, 10),
    ("GET", "/verify", Body::None, 0, 10),
    ("POST", "/verify", Body::Upload, BODY, 10),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_in_the_table_with_its_bounds_and_keeps_them() {
    let of_code: Vec<_> = ROUTES
        .iter()
        .map(|one| (one.method, one.path, one.body, one.most, one.time.as_secs()))
        .collect();
    assert_eq!(of_code, TABLE);
    let world = World::new();
    let (open, door) = world.open().await;
    let host = door.strip_prefix("http://").unwrap();
    for (method, path, body, most, _) in TABLE {
        let path = path.replace("{id}", &"A".repeat(43));
        let content = match body {
            Body::None | Body::Form => "application/x-www-form-urlencoded",
            Body::Json => "application/json",
            Body::Upload => "multipart/form-data; boundary=b",
        };
        let good = [("Content-Type", content)];
        let came = call(&door, (method, &path), &good, "");
        assert!(came.status != 404 && came.status != 405, "{path}: {came:?}");
        for header in ["cache-control: no-store", "nosniff", "default-src 'none'"] {
            assert!(came.head.contains(header), "{path}: {}", came.head);
        }
        assert!(!came.head.contains("access-control"), "{}", came.head);
        let other = if method == "GET" && path != "/verify" { "POST" } else { "PUT" };
        let refused = call(&door, (other, &path), &good, "");
        assert!(refused.status == 405 && refused.head.contains("allow: "), "{path}: {refused:?}");
        assert_eq!(call(&door, (method, &format!("{path}?a=1")), &good, "").status, 400, "{path}");
        assert_eq!(call(&door, (method, &format!("{path}/")), &good, "").status, 404, "{path}");
        // Too much, by its own word or not.
        let bomb = "a".repeat(most + 1);
        assert_eq!(call(&door, (method, &path), &good, &bomb).status, 413, "{path}");
        let chunked = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content}\r\nConnection: \
             close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{bomb}\r\n0\r\n\r\n",
            bomb.len()
        );
        assert_eq!(raw(&door, chunked.as_bytes()).status, 411, "{path}, chunked");
        let encoded = [good[0], ("Content-Encoding", "gzip")];
        assert_eq!(call(&door, (method, &path), &encoded, "").status, 415, "{path}");
        if body != Body::None {
            for wrong in ["text/plain", "application/json; charset=gbk", ""] {
                let came = call(&door, (method, &path), &[("Content-Type", wrong)], "{}");
                assert_eq!(came.status, 415, "{path}: {wrong}");
            }
        }
    }
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_hosts_paths_and_forms_of_http_are_refused_and_nothing_is_reflected() {
    let world = World::new();
    let (open, door) = world.open().await;
    let host = door.strip_prefix("http://").unwrap().to_owned();
    let head = |start: &str, headers: &str| {
        raw(&door, format!("{start}\r\n{headers}Connection: close\r\n\r\n").as_bytes())
    };
    let at = format!("Host: {host}\r\n");
    assert_eq!(head("GET /verify HTTP/1.1", &at).status, 200);
    assert_eq!(head("GET /verify HTTP/1.1", "Host: evil.example\r\n").status, 421);
    assert_eq!(head("GET /verify HTTP/1.1", &at.repeat(2)).status, 421, "two");
    assert_eq!(head("GET /verify HTTP/1.1", "").status, 421, "none");
    assert_eq!(head("GET /verify HTTP/1.0", &at).status, 505);
    let absolute = format!("GET http://{host}/verify HTTP/1.1");
    assert_eq!(head(&absolute, &at).status, 400);
    let expects = format!("{at}Expect: 100-continue\r\nContent-Length: 1\r\n");
    assert_eq!(head("POST /verify HTTP/1.1", &expects).status, 417);
    let both = format!("{at}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(head("POST /nonce HTTP/1.1", &both).status, 411);
    let twice = format!("{at}Content-Length: 0\r\nContent-Length: 5\r\n");
    assert_eq!(head("POST /nonce HTTP/1.1", &twice).status, 400);
    for path in [
        "/%2e%2e/identity.toml",
        "/../identity.toml",
        "//token",
        "/Token",
        "/token%00",
        "/presentations/../request",
        "/presentations//request",
        "/presentations/%41/response",
    ] {
        let came = head(&format!("GET {path} HTTP/1.1"), &at);
        assert!(matches!(came.status, 400 | 404), "{path}: {came:?}");
    }
    let marker = "reflected-marker";
    let headers = format!("{at}X-{marker}: {marker}\r\nContent-Type: {marker}\r\n");
    for start in [
        format!("GET /{marker} HTTP/1.1"),
        format!("GET /verify?{marker} HTTP/1.1"),
        "POST /token HTTP/1.1".to_owned(),
        format!("{} /verify HTTP/1.1", marker.to_uppercase()),
    ] {
        let came = head(&start, &headers);
        assert!(!came.head.contains(marker) && !came.body.contains(marker), "{came:?}");
    }
    let many: String = (0..100).map(|at| format!("X-{at}: 1\r\n")).collect();
    assert_eq!(head("GET /verify HTTP/1.1", &format!("{at}{many}")).status, 431);
    let long = format!("{at}X: {}\r\n", "a".repeat(20_000));
    assert_eq!(head("GET /verify HTTP/1.1", &long).status, 431);
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_runs_nothing_and_says_what_a_certificate_is_good_for() {
    let world = World::new();
    let (open, door) = world.open().await;
    let page = call(&door, ("GET", "/verify"), &[], "");
    assert!(page.head.contains("style-src 'sha256-"), "{}", page.head);
    assert!(page.head.contains("form-action 'self'") && !page.body.contains("<script"));
    assert!(page.body.contains("<label for=\"file\"") && page.body.contains("lang=\"zh-CN\""));
    let upload = |text: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--b--\r\n"
        );
        let headers = [("Content-Type", "multipart/form-data; boundary=b")];
        call(&door, ("POST", "/verify"), &headers, &body)
    };
    let kept = world.kept("couple");
    let holder = zerotrip_trust::SigningKey::generate(zerotrip_trust::Algorithm::Es256).unwrap();
    let holder = zerotrip_certificates::HolderKey::read(&holder.public().to_jwk().to_string());
    let holder = holder.unwrap();
    let seals: &dyn crate::Seals = &*world.seals;
    let token = seals.seal(kept, &[holder]).await.unwrap().remove(0);
    let came = upload(&token);
    assert!(came.body.contains("data-verdict=\"valid\""), "{}", came.body);
    assert!(came.body.contains("fund-desk-"), "its number");
    let forged = token.replacen("~", "A~", 1);
    let came = upload(&forged);
    assert!(came.body.contains("NOT GENUINE") && !came.body.contains("data-verdict"));
    let came = upload("<script>alert(1)</script>");
    assert!(came.body.contains("NOT GENUINE") && !came.body.contains("<script"), "{}", came.body);
    assert!(upload("").body.contains("No certificate was given"));
    std::fs::remove_dir_all(world.path("lists")).unwrap();
    assert!(upload(&token).body.contains("data-verdict=\"unknown-status\""));
    std::fs::write(world.path("directory.dsse"), b"damaged").unwrap();
    let came = upload(&token);
    assert!(came.body.contains("says nothing of the certificate"), "{}", came.body);
    open.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_bounded_and_end_with_the_door() {
    let world = World::new();
    let (door, uri) = world.open().await;
    let at = uri.strip_prefix("http://").unwrap().to_owned();
    let held: Vec<TcpStream> =
        (0..CONNECTIONS_OF_ONE).map(|_| TcpStream::connect(&at).unwrap()).collect();
    // The door has taken them all once one more is closed at once.
    let begun = Instant::now();
    loop {
        let mut more = TcpStream::connect(&at).unwrap();
        more.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        if matches!(more.read(&mut [0; 1]), Ok(0)) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no bound");
    }
    drop(held);
    while call(&uri, ("GET", "/shown"), &[], "").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "they do not come back");
    }
    // A certificate that is being sealed is handed out though the door closes; nothing else begins.
    let (made, wallet) = (world.offer("couple"), Wallet::new(&uri));
    let token = wallet.redeem(&made.code, Some(&made.digits)).json()["access_token"].clone();
    let body = asking(&world.definition.certificate.vct, &[wallet.proof()]);
    let seals = std::sync::Arc::clone(&world.seals);
    let gate = seals.gate.acquire().await.unwrap();
    let asked = std::thread::spawn(move || wallet.credential(token.as_str().unwrap(), &body));
    while !seals.is_asked.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < Duration::from_secs(20), "not asked to seal");
        tokio::task::yield_now().await;
    }
    let closing = tokio::spawn(door.close());
    while TcpStream::connect(&at).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "still listening");
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished());
    drop(gate);
    closing.await.unwrap();
    let came = asked.join().unwrap();
    assert!(came.status == 200 && came.body.contains("credential"), "{came:?}");
}

#[tokio::test]
async fn without_tls_the_door_is_for_this_machine_alone() {
    let world = World::new();
    let (first, _) = world.open().await;
    first.close().await;
    let door =
        std::sync::Arc::new(crate::Door::new(world.folder.path(), world.seals.clone()).unwrap());
    let refused = open(door, "0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(refused, Err(DoorError::Open(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_certificate_the_door_ends_tls_itself() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use zerotrip_trust::tls::{ExpectedPeer, client_config};
    use zerotrip_trust::x509::{TlsKey, make_csr, pem};
    let world = World::new();
    let (hub, now) = (super::world::HUB.parse().unwrap(), std::time::SystemTime::now());
    let (key, ips) = (TlsKey::generate().unwrap(), [std::net::IpAddr::from([127, 0, 0, 1])]);
    let csr = make_csr(&key, &hub, &[], &ips).unwrap();
    let ends = now + Duration::from_secs(3600);
    let begins = now - Duration::from_secs(3600);
    let leaf = world.root.sign_csr(&csr, &hub, &[], &ips, begins, ends).unwrap();
    std::fs::write(world.path("web.pem"), pem::encode(pem::CERTIFICATE, &leaf)).unwrap();
    std::fs::write(world.path("web.key"), key.to_pem()).unwrap();
    let tls = "[tls]\ncertificate = \"web.pem\"\nkey = \"web.key\"\n";
    let (open, door) = world.open_with("https", tls).await;
    let at = door.strip_prefix("https://").unwrap();
    let expected = ExpectedPeer::new(&hub);
    let config = client_config(None, world.root.cert_der(), expected, &[b"http/1.1"]).unwrap();
    let stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let connector = tokio_rustls::TlsConnector::from(config);
    let mut stream = connector.connect(name, stream).await.unwrap();
    let asked = format!("GET /verify HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    stream.read_to_end(&mut came).await.unwrap();
    assert!(came.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&came));
    // A key that is not the certificate's opens no door.
    std::fs::write(world.path("web.key"), TlsKey::generate().unwrap().to_pem()).unwrap();
    let other = crate::Door::new(world.folder.path(), world.seals.clone()).unwrap();
    let refused = crate::open(std::sync::Arc::new(other), "127.0.0.1:0".parse().unwrap()).await;
    assert!(matches!(refused, Err(DoorError::Certificate { .. })), "{refused:?}");
    open.close().await;
}
