"""The Discord bot. The only place that speaks to Discord."""

import warnings

with warnings.catch_warnings():
    # discord.py's voice support imports a module that Python 3.13 drops; we have no voice.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # here first, so that every module below finds it loaded

# Nor is it news that voice will not work.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
