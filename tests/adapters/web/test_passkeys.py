"""Passkeys in a real browser, with a device that the browser itself plays."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread
from time import sleep

import pytest
import uvicorn
from playwright.sync_api import CDPSession, Page, expect

from adapters.http.api import create_api
from domain.chains import SentBack, SignatureRefused, SignedOff
from domain.ids import IssueId
from domain.policy import AdoptPolicy, packaged
from domain.signoff import CheckOnSite
from tests.adapters.web.conftest import Town
from tests.adapters.web.test_browser import Enter, browser, enter, opened, playwright, pytestmark
from tests.county import COUNTY

__all__ = ["browser", "enter", "playwright", "pytestmark"]


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    """The program, served where a browser lets passkeys be used: under this machine's own name."""
    door = socket.create_server(("127.0.0.1", 0))
    origin = f"http://localhost:{door.getsockname()[1]}"
    settings = town.application.settings.model_copy(update={"origin": origin})
    api = create_api(replace(town.application, settings=settings))
    server = uvicorn.Server(uvicorn.Config(api, log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        sleep(0.02)
    yield origin
    server.should_exit = True
    thread.join()


class Device:
    """A device with the person before it, who is verified or is not."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        added = self.session.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self.name: str = added["authenticatorId"]

    def knows_its_person(self, verified: bool) -> None:
        asked = {"authenticatorId": self.name, "isUserVerified": verified}
        self.session.send("WebAuthn.setUserVerified", asked)


def registered(page: Page, label: str) -> str:
    """A passkey registered on its page; the fingerprint that is shown."""
    page.goto("/keys")
    expect(page.get_by_text("通行密钥与网址绑定")).to_have_count(0)
    page.get_by_label("名称").fill(label)
    page.get_by_role("button", name="登记通行密钥").click()
    expect(page.get_by_role("status")).to_contain_text("密钥已登记")
    return page.locator("li", has_text=label).locator(".digest").inner_text()


def confirmed(page: Page, fingerprint: str) -> None:
    page.goto("/keys")
    waiting = page.locator("section", has_text="等待确认的密钥").locator("li", has_text=fingerprint)
    waiting.locator("summary", has_text="确认密钥").click()
    waiting.get_by_label("核对方式").fill("本人到场,核对了工作证和指纹")
    waiting.get_by_role("button", name="已当面核对,确认").click()
    expect(page.get_by_role("status")).to_contain_text("密钥已确认")


def turned(town: Town, issue: IssueId) -> list[SentBack | SignatureRefused]:
    found = (fact.event for fact in town.application.facts.about(issue))
    return [event for event in found if isinstance(event, SentBack | SignatureRefused)]


def signatures(town: Town, issue: IssueId) -> list[SignedOff]:
    return [fact.event for fact in town.application.facts.about(issue) if isinstance(fact.event, SignedOff)]


@pytest.fixture(scope="module")
def demanding(town: Town) -> None:
    """A county where an issue is signed with passkeys or not at all."""
    pack = packaged("county")
    stages = [{**stage.model_dump(), "assurance": "passkey"} for stage in pack.minor.stages]
    body = {**pack.model_dump(), "version": pack.version + 1, "minor": {**pack.minor.model_dump(), "stages": stages}}
    adopt = AdoptPolicy.model_validate({"region": COUNTY, "policy": body, "since": town.today})
    town.when(adopt, "headquarters")


@pytest.mark.usefixtures("demanding")
def test_a_passkey_is_registered_confirmed_face_to_face_and_signs(town: Town, enter: Enter) -> None:
    issue, _ = town.ready()
    signer, headquarters = enter("village-secretary"), enter("headquarters")
    signer.goto(f"/issues/{issue}")
    opened(signer, "签字")
    expect(opened(signer, "签字").get_by_text("本环节须用通行密钥签名")).to_be_visible()
    device = Device(signer)
    confirmed(headquarters, registered(signer, "办公电脑"))

    signer.goto(f"/issues/{issue}")
    form = opened(signer, "签字")
    form.get_by_label("签字意见").fill("同意。\n“请按期复查”")
    device.knows_its_person(False)
    form.get_by_role("button", name="确认签字").click()
    expect(form.get_by_role("alert")).to_contain_text("没有完成设备验证")
    assert not signatures(town, issue)
    device.knows_its_person(True)
    form.get_by_role("button", name="确认签字").click()
    expect(signer.get_by_role("status")).to_contain_text("“签字”已记入台账")
    expect(signer.get_by_text("通行密钥签名", exact=True)).to_be_visible()
    [signed] = signatures(town, issue)
    assert (signed.assurance, signed.opinion) == ("passkey", "同意。\r\n“请按期复查”")


@pytest.mark.usefixtures("demanding")
def test_without_a_confirmed_key_the_account_alone_does_not_sign(town: Town, enter: Enter) -> None:
    issue, _ = town.ready()
    signer = enter("village-director")
    Device(signer)
    registered(signer, "手机")
    signer.goto(f"/issues/{issue}")
    form = opened(signer, "签字")
    form.get_by_label("签字意见").fill("同意")
    form.get_by_role("button", name="确认签字").click()
    expect(signer.locator("#refused")).to_contain_text("本环节须用通行密钥签名")
    assert not signatures(town, issue)


def test_a_lost_passkey_is_revoked_by_its_person(town: Town, enter: Enter) -> None:
    page = enter("township-head")
    Device(page)
    registered(page, "旧手机")
    key = page.locator("li", has_text="旧手机")
    key.locator("summary", has_text="吊销密钥").click()
    key.get_by_label("吊销理由").fill("手机遗失")
    key.get_by_role("button", name="吊销").click()
    expect(page.get_by_role("status")).to_contain_text("密钥已吊销")
    expect(page.locator("li", has_text="旧手机")).to_contain_text("已吊销")


@pytest.mark.usefixtures("demanding")
def test_a_passkey_sends_back_and_refuses_as_it_signs(town: Town, enter: Enter) -> None:
    issue, chain = town.ready()
    signer, headquarters = enter("village-director"), enter("headquarters")
    Device(signer)
    confirmed(headquarters, registered(signer, "村部电脑"))
    for title, button, reason in (("退回", "退回", "核查走过场"), ("拒签", "拒绝签字", "路面又塌了")):
        signer.goto(f"/issues/{issue}")
        form = opened(signer, title)
        if title == "退回":
            form.get_by_label("退回到哪个环节").select_option("check")
        form.get_by_label(f"{title}理由").fill(reason)
        form.get_by_role("button", name=button, exact=True).click()
        expect(signer.get_by_role("status")).to_contain_text(f"“{title}”已记入台账")
        if title == "退回":
            check = {"issue": issue, "chain": chain, "passed": True, "findings": "已通车", "checked_on": town.today}
            town.when(CheckOnSite.model_validate(check), "supervisor")
    assert [event.assurance for event in turned(town, issue)] == ["passkey"] * 2
