"""A list objected to and corrected, a measure appealed and decided: in a real browser, on a phone."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from domain.ids import BoardId
from domain.rankings import AdoptScoringRule, packaged
from tests.adapters.web.conftest import PASSWORD, Town, settled
from tests.adapters.web.test_browser import PHONE, Enter, address, browser, enter, fits, opened, playwright, pytestmark
from tests.adapters.web.test_ruling_forms import to
from tests.conftest import PostgresServer
from tests.county import COUNTY, OTHER_TOWN, OTHER_VILLAGE, person

__all__ = ["address", "browser", "enter", "playwright", "pytestmark"]


@pytest.fixture(scope="module")
def town(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town with a rule for its townships, one of which was late in October, at the beginning of November."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        town.application.accounts.create_account("organiser", PASSWORD, town.clock(), person=person("organiser"))
        rule = packaged("townships")
        board = BoardId("board-townships")
        town.when(AdoptScoringRule(board=board, region=COUNTY, rule=rule, since=town.today), "supervisor")
        to(town.clock, date(2019, 10, 2))
        late = {"due": date(2019, 10, 5), "precision": "day", "long_term": False}
        town.issue(region=OTHER_VILLAGE, deadline=late, by="other-clerk", description="饮水管道漏水,三十户供水不稳")
        to(town.clock, date(2019, 11, 1))
        yield town


def seen(page: Page) -> None:
    """Nothing sticks out, and every field says what it asks for."""
    fits(page)
    unnamed = page.eval_on_selector_all(
        "input:not([type=hidden]), select, textarea", "all => all.filter(one => !one.labels.length).length"
    )
    assert unnamed == 0, f"{page.url} has fields without a label"


def test_a_list_is_published_objected_to_and_corrected(town: Town, enter: Enter) -> None:
    supervisor = enter("supervisor", PHONE)
    supervisor.goto("/boards")
    form = opened(supervisor, "红黑榜第1期")
    seen(supervisor)
    expect(form.get_by_label("起始日期")).to_have_value("2019-10-01")
    form.get_by_role("button", name="统计并公布").click()
    expect(supervisor.get_by_role("heading", name="第1期红黑榜")).to_be_visible()
    edition = supervisor.url.partition("?")[0]

    secretary = enter("other-secretary", PHONE)
    secretary.locator('a[href^="/boards/edition"]').first.click()
    form = opened(secretary, "提出异议")
    seen(secretary)
    form.get_by_label("异议内容").fill("漏水管道属县直项目,不应计入我镇")
    form.get_by_role("button", name="提交异议").click()
    expect(secretary.get_by_role("status")).to_contain_text("提出异议")

    headquarters = enter("headquarters", PHONE)
    seen(headquarters)
    headquarters.get_by_role("link", name="不应计入我镇").click()
    form = opened(headquarters, "答复川山镇的异议")
    form.get_by_label("是", exact=True).check()
    form.get_by_label("答复意见").fill("经核,情况属实")
    form.get_by_role("button", name="提交答复").click()
    form = opened(headquarters, "更正榜单")
    seen(headquarters)
    form.get_by_label("饮水管道漏水").check()
    form.get_by_label("不计入的理由").fill("属县直项目")
    form.get_by_label("更正理由").fill("异议成立")
    form.get_by_role("button", name="重新统计并更正").click()
    expect(headquarters.get_by_text("第1次更正后")).to_be_visible()
    seen(headquarters)
    secretary.goto(edition)
    expect(secretary.get_by_role("heading", name="更正时不计入的问题")).to_be_visible()


def test_a_case_is_opened_a_measure_decided_appealed_and_made_lighter(town: Town, enter: Enter) -> None:
    inspector = enter("inspector", PHONE)
    inspector.goto("/cases")
    inspector.get_by_role("link", name="问责立项").click()
    inspector.get_by_label("先找问责对象").fill("川山")
    inspector.get_by_role("button", name="查找").click()
    inspector.locator(f'a[href$="subject={OTHER_TOWN}"]').click()
    seen(inspector)
    inspector.get_by_label("案由").select_option("missed_deadline")
    inspector.get_by_label("饮水管道漏水").check()
    inspector.get_by_label("事由").fill("漏水问题逾期近一个月仍未整改")
    inspector.get_by_role("button", name="立项").click()
    expect(inspector.get_by_role("heading", name="逾期未办")).to_be_visible()
    form = opened(inspector, "作出问责决定")
    expect(form.get_by_label("留党察看的期限")).to_be_hidden()
    form.get_by_label("对谁").select_option(person("other-secretary"))
    form.get_by_label("问责方式").select_option("probation")
    expect(form.get_by_label("留党察看的期限")).to_be_visible()
    form.get_by_label("问责方式").select_option("admonition")
    form.get_by_label("决定理由").fill("履职不力")
    form.get_by_label("从哪天起生效").fill(str(town.today))
    seen(inspector)
    form.get_by_role("button", name="作出决定").click()
    expect(inspector.get_by_text("影响期内")).to_be_visible()
    seen(inspector)

    secretary = enter("other-secretary", PHONE)
    secretary.get_by_role("link", name="诫勉").first.click()
    form = opened(secretary, "申诉")
    form.get_by_label("申诉理由").fill("管道材料因雨季未到货")
    form.get_by_role("button", name="提交申诉").click()
    expect(secretary.get_by_text("不停止执行").first).to_be_visible()

    county = enter("county-secretary", PHONE)
    county.goto("/queue")
    seen(county)
    county.get_by_role("link", name="诫勉").first.click()
    form = opened(county, "办理申诉")
    expect(form.get_by_label("变更为")).to_be_hidden()
    form.get_by_label("申诉决定").select_option("lightened")
    form.get_by_label("变更为").select_option("talk")
    form.get_by_label("决定理由").fill("确有客观原因")
    seen(county)
    form.get_by_role("button", name="作出申诉决定").click()
    expect(county.get_by_text("申诉后解除").first).to_be_visible()
    expect(county.get_by_text("替代较重措施")).to_be_visible()
    seen(county)


def test_the_organisation_and_its_policy_fit_a_phone(town: Town, enter: Enter) -> None:
    organiser = enter("organiser", PHONE)
    for path in ("/directory", f"/people/{person('officer')}", "/units/unit-roads", f"/regions/{COUNTY.code}/policy"):
        organiser.goto(path)
        for summary in organiser.locator("details.action > summary").all():
            summary.click()
        seen(organiser)
