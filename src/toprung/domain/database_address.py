"""What may be shown of a database's address: all but the password, however that is written."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, unquote_plus

HIDDEN: Final = "***"

SECRET_CHARACTERS_MIN: Final = 4
"""A shorter password is not looked for in texts: it would be found in every other word."""

# user:password@, of which the password may hold what it should not: slashes, question marks, and the at sign itself.
_IN_ADDRESS: Final = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/?#@]*:)[^\s]*@", re.IGNORECASE)
# password=..., in a query, in a list of names and values, or as a variable of the environment (PGPASSWORD).
_BY_NAME: Final = re.compile(
    r"(?P<head>\b\w*(?:pass|passwd|password|pwd|passphrase|secret)\s*=\s*)(?:'(?:\\.|[^'\\])*'|\"[^\"]*\"|[^\s&;,]+)",
    re.IGNORECASE,
)


def without_password(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `***` for the passwords in what looks like an address or a parameter, and for these secrets."""
    if "://" in text:
        text = _IN_ADDRESS.sub(rf"\g<head>{HIDDEN}@", text)
    if "=" in text:
        text = _BY_NAME.sub(rf"\g<head>{HIDDEN}", text)
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def secrets_in(address: str) -> frozenset[str]:
    """The passwords in a database's address, as they are written there and as they are meant."""
    rest = address.partition("://")[2] or address
    before, _, query = rest.partition("?")
    userinfo = (before if "@" in before else rest).rpartition("@")[0]
    found = [userinfo.partition(":")[2]]
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if _BY_NAME.fullmatch(f"{unquote(name)}=x"):
            found.append(value)
    every = {form for secret in found for form in (secret, unquote(secret), unquote_plus(secret))}
    return frozenset(secret for secret in every if len(secret) >= SECRET_CHARACTERS_MIN)
