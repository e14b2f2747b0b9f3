#!/usr/bin/env python3
"""An identity provider for tests, by the PyPI package `joserfc`, which knows nothing of Zerotrip.

`keys FOLDER` makes a key of each algorithm and writes `jwks.json`, the public set, beside them.
`token FOLDER ALGORITHM CLAIMS` prints an ID token (OpenID Connect Core 1.0, section 2): CLAIMS is a JSON object.
"""

import json
import sys
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

KEYS = {
    "ES256": lambda: ECKey.generate_key("P-256", private=True),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", private=True),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519", private=True),
    "RS256": lambda: RSAKey.generate_key(2048, private=True),
    "PS256": lambda: RSAKey.generate_key(3072, private=True),
}
CLASSES = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}


def named(algorithm, members):
    return {**members, "kid": f"key-{algorithm.lower()}", "alg": algorithm, "use": "sig"}


def make(folder):
    public = []
    for algorithm, generate in KEYS.items():
        key = generate()
        (folder / f"{algorithm}.json").write_text(json.dumps(named(algorithm, key.as_dict(private=True))))
        public.append(named(algorithm, key.as_dict(private=False)))
    # What providers publish has keys that are none of ours too.
    other = {**ECKey.generate_key("P-256", private=False).as_dict(private=False), "use": "enc", "kid": "key-enc"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [*public, other]}))


def token(folder, algorithm, claims):
    members = json.loads((folder / f"{algorithm}.json").read_text())
    key = CLASSES[members["kty"]].import_key(members)
    header = {"alg": algorithm, "kid": members["kid"], "typ": "JWT"}
    return jwt.encode(header, json.loads(claims), key, algorithms=[algorithm])


if __name__ == "__main__":
    command, folder, *rest = sys.argv[1:]
    if command == "keys":
        make(Path(folder))
    else:
        print(token(Path(folder), *rest))
