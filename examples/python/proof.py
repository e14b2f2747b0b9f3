"""What makes an answer of the hub count: the authority's directory, the hub's signature, and the place in the ledger.

Nothing in here talks to anybody or reads a file. `pb` holds the compiled messages of proto/proto/zerotrip/v1.
"""

import base64
import hashlib
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.message import DecodeError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Signature, SSlibKey

SKEW = 5  # seconds by which two clocks may differ


class Unproven(Exception):
    """What came counts for nothing."""


def require(holds, otherwise):
    if not holds:
        raise Unproven(otherwise)


def payload_type(message):
    return f"application/vnd.zerotrip.{message}.v1+protobuf"


def dsse_key(public):
    """A public key under the id that Zerotrip gives it (envelope.proto, Signature.keyid)."""
    return SSlibKey(sha256(public)[:16].hex(), "ed25519", "ed25519", {"public": public.hex()})


def open_envelope(envelope, message, publics):
    """The payload, once its one signature is by one of these keys. securesystemslib's Envelope takes bytes as they are; only its
    to_dict and from_dict are about JSON, and Zerotrip carries the same three fields in protobuf."""
    require(envelope.payload_type == payload_type(message), f"this place takes `{payload_type(message)}`, not `{envelope.payload_type}`")
    require(len(envelope.signatures) == 1, f"the {message} bears {len(envelope.signatures)} signatures instead of one")
    signature = Signature(envelope.signatures[0].keyid, envelope.signatures[0].sig.hex())
    require(publics, f"there is no key that may sign the {message}")
    signed = batch_text(envelope) if envelope.HasField("batch") else (envelope.payload, envelope.payload_type)
    try:
        dsse = Envelope(*signed, {signature.keyid: signature})
        dsse.verify([dsse_key(public) for public in publics], 1)
    except VerificationError as error:
        raise Unproven(f"the {message} is not signed by a key that may") from error
    return envelope.payload


IN_BATCHES = [payload_type(message) for message in ("request", "scan-grant", "scan-receipt", "answer")]


def batch_text(envelope):
    """What one signature over many messages is over (envelope.proto, BatchPath): a text with the root that this message's path leads to,
    and its payload type."""
    batch, kind = envelope.batch, envelope.payload_type
    require(kind in IN_BATCHES, f"messages of type `{kind}` are signed one by one")
    require(2 <= batch.size <= 1024, f"a batch of {batch.size} messages")
    require(len(batch.salt) == 32 and all(len(digest) == 32 for digest in batch.path), "a salt and a digest have 32 bytes")
    encoded = f"DSSEv1 {len(kind)} {kind} {len(envelope.payload)} ".encode() + envelope.payload
    entry = commitment("zerotrip batch entry v1", batch.salt, encoded)
    root = root_from(entry, batch.index, batch.size, batch.path)
    text = f"zerotrip batch v1\n{kind}\n{batch.size}\n{base64.b64encode(root).decode()}\n"
    return text.encode(), "application/vnd.zerotrip.batch.v1"


def authority_key(authority_pem, root_pem, trust_domain):
    """The key that signs directories: its certificate names the authority, and is the root's."""
    own, root = x509.load_pem_x509_certificate(authority_pem), x509.load_pem_x509_certificate(root_pem)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    require(uris == [f"{trust_domain}/authority"], f"the authority's certificate names {uris}")
    try:
        own.verify_directly_issued_by(root)
    except InvalidSignature as error:
        raise Unproven("the authority's certificate is not the root's") from error
    return own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def hub_keys(pb, envelope, authority, hub, at_least):
    """From the authority-signed directory: the public keys that this hub may use now, by usage."""
    directory, now = pb.KeyDirectory.FromString(open_envelope(envelope, "directory", [authority])), time.time()
    require(directory.version >= at_least, f"directory version {directory.version} is older than {at_least}, which is known here")
    require(seconds(directory.issued_at) <= now + SKEW, "the key directory is issued in the future")
    require(now < seconds(directory.expires_at), "the key directory has expired")
    entry = next((entry for entry in directory.hubs if entry.uri == hub and entry.status == pb.ACTIVE), None)
    require(entry, f"the directory has no active hub `{hub}`")

    def holds(key):
        revoked = key.HasField("revoked_at") and seconds(key.revoked_at) <= now
        return key.algorithm == pb.ED25519 and seconds(key.not_before) <= now < seconds(key.not_after) and not revoked

    good = [key for key in entry.keys if holds(key)]
    return {usage: [key.public_key for key in good if key.usage == usage] for usage in (pb.SIGN, pb.CHECKPOINT)}


def prove(pb, reply, request, keys):
    """The answer and the ledger's size, once everything is proven: the hub signed this answer to exactly this request, and its ledger
    holds the record that commits to it. `request` is the envelope that was sent, `keys` what `hub_keys` gave."""
    try:
        return _prove(pb, reply, request, keys)
    except (InvalidSignature, DecodeError, ValueError) as error:
        raise Unproven(f"the reply is damaged: {str(error) or 'a signature is wrong'}") from error


def _prove(pb, reply, request, keys):
    payload = open_envelope(reply.answer, "answer", keys[pb.SIGN])
    answer, sent = pb.Answer.FromString(payload), pb.Request.FromString(request.payload)
    require(answer.hub == sent.audience, f"the answer says that it is of `{answer.hub}`")
    require(answer.request_id == sent.id, "the answer is to another request")
    bound_to = commitment("zerotrip/request/v1", reply.request_salt, request.payload)
    require(answer.request_commitment == bound_to, "the answer is bound to another request text")
    in_time = seconds(sent.issued_at) - SKEW <= seconds(answer.answered_at) <= time.time() + SKEW
    require(in_time, "the answer's time does not lie between the request and now; check both clocks")

    opening = reply.receipt.opening
    sealed = commitment("zerotrip/ledger-entry/v1", opening.salt, opening.content)
    require(pb.LedgerEntry.FromString(reply.receipt.entry).sealed == sealed, "the ledger entry does not commit to what opens it")
    completion = pb.EntryContent.FromString(opening.content).completion
    require(completion.exchange_id == sent.id, "the receipt is for another exchange")
    committed = commitment("zerotrip/answer/v1", reply.answer_salt, payload)
    require(completion.answer_commitment == committed, "the ledger entry does not commit to this answer")
    kind = answer.WhichOneof("outcome")
    answered = pb.ANSWERED_TRUE if answer.answered.answer else pb.ANSWERED_FALSE
    outcome = {"answered": answered, "unavailable": pb.UNAVAILABLE, "denied": pb.DENIED}.get(kind)
    require(completion.outcome == outcome, "the ledger has recorded another outcome than the answer states")
    if kind == "answered":
        require(answer.decision.allowed, "the decision and the answer contradict one another")
    require(not answer.decision.obligations, f"the decision demands {list(answer.decision.obligations)}, which is not known here")
    # Any other answer names no sources: which could be read would tell why it is as it is.
    if kind == "answered" and answer.answered.answer:
        sources = [source.receipt_commitment for source in answer.sources]
        require(sources == list(completion.receipt_commitments), "the ledger entry commits to other sources than the answer names")

    size, root = open_checkpoint(reply.receipt.checkpoint, answer.hub.removeprefix("spiffe://"), keys[pb.CHECKPOINT])
    led_to = root_from(reply.receipt.entry, reply.receipt.index, size, reply.receipt.path)
    require(led_to == root, "the entry is not in the tree whose head the hub signed")
    return answer, size


def open_checkpoint(note, origin, publics):
    """Size and root of a checkpoint (C2SP signed-note and tlog-checkpoint), once its line by one of these keys verifies."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for public in publics:
        key_hash = sha256(origin.encode(), b"\n\x01", public)[:4]
        for line in lines.splitlines():
            name, _, encoded = line.removeprefix("— ").partition(" ")
            signature = base64.b64decode(encoded)
            if name == origin and signature[:4] == key_hash:
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
                first, size, root, *_ = text.split("\n")
                require(first == origin, f"the checkpoint is of the log `{first}`")
                return int(size), base64.b64decode(root)
    raise Unproven("no ledger key of the hub has signed the checkpoint")


def root_from(entry, index, size, path):
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    require(index < size, "the entry lies outside the tree")
    node, at, last = sha256(b"\0", entry), index, size - 1
    for sibling in path:
        require(last, "the inclusion proof is too long")
        if at & 1 or at == last:
            node = sha256(b"\1", sibling, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\1", node, sibling)
        at, last = at >> 1, last >> 1
    require(last == 0, "the inclusion proof is too short")
    return node


def seconds(timestamp):
    return timestamp.seconds + timestamp.nanos / 1e9


def commitment(domain, salt, payload):
    """A salted commitment: nothing can be guessed from it without the salt."""
    require(len(salt) == 32, "a salt has 32 bytes")
    return sha256(*(framed(part) for part in (domain.encode(), salt, payload)))


def framed(part):
    return len(part).to_bytes(8, "big") + part


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
