"""Senders of webhooks: a module each, registered here by the word that app.yaml uses."""

from collections.abc import Mapping

from bridge.webhooks.adapters import itnio, mailgun, postmark, sendgrid, standard
from bridge.webhooks.adapters.contract import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    "standard": standard,
    "itnio": itnio,
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "postmark": postmark,
}
