"""The sandbox: vendors' doors on loopback, and the one world behind them."""

import ssl
from collections.abc import Mapping
from typing import Literal, Self

from sandbox import emailcar, itnio
from sandbox.clock import WorldClock
from sandbox.emailcar import EmailCar
from sandbox.faults import Faults
from sandbox.itnio import Itnio
from sandbox.seeds import SEEDS
from sandbox.smtp import SmtpServer
from sandbox.umail import console
from sandbox.umail import server as umail
from sandbox.umail.server import UMail
from sandbox.wire import Answer, Door, Name, Received, loopback
from sandbox.world import World

DoorName = Literal["umail", "emailcar", "itnio"]


class Sandbox:
    """A running sandbox, in the caller's event loop.

    `umail` and `umail_v3` are one door: the credentials tell the dialects apart. `requests` grows with every request
    received, oldest first; clear it as you like.
    """

    def __init__(self, clock: WorldClock, world: World, certificate: ssl.SSLContext | None = None) -> None:
        self.clock = clock
        self.world = world
        self.faults = Faults()
        self.requests: list[Received] = []

        def door(base: str, name: Name, answer: Answer) -> Door:
            return Door(base, name, answer, around=self.faults.around, clock=clock, log=self.requests)

        self.umail = door(umail.BASE, umail.name, UMail(world).answer)
        self.umail.beside(console.PATH, console.Console(world, clock, self.requests).serve)
        self.umail_v3 = self.umail
        self.emailcar = door(emailcar.BASE, emailcar.name, EmailCar(world).answer)
        self.itnio = door(itnio.BASE, itnio.name, Itnio(world).answer)
        self.smtp = SmtpServer(world, certificate)

    @classmethod
    async def start(
        cls,
        clock: WorldClock | None = None,
        seed: Literal["demo", "empty"] = "demo",
        host: str = "127.0.0.1",
        ports: Mapping[DoorName, int] | None = None,
        certificate: ssl.SSLContext | None = None,
    ) -> Self:
        """Build the world and listen. Without a clock, real time; a door without a port takes a free one.

        With a certificate, U-Mail's SMTP offers STARTTLS.

        ValueError for a host that is not loopback.
        """
        loopback(host)
        clock = clock or WorldClock.running()
        box = cls(clock, SEEDS[seed](clock), certificate)
        for name, door in box._doors().items():
            await door.open(host, (ports or {}).get(name, 0))
        await box.smtp.open(host)
        return box

    async def stop(self) -> None:
        """Let go of held answers and close every door."""
        self.faults.clear()
        for door in self._doors().values():
            await door.close()
        await self.smtp.close()
        self.world.close()

    def environ(self) -> dict[str, str]:
        """The environment that points app.yaml's accounts at this sandbox."""
        basic, v3 = self.world.umail.values()
        car, itn = self.world.emailcar, self.world.itnio
        mailbox, password = next(iter(basic.mailboxes.items()))
        return {
            "UMAIL_URL": self.umail.url,
            "UMAIL_USERNAME": basic.username,
            "UMAIL_PASSWORD": basic.password,
            "UMAIL_SMTP_HOST": self.smtp.host,
            "UMAIL_SMTP_PORT": str(self.smtp.port),
            # Without a certificate there is no STARTTLS to insist on.
            "UMAIL_SMTP_TLS": "optional",
            "UMAIL_SMTP_USERNAME": mailbox,
            "UMAIL_SMTP_PASSWORD": password,
            "UMAIL_V3_URL": self.umail_v3.url,
            "UMAIL_V3_USERNAME": v3.username,
            "UMAIL_V3_PASSWORD": v3.password,
            "EMAILCAR_URL": self.emailcar.url,
            "EMAILCAR_USERNAME": car.username,
            "EMAILCAR_PASSWORD": car.password,
            "ITNIO_URL": self.itnio.url,
            "ITNIO_APP_ID": itn.app_id,
            "ITNIO_API_KEY": itn.api_key,
            "ITNIO_API_SECRET": itn.api_secret,
        }

    def _doors(self) -> dict[DoorName, Door]:
        return {"umail": self.umail, "emailcar": self.emailcar, "itnio": self.itnio}
