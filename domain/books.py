"""The three books 三本台账: 摸排清册, 帮扶计划表 and 帮扶进度表 of every household, and each team's monthly task list.

An issue on a household is a line of its books as it is, and its steps and their reports are the plan and the progress
of that line: what was reported once is entered nowhere again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from pydantic import Field

from domain.command import About, Act, Command, Scope, ahead, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Fen, Past, Recorded, Value
from domain.households import (
    COVER,
    REGISTER,
    CoverAssigned,
    CoverEnded,
    Household,
    HouseholdRegistered,
    HouseholdRemoved,
    OnHousehold,
)
from domain.ids import HouseholdId, IssueId, ItemId, RegionId, TaskListId, UnitId
from domain.issues import (
    Deadline,
    ExtensionGranted,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
)
from domain.organisation import UnitDissolved, UnitEstablished, unit_standing
from domain.posts import FIELD, Post, authorise, authority_of, held
from domain.text import Prose, ShortText


class HouseholdSurveyed(Event, type="household.surveyed"):
    """摸排: why the household is poor, and how it lives."""

    household: HouseholdId
    causes: tuple[ShortText, ...] = Field(min_length=1, max_length=10)
    """致贫原因, the main one first."""
    findings: Prose
    surveyed_on: date
    evidence: tuple[Evidence, ...]


class HelpPlanned(Event, type="help.planned"):
    """制定帮扶计划"""

    household: HouseholdId
    item: ItemId
    category: ShortText
    measure: Prose
    due: date
    planned_funds: Fen | None


class HelpReported(Event, type="help.reported"):
    """报告帮扶进度"""

    household: HouseholdId
    item: ItemId
    progress: Prose
    done: bool
    occurred_on: date
    spent_funds: Fen | None
    evidence: tuple[Evidence, ...]


class HelpDropped(Event, type="help.dropped"):
    """取消帮扶计划: it stays in the book, with the reason."""

    household: HouseholdId
    item: ItemId
    reason: Prose


class Task(Value):
    """任务: an open line of a book. ``entry`` is the number of the plan item or issue, as text: that a list names it
    is no event in its life, and must not change what its signers were shown."""

    entry: ShortText
    region: RegionId
    due: date | None


class TaskListPublished(Event, type="tasklist.published"):
    """下达任务清单: what was open for a team at a position, drawn for one month."""

    tasklist: TaskListId
    team: UnitId
    month: date
    """The first day of the month."""
    cut_off: int = Field(ge=1)
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Item:
    """帮扶计划项: as far as it has come."""

    item: ItemId
    due: date
    planned_on: date
    done_on: date | None = None
    dropped: bool = False

    @property
    def open(self) -> bool:
        return self.done_on is None and not self.dropped


def items(past: Past, household: HouseholdId) -> dict[ItemId, Item]:
    """The plan of a household, item by item."""
    found: dict[ItemId, Item] = {}
    for fact in past.about(household):
        match fact.event:
            case HelpPlanned(item=item, due=due):
                found[item] = Item(item, due, fact.on)
            case HelpReported(item=item, done=True, occurred_on=day):
                found[item] = replace(found[item], done_on=day)
            case HelpDropped(item=item):
                found[item] = replace(found[item], dropped=True)
    return found


PLAN = (HelpPlanned, HelpReported, HelpDropped)


class OnBook(OnHousehold, abstract=True):
    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), About(self.household, PLAN))

    def helped(self, past: Past, act: Act) -> Household:
        """The household, refused to whoever has no part in helping it: its cadre, and those in post in its village
        and township."""
        household = self.present(past)
        cadre = household.pairing.person if household.pairing else None
        if act.by != cadre and not any(
            tenure.post in FIELD and tenure.region.holds(household.region) for tenure in held(past, act.by, act.today)
        ):
            refuse("no_authority", "您不是该户的帮扶责任人,也不在该村、乡镇任职,不能记入该户的台账")
        return household

    def open_item(self, past: Past, item: ItemId) -> Item:
        found = items(past, self.household).get(item) or refuse("unknown_item", "该户没有这项帮扶计划")
        if not found.open:
            refuse("item_not_open", "这项帮扶计划已完成或已取消")
        return found


class SurveyHousehold(OnHousehold):
    """摸排"""

    causes: tuple[ShortText, ...] = Field(min_length=1, max_length=10)
    findings: Prose
    surveyed_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *REGISTER)
        not_future(self.surveyed_on, act, "摸排日期")
        yield HouseholdSurveyed(**dict(self))


class PlanHelp(OnBook):
    """制定帮扶计划"""

    item: ItemId
    category: ShortText
    measure: Prose
    due: date
    planned_funds: Fen | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), About(self.item, (HelpPlanned,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        self.helped(past, act)
        if past.about(self.item).of(HelpPlanned):
            refuse("item_already_planned", "这项帮扶计划已经制定")
        ahead(self.due, act, "完成时限")
        yield HelpPlanned(**dict(self))


class ReportHelp(OnBook):
    """报告帮扶进度"""

    item: ItemId
    progress: Prose
    done: bool
    occurred_on: date
    spent_funds: Fen | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.helped(past, act)
        self.open_item(past, self.item)
        not_future(self.occurred_on, act)
        not_before(self.occurred_on, household.identified_on, "进度日期早于该户识别日期")
        yield HelpReported(**dict(self))


class DropHelp(OnBook):
    """取消帮扶计划"""

    item: ItemId
    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        self.helped(past, act)
        self.open_item(past, self.item)
        yield HelpDropped(**dict(self))


DRAWN = (
    HouseholdRegistered,
    HouseholdRemoved,
    *COVER,
    *PLAN,
    IssueRegistered,
    IssueWithdrawn,
    IssueClosed,
    IssueReopened,
    ExtensionGranted,
)
"""The facts a task list is drawn from."""


@dataclass
class _Open:
    """What is open everywhere, while the facts go by."""

    villages: dict[RegionId, UnitId] = field(default_factory=dict)
    homes: dict[HouseholdId, RegionId] = field(default_factory=dict)
    tasks: dict[ItemId | IssueId, Task] = field(default_factory=dict)
    asleep: dict[IssueId, Task] = field(default_factory=dict)
    """Closed issues, which may come back."""

    def see(self, event: Event) -> None:
        match event:
            case HouseholdRegistered(household=household, region=region):
                self.homes[household] = region
            case HouseholdRemoved(household=household):
                self.homes.pop(household, None)
            case CoverAssigned(kind="team", region=region, unit=unit) if unit:
                self.villages[region] = unit
            case CoverEnded(kind="team", region=region):
                self.villages.pop(region, None)
            case HelpPlanned(household=household, item=item, due=due) if household in self.homes:
                self.tasks[item] = Task(entry=item, region=self.homes[household], due=due)
            case HelpReported(item=item, done=True) | HelpDropped(item=item):
                self.tasks.pop(item, None)
            case IssueRegistered(issue=issue, region=region, deadline=deadline):
                self.tasks[issue] = Task(entry=issue, region=region, due=deadline.due)
            case IssueClosed(issue=issue) | IssueWithdrawn(issue=issue) if issue in self.tasks:
                self.asleep[issue] = self.tasks.pop(issue)
            case IssueReopened(issue=issue, deadline=Deadline(due=due)) if issue in self.asleep:
                self.tasks[issue] = self.asleep.pop(issue).model_copy(update={"due": due})
            case ExtensionGranted(issue=issue, due=due) if issue in self.tasks:
                self.tasks[issue] = self.tasks[issue].model_copy(update={"due": due})


def draw(facts: Iterable[Recorded], team: UnitId) -> tuple[Task, ...]:
    """What is open in the villages a team covers after these facts: what is due first comes first."""
    state = _Open()
    for fact in facts:
        state.see(fact.event)
    own = [task for task in state.tasks.values() if state.villages.get(task.region) == team]
    return tuple(sorted(own, key=lambda task: (task.due or date.max, task.region, task.entry)))


class PublishTaskList(Command):
    """下达任务清单

    What is on it is drawn from the facts up to ``cut_off``, and can be drawn again by anyone. One list a team a month.
    """

    tasklist: TaskListId
    team: UnitId
    month: date
    cut_off: int = Field(ge=1)
    tasks: tuple[Task, ...] = Field(max_length=20_000)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.tasklist, (TaskListPublished,)),
            About(self.team, (UnitEstablished, UnitDissolved, TaskListPublished)),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        team = unit_standing(past, self.team)
        authorise(past, act, team.region, Post.HEADQUARTERS)
        if self.month.day != 1:
            refuse("not_a_month", "月份写该月第一天")
        for event in past.of(TaskListPublished).events:
            if isinstance(event, TaskListPublished) and (
                event.tasklist == self.tasklist or (event.team, event.month) == (self.team, self.month)
            ):
                refuse("tasklist_already_published", "该队本月任务清单已经下达")
        yield TaskListPublished(**dict(self))
