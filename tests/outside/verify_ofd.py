"""What other programs find in an OFD.

  package FILE         the ZIP is sound, each XML well-formed, and Signature.xml refers to every file
                       but its own two, each with its SM3; the issuer's statement is signed, and of
                       these files; the names of all files
  pages FILE           as JSON: of each page the texts that ofdkit, a reader of OFD, finds, and where
  font FILE            the characters of a font that fontTools reads and draws
"""

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

OFD = "{http://www.ofdspec.org/2016}"
RECORD, STATEMENT = "Doc_0/Attachs/record.sdjwt", "Doc_0/Attachs/issuer.jwt"
OWN = ["/Doc_0/Signs/Sign_0/Signature.xml", "/Doc_0/Signs/Sign_0/SignedValue.dat"]


def sm3(content):
    done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=content, capture_output=True, check=True)
    return done.stdout


def check_statement(archive, names):
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    def unpack(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    head, body, signature = archive.read(STATEMENT).decode().split(".")
    certificate = x509.load_der_x509_certificate(base64.b64decode(json.loads(unpack(head))["x5c"][0]))
    r, s = (int.from_bytes(half, "big") for half in (unpack(signature)[:32], unpack(signature)[32:]))
    signed = f"{head}.{body}".encode()
    certificate.public_key().verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    said = json.loads(unpack(body))
    listed = [f"{sm3(archive.read(name)).hex()} *{name}\n" for name in names[: names.index(STATEMENT)]]
    assert said["package_sm3"] == sm3("".join(listed).encode()).hex()
    assert said["record_sha256"] == hashlib.sha256(archive.read(RECORD)).hexdigest()


def package(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and not archive.comment
        names = archive.namelist()
        for name in names:
            if name.endswith(".xml"):
                ElementTree.fromstring(archive.read(name))
        described = ElementTree.fromstring(archive.read(OWN[0][1:]))
        references = described.find(f"{OFD}SignedInfo/{OFD}References")
        assert references.get("CheckMethod") == "1.2.156.10197.1.401"
        found = []
        for reference in references:
            name = reference.get("FileRef")
            digest = base64.b64decode(reference.findtext(f"{OFD}CheckValue"), validate=True)
            assert digest == sm3(archive.read(name[1:])), name
            found.append(name)
        assert found + OWN == ["/" + name for name in names]
        check_statement(archive, names)
    return "\n".join(names)


def pages(path):
    import ofdkit

    with ofdkit.open(path) as document:
        found = [[[run.text, run.x, run.y] for run in page.runs] for page in document.pages]
        return json.dumps({"title": document.info.title, "pages": found})


def font(path):
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.ttLib import TTFont

    with TTFont(path, checkChecksums=2, lazy=False) as read:
        glyphs = read.getGlyphSet()
        characters = read.getBestCmap()
        for code, name in characters.items():
            pen = BoundsPen(glyphs)
            glyphs[name].draw(pen)
            assert pen.bounds or chr(code) in " \u3000", hex(code)
        return "".join(map(chr, characters))


if __name__ == "__main__":
    what, path = sys.argv[1:]
    print({"package": package, "pages": pages, "font": font}[what](path))
