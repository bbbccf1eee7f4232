"""django-anymail and our adapters are given the same requests: what they make of them is the same, or it is meant.

What is meant otherwise stands in MEANT, with the reason.
"""

import warnings
from datetime import UTC, datetime

import django
import pytest
from django.conf import settings

from bridge.events import EventType
from bridge.webhooks.adapters import mailgun, postmark, sendgrid
from bridge.webhooks.adapters.contract import ForgedError, Item
from tests.bridge import senders

if not settings.configured:
    settings.configure(
        INSTALLED_APPS=["anymail"],
        SECRET_KEY="test",
        LOGGING_CONFIG=None,
        ANYMAIL={
            "WEBHOOK_SECRET": "edm:pass-pass-pass-p",
            "MAILGUN_WEBHOOK_SIGNING_KEY": senders.MAILGUN_KEY,
            "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": senders.SENDGRID_KEY,
        },
    )
    django.setup()

from anymail.exceptions import AnymailWebhookValidationFailure  # reads the settings
from anymail.signals import tracking
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from django.test import RequestFactory

ABSENT = "absent"
FIELDS = (
    *("event_type", "message_id", "recipient", "reject_reason", "timestamp", "tags", "metadata", "click_url"),
    *("user_agent", "mta_response", "description"),
)
MEANT = {
    ("sendgrid", "message_id"): (
        "smtp-id stands in some events of a message only, sg_message_id in the others; both begin with the id that the"
        " send was answered with, so all events of a message are about one"
    ),
    ("sendgrid", "metadata"): (
        "SendGrid has more fields of its own than anymail knows: sg_content_type, sg_machine_open,"
        " bounce_classification are none that the customer put on the message"
    ),
    ("sendgrid", "tags"): "one category may come as a text; a text is no list of tags",
    ("sendgrid", "reject_reason"): "Spam Reporting Address is a complaint before, which anymail's word for is spam",
    ("mailgun", "reject_reason"): "suppress-complaint and suppress-unsubscribe say more than other",
    ("postmark", "event_type"): "an inbound message that failed is none that was sent; there is no word for it here",
    ("postmark", "tags"): "an empty Tag is no tag",
}
"""By vendor and field, why it differs."""
DIFFERS = {
    "sendgrid-event-webhook-reference-all-events.json": {"message_id", "metadata"},
    "sendgrid-event-webhook-reference-spam-reporting-address.json": {"message_id", "reject_reason"},
    "sendgrid-event-webhook-reference-category-as-string.json": {"message_id", "tags"},
    "sendgrid-event-webhook-reference-asynchronous-bounce.json": {"message_id"},
    "mailgun-webhook-payload-permanent-failure-suppress-complaint.json": {"reject_reason"},
    "mailgun-webhook-payload-permanent-failure-suppress-unsubscribe.json": {"reject_reason"},
    "postmark-bounce-webhook-InboundError.json": {"event_type"},
    "postmark-delivery-webhook-without-tag.json": {"tags"},
}
"""By file, in which fields; the others agree in all of them."""


def basic(value):
    sent = senders.plain(value, path_secret="")
    sent.headers["Authorization"] = "Basic ZWRtOnBhc3MtcGFzcy1wYXNzLXA="
    return sent


VENDORS = {
    "sendgrid": (
        SendGridTrackingWebhookView, sendgrid, sendgrid.Settings(public_key=senders.SENDGRID_KEY), senders.sendgrid,
    ),
    "mailgun": (MailgunTrackingWebhookView, mailgun, mailgun.Settings(secret=senders.MAILGUN_KEY), senders.mailgun),
    "postmark": (
        PostmarkTrackingWebhookView, postmark, postmark.Settings(username="edm", password="pass-pass-pass-p"), basic,
    ),
}  # fmt: skip
FILES = [(vendor, name) for vendor in VENDORS for name in senders.names(vendor)]


def of_anymail(vendor, arrived):
    """The events that its view signals, with the fields that both have."""
    seen = []

    def receiver(event, **_more):
        seen.append(event)

    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in arrived.headers.items()}
    request = RequestFactory().post("/", arrived.body, content_type="application/json", **headers)
    # It wants Basic auth besides the vendors' own signatures.
    request.META.setdefault("HTTP_AUTHORIZATION", "Basic ZWRtOnBhc3MtcGFzcy1wYXNzLXA=")
    tracking.connect(receiver)
    try:
        with warnings.catch_warnings():
            # It says of SendGrid's view that nobody maintains it any more.
            warnings.simplefilter("ignore")
            assert VENDORS[vendor][0].as_view()(request).status_code == 200
    finally:
        tracking.disconnect(receiver)
    return [{name: getattr(event, name) for name in FIELDS} for event in seen]


def of_ours(vendor, arrived):
    _, adapter, own, _ = VENDORS[vendor]
    adapter.verify(own, arrived, datetime.now(UTC))
    found = list(adapter.items(arrived))
    assert all(isinstance(one, Item) for one in found)
    return [
        {name: getattr(one, {"timestamp": "time"}.get(name, name)) for name in FIELDS}
        | {"event_type": one.event_type.removeprefix("message."), "tags": list(one.tags)}
        for one in found
    ]


def differences(theirs, ours):
    """In which fields they differ; nothing at all is the same as an empty text, list or object."""
    return {name for name in FIELDS if (theirs[name] or None) != (ours[name] or None)}


@pytest.mark.parametrize(("vendor", "name"), FILES, ids=[name for _, name in FILES])
def test_both_make_the_same_of_a_request(vendor, name):
    request = VENDORS[vendor][3](senders.payload(name))
    theirs, ours = of_anymail(vendor, request), of_ours(vendor, request)
    assert len(theirs) == len(ours) > 0
    found = set().union(*(differences(*both) for both in zip(theirs, ours, strict=True)))
    assert found == DIFFERS.get(name, set())
    assert {(vendor, field) for field in found} <= MEANT.keys()


def test_each_difference_that_is_meant_is_there():
    told = {(name.partition("-")[0], field) for name, fields in DIFFERS.items() for field in fields}
    assert told == MEANT.keys()


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_anymail_refuses_is_refused_here(vendor):
    _, adapter, own, send = VENDORS[vendor]
    request = send(senders.payload(senders.names(vendor)[0]))
    forged = senders.arrived(request.body.replace(b"token", b"taken").replace(b"reader@", b"raider@"), request.headers)
    if vendor == "postmark":
        forged.headers["Authorization"] = "Basic ZWRtOndyb25n"
    with pytest.raises((AnymailWebhookValidationFailure, AssertionError)):
        of_anymail(vendor, forged)
    with pytest.raises(ForgedError):
        adapter.verify(own, forged, datetime.now(UTC))


def test_our_words_are_anymails_words():
    from anymail.signals import EventType as TheirType  # noqa: PLC0415
    from anymail.signals import RejectReason as TheirReason  # noqa: PLC0415

    from bridge.webhooks.adapters.contract import RejectReason  # noqa: PLC0415

    theirs = {value for name, value in vars(TheirType).items() if name.isupper()}
    ours = {one.removeprefix("message.") for one in EventType if one.startswith("message.")}
    assert theirs - ours == {"inbound", "inbound_failed"}
    assert ours <= theirs
    assert {one.value for one in RejectReason} == {v for name, v in vars(TheirReason).items() if name.isupper()}
