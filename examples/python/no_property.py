#!/usr/bin/env python3
"""Ask a check about one person, and believe the answer only when it is proven. Needs nothing of Zerotrip but its .proto files.

Exit codes, as those of the `zerotrip` command: 0 yes; 1 answered, but not so; 2 usage, configuration or connection; 3 denied;
4 unavailable (never to be read as a no); 5 verification failed.
"""

import argparse
import importlib
import os
import secrets
import sys
import tempfile
import time
import tomllib
import uuid
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

YES, NO, USAGE, DENIED, UNAVAILABLE, UNVERIFIED = range(6)


def no_answer(kind, error, trace):
    """Python ends with 1 where nobody catches an error, even for a missing package; here that would be read as an answer."""
    sys.__excepthook__(kind, error, trace)
    os._exit(USAGE)


sys.excepthook = no_answer

import grpc
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from grpc_tools import protoc
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from proof import Unproven, authority_key, dsse_key, hub_keys, open_envelope, payload_type, prove

REQUEST_LIFE = 300 * 10**9  # nanoseconds; five minutes is the most there is
CHECK_TIME = 70  # seconds; a check's own deadline is at most 60 s


def compile_protos(folder):
    """Every message, enum value and stub of the .proto files, compiled at run time. They share one package, so one namespace holds them."""
    well_known = Path(protoc.__file__).parent / "_proto"
    files = sorted(folder.glob("zerotrip/v1/*.proto"))
    with tempfile.TemporaryDirectory() as out:
        command = ["", f"-I{folder}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}", *map(str, files)]
        if not files or protoc.main(command):
            raise ValueError(f"no .proto files that compile under `{folder}`; name the folder that holds zerotrip/v1 with --proto")
        sys.path.insert(0, out)
        pb = SimpleNamespace()
        for made in sorted(Path(out).glob("zerotrip/v1/*.py")):
            vars(pb).update(vars(importlib.import_module(f"zerotrip.v1.{made.stem}")))
        sys.path.remove(out)
    return pb


def uuid7():
    """RFC 9562, 5.7; the standard library has it from Python 3.14 on."""
    value = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return str(uuid.UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def sign_request(pb, args, identity):
    """The signed question, as it goes out."""
    request = pb.Request(
        id=uuid7(), issuer=identity["system"], audience=identity["hub"], official=args.official, service_item=args.service_item,
        purpose=args.purpose, legal_basis=args.basis, case_number=args.case,
    )
    request.issued_at.GetCurrentTime()
    request.expires_at.FromNanoseconds(request.issued_at.ToNanoseconds() + REQUEST_LIFE)
    request.check.check, request.check.variant = args.check, args.variant
    request.check.parameters.add(name="applicant", value=args.applicant.strip().upper())
    private = load_pem_private_key((args.dir / "sign.key").read_bytes(), None)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    dsse = Envelope(request.SerializeToString(), payload_type("request"), {})
    signature = dsse.sign(CryptoSigner(private, dsse_key(public)))
    envelope = pb.Envelope(payload=dsse.payload, payload_type=dsse.payload_type)
    envelope.signatures.add(keyid=signature.keyid, sig=bytes.fromhex(signature.signature))
    return envelope


def ask(pb, args):
    """One exchange: what was sent, what came back, and the keys that the hub may use."""
    identity = tomllib.loads((args.dir / "identity.toml").read_text())
    root, chain, key = ((args.dir / name).read_bytes() for name in ("ca.pem", "tls.pem", "tls.key"))
    authority = authority_key((args.dir / "authority.pem").read_bytes(), root, identity["hub"].partition("/hub/")[0])
    # The directory that `join` kept here says how old the hub's may be at most: an older one would bring revoked keys back.
    kept = pb.Envelope.FromString((args.dir / "directory.dsse").read_bytes())
    at_least = pb.KeyDirectory.FromString(open_envelope(kept, "directory", [authority])).version
    envelope = sign_request(pb, args, identity)
    url = urlsplit(identity["url"])
    # Mutual TLS with the system's own key. The authority's root names hosts in hubs' certificates alone, so the URL's host is enough;
    # and who answered is settled by the answer's signature.
    tls = grpc.ssl_channel_credentials(root, key, chain)
    options = [("grpc.ssl_target_name_override", url.hostname), ("grpc.enable_http_proxy", 0)]
    with grpc.secure_channel(url.netloc, tls, options) as channel:
        directory = pb.AuthorityStub(channel).GetDirectory(pb.GetDirectoryRequest(), timeout=10).directory
        keys = hub_keys(pb, directory, authority, identity["hub"], at_least)
        reply = pb.ExchangeStub(channel).Check(pb.ExchangeCall(request=envelope), timeout=CHECK_TIME)
    return envelope, reply, keys


def tell(pb, answer):
    """The outcome in plain words; its exit code."""
    kind = answer.WhichOneof("outcome")
    outcome = getattr(answer, kind)
    if kind == "unavailable":
        again = "ask again later" if outcome.retryable else "the source's owner has to act first"
        print("UNAVAILABLE: no conclusion can be drawn; this is not a no")
        print(f"  {outcome.text_en} [{code_name(pb, outcome.code)}] {outcome.dataset}; {again}")
        code = UNAVAILABLE
    elif kind == "denied":
        print(f"DENIED [{code_name(pb, outcome.code)}]")
        code = DENIED
    else:
        print("YES: the check is answered in the affirmative" if outcome.answer else "NO: the check is answered, and not so")
        code = YES if outcome.answer else NO
    for claim in getattr(outcome, "claims", ()):
        print(f"  {claim.name}: {claim.value}")
    for reason in getattr(outcome, "reasons", ()):
        print(f"  {reason.text_en} [{reason.code}]")
    for source in answer.sources:
        print(f"  source: {source.dataset} as of {source.as_of.ToJsonString()}; {source.coverage_en}")
    return code


def refused(pb, error):
    """A call that ended without a signed answer: why, and the exit code of who must act."""
    detail = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if detail is None:
        print(f"the hub cannot be asked: {error.details()}", file=sys.stderr)
        return UNAVAILABLE if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED else USAGE
    detail = pb.ErrorDetail.FromString(detail)
    print(f"the hub refuses: {detail.message_en} [{code_name(pb, detail.code)}]", file=sys.stderr)
    busy = detail.code in (pb.OVERLOADED, pb.LEDGER_UNAVAILABLE)
    return UNAVAILABLE if busy else {2: DENIED, 3: UNAVAILABLE}.get(detail.code // 100, USAGE)


def code_name(pb, code):
    return pb.ErrorCode.Name(code) if code in pb.ErrorCode.values() else str(code)  # a newer hub may know more of them


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="folder of a joined system (identity.toml, keys, certificates)")
    parser.add_argument("--applicant", required=True, help="resident id of the person asked about")
    parser.add_argument("--check", default="no-property", help="name of the check (default: %(default)s)")
    parser.add_argument("--variant", default="couple", help="variant of the check (default: %(default)s)")
    parser.add_argument("--official", required=True, help="staff code of the official on whose errand this is asked")
    parser.add_argument("--service-item", required=True, help="the errand's code in the official list")
    parser.add_argument("--purpose", required=True, help="what the answer may be used for; one of the grant's")
    parser.add_argument("--basis", required=True, help="the law that allows it; one of the grant's")
    parser.add_argument("--case", required=True, help="number of the file that this belongs to")
    protos = Path(__file__).resolve().parents[2] / "proto" / "proto"
    parser.add_argument("--proto", type=Path, default=protos, help="folder that holds zerotrip/v1/*.proto (default: this repository's)")
    return parser


def main():
    args = arguments().parse_args()
    try:
        pb = compile_protos(args.proto)
        envelope, reply, keys = ask(pb, args)
        answer, size = prove(pb, reply, envelope, keys)
    except Unproven as error:
        print(f"verification failed: {error}; do not act on this answer, and tell the authority", file=sys.stderr)
        return UNVERIFIED
    except grpc.RpcError as error:
        return refused(pb, error)
    except (OSError, KeyError, ValueError) as error:
        print(f"cannot ask with the folder `{args.dir}`: {error}", file=sys.stderr)
        return USAGE
    code = tell(pb, answer)
    print(f"  proven: signed by {answer.hub}; entry {reply.receipt.index} of its ledger of {size}")
    return code


if __name__ == "__main__":
    sys.exit(main())
