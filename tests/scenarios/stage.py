"""A place on its stage: a whole program on a database of its own, played over HTTP by the people in post there."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from starlette.testclient import TestClient

from adapters.bootstrap import Application
from domain.command import Act
from domain.ids import AppointmentId, PersonId, RegionId
from domain.organisation import OpenLedger
from domain.policy import packaged
from domain.posts import Post
from tests.adapters.http.conftest import PASSWORD, Caller, Clock

Cast = Mapping[str, tuple[Post, str]]


def seen(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What a signature sends back of what its signer was shown."""
    return {"opinion": "同意", "shown": shown["position"], "shown_digest": shown["digest"]}


class Stage:
    """A place whose ledger is open, with an organiser in post."""

    def __init__(self, application: Application, web: TestClient, clock: Clock, code: str, name: str) -> None:
        self.application, self.web, self.clock = application, web, clock
        self.region = RegionId(f"region-{code}")
        self.callers: dict[tuple[str, date], Caller] = {}
        self.since = clock.today - timedelta(days=365)
        organiser = PersonId("person-organiser")
        opening = OpenLedger(
            region=self.region,
            name=name,
            organiser=organiser,
            organiser_name="组织部经办人",
            appointment=AppointmentId("appointment-organiser"),
            since=self.since,
        )
        application.ledger.execute(opening, Act(organiser, clock()))
        self.account("organiser")

    def account(self, name: str) -> None:
        self.application.accounts.create_account(name, PASSWORD, self.clock(), person=PersonId(f"person-{name}"))

    def __getitem__(self, name: str) -> Caller:
        # A token of the day: stories outlast the days that one is good for.
        key = (name, self.clock.today)
        if key not in self.callers:
            made = self.application.accounts.create_token(name, "程序", self.clock(), scope="full")
            self.callers[key] = Caller(self.web, made.secret)
        return self.callers[key]

    @property
    def today(self) -> str:
        return str(self.clock.today)

    def day(self, days: int) -> str:
        return str(self.clock.today + timedelta(days=days))

    def regions(self, **names: str) -> None:
        """Places by code: ``c431224="溆浦县"``."""
        places = [{"region": f"region-{code[1:]}", "name": name} for code, name in names.items()]
        self["organiser"].does("/regions", places=places, since=str(self.since))

    def cast(self, people: Cast) -> None:
        office = self["organiser"]
        for name, (post, code) in people.items():
            office.does("/people", person=f"person-{name}", name=name, region=f"region-{code}")
            office.does(
                "/appointments",
                person=f"person-{name}",
                post=post.value,
                region=f"region-{code}",
                since=str(self.since),
            )
            self.account(name)

    def adopts(self, pack: str) -> None:
        policy = packaged(pack).model_dump(mode="json")
        self["organiser"].does("/policies", region=str(self.region), policy=policy, since=str(self.since))

    def household(self, by: str, village: str, people: int, number: int = 0) -> str:
        """A household of so many people on the register; its id."""
        told = self[by].does(
            "/vault/households",
            region=f"region-{village}",
            category="registered",
            members=[{"name": f"第{number}户成员{each}"} for each in range(people)],
            identified_on=str(date(self.clock.today.year - 1, 1, 1)),
        )
        return str(told["ids"]["household"])

    def issue(self, by: str, region: str, *, category: str, days: int, severity: str = "minor") -> str:
        """An issue found today, due in so many days; its id."""
        told = self[by].does(
            "/issues",
            region=f"region-{region}",
            category=category,
            source="排查",
            severity=severity,
            description=f"{category}方面的问题",
            found_on=self.today,
            deadline={"due": self.day(days), "precision": "day", "long_term": False},
        )
        return str(told["ids"]["issue"])

    def write_off(self, issue: str, by: str, checker: str, signers: Iterable[str]) -> None:
        """An issue's measure done, applied for, checked on site, and signed by each in turn."""
        step = self[by].does(f"/issues/{issue}/steps", measure="逐项整改")["ids"]["step"]
        done = {"progress": "已整改到位", "done": True, "occurred_on": self.today}
        self[by].does(f"/issues/{issue}/steps/{step}/reports", **done)
        chain = self[by].does(f"/issues/{issue}/applications", statement="措施已全部完成")["ids"]["chain"]
        path = f"/issues/{issue}/applications/{chain}"
        self[checker].does(f"{path}/checks", passed=True, findings="属实", checked_on=self.today)
        for name in signers:
            self[name].does(f"{path}/signatures", **seen(self[name].get(f"/issues/{issue}").json()["shown"]))

    def exit(self, chain: str) -> dict[str, Any]:
        found: dict[str, Any] = self["organiser"].get(f"/exits/{chain}").json()
        return found

    def signs(self, chain: str, name: str) -> dict[str, Any]:
        """A signature on what is shown now."""
        return self[name].does(f"/exits/{chain}/signatures", **seen(self.exit(chain)["shown"]))

    def refused_to_sign(self, chain: str, name: str, code: str) -> str:
        told = self[name].refused(f"/exits/{chain}/signatures", code, **seen(self.exit(chain)["shown"]))
        return str(told["title"])

    @property
    def head(self) -> int:
        """The position of the last thing that was written, by whomever."""
        return self.application.facts.head()

    def record(self, by: str, person: str) -> dict[str, Any]:
        """A person's record as someone reads it, level with everything that was written."""
        answer = self[by].get(f"/people/person-{person}/record", min_position=self.head)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def lines(self, ledger: str, **where: Any) -> list[dict[str, Any]]:
        """A ledger's lines, level with everything that was written."""
        answer = self["organiser"].get(f"/ledgers/{ledger}", min_position=self.head, limit=500, **where)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["lines"]
        return found
