"""Toprung's promises under violence: `python -m chaos` runs experiments and writes `results.json` and `RESULTS.md`."""
