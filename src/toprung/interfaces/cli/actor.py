"""Who is at the terminal."""

import getpass


def terminal_actor() -> str:
    """Who acts, for the audit. A process may run as a user without a name, as in a container."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
