"""Who may decide on a request, by the roles of this moment: one may be taken away between two clicks."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from bot.config import Role
from bot.people import People, Person
from bridge.policy import Needs

RECENT = 10.0
"""Seconds for which Slack's word is taken here: many who click at once are asked about once."""


class Deciders:
    """Asks Slack about people anew."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._now = people.anew(RECENT)

    async def may(self, user_id: str, account: str, policy: Mapping[str, Any]) -> bool:
        """Whether somebody has the role approver there, and is among those whom the request's policy asks."""
        return await self._is_asked(user_id, account, policy) is True

    async def lost(self, account: str, policy: Mapping[str, Any], voters: Iterable[str]) -> tuple[str, ...]:
        """Those of the voters who may not any more. While Slack does not tell about somebody, their vote stays."""
        people = [*voters]
        asked = await asyncio.gather(*(self._is_asked(user_id, account, policy) for user_id in people))
        return tuple(user_id for user_id, may in zip(people, asked, strict=True) if may is False)

    async def _is_asked(self, user_id: str, account: str, policy: Mapping[str, Any]) -> bool | None:
        """None: it could not be found out."""
        if user_id[:1] not in "UW" or not user_id.isupper():
            # Somebody at the terminal, where nobody is asked about roles.
            return True
        self._now.team_id = self._people.team_id
        person = await self._now.identify(user_id)
        if person.role(account) < Role.APPROVER:
            return None if person.unread_groups else False
        needs = Needs.read(policy)
        groups = {one for one in needs.who if one.startswith("S")}
        members = {group: await self._now.members(group) for group in groups}
        inside = {group for group, found in members.items() if found is not None and user_id in found}
        if needs.asks({user_id, *inside}):
            return True
        return None if None in members.values() else False

    async def named(self, person: Person, account: str, policy: Mapping[str, Any]) -> bool:
        """The same as `may` for whoever is asking, who at a terminal is nobody that Slack knows."""
        if "terminal" in person.reasons:
            return person.role(account) >= Role.APPROVER
        return await self.may(person.id, account, policy)
