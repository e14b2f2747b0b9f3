#!/usr/bin/env python3
"""Verifies a Zerotrip certificate with the PyPI package `sd-jwt`, which knows nothing of Zerotrip, and prints its claims as JSON.

It also shows that the package refuses the certificate once it is altered. Ends with 0 where all that holds, else with 5.
"""

import argparse
import base64
import json
import sys
import time
from pathlib import Path

from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSSignature
from sd_jwt.verifier import SDJWTVerifier


def claims_of(token, keys):
    """What the certificate says, once its seal verifies with the key of its header's `kid`, which must be its issuer's."""

    chosen = []

    def key_of(issuer, header):
        held = [key for key in keys if key["kid"] == header["kid"] and key["iss"] == issuer]
        if len(held) != 1 or header["alg"] != held[0]["alg"]:
            raise ValueError(f"`{issuer}` has no key `{header['kid']}` in the key set")
        chosen.append(held[0])
        return JWK(**held[0])

    claims = SDJWTVerifier(token, key_of).get_verified_payload()
    # The package leaves times and unreferenced disclosures to its caller (RFC 9901, 7.1 refuses the latter).
    [key] = chosen
    if not key["nbf"] <= claims["iat"] < min(claims["exp"], key["exp"], key.get("revoked_at", key["exp"])):
        raise ValueError("sealed outside the key's validity")
    if time.time() >= claims["exp"]:
        raise ValueError("the certificate has run out")
    strangers = [name for name, value in disclosed(token) if claims.get(name) != value]
    if strangers:
        raise ValueError(f"not sealed, but disclosed: {strangers}")
    return claims


def disclosed(token):
    """Name and value of each disclosure."""
    parts = [json.loads(decode(part)) for part in token.split("~")[1:-1]]
    return [(name, value) for _salt, name, value in parts]


def altered(token):
    """The certificate, each time with one thing changed: a sealed claim, the seal, a disclosed value; or under another key."""
    jwt, *disclosures = token.split("~")
    head, body, seal = jwt.split(".")
    claims = json.loads(decode(body))
    claims["variant"] = "applicant" if claims["variant"] == "family" else "family"
    yield "a sealed claim", "~".join([f"{head}.{encode(json.dumps(claims).encode())}.{seal}", *disclosures])
    raw = bytearray(decode(seal))
    raw[-1] ^= 1
    yield "the seal", "~".join([f"{head}.{body}.{encode(bytes(raw))}", *disclosures])
    salt, name, value = json.loads(decode(disclosures[0]))
    yield "a disclosed value", "~".join([jwt, encode(json.dumps([salt, name, f"{value}!"]).encode()), *disclosures[1:]])


def stranger():
    return JWK.generate(kty="EC", crv="P-256").export_public(as_dict=True)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("certificate", type=Path, help="the .sdjwt file")
    parser.add_argument("jwks", type=Path, help="the authority's jwks.json")
    args = parser.parse_args()
    token, keys = args.certificate.read_text().strip(), json.loads(args.jwks.read_text())["keys"]
    claims = claims_of(token, keys)
    others = [{**key, **{at: value for at, value in stranger().items() if at in ("x", "y")}} for key in keys]
    attempts = [*((what, forged, keys) for what, forged in altered(token)), ("the issuer's key", token, others)]
    refusals = {}
    for what, forged, with_keys in attempts:
        try:
            claims_of(forged, with_keys)
        except (InvalidJWSSignature, ValueError) as error:
            refusals[what] = str(error) or type(error).__name__
        else:
            print(f"accepted, although {what} was changed", file=sys.stderr)
            return 5
    print(json.dumps({"claims": claims, "refused": refusals}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
