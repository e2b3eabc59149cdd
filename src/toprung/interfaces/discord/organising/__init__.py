"""The organisers' commands and channels."""
