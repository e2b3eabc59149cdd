"""Toprung's speed, measured: `python -m benchmarks` runs everything and writes `results.json` and `RESULTS.md`."""
