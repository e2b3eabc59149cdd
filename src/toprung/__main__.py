"""`python -m toprung`: the command line."""

from toprung.interfaces.cli.app import create_cli
from toprung.interfaces.cli.terminal.builder import Builder


def main() -> None:
    """Runs the command line and exits."""
    create_cli(_builder)()


def _builder() -> Builder:
    # Imported by the command that runs: `toprung --help` need not wait for a database, a web server and Polars.
    from toprung.bootstrap.builder import Bootstrap

    return Bootstrap()


if __name__ == "__main__":
    main()
