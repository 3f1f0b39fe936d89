"""普查: what a generated place has come to, counted as its facts go by."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from domain.fact import Event
from domain.households import HouseholdRegistered
from domain.ids import PersonId
from domain.organisation import PersonRegistered
from domain.posts import Appointed, LedgerOpened, Post
from domain.regions import RegionEstablished


@dataclass
class Census:
    """普查: ``cadres`` are those registered in a county or below, ``offices`` who was first appointed to each post."""

    regions: Counter[str] = field(default_factory=Counter)
    cadres: int = 0
    households: int = 0
    people: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    offices: dict[Post, tuple[PersonId, str]] = field(default_factory=dict)
    _met: PersonRegistered | None = None

    def count(self, event: Event) -> None:
        self.facts[event.type] += 1
        match event:
            case RegionEstablished(region=region):
                self.regions[region.level] += 1
            case PersonRegistered(region=region):
                self.cadres += region.at("county") is not None
                self._met = event
            case LedgerOpened():
                self._hold(Post.ORGANISER)
            case Appointed(post=post):
                self._hold(post)
            case HouseholdRegistered(members=members):
                self.households += 1
                self.people += len(members)

    def _hold(self, post: Post) -> None:
        """Whoever was registered last: they are put in post at once."""
        if self._met:
            self.offices.setdefault(post, (self._met.person, self._met.name))

    @property
    def figures(self) -> dict[str, Any]:
        """What there is of each, in numbers."""
        return {
            "counties": self.regions["county"],
            "towns": self.regions["township"],
            "villages": self.regions["village"],
            "poor_villages": self.facts["village.listed"],
            "households": self.households,
            "people": self.people,
            "cadres": self.cadres,
            "facts": self.facts.total(),
        }
