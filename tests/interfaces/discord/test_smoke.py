import json
from tests.interfaces.discord.conftest import World

async def test_smoke(world: World) -> None:
    await world.ladder.fill(120)
    result = await world.alice.slash(world.channel, "leaderboard")
    print(json.dumps(result.response.components, ensure_ascii=False, indent=1)[:6000])
    result = await world.alice.click(result.response, custom_id="leaderboard:next")
    print(result)
    for name in ("setup","help","delete-my-data"):
        result = await world.alice.slash(world.channel, name)
        print(json.dumps(result.response.components, ensure_ascii=False, indent=0)[:1500])
    p = await world.ladder.joined(world.alice.id, "Alice")
    q = await world.ladder.joined(world.bob.id, "Bob")
    await world.ladder.play(p.id, q.id, times=3)
    result = await world.alice.slash(world.channel, "profile")
    print(json.dumps(result.response.components, ensure_ascii=False, indent=0)[:3500])
