"""登录: signing in and out, and choosing a password."""

from typing import Final

from starlette.responses import Response

from adapters.identity.admission import NotAdmitted, csrf_of
from adapters.web.site import Site, Visit, see_other

_CARRIED: Final = "typed."


def access(site: Site) -> None:
    site.page("/login", door_page, door="open")
    site.page("/login", sign_in, door="open", method="POST")
    site.page("/logout", sign_out, door="account", method="POST")
    site.page("/password", password_page, door="account")
    site.page("/password", change_password, door="account", method="POST")


def door_page(visit: Visit) -> Response:
    return visit.site.door(visit, wanted=_inside(visit.query("next")))


def sign_in(visit: Visit) -> Response:
    """Begins a session, and goes on to the page that was wanted, or to the form that was being sent."""
    posted = visit.posted
    login, wanted = str(posted.get("login", "")), _inside(str(posted.get("next", "")))
    typed = [(n.removeprefix(_CARRIED), str(v)) for n, v in posted.multi_items() if n.startswith(_CARRIED)]
    if not visit.site.at_the_door(visit):
        sentence = "页面已过期,请重新输入"
        return visit.site.door(visit, 403, wanted=wanted, typed=typed, sentence=sentence, login=login)
    client = visit.request.client
    try:
        signed_in = visit.application.accounts.authenticate(
            login,
            str(posted.get("password", "")),
            visit.now,
            address=client.host if client else "",
            device=visit.request.headers.get("user-agent", ""),
        )
    except NotAdmitted as refusal:
        return visit.site.door(visit, 401, wanted=wanted, typed=typed, sentence=refusal.sentence, login=login)
    if signed_in.identity.must_change:
        response = see_other("/password")
    elif typed:
        response = visit.render("resend.html", wanted=wanted, typed=typed, token=csrf_of(signed_in.secret))
    else:
        response = see_other(wanted)
    visit.site.entrance.let_in(response, signed_in)
    return response


def _inside(address: str) -> str:
    """An address on this site, or the first page: nobody is sent elsewhere after signing in."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if ours and not address.startswith("/login") else "/"


def sign_out(visit: Visit) -> Response:
    visit.application.accounts.sign_out(visit.viewer.secret)
    response = see_other("/login")
    visit.site.entrance.let_out(response)
    return response


def password_page(visit: Visit) -> Response:
    return visit.render("password.html", sentence="")


def change_password(visit: Visit) -> Response:
    """Changes it, which ends every session, and begins a new one here."""
    old, new, again = (str(visit.posted.get(name, "")) for name in ("old", "new", "again"))
    login = visit.viewer.identity.login
    if new != again:
        return visit.render("password.html", 422, sentence="两次输入的新密码不一致")
    accounts = visit.application.accounts
    try:
        accounts.change_password(login, old, new, visit.now)
    except NotAdmitted as refusal:
        sentence = "原密码不正确" if refusal.code == "sign_in_refused" else refusal.sentence
        return visit.render("password.html", 422, sentence=sentence)
    client = visit.request.client
    signed_in = accounts.authenticate(
        login,
        new,
        visit.now,
        address=client.host if client else "",
        device=visit.request.headers.get("user-agent", ""),
    )
    response = see_other("/")
    visit.site.entrance.let_in(response, signed_in)
    return response
