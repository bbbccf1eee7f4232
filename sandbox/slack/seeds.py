"""The workspace that comes with the sandbox: the ids of the shipped app.yaml."""

from sandbox.slack.app import App
from sandbox.slack.people import Channel, Group, Person, Team

HOME = Team("T0HOME", "Lantern Mail", "lantern-mail")
PARTNER = Team("T0PARTNER", "Partner Shop", "partner-shop")
SLACKBOT = "USLACKBOT"


def people(app: App) -> list[Person]:
    """An admin, an approver, an operator, a viewer, a stranger of another workspace; the bots."""
    home = HOME.id
    return [
        Person("U0MEI", "mei", "Mei Zhang", home, locale="zh-CN", admin=True),
        Person("U0LIN", "lin", "Lin Weber", home, zone="Europe/Berlin"),
        Person("U0OPS", "ops", "Owen Peters", home, zone="America/New_York"),
        Person("U0VIEW", "vera", "Vera Wu", home),
        Person("U0GONE", "gone", "Gone Long", home, deleted=True),
        Person("U0EXT", "eve", "Eve Stranger", PARTNER.id, zone="Europe/London", locale="en-GB"),
        Person(app.bot_user, app.name, app.name, home, bot_id=app.bot_id),
        Person(SLACKBOT, "slackbot", "Slackbot", home),
    ]


def channels(app: App) -> list[Channel]:
    """The bot's channels; one that it was not invited to, one archived, and two private ones."""
    staff = {"U0MEI", "U0LIN", "U0OPS", "U0VIEW"}
    bot = app.bot_user
    return [
        Channel("C0ALERTS", "edm-alerts", {*staff, bot}),
        Channel("C0APPROVE", "edm-approvals", {*staff, bot}),
        Channel("C0DIGEST", "edm-digest", {*staff, bot}),
        Channel("C0GENERAL", "general", {*staff, bot, "U0EXT"}, shared=True),
        Channel("C0RANDOM", "random", set(staff)),
        Channel("C0OLD", "campaigns-2024", {*staff, bot}, archived=True),
        Channel("C0LEADS", "edm-leads", {"U0MEI", "U0LIN", bot}, private=True),
        Channel("C0SECRET", "board", {"U0MEI"}, private=True),
    ]


GROUPS = [
    Group("S0EDMOPS", "edm-ops", "EDM operators", ("U0OPS",)),
    Group("S0ONCALL", "edm-oncall", "EDM on call", ("U0MEI", "U0OPS")),
]
