"""Every command, listed; the order is the order of `/edm help`."""

from bot.command import Command
from bot.commands import account, audit, balance, doctor, guide, messages, send, stats, status, task

COMMANDS: tuple[Command, ...] = (
    guide.help_,
    guide.whoami,
    balance.balance,
    account.account,
    task.list_,
    task.show,
    task.pause,
    task.resume,
    task.cancel,
    task.delete,
    stats.stats,
    send.send,
    send.edit,
    send.send_draft,
    send.discard,
    messages.sent,
    messages.message,
    status.status,
    doctor.doctor,
    audit.audit,
)
