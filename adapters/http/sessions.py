"""登录: sessions for people, and what the one who asks is."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.routing import PREFIX, Told
from adapters.identity.admission import Identity, csrf_of
from domain.command import About, Act
from domain.fact import Value
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.organisation import PersonRegistered
from domain.posts import TENURE, Post, held

Secret = Annotated[SecretStr, Field(max_length=1024)]


class Credentials(BaseModel):
    """登录名与密码"""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=256)
    password: Secret


class NewPassword(BaseModel):
    """改密"""

    model_config = ConfigDict(extra="forbid")

    old: Secret
    new: Secret


class PostHeld(Value):
    """任职"""

    appointment: AppointmentId
    post: Post
    label: str
    region: RegionId
    unit: UnitId | None
    since: date


class Me(Value):
    """本人: the account, the person it acts as, and the posts that person holds today.

    ``csrf`` goes into the header X-CSRF-Token of whatever a session asks to be changed; a token has none.
    """

    login: str
    kind: str
    person: PersonId | None
    name: str | None
    must_change: bool
    scope: str
    csrf: str | None
    posts: tuple[PostHeld, ...]


def sessions(application: Application, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["登录"], route_class=Told)

    def me(identity: Identity, secret: str | None) -> Me:
        person = identity.person
        name: str | None = None
        posts: tuple[PostHeld, ...] = ()
        if person is not None:
            past = application.facts.read((About(person, (PersonRegistered, *TENURE)),)).facts
            names = [e.name for e in past.events if isinstance(e, PersonRegistered) and e.person == person]
            name = names[-1] if names else None
            posts = tuple(
                PostHeld(
                    appointment=tenure.appointment,
                    post=tenure.post,
                    label=tenure.post.label,
                    region=tenure.region,
                    unit=tenure.unit,
                    since=tenure.since,
                )
                for tenure in held(past, person, Act(person, application.now()).today)
            )
        return Me(
            login=identity.login,
            kind=identity.kind,
            person=person,
            name=name,
            must_change=identity.must_change,
            scope=identity.scope,
            csrf=csrf_of(secret) if secret else None,
            posts=posts,
        )

    @router.post("/session", status_code=201)
    def sign_in(credentials: Credentials, request: Request, response: Response) -> Me:
        """登录"""
        signed_in = application.accounts.authenticate(
            credentials.login,
            credentials.password.get_secret_value(),
            application.now(),
            address=request.client.host if request.client else "",
            device=request.headers.get("user-agent", ""),
        )
        request.state.person = signed_in.identity.person
        entrance.let_in(response, signed_in)
        return me(signed_in.identity, signed_in.secret)

    @router.delete("/session", status_code=204)
    def sign_out(request: Request, response: Response) -> None:
        """退出登录"""
        entrance.identity(request)
        if secret := entrance.session_of(request):
            application.accounts.sign_out(secret)
        entrance.let_out(response)

    @router.get("/me")
    def who_am_i(request: Request) -> Me:
        """本人的账号、人员和现任职务"""
        return me(entrance.identity(request), entrance.session_of(request))

    @router.post("/me/password", status_code=204)
    def change_password(given: NewPassword, request: Request, response: Response) -> None:
        """修改密码

        Ends every session of the account.
        """
        identity = entrance.identity(request)
        application.accounts.change_password(
            identity.login, given.old.get_secret_value(), given.new.get_secret_value(), application.now()
        )
        entrance.let_out(response)

    return router
