"""Reading replays, which are files from strangers: only ever in child processes that can do nothing else."""
