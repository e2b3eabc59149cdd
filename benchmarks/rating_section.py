"""What `RESULTS.md` says of the arithmetic of ratings."""

from benchmarks.measuring import Results
from benchmarks.tables import figure, table, times


def linked_section(results: Results) -> str:
    """How well and how fast one rating with a leaning for each race foretells, beside a rating for each entry."""
    linked: Results = results["linked"]
    ways = {
        "truth": "who knows the true strengths",
        "linked": "**one rating with a leaning for each race**",
        "separate": "Glicko-2 for each entry",
    }
    rows = [
        [
            name,
            f"{linked['log_loss'][way]:.4f}",
            f"{linked['log_loss_of_a_new_race'][way]:.4f}",
            figure(linked["us_a_game"][way]) if way in linked["us_a_game"] else "–",
        ]
        for way, name in ways.items()
    ]
    return f"""
## Races together or apart

{linked["communities"]} made-up communities of {linked["players"]} players with {linked["races"]} races,
{figure(linked["games"])} games each: log-loss of told odds on the last three tenths (standard error of the difference
{linked["standard_error_of_the_difference"]:.4f}), and on all games with a new race of a player who is known
by others.
Arithmetic is the least of several rounds in turn, in this process's own time; the linked rating takes
{times(linked["times_glicko2"])} Glicko-2's.

{table(["", "log-loss", "new race", "µs a game"], rows)}"""


def _apart(section: Results) -> str:
    if "apart" not in section:
        return ""
    apart: Results = section["apart"]
    machine, changed = apart["machine"], " with uncommitted changes" if apart["uncommitted_changes"] else ""
    return (
        f"\nMeasured apart from the other sections: {machine['processor']}, {machine['cores']} cores, Python "
        f"{machine['python']}, SQLite {machine['sqlite']}; load average {machine['load_average']} before and "
        f"{machine['load_average_after']} after; commit {apart['commit'][:12]}{changed}, {apart['date']}.\n"
    )
