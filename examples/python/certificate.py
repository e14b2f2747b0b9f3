#!/usr/bin/env python3
"""Verify a certificate offline: its seal, what its holder shows, and the hub's evidence in it. Needs nothing of Zerotrip but its .proto
files and the authority's published keys (`jwks.json`). Prints what it says as JSON.

Of one that can be revoked, the issuer's status list says whether it was (`--status`). Without the list, that is not known.

Exit codes: 0 valid; 2 usage; 5 not a valid certificate; 6 genuine, but its status is another, or is not known.
"""

import argparse
import base64
import json
import sys
import time
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from google.protobuf.message import DecodeError

from no_property import UNVERIFIED, USAGE, YES, compile_protos
from proof import SKEW, Unproven, commitment, open_checkpoint, open_envelope, require, root_from, seconds, sha256

SEAL_WITHIN = 3600  # seconds after the answer
STATUSES = ["valid", "revoked", "suspended", "superseded"]  # the value of a place in a status list
LIST_BYTES = 4 << 20  # a list that unpacks to more is none
NOT_VALID = 6
SHOWN = ["iss", "vct", "check", "variant", "title", "persons", "statement", "scope"]  # fixed by the answer, with `validity`


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(pb, token, keys, now):
    """What the certificate says, once everything in it is verified. `keys`: those of `jwks.json`."""
    try:
        return _verify(pb, token, keys, now)
    except (InvalidSignature, DecodeError, LookupError, TypeError, ValueError) as error:
        raise Unproven(f"the certificate is damaged: {str(error) or 'a signature is wrong'}") from error


def _verify(pb, token, keys, now):
    jwt, *disclosures, last = token.strip().split("~")
    require(last == "", "the certificate is cut off")
    sealed = open_seal(jwt, keys, now)
    referred = {decode(digest) for digest in sealed["_sd"]}
    require(sealed["_sd_alg"] == "sha-256" and len(referred) == len(sealed["_sd"]), "the seal's digests are not of one kind, each once")
    require(all(sha256(one.encode()) in referred for one in disclosures), "a disclosure is not one of those that the seal refers to")
    shown = {name: value for _salt, name, value in (json.loads(decode(one)) for one in disclosures)}
    require(len(shown) == len(disclosures) and not shown.keys() & sealed.keys(), "something is disclosed twice")

    evidence = sealed["evidence"]
    answer = open_evidence(pb, evidence, keys)
    yes, own = grounds(pb, answer, evidence)
    require(answer.HasField("certificate"), "the answer allows no certificate")
    terms = {name: value for _salt, name, value in (json.loads(decode(one)) for one in evidence["terms"])}
    opened = sorted(sha256(one.encode()) for one in evidence["terms"])
    require(opened == list(answer.certificate.shown), "what opens the terms is not what the hub fixed")
    require(all(sealed[name] == terms[name] for name in SHOWN), "the certificate says something else than the hub fixed")
    require(referred == {*answer.certificate.withholdable, *own}, "what can be withheld is not what the hub fixed")
    stated = [(source["dataset"], source["as_of"]) for source in sealed["sources"]]
    require(stated == [(one.dataset, written(seconds(one.as_of))) for one in yes] and stated, "it states other sources than the answer")
    answered = seconds(answer.answered_at)
    require(answered - 1 <= sealed["iat"] <= answered + SEAL_WITHIN + SKEW, "it was not sealed within an hour of the answer")
    require(sealed["nbf"] == sealed["iat"] and sealed["exp"] <= answered + terms["validity"], "it is valid for longer than the answer allows")
    asked = question(pb, shown, answer, evidence) if "request" in shown else {}
    require(all(shown.get(name, value) == value for name, value in asked.items()), "something else is shown than was asked")
    numbered = {name: sealed.get(name) for name in ["serial", "status"]}
    require(len({value is None for value in numbered.values()}) == 1, "it has a number without a place in a list, or the other way round")
    return {**{name: sealed[name] for name in SHOWN}, **numbered, "shown": {**shown, **asked}, "place": evidence.get("subject", {}).get("place")}


def open_seal(jwt, keys, now):
    """The signed part, once it is signed (ES256) with its issuer's key as of when it was sealed, and holds now."""
    head, body, signature = jwt.split(".")
    header, claims, raw = json.loads(decode(head)), json.loads(decode(body)), decode(signature)
    held = [key for key in keys if key["kid"] == header["kid"] and key["iss"] == claims["iss"] and key["kty"] == "EC"]
    require(header["alg"] == "ES256" and len(held) == 1, "the authority's keys hold none that may have sealed this")
    [key] = held
    require(holds(key, claims["iat"]), "it was sealed outside its key's validity")
    verify_es256(key, f"{head}.{body}".encode(), raw)
    require(claims["nbf"] - SKEW <= now < claims["exp"], "the certificate is not valid now")
    return claims


def status_of(certificate, token, keys, now):
    """What the issuer's list says of a certificate that was verified; `None` of one that has no place in a list. What cannot be relied
    upon makes it "unknown"."""
    if certificate["status"] is None:
        return None
    try:
        [(mechanism, place)] = certificate["status"].items()
        require(mechanism == "status_list" and set(place) == {"idx", "uri"} and token is not None, "no list")
        return open_list(certificate["iss"], place, token.strip(), keys, now)
    except (InvalidSignature, LookupError, TypeError, ValueError, zlib.error, Unproven):
        return "unknown"


def open_list(issuer, place, token, keys, now):
    """The status in a place, once the list is the one that is meant, signed with a key of the issuer that is in force still, and not over."""
    head, body, signature = token.split(".")
    header, claims = json.loads(decode(head)), json.loads(decode(body))
    require(header["alg"] == "ES256" and header["typ"] == "statuslist+jwt", "not a status list")
    held = [key for key in keys if key["kid"] == header["kid"] and key["iss"] == issuer and key["kty"] == "EC"]
    require(len(held) == 1 and holds(held[0], claims["iat"]) and holds(held[0], now), "no key that may have signed this")
    verify_es256(held[0], f"{head}.{body}".encode(), decode(signature))
    require(claims["sub"] == place["uri"], "another list")
    require(claims["iat"] - SKEW <= now < claims["exp"] <= claims["iat"] + 86400, "not of this time")
    unpacker = zlib.decompressobj()
    unpacked = unpacker.decompress(decode(claims["status_list"]["lst"]), LIST_BYTES)
    require(unpacker.eof and not unpacker.unused_data, "not a whole list")
    bits = claims["status_list"]["bits"]
    require(bits in (1, 2, 4, 8) and place["idx"] >= 0, "no such width")
    at = place["idx"] * bits
    return STATUSES[unpacked[at // 8] >> at % 8 & (1 << bits) - 1]


def verify_es256(key, signed, raw):
    numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(decode(key[at])) for at in "xy"), ec.SECP256R1())
    require(len(raw) == 64, "the signature has another length")
    halves = [int.from_bytes(raw[:32]), int.from_bytes(raw[32:])]
    numbers.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def holds(key, at):
    return key["nbf"] <= at < min(key["exp"], key.get("revoked_at", key["exp"]))


def open_evidence(pb, evidence, keys):
    """The hub's answer, once it is signed, and its ledger holds the record that commits to it."""
    envelope, receipt = pb.Envelope.FromString(decode(evidence["answer"])), evidence["receipt"]
    claimed = pb.Answer.FromString(envelope.payload)  # to find the keys with; verified below
    at = seconds(claimed.answered_at)

    def of_hub(usage):
        fit = [key for key in keys if key["iss"] == claimed.hub and key.get("zerotrip_usage") == usage and holds(key, at)]
        return [decode(key["x"]) for key in fit if key["crv"] == "Ed25519"]

    answer = pb.Answer.FromString(open_envelope(envelope, "answer", of_hub("sign")))
    require(answer.decision.allowed and not answer.decision.obligations, "the decision does not bear this answer")
    entry, content = decode(receipt["entry"]), decode(receipt["content"])
    sealed = commitment("zerotrip/ledger-entry/v1", decode(receipt["salt"]), content)
    require(pb.LedgerEntry.FromString(entry).sealed == sealed, "the ledger entry does not commit to what opens it")
    completion = pb.EntryContent.FromString(content).completion
    committed = commitment("zerotrip/answer/v1", decode(evidence["answer_salt"]), envelope.payload)
    require(completion.exchange_id == answer.request_id, "the receipt is for another exchange")
    require(completion.answer_commitment == committed, "the ledger entry does not commit to this answer")
    if answer.HasField("many"):
        recorded, many = (completion.subjects, completion.subjects_root), answer.many
        require(completion.outcome == pb.ANSWERED_MANY and recorded == (many.subjects, many.root), "the ledger has recorded another answer")
    else:
        require(completion.outcome == pb.ANSWERED_TRUE, "the ledger has recorded another outcome")
    size, root = open_checkpoint(receipt["checkpoint"], answer.hub.removeprefix("spiffe://"), of_hub("checkpoint"))
    led_to = root_from(entry, receipt["index"], size, [decode(one) for one in receipt["path"]])
    require(led_to == root, "the entry is not in the tree whose head the hub signed")
    return answer


def grounds(pb, answer, evidence):
    """The sources of the yes, and what can be withheld beside the answer's own terms: of an answer about many, what its subject's leaf
    commits to."""
    subject = evidence.get("subject")
    if not answer.HasField("many"):
        require(subject is None, "the answer is about one subject, and a place among many is shown")
        require(answer.HasField("answered") and answer.answered.answer, "the answer is not yes")
        return list(answer.sources), []
    require(subject is not None, "the answer is about many subjects, and nothing shows which of them")
    payload = decode(subject["answer"])
    leaf = commitment("zerotrip/subject-answer/v1", decode(subject["salt"]), payload)
    led_to = root_from(leaf, subject["place"], answer.many.subjects, [decode(one) for one in subject["path"]])
    require(led_to == answer.many.root, "this subject is not in the answer")
    said = pb.SubjectAnswer.FromString(payload)
    require(said.HasField("yes"), "the answer about this subject is not yes")
    return [answer.many.sources[at] for at in said.yes.sources], [said.subject_digest, said.yes.request_digest, *said.yes.fact_digests]


def question(pb, shown, answer, evidence):
    """What was asked, by the request that is shown: of a request about many, about the subject in this place of its list."""
    raw = decode(shown["request"])
    if not answer.HasField("many"):
        request = pb.Request.FromString(raw)
        check, parameters = request.check, list(request.check.parameters)
    else:
        message = pb.ShownRequest.FromString(raw)
        request, place = pb.Request.FromString(message.request), evidence["subject"]["place"]
        check, listed = request.check_many, message.subject
        require(list(listed.places) == [place] and check.subjects == answer.many.subjects, "the request shows another subject")
        [value], [salt] = listed.subjects, listed.salts
        leaf = commitment("zerotrip/subject/v1", salt, value.encode())
        led_to = root_from(leaf, place, check.subjects, leaf_to_root(place, check.subjects, listed.path))
        require(led_to == check.subjects_root, "this subject is not in the request")
        parameters = [*check.parameters, pb.Parameter(name=check.subject_parameter, value=value)]
    require(request.id == answer.request_id, "another request is shown")
    asked = {parameter.name: parameter.value for parameter in parameters}
    return {**asked, "case_number": request.case_number, "purpose": request.purpose}


def leaf_to_root(place, size, left_to_right):
    """The path of one leaf in the order of RFC 9162. A request's is from left to right: those on the leaf's left from the largest to the
    smallest, then those on its right from the smallest to the largest."""
    on_right, start, count = [], 0, size
    while count > 1:
        left = 1 << (count - 1).bit_length() - 1
        on_right.append(place < start + left)
        start, count = (start, left) if on_right[-1] else (start + left, count - left)
    require(len(left_to_right) == len(on_right), "the request's path has another length")
    split = len(on_right) - sum(on_right)
    lefts, rights = list(left_to_right[:split]), list(left_to_right[split:])
    return [rights.pop(0) if right else lefts.pop() for right in reversed(on_right)]


def written(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("certificate", type=Path, help="the .sdjwt file")
    parser.add_argument("--jwks", type=Path, required=True, help="the authority's published keys, `jwks.json`")
    parser.add_argument("--status", type=Path, help="the issuer's status list, from the address that the certificate names")
    protos = Path(__file__).resolve().parents[2] / "proto" / "proto"
    parser.add_argument("--proto", type=Path, default=protos, help="folder that holds zerotrip/v1/*.proto (default: this repository's)")
    args = parser.parse_args()
    try:
        pb, keys = compile_protos(args.proto), json.loads(args.jwks.read_text())["keys"]
        token = args.certificate.read_text()
        status_list = args.status.read_text() if args.status else None
    except (OSError, KeyError, ValueError) as error:
        print(f"cannot verify `{args.certificate}`: {error}", file=sys.stderr)
        return USAGE
    try:
        now = time.time()
        certificate = verify(pb, token, keys, now)
    except Unproven as error:
        print(f"verification failed: {error}", file=sys.stderr)
        return UNVERIFIED
    status = status_of(certificate, status_list, keys, now)
    print(json.dumps({**certificate, "status": status}, ensure_ascii=False))
    return YES if status in (None, "valid") else NOT_VALID


if __name__ == "__main__":
    sys.exit(main())
