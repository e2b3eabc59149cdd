"""Telling Discord the commands, but only when they changed: it allows that a few times a day."""

import hashlib
import json
from typing import Any, Final

import discord
import structlog
from discord import app_commands
from discord.app_commands import TranslationContextTypes, locale_str

from toprung.application.writing.notebook import Notebook
from toprung.interfaces.discord.messages.layouts import OPTION_CHARACTERS_MAX
from toprung.interfaces.discord.messages.markdown import clipped
from toprung.interfaces.texts.texts import DEFAULT_LANGUAGE, Texts

NOTE: Final = "discord_commands"

_log = structlog.get_logger(__name__)


class CommandTranslator(app_commands.Translator):
    """Says what a command does in the language of each of Discord's clients."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        """See `Translator`: the sentence of the code that comes with the English one; None leaves that."""
        language, code = self._texts.language(locale.value), string.extras.get("code")
        if language == DEFAULT_LANGUAGE or code is None:
            return None
        return clipped(self._texts.text(code, language), OPTION_CHARACTERS_MAX)


async def sync_if_changed(tree: app_commands.CommandTree[Any], notebook: Notebook) -> bool:
    """Tells Discord the commands if they differ from what it was told last, and says whether they did."""
    translator = tree.translator
    commands = tree.get_commands()
    payload = [
        command.to_dict(tree) if translator is None else await command.get_translated_payload(tree, translator)
        for command in commands
    ]
    text = json.dumps([tree.client.application_id, payload], sort_keys=True, ensure_ascii=False)
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if await notebook.read(NOTE) == wanted:
        return False
    await tree.sync()
    await notebook.write(NOTE, wanted)
    _log.info("discord_commands_synced", commands=len(commands))
    return True
