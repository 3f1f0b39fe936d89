"""故事: 环江 from September 2019 to January 2020, as people in post lived it through this program.

Everything here is written down as it is asked for; the rules decide. A part whose time lies beyond the end is left
undone, so that there is something to do for whoever logs in.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files

from adapters.bootstrap import Application
from adapters.demo.cast import CITY, COUNTY, IN_POST_SINCE, Cast, Member, holder
from adapters.demo.lives import HEADQUARTERS, SUPERVISOR, Life
from adapters.demo.papers import photo
from adapters.demo.script import Script, on
from adapters.demo.village import Village
from adapters.regions.divisions import Divisions
from adapters.workbooks.intake import severity_named, to_register
from adapters.workbooks.reader import read_workbook
from adapters.workbooks.reading import Row
from domain.accountability import AppealMeasure, CloseCase, DecideAppeal, DecideMeasure, MeasureKind, OpenCase
from domain.appointing import Appoint
from domain.broadcasts import BroadcastNotice
from domain.command import About, Act
from domain.ids import (
    AppealId,
    AppointmentId,
    BoardId,
    CaseId,
    EditionId,
    HouseholdId,
    IssueId,
    MeasureId,
    NoticeId,
    ObjectionId,
    PersonId,
    RegionId,
)
from domain.issues import Deadline
from domain.organisation import OpenLedger, RegisterPerson, Relieve
from domain.policy import AdoptPolicy, Severity
from domain.policy import packaged as policy_named
from domain.posts import Post
from domain.rankings import BOARD as BOARD_FACTS
from domain.rankings import AdoptScoringRule, AnswerObjection, Exclusion, ObjectToEdition, Period, fold
from domain.rankings import packaged as rule_named
from domain.regions import EstablishRegions, Place
from domain.registration import RegisterIssue, RegradeIssue, WithdrawIssue
from domain.signoff import RaiseObjection, RefuseSignature, SendBack, SettleObjection, WithdrawApplication
from services import ranking

WORKBOOK = "huanjiang-2019-issues.xlsx"
OPENED, ADOPTED = date(2019, 9, 16), date(2019, 9, 20)
IMPORTED, ASSIGNED = date(2019, 9, 30), date(2019, 10, 8)
END = on(date(2020, 1, 13), "09:00")

BOARD = BoardId("board-451226-townships")
OCTOBER = Period(since=date(2019, 10, 1), until=date(2019, 10, 31))
NOVEMBER = Period(since=date(2019, 11, 1), until=date(2019, 11, 30))
FIRST, SECOND = EditionId("edition-451226-townships-1"), EditionId("edition-451226-townships-2")

ORGANISER, CITY_ORGANISER = holder(Post.ORGANISER, COUNTY), holder(Post.ORGANISER, CITY)
INSPECTOR = holder(Post.INSPECTOR, COUNTY)
COUNTY_SECRETARY, COUNTY_MAGISTRATE = (holder(post, COUNTY) for post in (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE))
BAMIAN, BAIXIANG, BAIDAN, WUXU = (
    RegionId(f"region-{code}") for code in ("451226104212", "451226104207", "451226103208", "451226103205")
)
MINGLUN, DAAN, CHANGMEI, LONGYAN = (
    RegionId(f"region-{code}") for code in ("451226104", "451226204", "451226205", "451226206")
)
CHIEFS: Mapping[RegionId, tuple[str, str]] = {
    BAMIAN: ("水产畜牧兽医局", "覃善计"),
    BAIXIANG: ("城市管理执法局", "卢撑吉"),
    BAIDAN: ("农机局", "韦建团"),
    WUXU: ("县委办公室", "谭合川"),
}
"""大村长: the villages' own, as the county sent them."""

APPEALED, ADMONISHED = AppealId("appeal-longyan"), MeasureId("measure-longyan-admonition")
BORROWED_PHOTO = photo("屯级路完工照片")
"""One photo that two villages hand in as theirs."""

WAN = 1_000_000
"""万元 in 分."""

PACES: Mapping[str, tuple[int | None, ...]] = {
    "quick": (-9, -4, -12, -6, -3),
    "steady": (-5, -3, 4, -8, -2, None, -4),
    "lagging": (7, -3, None, 16, 25, -2),
    "slow": (None, 24, None, None, 33, None, -2),
}
"""Days from the day due to the application for 销号; none where there is no end in sight."""

PACE_OF: Mapping[str, str] = {
    "451226100": "quick",
    "451226103": "quick",
    "451226104": "quick",
    "451226204": "quick",
    "451226200": "lagging",
    "451226202": "lagging",
    "451226206": "slow",
}


class Story:
    """故事: the script, and what its parts refer to each other by."""

    founders: Mapping[PersonId, str] = {CITY_ORGANISER: "韦永康", ORGANISER: "蒙思齐"}
    """组织部门: who appoints all others, by the word of whoever opened the ledgers."""

    def __init__(self, divisions: Divisions) -> None:
        self.divisions = divisions
        self.content = (files("adapters.demo") / WORKBOOK).read_bytes()
        self.reading = read_workbook(self.content, divisions, COUNTY.code)
        self.command = to_register(self.reading, self.reading.digest, self.content, WORKBOOK, COUNTY.code)
        self.policy = policy_named("huanjiang")
        self.script = Script(END)
        self.found()
        self.import_workbook()
        for row in self.reading.rows:
            SPECIAL.get(row.row, Story.ordinary)(self, self.life(row))
        self.by_hand()
        self.change_of_post()
        self.lists()
        self.accountability()
        chief = CHIEFS[BAMIAN]
        Village(self.script, self.policy, self.cast.of_unit(*chief), self.cast.units[chief[0]])

    @cached_property
    def rows(self) -> dict[int, Row]:
        return {row.row: row for row in self.reading.rows}

    @cached_property
    def cast(self) -> Cast:
        towns = [RegionId.of(each.code) for each in self.divisions.within(COUNTY.code, "township")]
        cast = Cast.of(self.reading.rows, towns)
        for village, (unit, name) in CHIEFS.items():
            person = cast.of_unit(unit, name)
            cast.members.append(Member(person, name, Post.VILLAGE_CHIEF, village))
            cast.join(Post.FIRST_SECRETARY, village)
        cast.join(Post.TEAM_MEMBER, BAMIAN)
        return cast

    def issue(self, row: int) -> IssueId:
        return IssueId.derived(self.command.workbook, self.rows[row].sheet, row)

    def life(self, row: Row) -> Life:
        unit, leader, person = row.unit or "", row.leader or "", row.person or ""
        life = Life(
            script=self.script,
            policy=self.policy,
            issue=self.issue(row.row),
            number=row.row,
            region=RegionId.of(row.region or ""),
            category=row.category or "",
            severity=severity_named(row.severity or ""),
            due=row.due,
            unit=self.cast.units[unit],
            leader=self.cast.of_unit(unit, leader),
            officer=self.cast.of_unit(unit, person),
        )
        life.assign(on(ASSIGNED, "08:30") + timedelta(minutes=2 * row.row))
        return life

    # Before the first issue

    def found(self) -> None:
        ask = self.script.ask
        for at, region, name, organiser in (
            ("09:00", CITY, "河池市", CITY_ORGANISER),
            ("09:10", COUNTY, "环江毛南族自治县", ORGANISER),
        ):
            command = OpenLedger(
                region=region,
                name=name,
                organiser=organiser,
                organiser_name=self.founders[organiser],
                appointment=AppointmentId.derived("founding", region),
                since=OPENED,
            )
            ask(on(OPENED, at), organiser, command)
        places = tuple(
            Place(region=RegionId.of(each.code), name=each.name) for each in self.divisions.within(COUNTY.code)
        )
        ask(on(OPENED, "09:20"), ORGANISER, EstablishRegions(places=places, since=IN_POST_SINCE))
        for unit in self.cast.establish():
            ask(on(OPENED, "09:40"), ORGANISER, unit)
        for person in self.cast.register():
            ask(on(OPENED, "10:00"), ORGANISER if COUNTY.holds(person.region) else CITY_ORGANISER, person)
        for appointment in self.cast.appoint():
            ask(on(OPENED, "14:00"), ORGANISER if COUNTY.holds(appointment.region) else CITY_ORGANISER, appointment)
        ask(on(ADOPTED, "09:00"), HEADQUARTERS, AdoptPolicy(region=COUNTY, policy=self.policy, since=ADOPTED))
        rule = AdoptScoringRule(board=BOARD, region=COUNTY, rule=rule_named("townships"), since=OCTOBER.since)
        ask(on(ADOPTED, "10:00"), SUPERVISOR, rule)

    def import_workbook(self) -> None:
        self.script.ask(on(IMPORTED, "20:40"), HEADQUARTERS, self.command)

    # Issues as they mostly go

    def ordinary(self, life: Life) -> None:
        """Applied for so many days before or after it is due, as the township's pace is."""
        pace = PACES[PACE_OF.get(life.town.code, "steady")]
        days = pace[life.number % len(pace)]
        step = life.plan(ASSIGNED + timedelta(days=1 + life.number % 3))
        if days is None:
            life.report(date(2019, 11, 5) + timedelta(days=life.number % 20), step)
            return
        first = ASSIGNED + timedelta(days=5)
        due = life.due if life.due and life.due > first else first + timedelta(days=life.number * 5 % 38)
        applied = max(due + timedelta(days=days), first)
        if applied - ASSIGNED > timedelta(days=12):
            life.report(applied - timedelta(days=7), step)
        life.done(applied - timedelta(days=1), step)
        life.close(applied)

    # Issues with a story of their own

    def flood_road(self, life: Life) -> None:
        """白丹村: the county's magistrate came to the spot, and the road was open within a week."""
        step = life.plan(date(2019, 10, 9), "联合交通局现场办公,一周内抢通修复水毁路段")
        life.done(
            date(2019, 10, 14), step, papers=(life.photo("抢通前"), life.photo("抢通后"), life.document("竣工单"))
        )
        life.close(date(2019, 10, 15))
        life.look_back(date(2019, 12, 12), "雨后复查,路基稳固,没有反弹")

    def water_of_jiajiang(self, life: Life) -> None:
        """五圩村: a second source and a new tank; what the township lacked the headquarters gave within a day."""
        asked = life.escalate(on(date(2019, 10, 10), "20:40"), "county", "新水源和水池需资金20万元,乡镇无力解决")
        life.answer(on(date(2019, 10, 11), "10:15"), asked, "从县统筹整合资金安排20万元,水利局三日内派员勘测")
        source = life.plan(date(2019, 10, 12), "开辟新水源,铺设引水管", funds=8 * WAN)
        tank = life.plan(date(2019, 10, 12), "增建水池一座", funds=12 * WAN)
        life.report(date(2019, 10, 21), source, "水源已引到村口", papers=(life.photo("新水源"),))
        life.done(date(2019, 10, 30), source, papers=(life.photo("引水管"),))
        life.report(date(2019, 11, 6), tank, "水池浇筑完毕,养护中", funds=12 * WAN)
        life.done(date(2019, 11, 12), tank, papers=(life.photo("新水池"), life.document("水质检测报告")))
        life.close(date(2019, 11, 13))

    def forest_dispute(self, life: Life) -> None:
        """百祥村: eleven visits in a week, an agreement, and then the road that had waited for twelve years."""
        talks = life.plan(date(2019, 10, 9), "进屯入户调解,促成两屯签订协议")
        road = life.plan(date(2019, 10, 9), "协议签订后硬化洞王屯道路")
        life.report(date(2019, 10, 15), talks, "一周内进屯入户11次,双方同意各让一步")
        life.done(date(2019, 10, 22), talks, papers=(life.document("两屯调解协议"),))
        life.report(date(2019, 11, 20), road, "路基完成,开始铺混凝土", papers=(life.photo("路基"),))
        life.done(date(2019, 12, 17), road, papers=(life.photo("新路"),))
        life.close(date(2019, 12, 18))
        life.look_back(date(2020, 1, 7), "两屯往来如常,补助款已发放,群众给村委送来锦旗")

    def village_road(self, life: Life) -> None:
        """八面村: 1,008 m of road for 150万元 from several purses; the rain asked for eleven days more."""
        step = life.plan(date(2019, 10, 10), "多方筹资硬化村道1008米、宽6.5米", funds=150 * WAN)
        life.report(date(2019, 10, 25), step, "已筹集资金90万元,路基开挖", funds=60 * WAN, papers=(life.photo("开工"),))
        life.report(date(2019, 11, 22), step, "硬化620米", funds=50 * WAN, papers=(life.photo("半程"),))
        due = date(2019, 12, 31)
        asked = life.ask_for_time(on(date(2019, 12, 9), "16:20"), due, "连续降雨,混凝土无法浇筑")
        head = life.post(Post.TOWNSHIP_HEAD)
        life.grant(on(date(2019, 12, 10), "09:30"), asked, due, head, "情况属实,同意延至月底,不得再延")
        life.done(date(2019, 12, 23), step, papers=(life.photo("通车"), life.document("验收单")))
        life.close(date(2019, 12, 24))

    def drinking_water(self, life: Life) -> None:
        """八面村: signed at the village by whoever logs in as its pair."""
        step = life.plan(date(2019, 10, 10), "筹集资金20万元,铺设管网到户", funds=20 * WAN)
        life.report(date(2019, 11, 28), step, "主管网完成,入户管铺设过半", funds=15 * WAN)
        life.done(date(2020, 1, 2), step, papers=(life.photo("龙头出水"),))
        life.checked(date(2020, 1, 3))

    def relapse(self, life: Life) -> None:
        """水源镇: disinfected, closed, and found bad again at the look back."""
        step = life.plan(date(2019, 10, 9))
        life.done(date(2019, 10, 15), step, papers=(life.photo("消毒设备"), life.document("水质检测报告")))
        life.close(date(2019, 10, 16))
        life.look_back(date(2019, 12, 10), "消毒设备停用,末梢水复检不合格", relapse_due=date(2020, 1, 20))
        again = life.plan(date(2019, 12, 13), "更换消毒设备,落实专人管护")
        life.report(date(2020, 1, 6), again, "新设备已安装,管护协议待签", papers=(life.photo("新设备"),))

    def relapse_in_longyan(self, life: Life) -> None:
        step = life.plan(date(2019, 10, 9))
        life.done(date(2019, 10, 14), step)
        life.close(date(2019, 10, 15))
        life.look_back(date(2019, 11, 26), "水池见底,8户又到1公里外挑水", relapse_due=date(2019, 12, 31))

    def late_answer(self, life: Life) -> None:
        """何顿村: the headquarters took three days for what it owes within 24 hours."""
        asked = life.escalate(on(date(2019, 10, 15), "20:50"), "county", "屯级路用地未批,请协调自然资源部门")
        life.answer(on(date(2019, 10, 18), "17:30"), asked, "已协调,用地手续一周内办结。答复超时,已向县委说明")
        step = life.plan(date(2019, 10, 21))
        life.report(date(2019, 11, 4), step)
        life.done(date(2019, 11, 18), step)
        life.close(date(2019, 11, 19))

    def township_answers_late(self, life: Life) -> None:
        asked = life.escalate(on(date(2019, 10, 21), "20:30"), "township", "枯水期取水点断流,请镇里派水车")
        life.answer(
            on(date(2019, 10, 25), "09:00"), asked, "水车从今天起每日一趟", by=holder(Post.TOWNSHIP_HEAD, life.town)
        )
        step = life.plan(date(2019, 10, 28))
        life.report(date(2019, 12, 2), step)

    def time_denied(self, life: Life) -> None:
        step = life.plan(date(2019, 10, 9))
        asked = life.ask_for_time(on(date(2019, 10, 14), "15:00"), date(2019, 12, 31), "施工队人手不足")
        head = life.post(Post.TOWNSHIP_HEAD)
        life.deny(on(date(2019, 10, 15), "09:40"), asked, head, "人手不足不是延期理由,请从其他标段调配")
        life.report(date(2019, 10, 30), step)
        life.done(date(2019, 11, 14), step)
        life.close(date(2019, 11, 15))

    def sent_back_to_check(self, life: Life) -> None:
        """永权村: the county's secretary wants to see what the photos do not show; all sign anew."""
        step = life.plan(date(2019, 10, 10))
        life.done(date(2019, 10, 25), step)
        chain, start = life.checked(date(2019, 10, 28))
        life.sign(start, chain, ("village", "township"))
        reason = "核查照片未反映利益联结台账,请重新核查并补充材料"
        back = SendBack(issue=life.issue, chain=chain, to="check", reason=reason)
        self.script.ask(on(start + timedelta(days=1), "16:00"), COUNTY_SECRETARY, back)
        again = start + timedelta(days=4)
        life.check(again, chain, findings="台账逐户核对,32户均已签订协议,附台账照片")
        life.sign(life.notice(again + timedelta(days=1), chain), chain)

    def sent_back_to_village(self, life: Life) -> None:
        step = life.plan(date(2019, 10, 10))
        life.done(date(2019, 11, 5), step)
        chain, start = life.checked(date(2019, 11, 6))
        life.sign(start, chain, ("village",))
        back = SendBack(
            issue=life.issue, chain=chain, to="signing", stage=0, reason="村级意见过于笼统,请逐户写明验收情况"
        )
        self.script.ask(on(start, "17:00"), life.post(Post.TOWNSHIP_HEAD), back)
        life.sign(start + timedelta(days=2), chain)

    def refused(self, life: Life) -> None:
        """茶山村: 200 of 300 metres were laid, and the township's head did not sign for 300."""
        step = life.plan(date(2019, 10, 11))
        life.done(date(2019, 10, 29), step, papers=(life.photo("路面"),))
        chain, start = life.checked(date(2019, 10, 30))
        life.sign(start, chain, ("village",))
        no = RefuseSignature(issue=life.issue, chain=chain, reason="实地丈量只有200米,与报告的300米不符,拒绝签字")
        self.script.ask(on(start, "16:10"), life.post(Post.TOWNSHIP_HEAD), no)
        rest = life.plan(start + timedelta(days=2), "补铺剩余100米")
        life.done(date(2019, 11, 21), rest, papers=(life.photo("补铺路段"), life.document("丈量记录")))
        life.close(date(2019, 11, 22))

    def objection(self, life: Life) -> None:
        """东兴社区: somebody objected during the notice; it was looked into and did not hold."""
        step = life.plan(date(2019, 10, 10))
        life.done(date(2019, 11, 1), step)
        chain, start = life.checked(date(2019, 11, 4))
        raised = ObjectionId(f"objection-{life.name('', 1)}")
        matter = RaiseObjection(
            issue=life.issue,
            chain=chain,
            objection=raised,
            matter="反映有两户登记证书姓名有误",
            raised_on=start - timedelta(days=3),
        )
        self.script.ask(on(start - timedelta(days=3), "10:20"), life.clerk, matter)
        settle = SettleObjection(
            issue=life.issue, chain=chain, objection=raised, upheld=False, answer="经查两户证书已于公示前更正换发"
        )
        self.script.ask(on(start - timedelta(days=1), "15:30"), SUPERVISOR, settle)
        life.sign(start, chain)

    def objection_upheld(self, life: Life) -> None:
        """三合村: what the notice brought to light sent it back."""
        step = life.plan(date(2019, 10, 9))
        life.done(date(2019, 10, 14), step)
        chain, start = life.checked(date(2019, 10, 15))
        raised = ObjectionId(f"objection-{life.name('', 1)}")
        matter = RaiseObjection(
            issue=life.issue,
            chain=chain,
            objection=raised,
            matter="反映村尾一段没有修",
            raised_on=start - timedelta(days=2),
        )
        self.script.ask(on(start - timedelta(days=2), "11:00"), life.clerk, matter)
        settle = SettleObjection(
            issue=life.issue, chain=chain, objection=raised, upheld=True, answer="属实,村尾80米未修,退回整改"
        )
        self.script.ask(on(start - timedelta(days=1), "10:00"), life.post(Post.TOWNSHIP_HEAD), settle)
        rest = life.plan(date(2019, 10, 28), "补修村尾80米")
        life.done(date(2019, 11, 25), rest)
        life.close(date(2019, 11, 26))

    def check_failed(self, life: Life) -> None:
        step = life.plan(date(2019, 10, 9))
        life.done(date(2019, 10, 21), step)
        chain = life.apply(date(2019, 10, 22))
        life.check(date(2019, 10, 23), chain, passed=False, findings="路面厚度只有12厘米,设计为18厘米,不合格")
        again = life.plan(date(2019, 10, 25), "返工加厚至18厘米")
        life.done(date(2019, 11, 27), again, papers=(life.photo("钻芯取样"),))
        life.close(date(2019, 11, 28))

    def withdrawn_application(self, life: Life) -> None:
        step = life.plan(date(2019, 10, 10))
        life.done(date(2019, 10, 17), step)
        chain = life.apply(date(2019, 10, 18))
        withdraw = WithdrawApplication(issue=life.issue, chain=chain, reason="漏附两名学生的学籍证明,补齐后再申请")
        self.script.ask(on(date(2019, 10, 19), "09:30"), life.officer, withdraw)
        life.close(date(2019, 10, 23))

    def registered_twice(self, life: Life) -> None:
        """环界村: the same thing stands in the list twice; the second is withdrawn, with the reason, and stays."""
        reason = f"与表中第{self.rows[90].row}行为同一问题,重复登记"
        self.script.ask(on(date(2019, 10, 12), "10:10"), HEADQUARTERS, WithdrawIssue(issue=life.issue, reason=reason))

    def regraded(self, life: Life) -> None:
        """乐依村: major in the list, serious when it was looked into."""
        regrade = RegradeIssue(issue=life.issue, severity=Severity.SERIOUS, reason="经复核涉及金额较小,未造成损失")
        self.script.ask(on(date(2019, 10, 11), "15:10"), SUPERVISOR, regrade)
        life.severity = Severity.SERIOUS
        step = life.plan(date(2019, 10, 14))
        life.done(date(2019, 11, 7), step)
        life.close(date(2019, 11, 8))

    def graver(self, life: Life) -> None:
        """玉合村: minor in the list, serious when it was looked into."""
        regrade = RegradeIssue(issue=life.issue, severity=Severity.SERIOUS, reason="经核实连续两学期未落实送教,应从重")
        self.script.ask(on(date(2019, 10, 11), "15:25"), SUPERVISOR, regrade)
        life.severity = Severity.SERIOUS
        self.ordinary(life)

    def other_officer(self, life: Life) -> None:
        """达兴村: whoever answers for it is changed by decision, and the record says why."""
        step = life.plan(date(2019, 10, 9))
        life.report(date(2019, 10, 20), step)
        other = self.cast.of_unit("扶贫开发办公室", "罗永福")
        life.reassign(on(date(2019, 11, 4), "09:00"), other, "原责任人整改不力,经县指挥部研究予以调整")
        life.done(date(2019, 11, 14), step)
        life.close(date(2019, 11, 15))

    def borrowed_photo(self, life: Life) -> None:
        """The same photo is handed in for two roads in two townships."""
        step = life.plan(date(2019, 10, 10))
        day = date(2019, 10, 24) if life.number == 45 else date(2019, 11, 12)
        life.done(day, step, papers=(BORROWED_PHOTO,))
        life.close(day + timedelta(days=1))

    def entered_late(self, life: Life) -> None:
        """久乐村: what is said to have happened in October was entered on the eve of an inspection."""
        step = life.plan(date(2019, 10, 9))
        life.report(date(2019, 11, 20), step, done=True, happened=date(2019, 10, 3), papers=(life.photo("更正后"),))
        life.close(date(2019, 11, 21))

    # What the township's clerk registers herself

    def by_hand(self) -> None:
        """Issues found by the village work groups, among them two on one household: the lesser can't be signed off
        while the graver stands open."""
        household = HouseholdId("household-451226104212-017")
        unit = "水产畜牧兽医局"
        lesser = self.found_in_village(
            "roof", BAMIAN, "住房", Severity.MINOR, "屋顶漏雨未修缮", date(2019, 12, 2), unit, object=household
        )
        step = lesser.plan(date(2019, 12, 4), "更换破损瓦片,做防水")
        lesser.done(date(2020, 1, 6), step)
        lesser.checked(date(2020, 1, 7))
        graver = self.found_in_village(
            "walls",
            BAMIAN,
            "住房",
            Severity.SERIOUS,
            "山墙开裂,经鉴定为C级",
            date(2019, 12, 20),
            unit,
            object=household,
        )
        graver.plan(date(2019, 12, 23), "加固山墙")
        slope = self.found_in_village(
            "slope",
            BAIXIANG,
            "道路",
            Severity.SERIOUS,
            "洞王屯新路上边坡滑塌,约40立方",
            date(2020, 1, 9),
            "城市管理执法局",
        )
        slope.plan(date(2020, 1, 10), "清理塌方,砌挡土墙")
        slope.escalate(on(date(2020, 1, 12), "20:45"), "county", "挡土墙需资金12万元,镇里无此项资金,请县指挥部答复")
        market = self.found_in_village(
            "market", BAMIAN, "产业", Severity.MINOR, "农贸市场改造后摊位未分配", date(2019, 12, 5), unit
        )
        market.plan(date(2019, 12, 9), "公开抽签分配摊位")
        market.ask_for_time(on(date(2020, 1, 12), "17:10"), date(2020, 2, 20), "春节前摊主外出,抽签人数不足")

    def found_in_village(
        self,
        name: str,
        village: RegionId,
        category: str,
        severity: Severity,
        description: str,
        day: date,
        unit: str,
        object: HouseholdId | None = None,
    ) -> Life:
        issue = IssueId.derived("huanjiang", name)
        due = day + timedelta(days=45)
        clerk = holder(Post.TOWNSHIP_CLERK, village.at("township") or village)
        command = RegisterIssue(
            issue=issue,
            region=village,
            object=object,
            category=category,
            source="自查",
            severity=severity,
            description=description,
            found_on=day,
            deadline=Deadline(due=due, precision="day", long_term=False),
        )
        self.script.ask(on(day, "19:30"), clerk, command)
        chief = self.cast.of_unit(*CHIEFS[village])
        number = 200 + len(name) + day.day
        life = Life(
            self.script,
            self.policy,
            issue,
            number,
            village,
            category,
            severity,
            due,
            self.cast.units[unit],
            chief,
            chief,
        )
        life.assign(on(day, "20:10"))
        return life

    def change_of_post(self) -> None:
        """长美乡 gets another head: from that day the one signs, and the other no longer."""
        leaving = holder(Post.TOWNSHIP_HEAD, CHANGMEI)
        appointment = AppointmentId.derived(leaving, Post.TOWNSHIP_HEAD, CHANGMEI)
        day = date(2019, 12, 16)
        coming = PersonId(f"person-township-head-{CHANGMEI.code}-2")
        relieve = Relieve(appointment=appointment, on=day, reason="工作调动")
        self.script.ask(on(day, "09:00"), ORGANISER, relieve)
        self.script.ask(on(day, "09:05"), ORGANISER, RegisterPerson(person=coming, name="罗正邦", region=CHANGMEI))
        appoint = Appoint(
            appointment=AppointmentId.derived(coming, Post.TOWNSHIP_HEAD, CHANGMEI),
            person=coming,
            post=Post.TOWNSHIP_HEAD,
            region=CHANGMEI,
            since=day,
        )
        self.script.ask(on(day, "09:10"), ORGANISER, appoint)

    # Lists and what follows from them

    def lists(self) -> None:
        """Two editions; an objection to the first takes one township off its black list and puts another on it."""

        def publish(edition: EditionId, period: Period) -> Callable[[Application, Act], object]:
            return lambda house, act: ranking.publish(house.ledger, edition, BOARD, period, act)

        self.script.have(on(date(2019, 11, 1), "09:30"), SUPERVISOR, publish(FIRST, OCTOBER))
        objection = ObjectionId("objection-daan-october")
        secretary = holder(Post.TOWNSHIP_SECRETARY, DAAN)
        matter = "环界村脱贫认定表由县扶贫办统一更正,乡镇无权改动,不应计为本乡逾期"
        objects = ObjectToEdition(edition=FIRST, objection=objection, subject=DAAN, matter=matter)
        self.script.ask(on(date(2019, 11, 4), "10:00"), secretary, objects)
        answer = AnswerObjection(
            edition=FIRST, objection=objection, upheld=True, answer="情况属实,该问题不计入乡镇得分"
        )
        self.script.ask(on(date(2019, 11, 6), "15:00"), HEADQUARTERS, answer)
        excluded = (Exclusion(issue=self.issue(90), reason="由县级部门统一更正"),)

        def correct(house: Application, act: Act) -> object:
            reason = "异议成立,更正第1期"
            return ranking.correct(house.ledger, FIRST, 1, reason, act, objection=objection, excluded=excluded)

        self.script.have(on(date(2019, 11, 7), "09:00"), SUPERVISOR, correct)
        self.script.have(on(date(2019, 12, 2), "09:30"), SUPERVISOR, publish(SECOND, NOVEMBER))
        self.script.have(on(date(2019, 12, 4), "21:30"), HEADQUARTERS, broadcast)

    def accountability(self) -> None:
        """龙岩乡, black twice running: a statement, an admonition, an appeal, and its answer. And a talk about a
        photo that was used twice."""
        ask = self.script.ask
        secretary = holder(Post.TOWNSHIP_SECRETARY, LONGYAN)
        case = CaseId.derived("black_running", LONGYAN, FIRST, SECOND)
        day = date(2019, 12, 5)
        statement = DecideMeasure(
            measure=MeasureId("measure-longyan-statement"),
            case=case,
            on=LONGYAN,
            kind=MeasureKind.STATEMENT,
            reasons="连续两期列入黑榜,责令在全县推进会上作表态发言",
            decided_on=day,
            binds_from=day,
        )
        ask(on(day, "16:00"), HEADQUARTERS, statement)
        day = date(2019, 12, 9)
        admonition = DecideMeasure(
            measure=ADMONISHED,
            case=case,
            on=secretary,
            kind=MeasureKind.ADMONITION,
            reasons="履行第一责任人职责不力,问题整改严重滞后,且上报答复超时",
            decided_on=day,
            binds_from=day,
        )
        ask(on(day, "10:00"), INSPECTOR, admonition)
        grounds = "部分问题须县级部门资金到位后方能整改,已多次报告,请予从轻"
        ask(
            on(date(2019, 12, 20), "11:00"),
            secretary,
            AppealMeasure(measure=ADMONISHED, appeal=APPEALED, grounds=grounds),
        )
        decision = DecideAppeal(
            measure=ADMONISHED,
            appeal=APPEALED,
            outcome="lightened",
            kind=MeasureKind.CRITICISM,
            replacement=MeasureId("measure-longyan-criticism"),
            reasons="资金未到位属实,但逾期问题中多数与资金无关,变更为通报批评",
        )
        ask(on(date(2020, 1, 8), "15:00"), COUNTY_SECRETARY, decision)
        case = CaseId("case-borrowed-photo")
        officer = self.cast.of_unit(self.rows[66].unit or "", self.rows[66].person or "")
        opened = OpenCase(
            case=case,
            subject=officer,
            region=COUNTY,
            reason="false_report",
            grounds=(self.issue(45), self.issue(66)),
            matter="两条屯级路使用同一张完工照片作为佐证",
        )
        ask(on(date(2019, 12, 18), "10:30"), SUPERVISOR, opened)
        day = date(2019, 12, 26)
        talk = DecideMeasure(
            measure=MeasureId("measure-borrowed-photo"),
            case=case,
            on=officer,
            kind=MeasureKind.TALK,
            reasons="报送材料把关不严,予以约谈并责令补充真实照片",
            decided_on=day,
            binds_from=day,
        )
        ask(on(day, "09:30"), INSPECTOR, talk)
        ask(on(date(2020, 1, 9), "16:30"), SUPERVISOR, CloseCase(case=case))


def broadcast(house: Application, act: Act) -> object:
    """The county's television reports the second edition: everyone on its lists."""
    standings = fold(house.facts.read((About(BOARD, BOARD_FACTS),)).facts, BOARD).edition(SECOND).standings
    command = BroadcastNotice(
        notice=NoticeId("notice-451226-townships-2"),
        region=COUNTY,
        outlet="环江电视台",
        edition=SECOND,
        praised=tuple(one.subject for one in standings if one.listed == "red"),
        criticised=tuple(one.subject for one in standings if one.listed == "black"),
        matter="《新闻联播》后播出2019年11月乡镇红黑榜,上榜乡镇逐一通报",
        broadcast_on=act.today,
    )
    return house.ledger.execute(command, act)


def signed_as_far_as(applied: date, *levels: str) -> Callable[[Story, Life], None]:
    """An issue that still waits at the story's end: for its check, for its notice, or for the next pair to sign."""

    def lived(story: Story, life: Life) -> None:
        step = life.plan(date(2019, 10, 11))
        life.report(date(2019, 11, 25) + timedelta(days=life.number % 9), step)
        life.done(applied - timedelta(days=1), step)
        chain, start = life.checked(applied)
        life.sign(start, chain, levels)

    return lived


SPECIAL: Mapping[int, Callable[[Story, Life], None]] = {
    12: Story.sent_back_to_village,
    21: Story.relapse,
    28: Story.sent_back_to_check,
    31: Story.withdrawn_application,
    33: Story.graver,
    34: Story.flood_road,
    35: Story.water_of_jiajiang,
    41: Story.regraded,
    42: signed_as_far_as(date(2019, 12, 23), "village", "township", "county"),
    45: Story.borrowed_photo,
    46: Story.late_answer,
    47: Story.forest_dispute,
    48: Story.village_road,
    49: Story.drinking_water,
    54: signed_as_far_as(date(2020, 1, 12)),
    55: signed_as_far_as(date(2020, 1, 8)),
    56: signed_as_far_as(date(2020, 1, 2), "village"),
    61: signed_as_far_as(date(2019, 12, 30), "village", "township"),
    62: Story.other_officer,
    63: Story.objection,
    64: Story.refused,
    66: Story.borrowed_photo,
    72: Story.objection_upheld,
    87: Story.check_failed,
    91: Story.registered_twice,
    101: Story.township_answers_late,
    102: Story.entered_late,
    107: Story.relapse_in_longyan,
    110: Story.time_denied,
}
"""By the row of the workbook; all other rows go as their township's pace is."""
