"""Accounts that several players are named with."""

from hypothesis import given
from hypothesis import strategies as st

from toprung.domain.matches.match import MatchId
from toprung.domain.matches.watch import accounts
from toprung.domain.matches.watch.accounts import NamedAccount, SharedAccount
from toprung.domain.players.player import PlayerId

named = st.builds(
    NamedAccount,
    st.sampled_from(["2-S2-1-1", "2-S2-1-2"]),
    st.integers(1, 3).map(PlayerId),
    st.integers(1, 9).map(MatchId),
)


@given(st.lists(named))
def test_an_account_is_shared_if_more_than_one_player_is_named_with_it(rows: list[NamedAccount]) -> None:
    found = {one.handle: one for one in accounts.shared_accounts(rows)}
    for handle in ("2-S2-1-1", "2-S2-1-2"):
        players = sorted({row.player for row in rows if row.handle == handle})
        matches = sorted({row.match_id for row in rows if row.handle == handle})
        assert (handle in found) == (len(players) > 1)
        if handle in found:
            assert found[handle] == SharedAccount(handle=handle, players=tuple(players), match_ids=tuple(matches))
    assert list(found) == sorted(found)
