"""Households of a place under one of its packs, and helpers for their lives: registered, assessed, ready to sign."""

from datetime import timedelta

from domain.chains import ChainOpened
from domain.command import Command
from domain.exiting import PostExitNotice, ProposeExit, SignExit, TakeExitStep, VerifyExit
from domain.exits import record, scope_of
from domain.fact import Event, Past
from domain.households import Category, Member, RegisterHousehold, VillageListed
from domain.ids import AppointmentId, ChainId, HouseholdId, MemberId, PersonId, RegionId
from domain.indicators import Assessed, AssessIndicators, Assessment, kind_of
from domain.organisation import PersonRegistered
from domain.policy import ExitStep, PolicyAdopted, packaged
from domain.posts import Appointed, Post
from domain.signoff import shown_of
from tests.county import CITY, COUNTY, SINCE, VILLAGE, founding, person
from tests.scenario import Scene

HOME = HouseholdId("household-17")
CADRE = person("officer")
HOUSEHOLD_SIGNERS = ("village-secretary", "village-director", "township-secretary", "township-head")
COUNTY_PAIR = ("county-secretary", "county-magistrate")
CITY_PAIR = ("city-secretary", "city-mayor")


def place(pack: str, *more: Event) -> Scene:
    """The county in post under a pack of its own, with an office of its city that oversees it."""
    adopted = PolicyAdopted(region=COUNTY, policy=packaged(pack), since=SINCE)
    return Scene(*founding(), adopted, *appointed_at("city-headquarters", Post.HEADQUARTERS, CITY), *more)


def appointed_at(name: str, post: Post, region: RegionId) -> tuple[Event, Event]:
    return (
        PersonRegistered(person=person(name), name=name, region=region),
        Appointed(
            appointment=AppointmentId(f"appointment-{name}"),
            person=person(name),
            post=post,
            region=region,
            unit=None,
            since=SINCE,
        ),
    )


def member(number: int, household: HouseholdId = HOME) -> Member:
    return Member(
        member=MemberId(f"member-{household.removeprefix('household-')}-{number}"), commitment=f"{number:064x}"
    )


def household(scene: Scene, name: HouseholdId = HOME, people: int = 3, region: RegionId = VILLAGE) -> HouseholdId:
    command = RegisterHousehold(
        household=name,
        region=region,
        hamlet="甲江屯",
        category=Category.REGISTERED,
        members=tuple(member(number, name) for number in range(people)),
        identified_on=scene.today - timedelta(days=300),
    )
    scene.when(command, person("clerk") if region == VILLAGE else person("other-clerk"))
    return name


def assess(scene: Scene, subject: Assessed, met: bool = True, **values: int) -> None:
    """Every indicator of the place for this kind of object that people assess."""
    facts = [fact.event for fact in scene.store.facts((PolicyAdopted,))]
    pack = [event.policy for event in facts if isinstance(event, PolicyAdopted)][-1]
    rules = pack.indicators(kind_of(subject)).values()
    own = tuple(
        Assessment(indicator=rule.code, met=met, value=values.get(rule.code)) for rule in rules if not rule.computed
    )
    if own:
        scene.when(AssessIndicators(subject=subject, assessments=own, assessed_on=scene.today), person("headquarters"))


def shown(scene: Scene, subject: Assessed) -> Past:
    """What a signer of this subject's exit is shown now."""
    past = Past()
    for _ in range(3):
        past = scene.store.read(scope_of(past, subject)).facts
    return record(past, subject)


def sign(scene: Scene, subject: Assessed, chain: ChainId) -> SignExit:
    seen = shown_of(shown(scene, subject))
    return SignExit(chain=chain, opinion="同意退出", shown=seen.position, shown_digest=seen.digest)


def sign_all(scene: Scene, subject: Assessed, chain: ChainId, *names: str) -> None:
    for name in names:
        scene.when(sign(scene, subject, chain), person(name))


def propose(scene: Scene, subject: Assessed, by: str) -> ChainId:
    chain = ChainId(f"chain-exit-{scene.store.head()}")
    scene.when(ProposeExit(chain=chain, subject=subject, statement="已达到退出标准"), person(by))
    return chain


def review(chain: ChainId, scene: Scene, **changes: object) -> Command:
    asked: dict[str, object] = {
        "chain": chain,
        "step": ExitStep.DEMOCRATIC_REVIEW,
        "passed": True,
        "present": 30,
        "in_favour": 28,
        "findings": "到会户代表评议通过",
        "taken_on": scene.today,
    }
    return TakeExitStep.model_validate({**asked, **changes})


def step(chain: ChainId, scene: Scene, name: ExitStep, **changes: object) -> TakeExitStep:
    return TakeExitStep(chain=chain, step=name, passed=True, findings="属实", taken_on=scene.today).model_copy(
        update=changes
    )


def verify(chain: ChainId, scene: Scene) -> VerifyExit:
    return VerifyExit(chain=chain, passed=True, findings="入户核实,情况属实", checked_on=scene.today)


def notice(chain: ChainId, scene: Scene) -> PostExitNotice:
    return PostExitNotice(chain=chain, posted_on=scene.today, place="村务公开栏")


def on_notice(scene: Scene, chain: ChainId, by: PersonId) -> None:
    """The notice, posted and run out."""
    scene.when(notice(chain, scene), by)
    opened = scene.about(chain).of(ChainOpened)[0].event
    assert isinstance(opened, ChainOpened)
    scene.later(days=opened.notice_days + 1)


def ready_to_sign(scene: Scene, name: HouseholdId = HOME) -> ChainId:
    """A household's exit through every step and its notice."""
    chain = propose(scene, name, "clerk")
    scene.when(review(chain, scene), person("first-secretary"))
    scene.when(verify(chain, scene), person("member"))
    scene.when(step(chain, scene, ExitStep.CONSENT), person("first-secretary"))
    on_notice(scene, chain, person("first-secretary"))
    return chain


def exited(scene: Scene, name: HouseholdId = HOME) -> ChainId:
    chain = ready_to_sign(scene, name)
    sign_all(scene, name, chain, *HOUSEHOLD_SIGNERS)
    return chain


def listed(region: RegionId = VILLAGE) -> VillageListed:
    return VillageListed(region=region, since=SINCE)
