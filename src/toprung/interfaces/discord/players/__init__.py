"""Accounts and profiles in Discord."""
