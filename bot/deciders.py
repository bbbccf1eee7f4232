"""Who may decide on a request, by the roles of this moment: one may be taken away between two clicks."""

import asyncio
from collections.abc import Iterable

from bot.config import Role
from bot.people import People
from bridge.approvals.policy import Needs

RECENT = 10.0
"""Seconds for which Slack's word is taken here: many who click at once are asked about once."""


class Deciders:
    """Asks Slack about people anew."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._now = people.anew(RECENT)

    async def may(self, user_id: str, account: str, needs: Needs) -> bool | None:
        """Whether somebody has the role approver there and is among those asked; None: it cannot be found out."""
        if not is_slack_id(user_id):
            # Whoever is at a terminal is nobody in particular: they might be who asked, or have voted already.
            return False
        self._now.team_id = self._people.team_id
        person = await self._now.identify(user_id)
        if person.role(account) < Role.APPROVER:
            return None if person.unread_groups else False
        members = {one: await self._now.members(one) for one in needs.who if one.startswith("S")}
        inside = {group for group, found in members.items() if found is not None and user_id in found}
        if needs.asks({user_id, *inside}):
            return True
        return None if None in members.values() else False

    async def lost(self, account: str, needs: Needs, voters: Iterable[str]) -> tuple[str, ...]:
        """Those of the voters who may not any more. While Slack does not tell about somebody, their vote stays."""
        people = [*voters]
        asked = await asyncio.gather(*(self.may(user_id, account, needs) for user_id in people))
        return tuple(user_id for user_id, may in zip(people, asked, strict=True) if may is False)


def is_slack_id(user: str) -> bool:
    """Whether it is a person's id at Slack, and no name of a terminal's."""
    return user[:1] in "UW" and user.isupper()
