"""Reads a status list as a CWT with `cwt` and `cbor2`, none of them ours, and tries each flipped bit of it.

`verify_status_cwt.py LIST JWKS PLACE` prints, as JSON, the list's address, the value of the place, how many places there are and how many
others have a value, and how many of the altered ones were refused.
"""

import json
import sys
import zlib
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import cbor2
import cwt


def main(list_file, jwks, place):
    token, keys = Path(list_file).read_bytes(), json.loads(Path(jwks).read_text())["keys"]
    header = cbor2.loads(cbor2.loads(token).value[0])
    assert header[1] == -7 and header[16] == "application/statuslist+cwt", header
    [jwk] = [key for key in keys if key["kid"] == header[4].hex()]
    point = cwt.COSEKey.from_jwk({**{name: jwk[name] for name in ("kty", "crv", "x", "y")}, "alg": "ES256"}).to_dict()
    key = cwt.COSEKey.new({1: 2, 2: header[4], 3: -7, -1: 1, -2: point[-2], -3: point[-3]})

    def read(data):
        # `cwt` asks the machine's clock.
        with patch("cwt.cwt.datetime") as clock:
            clock.now.return_value = datetime.fromtimestamp(now, timezone.utc)
            return cwt.decode(data, key)

    now = cbor2.loads(cbor2.loads(token).value[2])[6] + 60
    claims = read(token)
    bits, unpacked = claims[65533]["bits"], zlib.decompress(claims[65533]["lst"])
    values = [unpacked[at * bits // 8] >> at * bits % 8 & (1 << bits) - 1 for at in range(len(unpacked) * 8 // bits)]
    refused = 0
    for bit in range(len(token) * 8):
        altered = bytearray(token)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            read(bytes(altered))
        except Exception:  # whatever the library calls it
            refused += 1
    others = sum(value != 0 for at, value in enumerate(values) if at != int(place))
    said = {"sub": claims[2], "value": values[int(place)], "places": len(values), "others": others}
    print(json.dumps(said | {"refused": f"{refused} of {len(token) * 8}"}))


main(*sys.argv[1:])
