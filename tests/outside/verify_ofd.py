"""What other programs find in an OFD.

  package FILE         the ZIP is sound, each XML well-formed, and Signature.xml refers to every file
                       but its own two, each with its SM3; the names of all files
  pages FILE           as JSON: of each page the texts that ofdkit, a reader of OFD, finds, and where
  font FILE            the characters of a font that fontTools reads and draws
"""

import base64
import json
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

OFD = "{http://www.ofdspec.org/2016}"
OWN = ["/Doc_0/Signs/Sign_0/Signature.xml", "/Doc_0/Signs/Sign_0/SignedValue.dat"]


def sm3(content):
    done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=content, capture_output=True, check=True)
    return done.stdout


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
