"""Logging: one line an event on stderr, JSON when nobody watches; never a local variable, never a secret."""

import logging
import sys

import structlog


def configure(level: int = logging.INFO) -> None:
    """Set up structlog and the libraries' own loggers."""
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(name)s: %(message)s")
    # Its lines carry whole URLs, and V3.0 has the password's hash in every one.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # In a burst the sweep may still be running when it is due again; the next firing makes up for it.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    watched = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # A plain traceback: the pretty one prints local variables, and those hold everything.
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if watched
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
