#!/usr/bin/env python3
"""Verifies messages that one signature covers, with examples/python and securesystemslib, and expects altered ones to be refused.

Takes the signer's public key (raw, hexadecimal) and a file with one serialised `Envelope` of a request a line, in hexadecimal. Ends with 0 where each verified and each alteration was refused, else with 5.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))

import no_property
from proof import Unproven, open_envelope


def flip(raw):
    return bytes([raw[0] ^ 1]) + raw[1:]


ALTERATIONS = {
    "the payload": lambda one: setattr(one, "payload", flip(one.payload)),
    "the salt": lambda one: setattr(one.batch, "salt", flip(one.batch.salt)),
    "the place": lambda one: setattr(one.batch, "index", one.batch.index ^ 1),
    "a place outside": lambda one: setattr(one.batch, "index", one.batch.size),
    "the size": lambda one: setattr(one.batch, "size", one.batch.size + 1),
    "the path": lambda one: one.batch.path.__setitem__(0, flip(one.batch.path[0])),
    "a shorter path": lambda one: one.batch.path.pop(),
    "a longer path": lambda one: one.batch.path.append(bytes(32)),
    "no path": lambda one: one.ClearField("batch"),
    "another kind": lambda one: setattr(one, "payload_type", one.payload_type.replace("request", "answer")),
}


def refused(pb, raw, alter, public):
    one = pb.Envelope.FromString(raw)
    alter(one)
    kind = one.payload_type.removeprefix("application/vnd.zerotrip.").removesuffix(".v1+protobuf")
    try:
        open_envelope(one, kind, [public])
    except Unproven:
        return True
    return False


def main():
    public = bytes.fromhex(sys.argv[1])
    pb = no_property.compile_protos(Path(__file__).resolve().parents[2] / "proto" / "proto")
    verified, wrong = 0, []
    for line in Path(sys.argv[2]).read_text().split():
        raw = bytes.fromhex(line)
        open_envelope(pb.Envelope.FromString(raw), "request", [public])
        verified += 1
        wrong += [f"message {verified}: {what}" for what, alter in ALTERATIONS.items() if not refused(pb, raw, alter, public)]
    print(f"{verified} verified, {verified * len(ALTERATIONS) - len(wrong)} alterations refused")
    for what in wrong:
        print(f"not refused: {what}", file=sys.stderr)
    return 5 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
