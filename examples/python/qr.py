#!/usr/bin/env python3
"""Verify a certificate's QR offline: its seal, its claims, its time and its status. Needs nothing of Zerotrip but the authority's published
keys (`jwks.json`). The file holds what a scanner read: `ZT1:` and what follows. Prints what it says as JSON.

Exit codes: 0 valid; 2 usage; 5 not a genuine QR, or not known to be; 6 genuine, but its verdict is another than `valid`.
"""

import argparse
import base64
import json
import sys
import time
import zlib
from pathlib import Path

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

PREFIX, TYPE = "ZT1:", "application/zerotrip+cwt"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ISS, SUB, EXP, NBF, IAT, CTI, STATUS, RECORD = 1, 2, 4, 5, 6, 7, 65535, -65537
CHECK, VERSION, VARIANT, DIGEST, AS_OF, SUBJECT, PURPOSE, CASE, REGIONS, ASKED, FACTS = range(1, 12)
NEEDED = {ISS, EXP, NBF, IAT, RECORD}, {CHECK, VERSION, VARIANT, DIGEST, AS_OF}
ALLOWED = NEEDED[0] | {SUB, CTI, STATUS}, NEEDED[1] | {SUBJECT, PURPOSE, CASE, REGIONS, ASKED, FACTS}
STATUSES = ["valid", "revoked", "suspended", "superseded"]  # the value of a place in a status list
TOKEN_BYTES, LIST_BYTES, SKEW, YEAR = 644, 4 << 20, 300, 366 * 86400


class Unproven(Exception):
    """Why it does not count."""


def require(holds, otherwise):
    if not holds:
        raise Unproven(otherwise)


def base45(text):
    require(all(one in ALPHABET for one in text) and len(text) % 3 != 1, "not base45: scan it again")
    out = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        value = sum(ALPHABET.index(one) * 45**place for place, one in enumerate(group))
        require(value < 256 ** (len(group) - 1), "not base45: scan it again")
        out += value.to_bytes(len(group) - 1)
    return bytes(out)


def decode(data):
    """CBOR in its one encoding: what encodes to other bytes, has a key twice or something behind it, is refused."""
    value = cbor2.loads(data)
    require(cbor2.dumps(value, canonical=True) == data, "not encoded deterministically")
    return value


def open_token(text, keys, now):
    """The claims, once they are sealed by their issuer with a key that was in force then and is in force still."""
    require(text.startswith(PREFIX), f"not a certificate's QR: it does not begin with {PREFIX}")
    token = base45(text[len(PREFIX) :])
    require(len(token) <= TOKEN_BYTES, "too large")
    message = decode(token)
    require(isinstance(message, cbor2.CBORTag) and message.tag == 18, "not COSE_Sign1")
    protected, unprotected, payload, signature = message.value
    header, claims = decode(protected), decode(payload)
    require(unprotected == {} and set(header) == {1, 4, 16}, "another header than alg, kid and typ")
    require(header[1] == -7 and header[16] == TYPE, "not ES256, or another type of token")
    record = claims[RECORD]
    for found, needed, allowed in zip((set(claims), set(record)), NEEDED, ALLOWED):
        require(needed <= found <= allowed, "other claims than a QR has")
    require((CTI in claims) == (STATUS in claims) and (SUB in claims) == (SUBJECT in record), "half of a pair of claims")
    require(claims[NBF] <= claims[IAT] < claims[EXP] <= claims[NBF] + YEAR, "its times make no sense")
    key = held(keys, header[4].hex(), claims[ISS], claims[IAT], now)
    verify_es256(key, cbor2.dumps(["Signature1", protected, b"", payload]), signature)
    return claims


def held(keys, kid, issuer, then, now):
    """A sealing key of the issuer. No ledger says when a QR or a list was signed, so it must be in force still."""
    found = [key for key in keys if key["kid"] == kid and key["iss"] == issuer and key["kty"] == "EC"]
    require(len(found) == 1, "the authority's keys hold none that may have sealed this")
    [key] = found
    end = min(key["exp"], key.get("revoked_at", key["exp"]))
    require(key["nbf"] <= then < end and key["nbf"] <= now < end, "its key was not in force, or is not any more")
    return key


def verify_es256(key, signed, raw):
    numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(unpadded(key[at])) for at in "xy"), ec.SECP256R1())
    require(len(raw) == 64, "the signature has another length")
    halves = [int.from_bytes(raw[:32]), int.from_bytes(raw[32:])]
    numbers.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def status_of(claims, token, keys, now):
    """What the issuer's list says; `None` of what has no place in a list. What cannot be relied upon makes it `unknown-status`."""
    if STATUS not in claims:
        return None
    try:
        [(mechanism, place)] = claims[STATUS].items()
        require(mechanism == "status_list" and set(place) == {"idx", "uri"} and token is not None, "no list")
        head, body, signature = token.strip().split(".")
        header, listed = json.loads(unpadded(head)), json.loads(unpadded(body))
        require(header["alg"] == "ES256" and header["typ"] == "statuslist+jwt", "not a status list")
        key = held(keys, header["kid"], claims[ISS], listed["iat"], now)
        verify_es256(key, f"{head}.{body}".encode(), unpadded(signature))
        require(listed["sub"] == place["uri"], "another list")
        require(listed["iat"] - SKEW <= now < listed["exp"] <= listed["iat"] + 86400, "not of this time")
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(unpadded(listed["status_list"]["lst"]), LIST_BYTES)
        require(unpacker.eof and not unpacker.unused_data, "not a whole list")
        bits = listed["status_list"]["bits"]
        require(bits in (1, 2, 4, 8), "no such width")
        at = place["idx"] * bits
        return STATUSES[unpacked[at // 8] >> at % 8 & (1 << bits) - 1]
    except (InvalidSignature, LookupError, TypeError, ValueError, zlib.error, Unproven):
        return "unknown-status"


def verdict(claims, status, now, purpose):
    if status in STATUSES[1:]:
        return status
    if max(claims[NBF], claims[IAT]) > now + SKEW:
        return "not-yet"
    if now >= claims[EXP]:
        return "expired"
    if purpose is not None and claims[RECORD].get(PURPOSE) != purpose:
        return "wrong-purpose"
    return "valid" if status in (None, "valid") else status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the QR's text")
    parser.add_argument("--jwks", type=Path, required=True, help="the authority's published keys")
    parser.add_argument("--status", type=Path, help="the issuer's status list")
    parser.add_argument("--purpose", help="the purpose that it must show")
    parser.add_argument("--at", type=int, default=int(time.time()), help="judge as of this time, in seconds since 1970")
    asked = parser.parse_args()
    keys = [key for key in json.loads(asked.jwks.read_text())["keys"] if "iss" in key]
    listed = asked.status.read_text() if asked.status else None
    try:
        claims = open_token(asked.file.read_text().strip("\r\n"), keys, asked.at)
        status = status_of(claims, listed, keys, asked.at)
        word = verdict(claims, status, asked.at, asked.purpose)
    except Unproven as why:
        print(f"verification failed: {why}", file=sys.stderr)
        return 5
    except (InvalidSignature, LookupError, TypeError, ValueError, AttributeError, cbor2.CBORError) as error:
        print(f"verification failed: damaged or forged: {error!r}", file=sys.stderr)
        return 5
    record = claims[RECORD]
    said = {
        "verdict": word, "issuer": claims[ISS], "serial": claims.get(CTI, b"").decode() or None, "valid_until": claims[EXP],
        "check": record[CHECK], "variant": record[VARIANT], record.get(SUBJECT, "subject"): claims.get(SUB),
        "purpose": record.get(PURPOSE), "case_number": record.get(CASE), "regions": record.get(REGIONS, []),
        "asked": record.get(ASKED, []), "facts": record.get(FACTS, {}), "as_of": record[AS_OF], "certificate": record[DIGEST].hex(),
    }
    print(json.dumps(said, ensure_ascii=False))
    return 0 if word == "valid" else 6


if __name__ == "__main__":
    sys.exit(main())
