"""An exit's chain is checked offline whole: its steps, its conditions, who signed and what the province ruled."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from eventsourcing.dcb.api import DCBEvent

from adapters.facts import encode
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.proofs.bundle import pack
from adapters.proofs.entries import columns_of
from adapters.proofs.gathering import bundle_of
from adapters.proofs.offline import Report, verify_bundle
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Sealer
from adapters.proofs.verdict import Unproven
from domain.chains import Checked, NoticePosted, Phase, SignedOff
from domain.command import Act
from domain.exiting import (
    AnnounceExit,
    RecordEvaluation,
    RecordRuling,
    RefuseExit,
    SendBackExit,
    VoidExit,
    WithdrawExit,
)
from domain.exits import ExitDecided, ExitProposed, ExitRuled, ExitStepTaken
from domain.fact import Event, Recorded
from domain.ids import ChainId, HouseholdId, Id, IncidenceId, RegionId
from domain.indicators import IndicatorAssessed
from domain.keys import KeyConfirmed
from domain.policy import ExitStep, PolicyAdopted
from domain.statements import Assurance
from services.incidence import record
from tests.adapters.proofs.world import Memory, sealed, trusting
from tests.conftest import PostgresServer
from tests.county import COUNTY, VILLAGE, person
from tests.households import (
    CITY_PAIR,
    COUNTY_PAIR,
    HOME,
    HOUSEHOLD_SIGNERS,
    assess,
    exited,
    household,
    listed,
    on_notice,
    place,
    propose,
    ready_to_sign,
    review,
    sign,
    sign_all,
    step,
    verify,
)
from tests.scenario import Scene
from tests.signing import KeyFile, Passkey, confirmed, perform, proof

OTHER = HouseholdId("household-18")


def counted(scene: Scene, region: RegionId, population: int) -> None:
    name = IncidenceId(f"incidence-{scene.store.head()}")
    record(scene.ledger, name, region, population, Act(person("headquarters"), scene.at))


def signed(scene: Scene, chain: ChainId, name: str) -> None:
    """A signature with a key of its person's own."""
    signer = Passkey() if name.endswith("director") else KeyFile()
    confirmed(scene, signer, person(name), person("organiser"))
    command, act = sign(scene, HOME, chain), Act(person(name), scene.at)
    said = command.statement(scene.ledger.stand(command, act)[0], act)
    perform(scene, command.model_copy(update={"signature": signer.sign(said.digest)}), act.by, proof(signer, said))


def story() -> tuple[Memory, dict[str, ChainId]]:
    """A household that exits at its fourth attempt, is found false, and exits again; its village; and its county."""
    scene = place("huaihua", listed())
    household(scene)
    household(scene, OTHER)
    assess(scene, HOME)
    failing = propose(scene, HOME, "clerk")
    scene.when(review(failing, scene, passed=False, in_favour=3), person("first-secretary"))
    refused = ready_to_sign(scene)
    scene.when(RefuseExit(chain=refused, reason="收入不实"), person("village-director"))
    withdrawn = propose(scene, HOME, "clerk")
    scene.when(WithdrawExit(chain=withdrawn, reason="补材料"), person("clerk"))
    chain = ready_to_sign(scene)
    sign_all(scene, HOME, chain, HOUSEHOLD_SIGNERS[0])
    scene.when(SendBackExit(chain=chain, to="check", reason="核实走过场"), person("supervisor"))
    scene.when(verify(chain, scene), person("member"))
    scene.when(step(chain, scene, ExitStep.CONSENT), person("member"))
    on_notice(scene, chain, person("member"))
    for name in HOUSEHOLD_SIGNERS[:2]:
        signed(scene, chain, name)
    sign_all(scene, HOME, chain, *HOUSEHOLD_SIGNERS[2:])
    scene.when(AnnounceExit(chain=chain, announced_on=scene.today, place="村务公开栏"), person("clerk"))
    scene.later(days=20).when(VoidExit(chain=chain, reason="收入虚报", found_on=scene.today), person("inspector"))
    assess(scene, HOME)
    exited(scene)
    assess(scene, OTHER)
    exited(scene, OTHER)
    village = propose(scene, VILLAGE, "clerk")
    scene.when(verify(village, scene), person("headquarters"))
    on_notice(scene, village, person("clerk"))
    counted(scene, VILLAGE, 100)
    sign_all(scene, VILLAGE, village, *COUNTY_PAIR)
    counted(scene, COUNTY, 300_000)
    county = propose(scene, COUNTY, "headquarters")
    scene.when(step(county, scene, ExitStep.CITY_REVIEW), person("city-headquarters"))
    scene.when(verify(county, scene), person("city-headquarters"))
    on_notice(scene, county, person("headquarters"))
    found = {"exited_sampled": 400, "wrong": 3, "others_sampled": 600, "missed": 4, "asked": 1000, "approving": 965}
    evaluation = RecordEvaluation.model_validate({"region": COUNTY, "evaluated_on": scene.today, **found})
    scene.when(evaluation, person("city-headquarters"))
    sign_all(scene, COUNTY, county, *CITY_PAIR)
    ruling = RecordRuling(chain=county, approved=True, document="省政府批复", ruled_on=scene.today)
    scene.when(ruling, person("city-headquarters"))
    return Memory.of(scene), {"household": chain, "refused": refused, "village": village, "county": county}


FACTS, CHAINS = story()


@pytest.fixture(scope="module")
def log(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Bundles]":
    """Bundles of what is in a database, sealed."""
    owner_url = postgres_server.take()
    folder = tmp_path_factory.mktemp("log")
    story_time = [FACTS.facts[0].recorded_at]
    with PostgresRecorder(postgres_server.as_service(owner_url), clock=lambda: story_time[0]) as recorder:
        for at, days in groupby(FACTS.facts, lambda fact: fact.recorded_at):
            story_time[0] = at
            recorder.append([DCBEvent(fact.type, fact.data, fact.tags) for fact in days])
        sealer = Sealer(folder, recorder, origin="ledger.example/county")
        with sealer.alone():
            sealer.seal()
        yield lambda subject: (bundle_of(subject, recorder, sealer.log), folder)
    postgres_server.give_back(owner_url)


Bundles = Callable[[Id], tuple[bytes, Path]]


def checked(log: Bundles, subject: Id) -> Report:
    content, folder = log(subject)
    assert len(content) <= 64 << 10
    report = verify_bundle(content, trusting(folder))
    assert not any("网页" in remark for remark in report.remarks)
    return report


@pytest.mark.parametrize(
    ("kind", "signers"),
    [("household", HOUSEHOLD_SIGNERS), ("village", COUNTY_PAIR), ("county", CITY_PAIR)],
)
def test_the_bundle_of_an_exit_shows_its_chain_whole(log: Bundles, kind: str, signers: tuple[str, ...]) -> None:
    report = checked(log, CHAINS[kind])
    chain = next(one for one in report.chains if one.chain == CHAINS[kind])
    assert chain.phase is Phase.COMPLETE
    assert tuple(one.by for one in chain.signatures if one.counts) == tuple(map(person, signers))
    assert chain.exit is not None
    assert chain.exit.decided_on is not None
    told = "\n".join(report.lines())
    assert CHAINS[kind] in told
    assert "每一步都按当时的规定重新判断过" in told


def test_a_households_bundle_has_every_attempt_of_its_with_how_it_ended(log: Bundles) -> None:
    report = checked(log, HOME)
    assert [chain.phase for chain in report.chains] == [
        Phase.SENT_BACK,
        Phase.REFUSED,
        Phase.WITHDRAWN,
        Phase.COMPLETE,
        Phase.COMPLETE,
    ]
    assert [chain.round for chain in report.chains] == [1, 1, 1, 1, 2]
    voided = report.chains[3]
    assert voided.exit is not None
    assert voided.exit.voided_on is not None
    assert [one.assurance for one in voided.signatures if one.counts] == [
        Assurance.KEY,
        Assurance.PASSKEY,
        Assurance.ACCOUNT,
        Assurance.ACCOUNT,
    ]
    told = "\n".join(report.lines())
    for said in ("拒签 village-director", "退回 supervisor", "退出后又撤销", "(已退回,不再有效)", "签名相符,指纹"):
        assert said in told


def test_a_countys_bundle_holds_nothing_of_who_lives_there(log: Bundles) -> None:
    content, folder = log(CHAINS["county"])
    facts = verify_bundle(content, trusting(folder)).facts
    assert not any(isinstance(tag, HouseholdId) for event in facts.events for tag in event.tags)


# What a keeper of the database might write


Change = Callable[[Recorded], tuple[Event, str]]


def lie(folder: Path, subject: Id, change: Change) -> tuple[str, int | None]:
    """What is wrong with a bundle in which one fact was written otherwise, though everything in it is proven."""
    made = []
    for entry in FACTS.entries():
        event, by = change(entry.fact)
        data = encode(event, Act(person(by), entry.fact.at)).data
        kind, tags = columns_of(data)
        made.append(Stored(entry.position, kind, sorted(tags), data, entry.recorded_at))
    facts = Memory(made)
    sealed(folder, facts)
    proofs = PublishedLog(folder).proofs([fact.position for fact in facts.facts])
    assert proofs is not None
    with pytest.raises(Unproven) as refusal:
        verify_bundle(pack(subject, facts.entries(), proofs), trusting(folder))
    return refusal.value.code, refusal.value.position


HARMLESS = FACTS.entries()[0].fact


def position(kind: type[Event], chain: str | None = None, which: int = 0) -> int:
    found = [
        entry.position
        for entry in FACTS.entries()
        if isinstance(entry.fact.event, kind)
        and (chain is None or getattr(entry.fact.event, "chain", None) == CHAINS[chain])
    ]
    return found[which]


def at(place: int, by: str | None = None, **fields: object) -> Change:
    """This fact says something else, or is somebody else's."""

    def change(fact: Recorded) -> tuple[Event, str]:
        own = fact.by.removeprefix("person-")
        if fact.position != place:
            return fact.event, own
        return fact.event.model_copy(update=fields), by or own

    return change


def without(place: int) -> Change:
    """Something harmless in its place, so that nothing after it moves."""

    def change(fact: Recorded) -> tuple[Event, str]:
        kept = HARMLESS if fact.position == place else fact
        return kept.event, kept.by.removeprefix("person-")

    return change


FIRST = position(SignedOff, "household")
LIES: dict[str, tuple[str, Change, str, int]] = {
    "a step never taken": (
        "household",
        without(position(ExitStepTaken, "household")),
        "step_before_missing",
        position(Checked, "household"),
    ),
    "a vote that came to something else": (
        "household",
        at(position(ExitStepTaken, "household"), in_favour=2),
        "votes_incoherent",
        position(ExitStepTaken, "household"),
    ),
    "checked by who proposed it": (
        "household",
        at(position(Checked, "household"), by="clerk"),
        "own_help",
        position(Checked, "household"),
    ),
    "a notice cut short": (
        "household",
        at(position(NoticePosted, "household"), until=FACTS.entries()[FIRST - 1].fact.on),
        "decided_otherwise",
        position(NoticePosted, "household"),
    ),
    "signed by someone without the post": ("household", at(FIRST, by="first-secretary"), "no_authority", FIRST),
    "signed on other facts": ("household", at(FIRST, shown_digest="0" * 64), "changed_since_shown", FIRST),
    "another opinion over a person's signature": (
        "household",
        at(position(SignedOff, "household", 1), opinion="同意,情况属实"),
        "statement_differs",
        position(SignedOff, "household", 1),
    ),
    "a key that nobody confirmed": (
        "household",
        without(position(KeyConfirmed)),
        "key_not_in_force",
        position(SignedOff, "household", 1),
    ),
    "decided by nothing": ("county", without(position(ExitRuled)), "undecided", position(ExitDecided, "county")),
    "ruled while it was not signed": (
        "county",
        without(position(SignedOff, "county", 1)),
        "no_ruling_due",
        position(ExitRuled),
    ),
    "steps that were not asked for": (
        "county",
        at(position(ExitProposed, "county"), steps=(ExitStep.VERIFICATION,)),
        "decided_otherwise",
        position(ExitProposed, "county"),
    ),
    "a rule that nobody adopted": ("village", without(position(PolicyAdopted, which=-1)), "no_exit_rule", 0),
    "an incidence left out": ("village", without(position(SignedOff, "village", 0) - 1), "changed_since_shown", 0),
    "an indicator never met": (
        "household",
        at(position(IndicatorAssessed), met=False),
        "changed_since_shown",
        0,
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_an_exit_that_cannot_stand_is_refused_though_every_fact_is_proven(tmp_path: Path, what: str) -> None:
    chain, change, code, place = LIES[what]
    found, where = lie(tmp_path, CHAINS[chain], change)
    assert found == code
    assert not place or where == place
