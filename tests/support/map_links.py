"""Catalogues whose maps have links."""

from dataclasses import replace

from toprung.domain.game.catalog import Catalog
from toprung.domain.game.map_link import MapLink

PAGE = MapLink(address="https://maps.example.org/a_map?v=2")
AMERICAS = MapLink(address="battlenet:://starcraft/map/1/123456", game_region="Americas")
ASIA = MapLink(address="battlenet:://starcraft/map/3/654321", game_region="Asia")


def with_links(catalog: Catalog, *links: MapLink) -> Catalog:
    """The catalogue, with these links to every map."""
    seasons = [
        replace(season, maps=tuple(replace(one, links=links) for one in season.maps)) for season in catalog.seasons
    ]
    return replace(catalog, seasons=tuple(seasons))
