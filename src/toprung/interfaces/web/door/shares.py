"""What one address may have of the site, and what a token must be: what settings are held against."""

from typing import Final

CONNECTIONS_MAX: Final = 2_000
CONNECTIONS_PER_ADDRESS: Final = 100
STREAMS_PER_ADDRESS: Final = 20

TOKEN_CODE_POINTS_MIN: Final = 16
TOKEN_DIFFERENT_MIN: Final = 6


def checked_token(token: str) -> str:
    """A token that is worth asking for. Raises ValueError with a sentence that does not repeat it."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ValueError("the token may have only letters, digits and signs of ASCII, since it travels in a header")
    if len(token) < TOKEN_CODE_POINTS_MIN or len(set(token)) < TOKEN_DIFFERENT_MIN:
        raise ValueError(
            f"the token must have at least {TOKEN_CODE_POINTS_MIN} characters that nobody guesses, such as "
            "`openssl rand -hex 24` makes; without the setting a new one is made at each start"
        )
    return token
