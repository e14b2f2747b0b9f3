"""Judges a signed PDF with pyHanko, which shares no code with ours.

    python verify_pdf.py FILE.pdf ROOT.pem

Prints `ok` (or `ok stamped`, of one with a time stamp whose imprint fits) where there is exactly one
signature, of PAdES, over the whole file and nothing after it, by a certificate that the root signed.
Prints why otherwise.
"""

import logging
import sys
from datetime import datetime, timezone

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

logging.disable(logging.CRITICAL)


def judge(file: str, root: str) -> str:
    with open(root, "rb") as opened:
        _, _, der = pem.unarmor(opened.read())
    anchor = x509.Certificate.load(der)
    with open(file, "rb") as opened:
        reader = PdfFileReader(opened, strict=True)
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            return f"{len(signatures)} signatures"
        signature = signatures[0]
        if signature.sig_object["/SubFilter"] != "/ETSI.CAdES.detached":
            return "not of PAdES"
        attributes = {one["type"].native for one in signature.signer_info["signed_attrs"]}
        if attributes != {"content_type", "message_digest", "signing_certificate_v2"}:
            return f"signed attributes {sorted(attributes)}"
        moment = datetime.strptime(str(signature.sig_object["/M"]), "D:%Y%m%d%H%M%SZ")
        context = ValidationContext(
            trust_roots=[anchor],
            moment=moment.replace(tzinfo=timezone.utc),
            allow_fetching=False,
        )
        # The root says which keys seal by an extended usage of its own.
        usage = KeyUsageConstraints(key_usage={"digital_signature"}, match_all_key_usages=True)
        status = validate_pdf_signature(
            signature,
            signer_validation_context=context,
            key_usage_settings=usage,
        )
        if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
            return f"it covers {status.coverage}"
        if not (status.intact and status.valid and status.trusted):
            return f"intact {status.intact}, valid {status.valid}, trusted {status.trusted}"
        stamp = status.timestamp_validity
        if stamp is None:
            return "ok"
        return "ok stamped" if stamp.intact and stamp.valid else "its time stamp does not fit"


if __name__ == "__main__":
    try:
        print(judge(*sys.argv[1:]))
    except Exception as error:  # noqa: BLE001: whatever pyHanko cannot read is not ok
        print(f"{type(error).__name__}: {error}")
