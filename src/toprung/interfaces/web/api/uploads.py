"""Receiving a file over HTTP from somebody who may send too much, too slowly, or never end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from toprung.interfaces.web.door.errors import BodyTooLarge, UploadTooSlow


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """How large an upload may be and how long it may take: in all, and at the least rate after a moment's grace."""

    bytes_max: int = 5 * 1024 * 1024
    seconds_max: float = 30.0
    grace_seconds: float = 3.0
    bytes_per_second_min: int = 16 * 1024


async def received(chunks: AsyncIterator[bytes], limits: UploadLimits) -> bytes:
    """The whole body. Raises `BodyTooLarge` and `UploadTooSlow` as soon as that is so."""
    body = bytearray()
    started = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(started + limits.grace_seconds) as deadline:
            async for chunk in chunks:
                body += chunk
                if len(body) > limits.bytes_max:
                    raise BodyTooLarge("The file may have at most {most} bytes.", "file", most=limits.bytes_max)
                earned = limits.grace_seconds + len(body) / limits.bytes_per_second_min
                deadline.reschedule(started + min(limits.seconds_max, earned))
    except TimeoutError:
        raise UploadTooSlow(
            "The file came too slowly: it may take {seconds} s, at no less than {rate} bytes a second. Try "
            "again on a better connection.",
            seconds=limits.seconds_max,
            rate=limits.bytes_per_second_min,
        ) from None
    return bytes(body)
