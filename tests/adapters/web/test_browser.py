"""The pages in a real browser: a whole life of an issue, on a desk and on a phone."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from domain.ids import IssueId
from tests.adapters.web.conftest import PASSWORD, Town

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)

pytestmark = pytest.mark.skipif(
    os.environ.get("TAIZHANG_NO_BROWSER") == "1", reason="TAIZHANG_NO_BROWSER=1: pages are not tried in a browser"
)


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail(
            "no Chromium: install Debian's package (apt-get install chromium fonts-noto-cjk), name one in CHROMIUM, "
            "or set TAIZHANG_NO_BROWSER=1 to leave the browser out"
        )
    return found


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    """The program, served on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(town.api, host="127.0.0.1", port=0, log_config=None))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        sleep(0.02)
    [port] = {socket.getsockname()[1] for one in server.servers for socket in one.sockets}
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    # Chromium writes into the home of whoever runs it; this one has a home of its own.
    home = tmp_path_factory.mktemp("browser")
    env: dict[str, str | float | bool] = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
    }
    browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS), env=env)
    yield browser
    browser.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, address: str) -> Iterator[Enter]:
    """Opens a browser of somebody's own, signed in; whatever a page complains about fails the test."""
    contexts = []
    complaints: list[str] = []

    def entered(name: str, viewport: dict[str, int] = DESK, *, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=address,
            viewport=viewport,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            is_mobile=viewport is PHONE,
            has_touch=viewport is PHONE,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None
        )
        page.goto("/")
        page.get_by_label("登录名").fill(name)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
        return page

    yield entered
    for context in contexts:
        context.close()
    assert not complaints


def opened(page: Page, title: str) -> Page:
    """Unfolds a form of an issue's page."""
    section = page.locator("details.action", has=page.locator("summary", has_text=title)).first
    if section.get_attribute("open") is None:
        section.locator("summary").click()
    return section  # type: ignore[return-value]


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"


def test_an_issue_lives_from_its_registration_to_its_closing(town: Town, enter: Enter, tmp_path: Path) -> None:
    photo = tmp_path / "完工照片.png"
    photo.write_bytes(PNG)
    clerk = enter("clerk")
    clerk.get_by_role("link", name="登记问题").first.click()
    clerk.get_by_label("所在乡镇、村").select_option("region-451226104207")
    clerk.get_by_label("问题类别").fill("道路")
    clerk.get_by_label("问题来源").fill("自查")
    clerk.get_by_label("问题等级").select_option("minor")
    clerk.get_by_label("问题描述").fill("桥头路面塌陷")
    clerk.get_by_label("日期", exact=True).fill(str(town.today + timedelta(days=30)))
    clerk.get_by_role("button", name="登记").click()
    expect(clerk.get_by_role("status")).to_contain_text("问题已登记")
    issue = IssueId(clerk.url.split("/")[-1].partition("?")[0])

    form = opened(clerk, "交办问题")
    form.get_by_label("责任单位").select_option("unit-roads")
    form.get_by_label("责任领导").select_option("person-leader")
    form.get_by_label("责任人").select_option("person-officer")
    form.get_by_role("button", name="确认交办").click()
    expect(clerk.get_by_role("status")).to_contain_text("交办问题")

    officer = enter("officer", PHONE)
    officer.goto(f"/issues/{issue}")
    fits(officer)
    form = opened(officer, "制定整改措施")
    form.get_by_label("措施内容").fill("回填夯实并硬化")
    form.get_by_role("button", name="保存措施").click()
    form = opened(officer, "报告整改进展")
    form.get_by_label("进展情况").fill("已硬化通车")
    form.get_by_label("是", exact=True).check()
    form.get_by_label("支出资金").fill("1.5")
    form.get_by_label("佐证材料").set_input_files(photo)
    form.get_by_role("button", name="提交进展").click()
    picture = officer.get_by_role("img", name="完工照片.png").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    form = opened(officer, "申请销号")
    form.get_by_label("申请说明").fill("措施已全部完成")
    form.get_by_role("button", name="提交销号申请").click()
    expect(officer.get_by_text("待核查").first).to_be_visible()
    fits(officer)

    supervisor = enter("supervisor")
    supervisor.get_by_role("link", name="待签待办").first.click()
    supervisor.get_by_role("link", name="桥头路面塌陷").click()
    form = opened(supervisor, "现场核查")
    form.get_by_label("是", exact=True).check()
    form.get_by_label("核查情况").fill("现场已通车")
    form.get_by_role("button", name="提交核查结果").click()
    expect(supervisor.get_by_text("审签中").first).to_be_visible()

    for name, viewport in (
        ("village-secretary", PHONE),
        ("village-director", DESK),
        ("township-secretary", PHONE),
        ("township-head", DESK),
    ):
        signer = enter(name, viewport)
        signer.goto("/queue")
        fits(signer)
        signer.get_by_role("link", name="桥头路面塌陷").click()
        form = opened(signer, "签字")
        form.get_by_label("签字意见").fill("经核对,情况属实")
        form.get_by_role("button", name="确认签字").click()
        expect(signer.get_by_role("status")).to_contain_text("签字")
        fits(signer)
    expect(signer.locator(".stages > li.done")).to_have_count(5)
    expect(signer.get_by_text("已销号").first).to_be_visible()
    assert town.types(issue)[-1] == "issue.closed"


def test_everything_works_without_scripts(town: Town, enter: Enter) -> None:
    issue = town.assigned()
    officer = enter("officer", scripts=False)
    officer.goto(f"/issues/{issue}")
    form = opened(officer, "制定整改措施")
    form.get_by_label("措施内容").fill("清理塌方")
    form.get_by_role("button", name="保存措施").click()
    expect(officer.get_by_role("status")).to_contain_text("制定整改措施")
    assert town.types(issue)[-1] == "step.planned"


def test_a_refusal_is_brought_before_the_eyes_with_what_was_typed(town: Town, enter: Enter) -> None:
    issue, _ = town.planned()
    officer = enter("officer", PHONE)
    officer.goto(f"/issues/{issue}")
    form = opened(officer, "报告整改进展")
    form.get_by_label("进展情况").fill("明天完成")
    form.get_by_label("否", exact=True).check()
    form.get_by_label("发生日期").fill("2030-01-01")
    form.get_by_role("button", name="提交进展").click()
    alert = officer.get_by_role("alert")
    expect(alert).to_contain_text("晚于今天")
    expect(alert).to_be_in_viewport()
    expect(officer.get_by_label("进展情况")).to_have_value("明天完成")
    assert "step.reported" not in town.types(issue)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_its_screen_and_can_be_used_by_keyboard(
    town: Town, enter: Enter, viewport: dict[str, int]
) -> None:
    issue, _ = town.ready()
    clerk = enter("clerk", viewport)
    paths = (
        "/",
        "/queue",
        "/issues",
        "/issues/new",
        f"/issues/{issue}",
        f"/issues/{issue}?as_of=1",
        f"/timeline/{issue}",
        "/boards",
        "/cases",
        "/directory",
        "/imports",
        "/people/person-officer",
        "/units/unit-roads",
        "/regions/451226",
        "/password",
        "/nowhere",
    )
    for path in paths:
        clerk.goto(path)
        fits(clerk)
        assert clerk.locator("html").get_attribute("lang") == "zh-CN"
        unnamed = clerk.eval_on_selector_all(
            "input:not([type=hidden]), select, textarea", "all => all.filter(one => !one.labels.length).length"
        )
        assert unnamed == 0, f"{path} has fields without a label"
        clerk.keyboard.press("Tab")
        expect(clerk.get_by_role("link", name="跳到正文")).to_be_focused()


def test_an_issue_prints_as_a_sheet(town: Town, enter: Enter) -> None:
    issue, _ = town.ready()
    inspector = enter("inspector")
    inspector.goto(f"/issues/{issue}")
    expect(inspector.get_by_role("button", name="打印督办单")).to_be_visible()
    inspector.emulate_media(media="print")
    expect(inspector.get_by_text("督办单", exact=True)).to_be_visible()
    expect(inspector.get_by_role("navigation", name="主导航")).to_be_hidden()
    expect(inspector.get_by_label("可以办理的事项")).to_be_hidden()
