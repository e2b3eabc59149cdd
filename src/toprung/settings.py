"""Settings from the environment and a `.env` file; a bad value fails at start, naming the variable."""

import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from toprung.domain.errors import InvalidInput
from toprung.domain.leaderboard.ranks import LETTERS
from toprung.domain.matches.conduct import PenaltyRules
from toprung.domain.matches.match_life import MatchRules
from toprung.domain.matches.watch.limits import WatchLimits
from toprung.domain.moment import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from toprung.domain.replays.replay import REPLAY_BYTES_MAX
from toprung.domain.replays.replay_checks import CheckCode, ReplayPolicy
from toprung.interfaces.web.door.hosts import parse_host_pattern, parse_site_url
from toprung.interfaces.web.door.shares import CONNECTIONS_PER_ADDRESS, STREAMS_PER_ADDRESS, checked_token

T = TypeVar("T")

ENV_PREFIX: Final = "TOPRUNG_"

_SECRET: Final = frozenset({"database", "admin_token", "discord_token"})  # a database's address may hold a password


class Settings(BaseSettings):
    """Every setting of the program. Each is the environment variable of its name with `TOPRUNG_` before it."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    database: str = Field(
        "sqlite:///toprung.db", repr=False, description="Where the ladder is: sqlite:///path or postgresql://..."
    )
    copies_kept: Annotated[int, Field(ge=1, le=1_000)] = Field(
        5, description="How many safety copies of an SQLite database stay; older ones are removed."
    )
    game: str | None = Field(
        None, description="The game's code, or the folder of its data; a database remembers its own."
    )
    games_folder: Path | None = Field(None, description="A folder with further games, one folder each.")
    inactivity_days: Annotated[float, Field(gt=0, le=36_500)] | Literal["off"] = Field(
        14, description="After how many days without a game an entry leaves the leaderboard, or off."
    )
    common_countries: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        None, description="The countries that are offered first, as codes with commas between; at most 49."
    )
    rating_system: Literal["linked", "glicko2", "elo"] | None = Field(
        None, description="How a new ladder rates: linked, glicko2 or elo; a database remembers its own."
    )
    confirm_seconds: Annotated[int, Field(ge=5, le=86_400)] = Field(
        120, description="How long two players have to confirm a match."
    )
    report_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        24, description="How long two players have to report a match that they have begun."
    )
    answer_report_hours: Annotated[float, Field(gt=0, le=720)] = Field(
        24, description="How long a player has to answer the other one's report before it stands."
    )
    answer_replay_minutes: Annotated[float, Field(gt=0, le=43_200)] = Field(
        15, description="How long a player has to answer a claim that a verified replay bears out."
    )
    abort_penalty_minutes: Annotated[float, Field(ge=0, le=1_440)] = Field(
        5, description="How long a player who aborts must wait for the next match (first offence)."
    )
    abandon_penalty_minutes: Annotated[float, Field(ge=0, le=1_440)] = Field(
        10, description="How long a player who does not confirm must wait for the next match (first offence)."
    )
    challenge_minutes: Annotated[float, Field(gt=0, le=1_440)] = Field(
        10, description="How long a challenged player has to answer."
    )
    watch_pair_signal: Annotated[float, Field(ge=0, le=100)] = Field(
        WatchLimits().pair_signal, description="From which signal on `toprung watch` shows an unusual pair."
    )
    watch_player_signal: Annotated[float, Field(ge=0, le=100)] = Field(
        WatchLimits().player_signal, description="From which signal on `toprung watch` shows an unusual player."
    )
    watch_short_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        WatchLimits().short_seconds, description="Below how many seconds `toprung watch` counts a game as short."
    )
    host: str = Field("127.0.0.1", description="The address that the site answers on.")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(8000, description="The port that the site answers on.")
    admin_token: SecretStr | None = Field(
        None, description="The admin API's token; a new one is made at each start if unset."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="The addresses or networks of proxies before the site, with commas between."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="The names that the site answers to, with commas between; those of one's own network if unset."
    )
    site_url: str | None = Field(None, description="Where the public knows the site, as https://ladder.example.org.")
    connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = Field(
        CONNECTIONS_PER_ADDRESS, description="How many connections or open requests one address may have."
    )
    streams_per_address: Annotated[int, Field(ge=1, le=100_000)] = Field(
        STREAMS_PER_ADDRESS, description="How many pages of one address may watch live."
    )
    replay_workers: Annotated[int, Field(ge=0, le=8)] = Field(
        2, description="How many replays are read at a time, each in a process of its own; 0 reads none."
    )
    replay_seconds_max: Annotated[float, Field(gt=0, le=10)] = Field(
        2.5, description="How long reading one replay may take, in seconds, before its process is killed."
    )
    replay_sandbox: Literal["required", "reduced"] = Field(
        "required",
        description="Whether replays are read on a Linux that has neither seccomp nor Landlock: only with `reduced`.",
    )
    replay_gates: Annotated[frozenset[CheckCode], NoDecode] = Field(
        ReplayPolicy().gates, description="The checks that a replay must pass, with commas between; others only inform."
    )
    replay_folder: Path | None = Field(
        None,
        description="Where uploaded replays are kept; beside an SQLite database, else in toprung-replays, if unset.",
    )
    replay_bytes_max: Annotated[int, Field(ge=1024, le=REPLAY_BYTES_MAX)] = Field(
        REPLAY_BYTES_MAX, description="How many bytes a replay may have."
    )
    discord_token: SecretStr | None = Field(None, description="The bot's token; without one there is no bot.")
    discord_server: int | None = Field(None, description="The id of the Discord server that roles are given in.")
    discord_leaderboard_channel: int | None = Field(
        None, description="The id of a channel where one message always shows the leaderboard."
    )
    discord_rank_roles: Annotated[dict[str, int], NoDecode] = Field(
        default_factory=dict, description="The role of each letter rank, as S=id,A=id,...; needs the server."
    )
    discord_admins: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="The Discord ids of organisers, with commas between; needs the server."
    )
    discord_admin_role: int | None = Field(
        None, description="The id of a role whose holders are organisers; needs the server."
    )
    discord_organisers_channel: int | None = Field(
        None, description="The id of the channel where conflicts, dead letters and expired matches announce themselves."
    )
    discord_match_log_channel: int | None = Field(
        None, description="The id of the channel where finished, corrected and voided matches are posted."
    )
    discord_language: str = Field("en", description="The language of what the bot writes into channels.")
    discord_terms_url: str | None = Field(None, description="Where players can read the ladder's terms.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")

    @field_validator("common_countries", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(code.strip().upper() for code in value.split(",") if code.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("admin_token")
    @classmethod
    def _strong(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is None else SecretStr(checked_token(value.get_secret_value()))

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        networks = []
        for part in [part.strip() for part in value.split(",") if part.strip()]:
            try:
                networks.append(ip_network(part, strict=False))
            except ValueError:
                raise ValueError(f"{part!r} is no address like 10.0.0.7 and no network like 172.18.0.0/16") from None
        return networks

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [parse_host_pattern(part) for part in value.split(",") if part.strip()]

    @field_validator("site_url")
    @classmethod
    def _site(cls, value: str | None) -> str | None:
        return value if value is None else parse_site_url(value)

    @field_validator("replay_gates", mode="before")
    @classmethod
    def _known_checks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        codes = {code.strip().lower() for code in value.split(",") if code.strip()}
        unknown = sorted(codes - set(CheckCode))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no check; the checks are {', '.join(CheckCode)}")
        return codes

    @field_validator("discord_rank_roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        letters = [letter.strip().upper() for letter, _, _ in pairs]
        if len(set(letters)) < len(letters) or not set(letters) <= set(LETTERS):
            raise ValueError(f"each of {', '.join(LETTERS)} may be there once, as S=123,A=456")
        return {letter: role.strip() for letter, (_, _, role) in zip(letters, pairs, strict=True)}

    @field_validator("discord_admins", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("discord_admins", "discord_admin_role")
    @classmethod
    def _in_a_server(cls, value: T, info: ValidationInfo) -> T:
        if value and info.data.get("discord_server") is None:
            raise ValueError("organisers are those of one server: set TOPRUNG_DISCORD_SERVER as well")
        return value

    @field_validator("database")
    @classmethod
    def _known_database(cls, value: str) -> str:
        kind, separator, rest = value.partition("://")
        if kind in {"postgresql", "postgres"} and separator and rest:
            return f"postgresql://{rest}"
        if kind == "sqlite" and separator and rest.startswith("/") and len(rest) > 1:
            return value
        raise ValueError("a database is sqlite:///path or postgresql://user@host/name")

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file; None on PostgreSQL. Three slashes lead to a relative path, four to an absolute one."""
        return Path(self.database.removeprefix("sqlite:///")) if self.database.startswith("sqlite:///") else None

    @property
    def match_rules(self) -> MatchRules:
        """How long players have for what."""
        return MatchRules(
            confirm_us=self.confirm_seconds * MICROSECONDS_PER_SECOND,
            report_us=_microseconds(hours=self.report_hours),
            answer_report_us=_microseconds(hours=self.answer_report_hours),
            answer_replay_us=_microseconds(hours=self.answer_replay_minutes / 60),
        )

    @property
    def challenge_us(self) -> int:
        """How long a challenged player has to answer, in microseconds."""
        return _microseconds(hours=self.challenge_minutes / 60)

    @property
    def penalty_rules(self) -> PenaltyRules:
        """What keeping a match from being played costs."""
        return PenaltyRules(
            abort_us=_microseconds(hours=self.abort_penalty_minutes / 60),
            abandon_us=_microseconds(hours=self.abandon_penalty_minutes / 60),
        )

    @property
    def watch_limits(self) -> WatchLimits:
        """What is unusual enough to be shown to organisers."""
        return WatchLimits(
            pair_signal=self.watch_pair_signal,
            player_signal=self.watch_player_signal,
            short_seconds=self.watch_short_seconds,
        )

    @property
    def replay_policy(self) -> ReplayPolicy:
        """What a replay must show to be verified."""
        return ReplayPolicy(gates=self.replay_gates)

    @property
    def replays_may_be_unconfined(self) -> bool:
        """Whether replays are read though neither seccomp nor Landlock holds their readers; only Linux has them."""
        return self.replay_sandbox == "reduced" or sys.platform != "linux"

    @property
    def replay_archive(self) -> Path:
        """The folder of the uploaded replays."""
        beside = self.sqlite_path
        if self.replay_folder is not None:
            return self.replay_folder
        return Path("toprung-replays") if beside is None else beside.with_name(f"{beside.name}.replays")

    @property
    def inactivity_us(self) -> int | None:
        """The inactivity window in microseconds; None where it is off."""
        return None if self.inactivity_days == "off" else round(self.inactivity_days * MICROSECONDS_PER_DAY)


def _microseconds(*, hours: float) -> int:
    return round(hours * 3_600 * MICROSECONDS_PER_SECOND)


def load_settings(**overrides: object) -> Settings:
    """The settings; what is given here, from the command line, goes first. Raises `InvalidInput`, naming it."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic validates them
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        reason = str(first["msg"]).removeprefix("Value error, ")
        name = f"--{field.replace('_', '-')}" if field in given else f"{ENV_PREFIX}{field.upper()}"
        given_value = "" if field in _SECRET else f" (it is {first['input']!r})"
        sentence = "{name}: {problem}."
        raise InvalidInput(field, sentence, "setting", name=name, problem=f"{reason}{given_value}") from None
