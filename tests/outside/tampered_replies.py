#!/usr/bin/env python3
"""Asks a running hub as examples/python does, alters the reply in every place that is to be proven, and expects each to be refused.

Takes the example's own arguments. Prints how many alterations were refused; ends with 0 where all were, else with 5.
"""

import base64
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))

import no_property
from proof import Unproven, commitment, hub_keys, prove


def flip(raw, at=0):
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]


def alterations(pb):
    """What is altered, and how: each takes reply and request, which it may change as it likes."""
    yield "the answer's payload", lambda reply, _: setattr(reply.answer, "payload", flip(reply.answer.payload, 3))
    yield "the answer's type", lambda reply, _: setattr(reply.answer, "payload_type", "application/vnd.zerotrip.request.v1+protobuf")
    yield "the signature", lambda reply, _: setattr(reply.answer.signatures[0], "sig", flip(reply.answer.signatures[0].sig))
    yield "the signer", lambda reply, request: setattr(reply.answer.signatures[0], "keyid", request.signatures[0].keyid)
    yield "no signature", lambda reply, _: reply.answer.ClearField("signatures")
    yield "a second signature", lambda reply, _: reply.answer.signatures.append(reply.answer.signatures[0])
    yield "the request", lambda _, request: setattr(request, "payload", other_case(pb, request.payload))
    yield "the answer's salt", lambda reply, _: setattr(reply, "answer_salt", flip(reply.answer_salt))
    yield "no receipt", lambda reply, _: reply.ClearField("receipt")
    yield "the request's salt", lambda reply, _: setattr(reply, "request_salt", flip(reply.request_salt))
    yield "the entry", lambda reply, _: setattr(reply.receipt, "entry", flip(reply.receipt.entry, 9))
    yield "what opens the entry", lambda reply, _: other_outcome(pb, reply.receipt.opening)
    yield "the entry's time", lambda reply, _: other_time(pb, reply.receipt.opening)
    yield "the entry's salt", lambda reply, _: setattr(reply.receipt.opening, "salt", flip(reply.receipt.opening.salt))
    yield "the entry and what opens it", lambda reply, _: resealed(pb, reply.receipt)
    yield "nothing that opens it", lambda reply, _: reply.receipt.ClearField("opening")
    yield "the entry's place", lambda reply, _: setattr(reply.receipt, "index", reply.receipt.index - 1)
    yield "a place outside", lambda reply, _: setattr(reply.receipt, "index", 1 << 60)
    yield "the path", lambda reply, _: reply.receipt.path.__setitem__(0, flip(reply.receipt.path[0]))
    yield "a shorter path", lambda reply, _: reply.receipt.path.pop()
    yield "a longer path", lambda reply, _: reply.receipt.path.append(bytes(32))
    yield "the checkpoint", lambda reply, _: setattr(reply.receipt, "checkpoint", other_root(reply.receipt.checkpoint))
    yield "the checkpoint's line", lambda reply, _: setattr(reply.receipt, "checkpoint", reply.receipt.checkpoint.replace("— ", "— x"))
    yield "the checkpoint's seal", lambda reply, _: setattr(reply.receipt, "checkpoint", other_seal(reply.receipt.checkpoint))


def other_case(pb, payload):
    request = pb.Request.FromString(payload)
    request.case_number += "x"
    return request.SerializeToString()


def other_outcome(pb, opening):
    content = pb.EntryContent.FromString(opening.content)
    content.completion.outcome = pb.ANSWERED_FALSE if content.completion.outcome == pb.ANSWERED_TRUE else pb.ANSWERED_TRUE
    opening.content = content.SerializeToString()


def other_time(pb, opening):
    content = pb.EntryContent.FromString(opening.content)
    content.at.seconds += 1
    opening.content = content.SerializeToString()


def resealed(pb, receipt):
    """As whoever forges a whole receipt would: only the tree does not hold it."""
    other_time(pb, receipt.opening)
    sealed = commitment("zerotrip/ledger-entry/v1", receipt.opening.salt, receipt.opening.content)
    receipt.entry = pb.LedgerEntry(sealed=sealed).SerializeToString()


def other_root(note):
    lines = note.split("\n")
    lines[2] = ("B" if lines[2].startswith("A") else "A") + lines[2][1:]
    return "\n".join(lines)


def other_seal(note):
    line = note.rstrip("\n").split(" ")
    line[-1] = base64.b64encode(flip(base64.b64decode(line[-1]), -1 % 68)).decode()
    return " ".join(line) + "\n"


def refused(what, attempt):
    try:
        attempt()
    except Unproven as error:
        print(f"  {what}: {error}")
        return True
    print(f"ACCEPTED, although altered: {what}", file=sys.stderr)
    return False


def main():
    args = no_property.arguments().parse_args()
    pb = no_property.compile_protos(args.proto)
    envelope, reply, keys = no_property.ask(pb, args)
    prove(pb, reply, envelope, keys)

    def altered(change):
        other_reply, other_request = pb.ExchangeReply(), pb.Envelope()
        other_reply.CopyFrom(reply)
        other_request.CopyFrom(envelope)
        change(other_reply, other_request)
        prove(pb, other_reply, other_request, keys)

    results = [refused(what, lambda: altered(change)) for what, change in alterations(pb)]
    swapped = {pb.SIGN: keys[pb.CHECKPOINT], pb.CHECKPOINT: keys[pb.SIGN]}
    results.append(refused("the hub's keys, swapped", lambda: prove(pb, reply, envelope, swapped)))
    results.append(refused("no ledger key", lambda: prove(pb, reply, envelope, {**keys, pb.CHECKPOINT: []})))

    kept = pb.Envelope.FromString((args.dir / "directory.dsse").read_bytes())
    directory = pb.KeyDirectory.FromString(kept.payload)
    hub = directory.hubs[0].uri
    stranger = hashlib.sha256(b"stranger").digest()
    authority = no_property.authority_key(
        (args.dir / "authority.pem").read_bytes(), (args.dir / "ca.pem").read_bytes(), hub.partition("/hub/")[0])
    hub_keys(pb, kept, authority, hub, directory.version)
    results.append(refused("the authority", lambda: hub_keys(pb, kept, stranger, hub, 0)))
    results.append(refused("an old directory", lambda: hub_keys(pb, kept, authority, hub, directory.version + 1)))
    results.append(refused("another hub", lambda: hub_keys(pb, kept, authority, hub + "-2", 0)))
    kept.payload = flip(kept.payload, 1)
    results.append(refused("the directory's payload", lambda: hub_keys(pb, kept, authority, hub, 0)))

    print(f"{sum(results)} of {len(results)} alterations refused")
    return no_property.YES if all(results) else no_property.UNVERIFIED


if __name__ == "__main__":
    sys.exit(main())
