"""Our signatures beside others' of the same specification: the svix package both ways, and the vectors."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Standard
from svix.webhooks import Webhook as Svix
from svix.webhooks import WebhookVerificationError

from bridge.webhooks.adapters import standard
from bridge.webhooks.adapters.contract import Arrived, ForgedError, StaleError
from bridge.webhooks.envelope import envelope
from bridge.webhooks.signing import is_secret, new_secret, sign
from tests.bridge.hooks import event

# The one that the specification's libraries are tested with, and the one of its own web page.
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1731705121,
        b'{"event_type":"ping","data":{"success":true}}',
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
]


@pytest.mark.parametrize(("secret", "id_", "at", "body", "signature"), VECTORS)
def test_the_specifications_vectors_come_out(secret, id_, at, body, signature):
    headers = sign([secret], id_, datetime.fromtimestamp(at, UTC), body)
    assert headers == {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.fixture
def ours():
    """An event of ours with words of every kind, as it is sent."""
    data = {"name": "双11 “sale” \u2028 🎉 <!channel>", "planned": 3, "share": 0.063}
    made = event(datetime.now(UTC), "1", data=data)
    return made.id, envelope(made)


@pytest.mark.parametrize("verifier", [Svix, Standard])
def test_others_verify_what_we_sign_while_secrets_change_too(ours, verifier):
    id_, body = ours
    old, new = new_secret(), new_secret()
    headers = dict(sign([new, old], id_, datetime.now(UTC), body))
    for secret in (old, new):
        verifier(secret).verify(body, headers)
    for forged in (body.replace(b":3", b":4"), body + b" "):
        with pytest.raises(Exception, match="No matching signature"):
            verifier(new).verify(forged, headers)
    with pytest.raises(Exception, match="No matching signature"):
        verifier(new_secret()).verify(body, headers)


def test_svix_finds_what_we_send_too_old_after_five_minutes(ours):
    id_, body = ours
    secret = new_secret()
    headers = dict(sign([secret], id_, datetime.now(UTC) - timedelta(minutes=6), body))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Svix(secret).verify(body, headers)


def test_we_verify_what_svix_signs(ours):
    _, body = ours
    secret, now = new_secret(), datetime.now(UTC)
    settings = standard.Settings(secret=secret)

    def arrived(at, words=body):
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Svix(secret).sign("msg_1", at, body.decode()),
        }
        return Arrived(headers=headers, body=words, query={}, remote="203.0.113.7", path_secret="")

    standard.verify(settings, arrived(now), now)
    with pytest.raises(ForgedError):
        standard.verify(settings, arrived(now, body + b" "), now)
    with pytest.raises(StaleError):
        standard.verify(settings, arrived(now - timedelta(minutes=6)), now)


def test_a_new_secret_is_one_and_never_the_same():
    made = {new_secret() for _ in range(50)}
    assert (len(made), all(map(is_secret, made)), {len(one) for one in made}) == (50, True, {50})


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_short", "whsec_" + "a" * 31, "hunter2", "whsec_ü" * 10])
def test_what_is_no_secret_is_not_taken_for_one(text):
    assert not is_secret(text)


def test_the_receiver_that_the_page_shows_takes_an_event_once_and_nothing_forged(ours):
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    [shown] = [one for one in text.split("```") if one.startswith("python\n") and "standardwebhooks" in one]
    seen, aside = set(), []
    names = {"is_new": lambda id_: id_ not in seen and not seen.add(id_), "put_aside": aside.append}
    exec(shown.removeprefix("python\n"), names)  # noqa: S102  # our own page
    id_, body = ours
    old, new = new_secret(), new_secret()
    headers = dict(sign([new, old], id_, datetime.now(UTC), body))
    assert [names["received"](secret, headers, body) for secret in (old, new)] == [204, 204]
    assert [one["id"] for one in aside] == [id_]
    late = dict(sign([new], id_, datetime.now(UTC) - timedelta(minutes=6), body))
    for bad in ({}, late, headers | {"webhook-signature": "v1"}, headers | {"webhook-signature": "v1,!"}):
        assert names["received"](new, bad, body) == 401
    assert names["received"](new_secret(), headers, body) == 401
