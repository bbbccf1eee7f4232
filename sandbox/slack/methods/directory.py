"""Who is who: auth.test, oauth.v2.access, apps.connections.open, users.*, usergroups.*, team.info, bots.info."""

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackError
from sandbox.slack.methods.desk import Desk, page
from sandbox.slack.people import Json


def auth_test(desk: Desk, arguments: Arguments) -> Json:  # noqa: ARG001
    team, app = desk.workspace.team, desk.app
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": app.name,
        "team_id": team.id,
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def apps_connections_open(desk: Desk, arguments: Arguments) -> Json:  # noqa: ARG001
    return {"url": desk.new_socket()}


def users_info(desk: Desk, arguments: Arguments) -> Json:
    person = desk.person(arguments.required("user"))
    return {"user": desk.user_json(person, locale=arguments.flag("include_locale"))}


def users_lookup_by_email(desk: Desk, arguments: Arguments) -> Json:
    wanted = arguments.required("email").casefold()
    for person in desk.workspace.people.values():
        # Slack finds no one who was deactivated, and no stranger.
        if person.email == wanted and not person.deleted and person.team_id == desk.workspace.team.id:
            return {"user": desk.user_json(person, locale=False)}
    raise SlackError("users_not_found")


def oauth_v2_access(desk: Desk, arguments: Arguments) -> Json:
    """Install the app, again where it was: a code for the tokens that are there already."""
    app, team = desk.app, desk.workspace.team
    if arguments.text("client_id") != app.client_id:
        raise SlackError("invalid_client_id")
    if arguments.text("client_secret") != app.client_secret:
        raise SlackError("bad_client_secret")
    consent = desk.consents.redeem(arguments.required("code"), arguments.text("redirect_uri"))
    app.revoked = False
    return {
        "app_id": app.id,
        "authed_user": {"id": consent.user},
        "scope": ",".join(app.scopes or ()),
        "token_type": "bot",
        "access_token": app.bot_token,
        "bot_user_id": app.bot_user,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def users_list(desk: Desk, arguments: Arguments) -> Json:
    part, cursor = page(list(desk.workspace.people.values()), arguments, 1000, 1000)
    locale = arguments.flag("include_locale")
    members = [desk.user_json(person, locale=locale) for person in part]
    now = int(desk.workspace.now().timestamp())
    return {"members": members, "cache_ts": now, "response_metadata": {"next_cursor": cursor}}


def usergroups_list(desk: Desk, arguments: Arguments) -> Json:
    users, count = arguments.flag("include_users"), arguments.flag("include_count")
    team = desk.workspace.team.id
    return {"usergroups": [group.json(team, users=users, count=count) for group in desk.workspace.groups.values()]}


def usergroups_users_list(desk: Desk, arguments: Arguments) -> Json:
    group = desk.workspace.groups.get(arguments.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}


def team_info(desk: Desk, arguments: Arguments) -> Json:
    team = desk.workspace.team
    if arguments.text("team") not in (None, team.id):
        raise SlackError("team_not_found")
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}}


def bots_info(desk: Desk, arguments: Arguments) -> Json:
    app = desk.app
    if arguments.text("bot") != app.bot_id:
        raise SlackError("bot_not_found")
    bot: Json = {"id": app.bot_id, "deleted": False, "name": app.name, "updated": 1_700_000_000, "app_id": app.id}
    return {"bot": bot | {"user_id": app.bot_user, "icons": {}}}
