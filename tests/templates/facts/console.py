"""The vendor's console."""

from providers.domains import ConsoleLogin
from tests.templates.facts.shared import NASTY

MESSAGES = {
    "console/login": [
        {
            "account": "umail",
            "title": "U-Mail",
            "login": ConsoleLogin(f"{scheme}://www.bestedm.example/sendstat/?module=base&action=login", NASTY, kind),
            "encrypted": scheme == "https",
        }
        for scheme in ("http", "https")
        for kind in ("", "agents", "manager")
    ],
}
