"""Everything that a made-up ladder answers, written down, so that two states of the program can be held side by side.

`python -m scripts.transcript FOLDER` plays the same season every time and asks the command line, the site, its APIs and
the Discord bot the same things; `diff -r` of two such folders is what a change did to anybody who uses the program.
"""
