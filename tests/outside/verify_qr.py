"""Verifies a certificate's QR with `base45`, `cwt`, `pycose` and `cbor2`, none of them ours, and tries each flipped bit of it.

`verify_qr.py TEXT JWKS` prints, as JSON, what `cwt` and `pycose` read, whether `cbor2` encodes the payload to the same bytes, and how many
of the altered ones were refused.
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import base45
import cbor2
import cwt
from pycose.keys import EC2Key
from pycose.messages import Sign1Message

PREFIX = "ZT1:"


def plain(value):
    """As JSON can have it."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def main(text, jwks):
    text, keys = Path(text).read_text(), json.loads(Path(jwks).read_text())["keys"]
    assert text.startswith(PREFIX)
    token = base45.b45decode(text[len(PREFIX) :])
    message = cbor2.loads(token)
    protected, unprotected, payload, _signature = message.value
    header = cbor2.loads(protected)
    assert message.tag == 18 and unprotected == {} and header[1] == -7 and header[16] == "application/zerotrip+cwt", header
    [jwk] = [key for key in keys if key["kid"] == header[4].hex()]
    # Both libraries look a key up by the bytes of its id.
    key = cwt.COSEKey.from_jwk({**{name: jwk[name] for name in ("kty", "crv", "x", "y")}, "alg": "ES256"})
    point = key.to_dict()
    key = cwt.COSEKey.new({1: 2, 2: header[4], 3: -7, -1: 1, -2: point[-2], -3: point[-3]})
    other = EC2Key(crv="P_256", x=point[-2], y=point[-3])
    now = cbor2.loads(payload)[6] + 60

    def by_cwt(data):
        # `cwt` asks the machine's clock.
        with patch("cwt.cwt.datetime") as clock:
            clock.now.return_value = datetime.fromtimestamp(now, timezone.utc)
            return cwt.decode(data, key)

    def by_pycose(data):
        decoded = Sign1Message.decode(data)
        decoded.key = other
        assert decoded.verify_signature()
        return cbor2.loads(decoded.payload)

    refused = 0
    for bit in range(len(token) * 8):
        altered = bytearray(token)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            by_cwt(bytes(altered))
        except Exception:  # whatever the library calls it
            refused += 1
    said = {
        "cwt": plain(by_cwt(token)),
        "pycose": plain(by_pycose(token)),
        "canonical": cbor2.dumps(cbor2.loads(payload), canonical=True) == payload,
        "refused": f"{refused} of {len(token) * 8}",
    }
    print(json.dumps(said))


main(*sys.argv[1:])
