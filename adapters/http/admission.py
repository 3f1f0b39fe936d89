"""入口: who a request comes from. People carry a session in a cookie, programs a token in ``Authorization``.

A cookie is sent by the browser whoever made it ask, so what changes something also carries the session's CSRF token:
in the header ``X-CSRF-Token``, or in a form's field.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Application
from adapters.http.gathering import Gathering
from adapters.http.problems import Problem
from adapters.identity.accounts import SignedIn
from adapters.identity.admission import Identity, NotAdmitted, csrf_fits
from domain.ids import PersonId

CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Entrance:
    """The way in. Each call looks the account up, so but for one they block: call them from a thread."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.secure = application.settings.secure_cookies
        # The prefix makes browsers refuse the cookie from a neighbouring host or over plain HTTP.
        self.cookie = "__Host-taizhang" if self.secure else "taizhang"
        self._identities = Gathering(self._identify_all, "identities")

    def _identify_all(self, shown: Sequence[str]) -> Sequence[Identity | NotAdmitted]:
        return self.application.accounts.identify_all(shown, self.application.now())

    def session_of(self, request: Request) -> str | None:
        """The session's secret, if the request carries one and no token besides."""
        return None if "authorization" in request.headers else request.cookies.get(self.cookie)

    def identity(self, request: Request) -> Identity:
        """Whose request this is. Raises NotAdmitted or Problem 401; 403 for a change without its CSRF token."""
        found = self.application.accounts.identify(self._shown(request), self.application.now())
        return self._admitted(request, found)

    def _shown(self, request: Request) -> str:
        """The session's or token's secret. Raises Problem 401 where there is none."""
        secret = self.session_of(request)
        if secret is not None:
            return secret
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(401, "not_signed_in", "请先登录")
        return token.strip()

    def _admitted(self, request: Request, found: Identity) -> Identity:
        secret = self.session_of(request)
        if secret is None and found.via != "token":
            raise NotAdmitted("token_refused", "令牌无效、已过期或已撤销")
        if secret is not None and found.via != "session":
            raise NotAdmitted("session_ended", "登录已失效,请重新登录")
        if secret is not None and request.method not in _SAFE:
            self.no_forgery(request, request.headers.get(CSRF_HEADER, ""))
        request.state.person = found.person
        return found

    def no_forgery(self, request: Request, given: str) -> None:
        """Raises Problem 403 unless ``given`` was made for the session that the request carries."""
        secret = self.session_of(request)
        if secret is None or not csrf_fits(secret, given):
            raise Problem(403, "csrf_refused", "页面已过期,请刷新后重试")

    def reader(self, request: Request) -> PersonId:
        """The person who looks. Raises as ``identity`` does, and NotAdmitted for who is no person here, or has yet to
        choose a password."""
        found = self.identity(request)
        if found.person is None:
            raise NotAdmitted("administrator_cannot_act", "管理员账号不能查看业务,请使用本人的业务账号")
        if found.must_change:
            raise NotAdmitted("password_must_change", "请先修改初始密码")
        return found.person

    def actor(self, request: Request) -> PersonId:
        """The person who acts. Raises as ``identity`` and ``Identity.acting`` do."""
        return self.identity(request).acting()

    async def actor_among_others(self, request: Request) -> PersonId:
        """``actor``, looked up together with who else comes in at the moment. Does not block."""
        return self._admitted(request, await self._identities.ask(self._shown(request))).acting()

    def let_in(self, response: Response, signed_in: SignedIn) -> None:
        response.set_cookie(
            self.cookie,
            signed_in.secret,
            max_age=int(self.application.accounts.limits.absolute.total_seconds()),
            httponly=True,
            secure=self.secure,
            samesite="lax",
        )

    def let_out(self, response: Response) -> None:
        response.delete_cookie(self.cookie, httponly=True, secure=self.secure, samesite="lax")
