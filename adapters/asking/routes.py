"""路由表: everything that can be asked, declared in one table: OpenAPI, the API's routes and the command line are made
from it."""

import re
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

import domain.accountability as accountability
import domain.appointing as appointing
import domain.attendance as attendance
import domain.books as books
import domain.broadcasts as broadcasts
import domain.commendation as commendation
import domain.escalation as escalation
import domain.exiting as exiting
import domain.households as households
import domain.indicators as indicators
import domain.keys as keys
import domain.meetings as meetings
import domain.monitoring as monitoring
import domain.organisation as organisation
import domain.pledges as pledges
import domain.policy as policy
import domain.rankings as rankings
import domain.rectification as rectification
import domain.regions as regions
import domain.registration as registration
import domain.responsibility as responsibility
import domain.reverse_check as reverse_check
import domain.signoff as signoff
import domain.sweeps as sweeps
import domain.vault as vault
import domain.visits as visits
from adapters.asking import kept
from adapters.asking.counted import Correcting, Counting, Drawing, Listing, Publishing
from adapters.bootstrap import Application
from adapters.http.routing import PREFIX
from adapters.vault.intake import HouseholdIntake, MemberIntake
from domain.command import Act, Command
from domain.fact import Value
from services.ledger import Outcome

_CHINESE = re.compile(r"[一-鿿][一-鿿、]*")
_IN_PATH = re.compile(r"{(\w+)}")


def execute(application: Application, command: Value, act: Act, key: str | None) -> Outcome:
    assert isinstance(command, Command)
    return application.ledger.execute(command, act, key)


class Route(NamedTuple):
    """路由: ``makes`` names the ids of what is created. ``asked`` is what the caller says, where the server works out
    the rest of the command."""

    path: str
    command: type[Command]
    makes: tuple[str, ...] = ()
    asked: type[Value] | None = None
    perform: Callable[[Application, Value, Act, str | None], Outcome] = execute

    @property
    def shape(self) -> type[Value]:
        return self.asked or self.command

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(_IN_PATH.findall(self.path))


ROUTES: Final = (
    Route("/regions", regions.EstablishRegions),
    Route("/regions/{region}/abolition", regions.AbolishRegion),
    Route("/people", organisation.RegisterPerson, makes=("person",)),
    Route("/units", organisation.EstablishUnit, makes=("unit",)),
    Route("/units/{unit}/dissolution", organisation.DissolveUnit),
    Route("/appointments", appointing.Appoint, makes=("appointment",)),
    Route("/appointments/{appointment}/relief", organisation.Relieve),
    Route("/appointments/{appointment}/replacement", appointing.ReplaceMember, makes=("succeeding",)),
    Route("/keys", keys.RegisterKey),
    Route("/keys/{key}/confirmation", keys.ConfirmKey),
    Route("/keys/{key}/revocation", keys.RevokeKey),
    Route("/policies", policy.AdoptPolicy),
    Route("/issues", registration.RegisterIssue, makes=("issue",)),
    Route("/issues/{issue}/assignments", registration.AssignIssue),
    Route("/issues/{issue}/regradings", registration.RegradeIssue),
    Route("/issues/{issue}/withdrawals", registration.WithdrawIssue),
    Route("/issues/{issue}/steps", rectification.PlanStep, makes=("step",)),
    Route("/issues/{issue}/steps/{step}/reports", rectification.ReportStep),
    Route("/issues/{issue}/extensions", rectification.RequestExtension, makes=("extension",)),
    Route("/issues/{issue}/extensions/{extension}/grant", rectification.GrantExtension),
    Route("/issues/{issue}/extensions/{extension}/denial", rectification.DenyExtension),
    Route("/issues/{issue}/escalations", escalation.Escalate, makes=("escalation",)),
    Route("/issues/{issue}/escalations/{escalation}/answers", escalation.AnswerEscalation),
    Route("/issues/{issue}/applications", signoff.ApplyForWriteOff, makes=("chain",)),
    Route("/issues/{issue}/applications/{chain}/checks", signoff.CheckOnSite),
    Route("/issues/{issue}/applications/{chain}/notices", signoff.PostNotice),
    Route("/issues/{issue}/applications/{chain}/objections", signoff.RaiseObjection, makes=("objection",)),
    Route("/issues/{issue}/applications/{chain}/objections/{objection}/answers", signoff.SettleObjection),
    Route("/issues/{issue}/applications/{chain}/signatures", signoff.SignOff),
    Route("/issues/{issue}/applications/{chain}/send-backs", signoff.SendBack),
    Route("/issues/{issue}/applications/{chain}/refusals", signoff.RefuseSignature),
    Route("/issues/{issue}/applications/{chain}/withdrawals", signoff.WithdrawApplication),
    Route("/issues/{issue}/look-backs", signoff.LookBack),
    Route("/days", attendance.ReportDay),
    Route("/leaves", attendance.RequestLeave, makes=("leave",)),
    Route("/leaves/{leave}/approvals", attendance.ApproveLeave),
    Route("/leaves/{leave}/denial", attendance.DenyLeave),
    Route("/leaves/{leave}/withdrawal", attendance.WithdrawLeave),
    Route("/leaves/{leave}/return", attendance.ReturnFromLeave),
    Route("/visits", visits.RecordVisit, makes=("visit",)),
    Route("/regions/{region}/responsible", responsibility.NameResponsible),
    Route("/decisions", meetings.MakeDecision, makes=("decision",)),
    Route("/decisions/{decision}/reports", meetings.ReportDecision),
    Route("/decisions/{decision}/settlement", meetings.SettleDecision),
    Route(
        "/reverse-checks",
        reverse_check.DrawClaims,
        makes=("draw",),
        asked=Drawing,
        perform=Drawing.perform,
    ),
    Route("/reverse-checks/{draw}/findings", reverse_check.CheckClaim),
    Route("/pledges", pledges.SignPledge, makes=("pledge",)),
    Route("/scoring-rules", rankings.AdoptScoringRule, makes=("board",)),
    Route(
        "/boards/{board}/editions",
        rankings.PublishEdition,
        makes=("edition",),
        asked=Publishing,
        perform=Publishing.perform,
    ),
    Route("/editions/{edition}/objections", rankings.ObjectToEdition, makes=("objection",)),
    Route("/editions/{edition}/objections/{objection}/answers", rankings.AnswerObjection),
    Route(
        "/editions/{edition}/corrections",
        rankings.CorrectEdition,
        asked=Correcting,
        perform=Correcting.perform,
    ),
    Route("/cases", accountability.OpenCase, makes=("case",)),
    Route("/cases/{case}/measures", accountability.DecideMeasure, makes=("measure",)),
    Route("/cases/{case}/closure", accountability.CloseCase),
    Route("/measures/{measure}/appeals", accountability.AppealMeasure, makes=("appeal",)),
    Route("/measures/{measure}/appeals/{appeal}/decision", accountability.DecideAppeal),
    Route("/measures/{measure}/lifting", accountability.LiftMeasure),
    Route("/notices", broadcasts.BroadcastNotice, makes=("notice",)),
    Route("/notices/{notice}/retraction", broadcasts.RetractNotice),
    Route("/merits", commendation.GiveMerit, makes=("merit",)),
    Route("/merits/{merit}/revocation", commendation.RevokeMerit),
    Route("/people/{person}/ranks", households.RecordRank),
    Route(
        "/vault/households",
        households.RegisterHousehold,
        makes=("household",),
        asked=HouseholdIntake,
        perform=kept.take_in_household,
    ),
    Route("/households/{household}/categories", households.RecategoriseHousehold),
    Route("/households/{household}/removal", households.RemoveHousehold),
    Route(
        "/vault/households/{household}/members",
        households.AddMember,
        makes=("member",),
        asked=MemberIntake,
        perform=kept.take_in_member,
    ),
    Route("/households/{household}/members/{member}/removal", households.RemoveMember),
    Route("/households/{household}/pairings", households.PairHousehold, makes=("pairing",)),
    Route("/households/{household}/pairings/changes", households.ChangePairing, makes=("pairing",)),
    Route("/households/{household}/pairings/end", households.EndPairing),
    Route("/vault/households/{household}/restriction", vault.RestrictParticulars),
    Route("/vault/households/{household}/release", vault.ReleaseParticulars),
    Route("/vault/households/{household}/erasure", vault.EraseParticulars, perform=kept.erase),
    Route("/villages/{region}/listing", households.ListVillage),
    Route("/villages/{region}/covers", households.AssignCover, makes=("cover",)),
    Route("/villages/{region}/covers/{kind}/end", households.EndCover),
    Route("/households/{household}/surveys", books.SurveyHousehold),
    Route("/households/{household}/items", books.PlanHelp, makes=("item",)),
    Route("/households/{household}/items/{item}/reports", books.ReportHelp),
    Route("/households/{household}/items/{item}/dropping", books.DropHelp),
    Route(
        "/units/{team}/task-lists",
        books.PublishTaskList,
        makes=("tasklist",),
        asked=Listing,
        perform=Listing.perform,
    ),
    Route("/assessments", indicators.AssessIndicators),
    Route("/sweeps", sweeps.OpenSweep, makes=("sweep",)),
    Route("/sweeps/{sweep}/households/{household}/visits", sweeps.SweepHousehold),
    Route("/sweeps/{sweep}/conclusion", sweeps.ConcludeSweep),
    Route("/households/{household}/clues", monitoring.ReportClue, makes=("clue",)),
    Route("/households/{household}/clues/{clue}/notices", monitoring.PostClueNotice),
    Route("/households/{household}/clues/{clue}/identification", monitoring.IdentifyRisk),
    Route("/households/{household}/clues/{clue}/dismissal", monitoring.DismissClue),
    Route("/households/{household}/clues/{clue}/release", monitoring.ReleaseRisk),
    Route("/exits", exiting.ProposeExit, makes=("chain",)),
    Route("/exits/{chain}/steps", exiting.TakeExitStep),
    Route("/exits/{chain}/checks", exiting.VerifyExit),
    Route("/exits/{chain}/notices", exiting.PostExitNotice),
    Route("/exits/{chain}/objections", exiting.ObjectToExit, makes=("objection",)),
    Route("/exits/{chain}/objections/{objection}/answers", exiting.SettleExitObjection),
    Route("/exits/{chain}/signatures", exiting.SignExit),
    Route("/exits/{chain}/send-backs", exiting.SendBackExit),
    Route("/exits/{chain}/refusals", exiting.RefuseExit),
    Route("/exits/{chain}/withdrawals", exiting.WithdrawExit),
    Route("/exits/{chain}/ruling", exiting.RecordRuling),
    Route("/exits/{chain}/announcement", exiting.AnnounceExit),
    Route("/exits/{chain}/voiding", exiting.VoidExit),
    Route(
        "/incidences",
        exiting.RecordIncidence,
        makes=("incidence",),
        asked=Counting,
        perform=Counting.perform,
    ),
    Route("/evaluations", exiting.RecordEvaluation),
)

ELSEWHERE: Final = {
    "OpenLedger": "建台由管理服务器的人办理:taizhang open",
    "ImportWorkbook": f"导入表格须先预览:taizhang import,或 {PREFIX}/imports",
    "CompareRoster": f"比对须上传名册:taizhang compare,或 {PREFIX}/comparisons",
}
"""Commands without a route of this table, and why."""


def area_of(command: type[Command]) -> str:
    """The field's term for what a command belongs to: the Chinese at the head of its module."""
    found = _CHINESE.search(sys.modules[command.__module__].__doc__ or "")
    return found[0] if found else command.__module__
