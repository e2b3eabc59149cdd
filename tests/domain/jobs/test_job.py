"""What each ending does to a job, and who is next in line."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.jobs.job import (
    BACKOFF_SECONDS_MAX,
    DEATHS_MAX,
    ERRORS_MAX,
    INTERRUPTIONS_MAX,
    BootMoment,
    Failed,
    Finished,
    Interrupted,
    Job,
    JobEnding,
    JobId,
    JobKind,
    JobState,
    Released,
    WorkerDied,
    backoff_seconds,
    ended,
    fair_turn,
    leased,
    retries_at_once_max,
    revived,
)
from toprung.domain.players.player import PlayerId

NOW = BootMoment(boot_id="boot", us=1_000_000)
READY = Job(
    id=JobId(1),
    kind=JobKind.REPLAY,
    payload="x",
    dedup_key="x",
    player_id=PlayerId(1),
    state=JobState.READY,
    turn=0,
    enqueued_at_us=0,
)
endings = st.sampled_from([Failed("a"), WorkerDied("b"), Interrupted("c"), Released()])


def take(job: Job) -> Job:
    return leased(job, instance_id="one", until=NOW.after_seconds(10))


def end(job: Job, ending: JobEnding, chance: float = 0.5) -> Job:
    return ended(take(job), ending, now=NOW, now_us=7, chance=chance)


@given(st.lists(endings, max_size=40), st.floats(0, 1))
def test_what_is_counted_only_grows_and_every_kind_of_trouble_has_an_end(told: list[JobEnding], chance: float) -> None:
    job = READY
    for ending in told:
        if job.state is JobState.DEAD:
            break
        after = end(job, ending, chance)
        counts = [(one.attempt, one.errors, one.deaths, one.interruptions) for one in (job, after)]
        assert all(old <= new for old, new in zip(*counts, strict=True))
        assert after.attempt == job.attempt + 1
        assert sum(counts[1][1:]) - sum(counts[0][1:]) == (not isinstance(ending, Released))
        assert after.instance_id is None
        is_over = after.errors >= ERRORS_MAX or after.deaths >= DEATHS_MAX or after.interruptions >= INTERRUPTIONS_MAX
        assert (after.state is JobState.DEAD) == is_over == (after.finished_at_us is not None)
        assert after.is_poison == (after.deaths >= DEATHS_MAX)
        assert after.has_to_wait == (not is_over and isinstance(ending, Failed | WorkerDied))
        job = after


def test_a_finished_job_is_done_whatever_it_went_through() -> None:
    after = end(end(end(READY, Failed("a")), WorkerDied("b")), Finished())
    assert (after.state, after.finished_at_us, after.until) == (JobState.DONE, 7, None)


def test_time_outs_never_make_a_poison() -> None:
    job = READY
    for _ in range(ERRORS_MAX):
        job = end(job, Failed("Reading took longer than 2.5 s."))
    assert (job.state, job.deaths, job.is_poison) == (JobState.DEAD, 0, False)


@given(st.integers(1, 100), st.floats(0, 1))
def test_waiting_doubles_is_spread_and_has_an_end(failures: int, chance: float) -> None:
    seconds = backoff_seconds(failures, chance)
    assert 0 < seconds <= BACKOFF_SECONDS_MAX
    assert backoff_seconds(failures + 1, chance) == min(BACKOFF_SECONDS_MAX, 2 * seconds)
    assert backoff_seconds(failures, 0) <= seconds <= backoff_seconds(failures, 1)


def test_a_revived_job_has_one_try_more() -> None:
    job = READY
    for _ in range(DEATHS_MAX):
        job = end(job, WorkerDied("signal 11"))
    again = revived(job)
    assert (again.state, again.deaths, again.finished_at_us) == (JobState.READY, DEATHS_MAX, None)
    assert end(again, WorkerDied("signal 11")).state is JobState.DEAD
    assert end(again, Finished()).state is JobState.DONE


def test_a_moment_of_another_start_is_over() -> None:
    later = NOW.after_seconds(1)
    assert not later.is_over(NOW)
    assert later.is_over(later)
    assert later.is_over(replace(NOW, boot_id="another"))


def test_a_long_reason_is_cut() -> None:
    assert len(end(READY, Failed("x" * 100_000)).last_error or "") == 500


@given(st.integers(1, 100))
def test_retries_have_half_of_the_workers(workers: int) -> None:
    assert 1 <= retries_at_once_max(workers) <= max(1, workers / 2)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_while_two_players_wait_neither_gets_ahead_by_more_than_one(arrivals: list[int], chance: object) -> None:
    """Jobs come in any order, and are served now and then; players who wait together are served in turn."""
    waiting: list[tuple[int, int, int]] = []  # turn, number, player
    served: list[int] = []
    since: dict[int, dict[int, int]] = {}  # for players who wait: what each had been served when it began to wait
    for number, player in enumerate(arrivals * 2):
        last = max((turn for turn, _, one in waiting if one == player), default=None)
        current = min((turn for turn, _, _ in waiting), default=None)
        if last is None:
            since[player] = {one: served.count(one) for one in range(5)}
        waiting.append((fair_turn(current_turn=current, last_turn_of_player=last), number, player))
        if chance.random() < 0.4:  # type: ignore[attr-defined]  # a Random
            waiting.sort()
            served.append(waiting.pop(0)[2])
        present = {one for _, _, one in waiting}
        for one in present:
            for other in present - {one}:
                begin = {who: max(since[one][who], since[other][who]) for who in (one, other)}
                got = {who: served.count(who) - begin[who] for who in (one, other)}
                assert abs(got[one] - got[other]) <= 2
        for gone in set(since) - present:
            del since[gone]
