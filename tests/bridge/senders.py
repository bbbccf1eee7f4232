"""Those who send webhooks: each signs as its vendor's document says, by code that is none of ours."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from multidict import CIMultiDict

from bridge.webhooks.adapters.contract import Arrived

DATA = Path(__file__).parent.parent / "data" / "webhooks"
STANDARD_SECRET = "whsec_" + b64encode(b"a secret of thirty-two bytes, ha").decode()
MAILGUN_KEY = "key-of-http-webhook-signing"
PATH_SECRET = "a-secret-in-the-path"
_SENDGRID = ec.generate_private_key(ec.SECP256R1())
SENDGRID_KEY = b64encode(_SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def payload(name):
    """What stands in a file of tests/data/webhooks."""
    return json.loads((DATA / name).read_text("utf-8"))


def names(vendor):
    """The files of one vendor."""
    return sorted(path.name for path in DATA.glob(f"{vendor}-*.json"))


def unix(at):
    return str(int((at or datetime.now(UTC)).timestamp()))


def arrived(body, headers=(), **more):
    return Arrived(headers=CIMultiDict(headers), body=body, **more)


def plain(value, **more):
    """Unsigned, as ITNIO and Postmark send."""
    headers = {"Content-Type": "application/json"}
    return arrived(json.dumps(value).encode(), headers, **({"path_secret": PATH_SECRET} | more))


def sendgrid(events, at=None, key=_SENDGRID):
    body, stamp = json.dumps(events).encode(), unix(at)
    signature = b64encode(key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return arrived(body, headers)


def mailgun(event, at=None, key=MAILGUN_KEY, nonce="9b2c8e0f54d64bd1a3d1a7b2f0c5e6", name="signature"):
    stamp = unix(at)
    signature = hmac.new(key.encode(), f"{stamp}{nonce}".encode(), hashlib.sha256).hexdigest()
    signed = {"token": nonce, "timestamp": stamp, "signature": "0" * 64, name: signature}
    return arrived(json.dumps({"signature": signed, **event}).encode(), {"Content-Type": "application/json"})


def standard(value, at=None, secret=STANDARD_SECRET, id_="msg_1", before=""):
    """before: signatures that stand before the right one."""
    body, stamp = json.dumps(value), unix(at)
    return raw_standard(body.encode(), stamp, secret, id_, before)


def raw_standard(body, stamp=None, secret=STANDARD_SECRET, id_="msg_1", before=""):
    # As https://www.standardwebhooks.com/ says, without its library.
    stamp = stamp or unix(None)
    key = b64decode(secret.removeprefix("whsec_"))
    signature = b64encode(hmac.new(key, f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": f"{before}v1,{signature}"}
    return arrived(body, {"Content-Type": "application/json", **headers})
