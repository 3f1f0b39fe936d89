"""站点: what every page passes through: who is there, what they may see, how it is set in type, how a refusal looks.

A page is one function from a ``Visit`` to a response. It runs in a thread, from reading to rendering.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import structlog
from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.moments import PATIENCE, moment
from adapters.http.problems import Problem, problem_of
from adapters.identity.admission import Identity, NotAdmitted, csrf_fits, csrf_of
from adapters.proofs.people import proven
from adapters.web import formats
from adapters.web.forms import PRIVATE
from adapters.web.names import Names, names_of
from adapters.web.words import LEVEL_NAMES, tell, title
from domain.command import About, Act, Command
from domain.ids import Id, PersonId, id_of
from domain.organisation import PersonRegistered
from domain.posts import TENURE, Tenure, held
from projections.waiting import Waiter

STATIC: Final = Path(__file__).parent / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"
MOST_FILES, MOST_FIELDS = 20, 300
DOOR: Final = "taizhang-door"
"""The cookie that ties the form for signing in to the browser it was shown in: there is no session yet."""

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_MARKUP = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<[^>]*>)", re.S)
_BESIDE = re.compile(r"^[,:;()]|[,:()]$")
"""Punctuation that stands against an expression, whose value is Chinese as well."""

_log = structlog.stdlib.get_logger("taizhang.pages")


class Punctuation(Extension):
    """Full-width punctuation in the text of templates, which is Chinese throughout; set when one is compiled."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        parts = _MARKUP.split(source)
        return "".join(part if n % 2 else _BESIDE.sub(_wide, formats.typeset(part)) for n, part in enumerate(parts))


_NAMED = re.compile(r"\(?\b((?:issue|case|edition)-[0-9a-z][0-9a-z_-]*)\)?")


_DATED = re.compile(r"(?<![\d-])(?<!如 )([12]\d{3})-(\d\d)-(\d\d)(?!\d)")


def sentence(text: str) -> Markup:
    """A sentence of ours in type: its dates in Chinese, an id in it a way to what it names."""
    dated = _DATED.sub(lambda found: f"{int(found[1])}年{int(found[2])}月{int(found[3])}日", text)
    said = _NAMED.split(formats.typeset(dated).rstrip("。"))
    links = [Markup('\uff08<a href="{}">查看</a>\uff09').format(formats.address(id_of(one))) for one in said[1::2]]
    plain = [escape(part) for part in said[::2]]
    return Markup("").join(part for pair in zip(plain, [*links, Markup("")], strict=True) for part in pair)


def _wide(found: re.Match[str]) -> str:
    return found[0].translate(formats.FULL)


class Viewer(NamedTuple):
    """来人: who is signed in, as which person, with which posts today."""

    identity: Identity
    secret: str
    person: PersonId
    name: str
    held: tuple[Tenure, ...]

    @property
    def csrf(self) -> str:
        return csrf_of(self.secret)


class AsOf(NamedTuple):
    """截至: what a page is true of. ``position`` is none for now; what depends on the day is judged on ``day``."""

    position: int | None
    day: date
    asked: str
    words: str

    @property
    def past(self) -> bool:
        return self.position is not None


@dataclass
class Visit:
    """一次访问"""

    site: "Site"
    request: Request
    found: Viewer | None
    posted: FormData

    @cached_property
    def now(self) -> datetime:
        return self.site.application.now()

    @property
    def today(self) -> date:
        return formats.today(self.now)

    @property
    def viewer(self) -> Viewer:
        assert self.found is not None
        return self.found

    @property
    def waiter(self) -> Waiter:
        return Waiter(self.viewer.person, self.viewer.held, self.today)

    @property
    def act(self) -> Act:
        return Act(self.viewer.identity.acting(), self.now)

    def acting(self, command: Command) -> Act:
        """The one who is there, about to ask for this, with what was verified of the signatures in it."""
        settings = self.application.settings
        return self.act._replace(proven=proven(command, self.application.facts, settings.browsed_at))

    @property
    def application(self) -> Application:
        return self.site.application

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    @cached_property
    def as_of(self) -> AsOf:
        """What ``?as_of=`` asks for: a position, a day (to its end) or a moment in China. Raises Problem 422."""
        asked = self.query("as_of")
        if not asked:
            return AsOf(None, self.today, "", "现在")
        found = moment(self.application, f"{asked}+08:00" if _LOCAL.fullmatch(asked) else asked, None)
        words = (
            f"第{asked}号记录"
            if asked.isdigit()
            else formats.moment(found.at)
            if "T" in asked
            else formats.day(found.day)
        )
        return AsOf(found.position, found.day, asked, words)

    def names(self, ids: Iterable[Id | None]) -> Names:
        with self.application.pool.connection() as connection:
            return names_of(connection, ids)

    def settled(self, position: int) -> None:
        """Waits until the ledgers hold a position, so that people see what they have just written."""
        self.application.projector.wait_for(position, PATIENCE)

    def render(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        return self.site.render(self, template, status, **context)


Perform = Callable[[Visit], Response]
Door = Literal["person", "account", "open"]
"""Who may come: someone in business, anyone with an account, anyone at all."""


class Site:
    """站点"""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.entrance = Entrance(application)
        self.router = APIRouter(include_in_schema=False)
        self.marks = {path.name: sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.iterdir()}
        self.templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Punctuation],
        )
        for filter in (formats.day, formats.moment, formats.money, formats.points, formats.share, formats.size):
            self.templates.filters[filter.__name__] = filter
        self.templates.filters |= {
            "typeset": formats.typeset,
            "sentence": sentence,
            "said": formats.deadline,
            "address": formats.address,
        }
        self.templates.globals |= {
            "left": formats.left,
            "countdown": formats.countdown,
            "fingerprint": formats.fingerprint,
            "title_of": title,
            "tell": tell,
            "level_names": LEVEL_NAMES,
            "static": lambda name: f"/static/{name}?v={self.marks[name]}",
        }

    def page(self, path: str, perform: Perform, *, door: Door = "person", method: str = "GET") -> None:
        async def endpoint(request: Request) -> Response:
            return await self._visited(request, perform, door)

        self.router.add_api_route(path, endpoint, methods=[method], name=perform.__name__)

    async def _visited(self, request: Request, perform: Perform, door: Door) -> Response:
        visit = Visit(self, request, None, FormData())
        try:
            if request.method == "POST" and (door == "open" or self.entrance.session_of(request)):
                visit.posted = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
            return await run_in_threadpool(self._answered, visit, perform, door)
        except Exception as error:
            return await run_in_threadpool(self._refused, visit, error)
        finally:
            await visit.posted.close()

    def _answered(self, visit: Visit, perform: Perform, door: Door) -> Response:
        if door != "open":
            visit.found = self.viewer(visit.request, door)
            if visit.request.method == "POST":
                self.entrance.no_forgery(visit.request, str(visit.posted.get("csrf", "")))
        return perform(visit)

    def viewer(self, request: Request, door: Door) -> Viewer:
        """Who is signed in. Raises NotAdmitted for who is not, or may not see this page."""
        secret = self.entrance.session_of(request)
        if secret is None:
            raise NotAdmitted("session_ended", "请先登录")
        identity = self.application.accounts.identify(secret, self.application.now())
        if identity.via != "session":
            raise NotAdmitted("session_ended", "请先登录")
        request.state.person = identity.person
        if door == "account":
            return Viewer(identity, secret, identity.person or PersonId("person-none"), identity.login, ())
        if identity.person is None:
            raise NotAdmitted("administrator_cannot_act", "管理员账号不办理、不查看业务,请使用本人的业务账号")
        if identity.must_change:
            raise NotAdmitted("password_must_change", "请先修改初始密码")
        past = self.application.facts.read((About(identity.person, (PersonRegistered, *TENURE)),)).facts
        name = next((e.name for e in past.events if isinstance(e, PersonRegistered)), identity.login)
        today = formats.today(self.application.now())
        return Viewer(identity, secret, identity.person, name, held(past, identity.person, today))

    def render(self, visit: Visit, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        viewer = visit.found
        html = self.templates.get_template(template).render(
            viewer=viewer,
            csrf=viewer.csrf if viewer else "",
            now=visit.now,
            today=visit.today,
            path=visit.request.url.path,
            request_id=visit.request.scope.get("request_id", ""),
            query=dict(visit.request.query_params),
            fresh_key=uuid4().hex,
            **context,
        )
        return HTMLResponse(html, status)

    def _refused(self, visit: Visit, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status_code >= 500:
            _log.exception("page_failed", exc_info=error)
        if problem.code == "session_ended":
            return self.sign_in_first(visit)
        if problem.code == "password_must_change":
            return RedirectResponse("/password", 303)
        return self.problem_page(visit, problem)

    def problem_page(self, visit: Visit, problem: Problem) -> Response:
        """The refusal as a page, with its sentence and the request's id."""
        response = self.render(visit, "problem.html", problem.status_code, problem=problem)
        for name, value in (problem.headers or {}).items():
            response.headers[name] = value
        return response

    def sign_in_first(self, visit: Visit) -> Response:
        """To the door; what was typed into a form meanwhile is carried along, so that an evening's entry is not lost
        to a session that ended. Never what another site made the browser send, and no villager's values."""
        request = visit.request
        if request.method != "POST":
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/login" + ("" if wanted == "/" else f"?{urlencode({'next': wanted})}"), 303)
        origin = request.headers.get("origin", "")
        own = origin.partition("://")[2] == request.headers.get("host", "-")
        said = [(n, v) for n, v in visit.posted.multi_items() if isinstance(v, str) and n != "csrf"] if own else []
        typed = [(n, v) for n, v in said if not n.startswith(PRIVATE)]
        return self.door(visit, 401, wanted=request.url.path, typed=typed, sentence="登录已失效,请重新登录")

    def door(
        self,
        visit: Visit,
        status: int = 200,
        *,
        wanted: str = "/",
        typed: Iterable[tuple[str, str]] = (),
        sentence: str = "",
        login: str = "",
    ) -> Response:
        """The form for signing in, tied to this browser."""
        secret = visit.request.cookies.get(DOOR) or uuid4().hex
        response = self.render(
            visit,
            "login.html",
            status,
            door=csrf_of(secret),
            wanted=wanted,
            typed=list(typed),
            sentence=sentence,
            login=login,
        )
        response.set_cookie(
            DOOR, secret, max_age=3600, httponly=True, secure=self.entrance.secure, samesite="lax", path="/login"
        )
        return response

    def at_the_door(self, visit: Visit) -> bool:
        """Whether the form for signing in comes from where it was shown."""
        secret = visit.request.cookies.get(DOOR, "")
        return bool(secret) and csrf_fits(secret, str(visit.posted.get("door", "")))


def see_other(address: str) -> Response:
    return RedirectResponse(address, 303)
