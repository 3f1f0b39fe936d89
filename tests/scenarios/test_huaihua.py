"""怀化 2017–2018: 三走访 over 1,024 poor villages in 165 townships, and who is still to be visited; 三签字 by object:
a household by its village's and township's pairs, a village by its county's, a county by its city's, and then the
province rules; and what becomes of those at the end of the line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage, seen

CITY, COUNTY, TOWN, VILLAGE = "4312", "431224", "431224124", "431224124200"
CAST = {
    "city-office": (Post.HEADQUARTERS, CITY),
    "city-secretary": (Post.CITY_SECRETARY, CITY),
    "city-mayor": (Post.CITY_MAYOR, CITY),
    "office": (Post.HEADQUARTERS, COUNTY),
    "inspector": (Post.INSPECTOR, COUNTY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-magistrate": (Post.COUNTY_MAGISTRATE, COUNTY),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
    "first-secretary": (Post.FIRST_SECRETARY, VILLAGE),
    "member": (Post.TEAM_MEMBER, VILLAGE),
}
HOUSEHOLD_SIGNERS = ("village-secretary", "village-director", "township-secretary", "township-head")
STANDARD = ("food", "clothing", "education", "medical", "housing")


def huaihua(staging: Staging) -> Stage:
    stage = staging(CITY, "怀化市", datetime(2017, 9, 4, 1, tzinfo=UTC))
    stage.regions(c431224="溆浦县", c431224124="北斗溪镇", c431224124200="松林村")
    stage.cast(CAST)
    stage.adopts("huaihua")
    return stage


def assessed(stage: Stage, household: str) -> None:
    stage["member"].does(
        "/assessments",
        subject=household,
        assessments=[{"indicator": code, "met": True} for code in STANDARD],
        assessed_on=stage.today,
    )


def proposed(stage: Stage, subject: str, by: str) -> str:
    told = stage[by].does("/exits", subject=subject, statement="已达到退出标准")
    return str(told["ids"]["chain"])


def verified(stage: Stage, chain: str, by: str) -> None:
    stage[by].does(f"/exits/{chain}/checks", passed=True, findings="属实", checked_on=stage.today)


def noticed(stage: Stage, chain: str, by: str) -> None:
    stage[by].does(f"/exits/{chain}/notices", posted_on=stage.today, place="政务公开栏")
    stage.clock.later(days=8)


def exited(stage: Stage, household: str) -> str:
    """A household through every step, up to its last signature."""
    chain = proposed(stage, household, "clerk")
    review = {"step": "democratic_review", "passed": True, "present": 31, "in_favour": 30}
    stage["first-secretary"].does(f"/exits/{chain}/steps", **review, findings="通过", taken_on=stage.today)
    verified(stage, chain, "member")
    consent = {"step": "consent", "passed": True, "findings": "户主认可", "taken_on": stage.today}
    stage["first-secretary"].does(f"/exits/{chain}/steps", **consent)
    noticed(stage, chain, "first-secretary")
    for name in HOUSEHOLD_SIGNERS:
        stage.signs(chain, name)
    return chain


def test_each_object_exits_by_the_signatures_of_its_own_level(staging: Staging) -> None:
    stage = huaihua(staging)
    homes = [stage.household("clerk", VILLAGE, people, number) for number, people in enumerate((40, 22))]
    stage["office"].does(f"/villages/region-{VILLAGE}/listing", since="2016-12-31")

    # The city stood at 6.2% in 2017: at that incidence no village exits.
    stage["office"].does("/incidences", region=f"region-{VILLAGE}", population=1000)
    village = proposed(stage, f"region-{VILLAGE}", "clerk")
    verified(stage, village, "office")
    noticed(stage, village, "clerk")
    assert "6.200%" in stage.refused_to_sign(village, "county-secretary", "incidence_too_high")

    for home in homes:
        assessed(stage, home)
        exited(stage, home)
    stage["office"].does("/incidences", region=f"region-{VILLAGE}", population=1000)
    stage.refused_to_sign(village, "township-secretary", "no_authority")
    stage.signs(village, "county-secretary")
    stage.signs(village, "county-magistrate")

    stage["office"].does("/incidences", region=f"region-{COUNTY}", population=1000)
    county = proposed(stage, f"region-{COUNTY}", "office")
    review = {"step": "city_review", "passed": True, "findings": "初审通过", "taken_on": stage.today}
    stage["city-office"].does(f"/exits/{county}/steps", **review)
    verified(stage, county, "city-office")
    noticed(stage, county, "office")
    stage.refused_to_sign(county, "city-secretary", "evaluation_missing")
    found = {"exited_sampled": 600, "wrong": 2, "others_sampled": 900, "missed": 3, "asked": 1500, "approving": 1452}
    stage["city-office"].does("/evaluations", region=f"region-{COUNTY}", evaluated_on=stage.today, **found)
    stage.signs(county, "city-secretary")
    stage.signs(county, "city-mayor")
    assert stage.lines("exits", chain=county)[0]["standing"] is False
    stage["city-office"].does(
        f"/exits/{county}/ruling", approved=True, document="省委书记、省长审定", ruled_on=stage.today
    )

    by_object = {
        line["object"]: [one["post"] for one in stage.lines("signatures", chain=line["chain"], order="signed_at")]
        for line in stage.lines("exits")
    }
    assert by_object == {
        "household": ["village_secretary", "village_director", "township_secretary", "township_head"],
        "village": ["county_secretary", "county_magistrate"],
        "county": ["city_secretary", "city_mayor"],
    }
    assert {line["object"] for line in stage.lines("exits", standing="true")} == {"household", "village", "county"}


def test_nobody_helps_more_than_five_households_and_each_has_someone(staging: Staging) -> None:
    stage = huaihua(staging)
    homes = [stage.household("clerk", VILLAGE, 1, number) for number in range(6)]
    assert len(stage.lines("households", cadre="")) == 6
    for home in homes[:5]:
        stage["clerk"].does(f"/households/{home}/pairings", person="person-member", since=stage.today)
    last = f"/households/{homes[5]}/pairings"
    stage["clerk"].refused(last, "pairing_cap", person="person-member", since=stage.today)
    stage["clerk"].does(last, person="person-first-secretary", since=stage.today)
    assert stage.lines("households", cadre="") == []


def test_a_false_exit_is_voided_and_who_signed_it_stays_in_the_record(staging: Staging) -> None:
    stage = huaihua(staging)
    home = stage.household("clerk", VILLAGE, 4)
    assessed(stage, home)
    chain = exited(stage, home)
    assert stage.lines("households", household=home)[0]["exited"] is True
    stage.clock.later(days=20)
    stage["inspector"].does(f"/exits/{chain}/voiding", reason="收入系虚报", found_on=stage.today)
    line = stage.lines("exits", chain=chain)[0]
    assert (line["standing"], line["voided_by"], len(line["signed"])) == (False, "person-inspector", 4)
    record = stage.record("inspector", "township-head")
    assert [one["chain"] for one in record["signatures"]] == [chain]


def test_a_signature_on_what_has_changed_since_it_was_shown_is_refused(staging: Staging) -> None:
    stage = huaihua(staging)
    home = stage.household("clerk", VILLAGE, 4)
    chain = proposed(stage, home, "clerk")
    assert stage.exit(chain)["obstacle"]["code"] == "indicators_not_met"
    assessed(stage, home)
    early = stage.exit(chain)
    assert early["obstacle"] is None
    review = {"step": "democratic_review", "passed": True, "present": 31, "in_favour": 30}
    stage["member"].does(f"/exits/{chain}/steps", **review, findings="通过", taken_on=stage.today)
    verified(stage, chain, "village-director")
    stage["member"].does(f"/exits/{chain}/steps", step="consent", passed=True, findings="认可", taken_on=stage.today)
    noticed(stage, chain, "member")
    stage["village-secretary"].refused(f"/exits/{chain}/signatures", "changed_since_shown", **seen(early["shown"]))
    stage.signs(chain, "village-secretary")


def test_a_member_who_does_not_know_the_households_is_replaced_and_one_who_does_is_rewarded(staging: Staging) -> None:
    stage = huaihua(staging)
    (member,) = stage.lines("posts", person="person-member")
    told = {"successor": "person-clerk", "cause": "unfamiliar", "reason": "不熟悉户情,责令撤换"}
    path = f"/appointments/{member['appointment']}/replacement"
    stage["inspector"].refused(path, "no_authority", **told)
    stage["organiser"].does(path, **told)
    posts = {line["person"]: line for line in stage.lines("posts", post="team_member")}
    assert (posts["person-member"]["until"], posts["person-clerk"]["since"]) == (stage.today, stage.today)
    assert posts["person-member"]["relieved_for"] == "不熟悉户情,责令撤换"

    bonus = {"region": f"region-{COUNTY}", "kind": "bonus", "amount": 500_000, "reasons": "末端责任落实"}
    secretary = stage["county-secretary"]
    given = secretary.does("/merits", on="person-first-secretary", decided_on=stage.today, **bonus)["ids"]["merit"]
    secretary.does(f"/merits/{given}/revocation", reasons="走访记录不实", revoked_on=stage.today)
    (line,) = stage.lines("commendations", subject="person-first-secretary")
    assert (line["amount"], line["revoked_for"]) == (500_000, "走访记录不实")


# 三走访: who is still to be visited shows by itself

TOWNSHIPS, VILLAGES = 165, 1024
VISITORS = {
    "city-secretary": (Post.CITY_SECRETARY, CITY),
    "city-leader": (Post.LEADER, CITY),
    "city-bureau": (Post.UNIT_LEADER, CITY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-leader": (Post.LEADER, COUNTY),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "supervisor": (Post.SUPERVISOR, CITY),
    "city-office": (Post.HEADQUARTERS, CITY),
}


def poor_villages() -> list[str]:
    """The city's other poor villages: spread over all its townships, the first of them over the county's."""
    towns = [TOWN] + [f"4312{county:02d}{town:03d}" for county in range(25, 38) for town in range(100, 113)]
    return [f"{towns[number % TOWNSHIPS]}{200 + number // TOWNSHIPS:03d}" for number in range(1, VILLAGES)]


def poor_city(staging: Staging, villages: Sequence[str]) -> Stage:
    """The city, with these poor villages besides the one."""
    stage = staging(CITY, "怀化市", datetime(2017, 9, 4, 1, tzinfo=UTC))
    towns = {village[:9] for village in villages} - {TOWN}
    named = {TOWN: "北斗溪镇", VILLAGE: "松林村"}
    named |= {code: f"{code[4:]}{'镇' if code in towns else '村'}" for code in sorted((*towns, *villages))}
    stage.regions(**{f"c{code}": name for code, name in ({COUNTY: "溆浦县"} | named).items()})
    stage.cast(VISITORS)
    stage.adopts("huaihua")
    for village in (VILLAGE, *villages):
        stage["city-office"].does(f"/villages/region-{village}/listing", since="2016-12-31")
    return stage


def owed(stage: Stage, name: str) -> dict[str, dict[str, Any]]:
    found = stage["supervisor"].get(f"/people/person-{name}/duty").json()["visits"]
    return {quota["rule"]: quota for quota in found}


def visits(stage: Stage, name: str, region: str, household: str | None = None) -> None:
    told = {"region": region, "household": household, "occurred_on": stage.today}
    stage[name].does("/visits", **told, findings="暗访,与村干部和群众座谈")


def test_who_has_been_where_and_who_is_missing_is_a_count_of_visits(staging: Staging) -> None:
    stage = poor_city(staging, poor_villages())
    towns = owed(stage, "city-secretary")["city_pair_townships"]
    assert (towns["needed"], towns["done"], len(towns["missing"])) == (TOWNSHIPS, 0, TOWNSHIPS)
    for town in towns["missing"]:
        visits(stage, "city-secretary", town)
    towns = owed(stage, "city-secretary")["city_pair_townships"]
    assert (towns["done"], towns["short"], towns["missing"]) == (TOWNSHIPS, 0, [])

    # A township is no village: the month's one village is still owed.
    month = owed(stage, "city-secretary")["city_leaders_village"]
    assert (month["needed"], month["short"]) == (1, 1)
    for name in ("city-secretary", "city-leader", "city-bureau", "county-leader"):
        visits(stage, name, f"region-{VILLAGE}")
    assert {
        name: [quota["short"] for quota in owed(stage, name).values()]
        for name in ("city-leader", "city-bureau", "county-leader")
    } == {"city-leader": [0], "city-bureau": [0], "county-leader": [0]}
    everybody = stage["supervisor"].get(f"/regions/region-{CITY}/visits-owed").json()["visits"]
    assert {quota["person"] for quota in everybody if quota["short"]} == {"person-county-secretary"}

    # The next month is owed anew, the quarter's visit is not.
    stage.clock.later(days=27)
    assert owed(stage, "city-leader")["city_leaders_village"]["short"] == 1
    stage.clock.later(days=-3)
    assert owed(stage, "city-bureau")["city_units_village"]["short"] == 0


def test_a_county_covers_its_villages_a_township_its_households_and_a_cadre_those_paired(staging: Staging) -> None:
    stage = poor_city(staging, [f"{TOWN}{number}" for number in range(201, 207)])
    villages = owed(stage, "county-secretary")["county_pair_villages"]["missing"]
    assert f"region-{VILLAGE}" in villages
    assert all(village.startswith(f"region-{COUNTY}") for village in villages)
    for village in villages:
        visits(stage, "county-secretary", village)
    assert [quota["short"] for quota in owed(stage, "county-secretary").values()] == [0, 0]

    homes = [stage.household("clerk", VILLAGE, 2, number) for number in range(6)]
    for home in homes[:5]:
        stage["clerk"].does(f"/households/{home}/pairings", person="person-clerk", since=stage.today)
    over = {"person": "person-clerk", "since": stage.today}
    stage["clerk"].refused(f"/households/{homes[5]}/pairings", "pairing_cap", pairing="pairing-over", **over)
    for home in homes[:4]:
        visits(stage, "clerk", f"region-{VILLAGE}", home)
    paired = owed(stage, "clerk")["paired_households"]
    assert (paired["needed"], paired["done"], paired["missing"]) == (5, 4, [homes[4]])
    for home in homes:
        visits(stage, "township-secretary", f"region-{VILLAGE}", home)
    assert owed(stage, "township-secretary")["township_pair_households"]["short"] == 0
