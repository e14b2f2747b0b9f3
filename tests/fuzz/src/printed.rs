//! Certificates as PDF and as OFD.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zerotrip_ofd::{
    Picture, Roots, Seal, SealTerms, Signer, Signers, Sm2Certificate, Sm2SigningKey, verify_ofd,
};
use zerotrip_paper::{FontFile, Fonts, Look, Stamp, print, verify_pdf};
use zerotrip_trust::x509::{CertificateAuthority, CertificateDer};

use crate::world::{DAY, FUND, World, at};

/// Certificates over SM2 keys whose secrets are 32 times 1, 2 and 3: an authority's, a seal maker's
/// and a signer's. The tests of `zerotrip_ofd` wrote them.
const SM2: [&str; 3] = [
    include_str!("sm2/authority.txt"),
    include_str!("sm2/maker.txt"),
    include_str!("sm2/organ.txt"),
];

struct Printed {
    ca: CertificateAuthority,
    sm2: [Sm2Certificate; 3],
    record: String,
    pdf: Vec<u8>,
    ofd: Vec<u8>,
}

fn printed() -> &'static Printed {
    static PRINTED: OnceLock<Printed> = OnceLock::new();
    PRINTED.get_or_init(|| {
        let world = World::new();
        let ca = CertificateAuthority::generate("c.example", at(0), 900 * DAY).unwrap();
        let leaf = ca.sign_seal_key(world.seal.public(), &FUND.parse().unwrap(), at(0), later());
        let leaf = leaf.unwrap();
        let path = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc";
        let bytes =
            std::fs::read(path).unwrap_or_else(|_| panic!("{path}: install fonts-noto-cjk"));
        let font = FontFile { name: path.to_owned(), face: 2, bytes: Arc::new(bytes) };
        let fonts = Fonts::new(vec![font]).unwrap();
        let record = world.numbered();
        let paper = print(&record, &fonts, &Look::default()).unwrap();
        let pdf = paper.sign(&world.seal, &leaf, at(200), Stamp::None).unwrap().into_bytes();
        let sm2 = SM2
            .map(|text| Sm2Certificate::from_der(&STANDARD.decode(text.trim()).unwrap()).unwrap());
        let ofd = sealed(&record, &fonts, (&world, &leaf), &sm2);
        Printed { ca, sm2, record, pdf, ofd }
    })
}

fn later() -> SystemTime {
    at(0) + 90 * DAY
}

fn sealed(
    record: &str,
    fonts: &Fonts,
    (world, leaf): (&World, &CertificateDer<'static>),
    [_, maker, organ]: &[Sm2Certificate; 3],
) -> Vec<u8> {
    let key = |secret| Sm2SigningKey::from_secret(&[secret; 32]).unwrap();
    let png = include_bytes!("../../../certs/paper/src/tests/seal.png").to_vec();
    let terms = SealTerms {
        number: "33010099000042".to_owned(),
        name: "电子印章".to_owned(),
        kind: 1,
        signers: Signers::Digests(vec![organ.digest()]),
        made_at: seconds(at(0)),
        begins: seconds(at(0)),
        ends: seconds(later()),
        picture: Picture::from_png(png, 40).unwrap(),
    };
    let seal = Seal::make(terms, &key(2), maker).unwrap();
    let signer = Signer {
        key: &key(3),
        certificate: organ,
        seal: &seal,
        issuer_key: &world.seal,
        issuer_certificate: leaf,
    };
    zerotrip_ofd::print(record, fonts, None).unwrap().sign(&signer, at(200)).unwrap()
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The bytes as a PDF: what is accepted is the one that was signed, byte for byte.
pub fn pdf(data: &[u8]) -> bool {
    let Printed { ca, record, pdf, .. } = printed();
    let verified = verify_pdf(data, ca.cert_der(), at(300));
    if let Ok(paper) = &verified {
        assert_eq!((&paper.record, data), (record, pdf.as_slice()), "this was never signed");
    }
    verified.is_ok()
}

pub fn pdf_seeds() -> Vec<Vec<u8>> {
    vec![printed().pdf.clone()]
}

/// The bytes as an OFD, likewise.
pub fn ofd(data: &[u8]) -> bool {
    let Printed { ca, sm2: [authority, maker, _], record, ofd, .. } = printed();
    let roots = Roots {
        authority: ca.cert_der(),
        signers: std::slice::from_ref(authority),
        makers: std::slice::from_ref(maker),
    };
    let verified = verify_ofd(data, &roots, at(0) + Duration::from_secs(300));
    if let Ok(found) = &verified {
        assert_eq!((&found.record, data), (record, ofd.as_slice()), "this was never sealed");
    }
    verified.is_ok()
}

pub fn ofd_seeds() -> Vec<Vec<u8>> {
    vec![printed().ofd.clone()]
}

/// The first byte says which file of an OFD the rest takes the place of.
pub fn ofd_parts(data: &[u8]) -> bool {
    let Some((place, content)) = data.split_first() else { return false };
    let mut entries = entries(&printed().ofd);
    let place = usize::from(*place) % entries.len();
    entries[place].1 = content.to_vec();
    ofd(&container(&entries))
}

pub fn ofd_parts_seeds() -> Vec<Vec<u8>> {
    let entries = entries(&printed().ofd);
    let one = |(place, (_, content)): (usize, &(String, Vec<u8>))| {
        [&[u8::try_from(place).unwrap()][..], content].concat()
    };
    // Fonts are large, and most of them is outlines.
    let small = entries.iter().enumerate().filter(|(_, (_, content))| content.len() < 64 << 10);
    small.map(one).collect()
}

/// The stored entries of a container (ZIP), in their order.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut rest, mut entries) = (bytes, Vec::new());
    while rest.starts_with(b"PK\x03\x04") {
        let number = |from: usize| u32::from_le_bytes(rest[from..from + 4].try_into().unwrap());
        let (size, name) = (number(18) as usize, (number(26) & 0xffff) as usize);
        let text = String::from_utf8(rest[30..30 + name].to_vec()).unwrap();
        entries.push((text, rest[30 + name..30 + name + size].to_vec()));
        rest = &rest[30 + name + size..];
    }
    entries
}

/// A container of these, as `zerotrip_ofd` writes it: what comes of a changed entry is not refused
/// for its checksum.
fn container(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let size = u32::try_from(content.len()).unwrap();
        let mut common = Vec::new();
        [10u16, 0, 0, 0, 0x21].iter().for_each(|one| common.extend(one.to_le_bytes()));
        let numbers = [crc32fast::hash(content), size, size];
        numbers.iter().for_each(|one| common.extend(one.to_le_bytes()));
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0; 2]);
        let offset = u32::try_from(out.len()).unwrap().to_le_bytes();
        out.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat());
        let head = [&b"PK\x01\x02"[..], &10u16.to_le_bytes(), &common, &[0; 10], &offset];
        central.extend([&head.concat()[..], name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let place = [central.len(), out.len()].map(|one| u32::try_from(one).unwrap().to_le_bytes());
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &place[0], &place[1], &[0; 2]];
    [&out[..], &central, &end.concat()].concat()
}

#[test]
fn a_container_is_written_as_it_was_read() {
    let ofd = &printed().ofd;
    assert_eq!(container(&entries(ofd)), *ofd);
}
