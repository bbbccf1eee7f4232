"""views.*: modals and App Home."""

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Json
from sandbox.slack.views import STACK, View, defined


def opening(desk: Desk, arguments: Arguments) -> Json:
    definition = defined(_sent(arguments), "modal")
    user = desk.triggers.redeem(arguments.required("trigger_id"))
    return _shown(desk, desk.workspace.open_view(user, definition))


def push(desk: Desk, arguments: Arguments) -> Json:
    definition = defined(_sent(arguments), "modal")
    user = desk.triggers.redeem(arguments.required("trigger_id"))
    stack = desk.workspace.modals.get(user, [])
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= STACK:
        raise SlackError("push_limit_reached")
    return _shown(desk, desk.workspace.open_view(user, definition, push=True))


def update(desk: Desk, arguments: Arguments) -> Json:
    definition = defined(_sent(arguments), "modal", "home")
    view = desk.workspace.find_view(arguments.text("view_id"), arguments.text("external_id"))
    if view is None:
        raise SlackError("not_found")
    _expect(view, arguments)
    return _shown(desk, desk.workspace.update_view(view, definition))


def publish(desk: Desk, arguments: Arguments) -> Json:
    definition = defined(_sent(arguments), "home")
    user = desk.person(arguments.required("user_id"))
    present = desk.workspace.homes.get(user.id)
    if present is not None:
        _expect(present, arguments)
    return _shown(desk, desk.workspace.publish(user.id, definition))


def _sent(arguments: Arguments) -> object:
    return arguments.values.get("view") or arguments.required("view")


def _expect(view: View, arguments: Arguments) -> None:
    if arguments.text("hash") not in (None, view.hash):
        raise SlackError("hash_conflict")


def _shown(desk: Desk, view: View) -> Json:
    return {"view": view.json(desk.workspace.team.id, desk.app.id, desk.app.bot_id)}
