"""What is sent of an event: CloudEvents 1.0 in JSON, the same bytes whenever it is written.

Specification: https://github.com/cloudevents/spec, "CloudEvents - Version 1.0.2" and its "JSON Event Format". There
`dataschema` is optional, and an absolute URI of what `data` (not the envelope) is as; so without a public address of
ours, and for data in others' words, it is left out. Whom a message went to is left out unless an endpoint asks for it,
also where a vendor repeats it in words or links.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bridge.addresses import plain_data, plain_subject
from store.tables import Event

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SOURCE = "edmbot"
ORIGIN = "originid"
"""What another edmbot told has this beside `id`: its id where it was told first, by which a circle comes to its end."""
SCHEMAS = "/schemas"
"""Where schemas are served, below our address."""


def data_path(type_: str) -> str:
    """Where the schema of a type's `data` is served; behind our address, `dataschema`."""
    return f"{SCHEMAS}/{type_}/data"


def envelope(event: Event, *, addresses: bool = False, home: str | None = None) -> bytes:
    """The body of a request.

    home: our public address, without a slash at its end; None: nobody said it.
    """
    schema = {} if home is None or event.as_told else {"dataschema": home + data_path(event.type)}
    origin = (event.raw or {}).get(ORIGIN) if event.as_told else None
    return _json(
        {
            **schema,
            **({ORIGIN: origin} if origin else {}),
            "specversion": "1.0",
            "id": event.id,
            "source": f"{SOURCE}/{quote(event.account, safe='')}" if event.account else SOURCE,
            "type": event.type,
            "subject": event.subject if addresses else plain_subject(event),
            "time": _time(event.time),
            "datacontenttype": "application/json",
            "data": event.data if addresses else plain_data(event),
        }
    )


def trial(id_: str, at: datetime, *, endpoint_id: str, name: str | None, by: str) -> bytes:
    """What a person sends to try an endpoint; it is no event, and has no schema."""
    return _json(
        {
            "specversion": "1.0",
            "id": id_,
            "source": SOURCE,
            "type": "endpoint.test",
            "subject": f"endpoint/{endpoint_id}",
            "time": _time(at),
            "datacontenttype": "application/json",
            "data": {"endpoint": endpoint_id, "name": name, "by": by},
        }
    )


def _json(envelope: Mapping[str, Any]) -> bytes:
    return json.dumps(envelope, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
