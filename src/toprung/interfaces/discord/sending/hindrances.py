"""What an organiser has to mend before the bot can do its work, as this process has met it."""

from collections.abc import Callable

import structlog

from toprung.interfaces.discord.sending.refusals import Hindrance

_log = structlog.get_logger(__name__)


class Hindrances:
    """The hindrances that this process has met and that are not over. One that lasts is one line in the log."""

    def __init__(self, sentence: Callable[[Hindrance], str]) -> None:
        self._sentence = sentence
        self._current: set[str] = set()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._current)

    def met(self, hindrance: Hindrance, key: str) -> None:
        """Discord refused something because of this; `key` says what."""
        if str(hindrance) in self._current:
            return
        self._current.add(str(hindrance))
        _log.error(
            "discord_hindrance",
            advice=self._sentence(hindrance),
            status=hindrance.status,
            code=hindrance.code,
            place=f"{hindrance.place.kind.value} {hindrance.place.number}",
            key=key,
        )

    def over(self, hindrance: str) -> None:
        """Something that this held up went through."""
        if hindrance in self._current:
            self._current.remove(hindrance)
            _log.info("discord_hindrance_over", hindrance=hindrance)
