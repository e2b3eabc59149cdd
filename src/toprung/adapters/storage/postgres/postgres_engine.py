"""Engines on a PostgreSQL database, with limits for everything that could otherwise wait for ever."""

import socket
from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from toprung.adapters.storage.limits import LIMITS, StorageLimits
from toprung.domain.errors import InvalidInput

CONNECT_TIMEOUT_SECONDS: Final = 5
STATEMENT_TIMEOUT_MS: Final = 600_000
"""A net below everything: the longest statement of a large import or a recomputation takes a tenth of it at most."""

READING_IDLE_TIMEOUT_MS: Final = 3_600_000
WRITING_IDLE_TIMEOUT_MS: Final = 60_000
"""A writer that stopped in the middle of a transaction holds rows that others wait for, and is sent away after this."""

COMMAND_TIMEOUT_SECONDS: Final = 900
"""How long this side waits for a command's answer where nothing else has ended it: many rows may be one command."""

KEEPALIVE_IDLE_SECONDS: Final = 5
KEEPALIVE_INTERVAL_SECONDS: Final = 2
KEEPALIVE_PROBES_MAX: Final = 3
USER_TIMEOUT_MS: Final = 10_000
"""How long sent data may stay without an acknowledgement before a connection counts as broken."""

GOODBYE_SECONDS_MAX: Final = 0.3
"""How long a connection's polite end may take, over a network that may swallow everything."""

APPLICATION_NAME: Final = "toprung"


def pooled_engine(
    url: str, *, connections_max: int, idle_timeout_ms: int, limits: StorageLimits = LIMITS
) -> AsyncEngine:
    """An engine that keeps so many connections at most. Raises `InvalidInput` for what is no address."""
    return _engine(url, limits, idle_timeout_ms, pool_size=connections_max, max_overflow=0)


def unpooled_engine(url: str, limits: StorageLimits = LIMITS) -> AsyncEngine:
    """An engine whose connections are made for one use each. Raises `InvalidInput` for what is no address."""
    return _engine(url, limits, WRITING_IDLE_TIMEOUT_MS, poolclass=NullPool)


def _engine(url: str, limits: StorageLimits, idle_timeout_ms: int, **pool: Any) -> AsyncEngine:
    settings = {
        "application_name": APPLICATION_NAME,
        "lock_timeout": limits.lock_timeout_ms,
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": idle_timeout_ms,
        # These are for the server's end: a connection whose machine is gone must not keep the writer's lock.
        "tcp_keepalives_idle": KEEPALIVE_IDLE_SECONDS,
        "tcp_keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
        "tcp_keepalives_count": KEEPALIVE_PROBES_MAX,
        "tcp_user_timeout": USER_TIMEOUT_MS,
    }
    try:
        return create_async_engine(
            "postgresql+asyncpg://" + url.split("://", 1)[1],
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT_SECONDS,
                "command_timeout": COMMAND_TIMEOUT_SECONDS,
                "connection_class": _kept_alive(),
                "server_settings": {name: str(value) for name, value in settings.items()},
            },
            **pool,
        )
    except (ArgumentError, ValueError):
        raise InvalidInput(
            "database",
            "This is not the address of a PostgreSQL database; it looks like "
            "postgresql://user:password@host/name, where other signs than letters and digits in user and "
            "password are written as %40 and the like.",
            "postgres_address",
        ) from None  # that error may quote the password


def _kept_alive() -> type[Any]:
    """A class of connections whose end at this side notices that the other one is gone."""
    from asyncpg import Connection  # by who has a PostgreSQL: it takes a while

    class KeptAlive(Connection):  # type: ignore[misc]  # asyncpg has no types
        def __init__(self, protocol: Any, transport: Any, *others: Any) -> None:
            super().__init__(protocol, transport, *others)
            keep_alive(transport.get_extra_info("socket"))

        async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own
            polite = GOODBYE_SECONDS_MAX if timeout is None else min(timeout, GOODBYE_SECONDS_MAX)
            with suppress(TimeoutError):  # it is closed then all the same
                await super().close(timeout=polite)

    return KeptAlive


def keep_alive(own: socket.socket | None) -> None:
    """Has the system look, by itself, whether whoever is at the other end of a TCP connection is still there."""
    if own is None or own.family not in (socket.AF_INET, socket.AF_INET6):
        return
    own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_SECONDS),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES_MAX),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MS),
    ):
        if hasattr(socket, name):  # which of them there are differs by system
            own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
