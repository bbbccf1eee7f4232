"""The command line: `edmbot demo | run | exec | check | manifest | migrate`."""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

from bot import memory
from bot.app import Part, open_providers, open_store, serve, terminal
from bot.appyaml import ConfigError, Purpose, load, shipped
from bot.command import Answer
from bot.commands import COMMANDS
from bot.config import Config
from bot.conversation import Request
from bot.line import write
from bot.log import configure
from bot.manifest import manifest
from bot.online import try_online
from bridge.receivers.files import Attachment
from store.engine import OldSchemaError, Store
from store.tables import Outcome
from templates import render

EXIT = {
    Outcome.DONE: 0,
    Outcome.REFUSED: 1,
    Outcome.FAILED: 1,
    Outcome.INTERRUPTED: 1,
    Outcome.NOT_UNDERSTOOD: 2,
    Outcome.UNKNOWN: 3,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; the return value is the exit status."""
    options = _parser().parse_args(argv)
    configure(logging.INFO if options.do is _run else logging.ERROR)
    try:
        status: int = options.do(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    except OldSchemaError as error:
        print(f"{error}; `edmbot migrate` brings it up to date", file=sys.stderr)
        return 1
    except FileExistsError as error:
        print(f"{error.filename} is there already; nothing was written", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edmbot", description="E-mail campaigns, asked about and told of in Slack.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    with_config = argparse.ArgumentParser(add_help=False)
    with_config.add_argument("--config", type=Path, metavar="FILE", help="default: ./app.yaml, else the packaged one")

    demo = commands.add_parser("demo", help="try it: vendors and a Slack in a box, no account needed")
    demo.add_argument("--tour", action="store_true", help="play a short visit in the terminal and exit")
    demo.set_defaults(do=_demo)

    run = commands.add_parser("run", parents=[with_config], help="serve")
    run.add_argument(
        "--role",
        type=Part,
        choices=list(Part),
        default=Part.ALL,
        help="web: answer Slack; worker: watch the vendors and tell people; several processes share one PostgreSQL",
    )
    run.set_defaults(do=_run)

    execute = commands.add_parser("exec", parents=[with_config], help="run a command from the terminal")
    execute.add_argument("--as", dest="user", metavar="USER", help="a Slack id; default: the operator, who is admin")
    execute.add_argument("--yes", action="store_true", help="confirm what would ask for it")
    execute.add_argument("--json", action="store_true", help="print {ok, outcome, account, facts, observed_at, error}")
    execute.add_argument("line", nargs="+", help="such as 'task pause 19124'")
    execute.set_defaults(do=_exec)

    check = commands.add_parser("check", parents=[with_config], help="read app.yaml and name every mistake")
    check.add_argument("--online", action="store_true", help="also try Slack, each account and the way of a click")
    check.set_defaults(do=_check)

    show = commands.add_parser("manifest", parents=[with_config], help="print the Slack app manifest that fits")
    show.add_argument("--url", default="https://edmbot.example.com", help="where Slack reaches this bot")
    show.set_defaults(do=_manifest)

    migrate = commands.add_parser("migrate", parents=[with_config], help="bring the database up to date")
    migrate.set_defaults(do=_migrate)
    return parser


def _run(options: argparse.Namespace) -> int:
    config = load(options.config, os.environ, purpose=Purpose.RUN)

    async def until_told() -> None:
        # Before anything is served, so that no moment is left in which a signal kills.
        stop = _told_to_stop()
        async with serve(config, options.role) as web:
            memory.settle()
            print(f"edmbot serves at {web.url}", flush=True)
            await stop.wait()

    asyncio.run(until_told())
    return 0


def _exec(options: argparse.Namespace) -> int:
    config = load(options.config, os.environ, purpose=Purpose.EXEC)
    for mistake in config.set_aside:
        print(f"set aside: {mistake}", file=sys.stderr)
    line = options.line[0] if len(options.line) == 1 else write(options.line)
    answer = asyncio.run(_execute(config, line, options.user, confirmed=options.yes))
    if answer.attachment is not None:
        _keep(answer.attachment)
    print(json.dumps(_as_json(answer), ensure_ascii=False) if options.json else answer.message.text)
    if answer.once is not None and not options.json:
        print(answer.once.shown.text)
    return EXIT[answer.outcome]


async def _execute(config: Config, line: str, user: str | None, *, confirmed: bool) -> Answer:
    async with terminal(config) as (dispatcher, people):
        request = Request(
            key=str(uuid4()),
            kind="exec",
            user_id=user or "terminal",
            text=line.removeprefix("/edm "),
            confirmed=confirmed,
        )
        run_id = await dispatcher.receive(request)
        if run_id is None:
            raise RuntimeError("a fresh key was taken")
        run = dispatcher.opened(run_id, request)
        person = await people.identify(user) if user else people.operator()
        answer = await dispatcher.run(run, person, request)
        await dispatcher.close(run, answer)
        return answer


def _keep(file: Attachment) -> None:
    """Write a file into this folder; one that is there already is never written over."""
    with file.content, Path(file.name).open("xb") as kept:
        shutil.copyfileobj(file.content, kept)


def _as_json(answer: Answer) -> dict[str, Any]:
    facts: Mapping[str, Any] = answer.facts
    return {
        "ok": answer.outcome is Outcome.DONE,
        "outcome": str(answer.outcome),
        "account": answer.account,
        "facts": _plain(facts),
        "observed_at": _plain(facts.get("observed_at")),
        "error": _plain(answer.error),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Dataclasses, enums and times as JSON has them; None stays null, because unknown is not nothing."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name != "raw"}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def _check(options: argparse.Namespace) -> int:
    config = load(options.config, os.environ, purpose=Purpose.CHECK)
    print(f"{len(config.accounts)} accounts, no mistakes")
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not options.online:
        return 0

    async def online() -> bool:
        async with open_store(config) as store, open_providers(config, store) as providers:
            findings = await try_online(config, list(providers.values()))
            facts = {"findings": findings, "observed_at": await store.now(), "terminal": True}
            print(render("doctor/doctor", config.language, zone=config.timezone, slash=config.slash, **facts).text)
            return not any(finding.wrong for finding in findings)

    return 0 if asyncio.run(online()) else 1


def _manifest(options: argparse.Namespace) -> int:
    config = load(options.config, os.environ, purpose=Purpose.MANIFEST)
    print(json.dumps(manifest(config, options.url), indent=2, ensure_ascii=False))
    return 0


def _migrate(options: argparse.Namespace) -> int:
    config = load(options.config, os.environ, purpose=Purpose.EXEC)

    async def migrated() -> None:
        store = Store(config.database, durability=config.durability)
        try:
            await store.migrate()
        finally:
            await store.close()

    asyncio.run(migrated())
    print("the database is up to date")
    return 0


def _demo(options: argparse.Namespace) -> int:
    return asyncio.run(_play(tour=options.tour))


_SOON = {"EDM_POLL_TASKS": "10s", "EDM_POLL_STATISTICS": "10s", "EDM_POLL_BALANCE": "10s"}
"""In the demo nobody waits a minute to see what a failing task looks like."""


async def _play(*, tour: bool) -> int:
    # The sandbox stands apart: nothing but the demo needs it, so nothing else loads it.
    from sandbox.demo import Demo  # noqa: PLC0415
    from sandbox.page import Word  # noqa: PLC0415

    words = [Word(command.name, command.usage, command.summary) for command in COMMANDS]
    # Before anything is served, so that no moment is left in which a signal kills.
    stop = None if tour else _told_to_stop()
    with tempfile.TemporaryDirectory(prefix="edmbot-") as folder:
        # The workspace grants what the bot asks of a real one, and no more.
        asked = manifest(load(shipped(), {}, purpose=Purpose.MANIFEST), "http://127.0.0.1")
        async with Demo.open(asked) as demo:
            environ = {**demo.environ(), **_SOON, "EDM_DATABASE_URL": f"sqlite:///{folder}/edmbot.db", "EDM_PORT": "0"}
            app_yaml = Path(folder) / "app.yaml"
            app_yaml.write_text(demo.configured(shipped().read_text("utf-8")), "utf-8")
            async with serve(load(app_yaml, environ, purpose=Purpose.RUN)) as web:
                demo.connect(web.url)
                return await demo.show(words, stop) if stop else await demo.tour()


def _told_to_stop() -> asyncio.Event:
    """Set by SIGINT and SIGTERM from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


if __name__ == "__main__":
    sys.exit(main())
