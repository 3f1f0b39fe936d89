"""Every fact in words."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.facts import decode
from adapters.web.formats import countdown, deadline, left, moment, money, points, share, span, typeset
from adapters.web.names import Names, office
from adapters.web.words import QUOTED, claimed_on, sentence, tell, title
from domain.accountability import CaseOpened
from domain.fact import Event, event_types
from domain.ids import PersonId, RegionId
from domain.issues import Deadline, StepReported
from domain.posts import Post

NOBODY = Names({})
FOLDER = Path(__file__).parents[2] / "domain" / "golden"
EXAMPLES = [decode(path.read_bytes()).event for path in sorted(FOLDER.glob("*.json"))]
"""One of every fact, in the bytes in which it was first recorded."""

GOLDEN = {type(event): event for event in EXAMPLES}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_every_fact_has_its_words(event: Event) -> None:
    told = tell(event, NOBODY)
    assert CHINESE.match(title(event)), f"{event.type} has no Chinese term at the head of its docstring"
    assert CHINESE.search(told.sentence)
    assert not re.search(r"\b[a-z]+_[a-z]+\b|<", told.sentence), f"a word of the program's in: {told.sentence}"
    assert "None" not in told.sentence


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_what_people_wrote_is_quoted_and_never_paraphrased(event: Event) -> None:
    written = [
        name for name in QUOTED if name in type(event).model_fields and getattr(event, name) in ("示例", "0c" * 32)
    ]
    assert len(tell(event, NOBODY).quotes) == len(written)


CORE = (
    "domain.accountability",
    "domain.chains",
    "domain.issues",
    "domain.organisation",
    "domain.policy",
    "domain.posts",
    "domain.rankings",
    "domain.regions",
)


def test_every_fact_of_the_core_has_an_example() -> None:
    assert {kind for kind in event_types.values() if kind.__module__ in CORE} <= set(GOLDEN)


@pytest.mark.parametrize(
    "event", [event for event in EXAMPLES if type(event).__module__ in CORE], ids=lambda event: event.type
)
def test_the_facts_of_the_core_have_a_sentence_of_their_own(event: Event) -> None:
    assert sentence(event, NOBODY) != title(event)


def test_the_reason_of_a_case_is_a_word_of_ours_and_not_a_quotation() -> None:
    told = tell(GOLDEN[CaseOpened], NOBODY)
    assert "连续列入黑榜" in told.sentence
    assert [quote.label for quote in told.quotes] == ["事由"]


def test_what_is_claimed_to_have_happened_has_its_own_date() -> None:
    assert claimed_on(GOLDEN[StepReported]) == date(2019, 9, 30)
    assert claimed_on(GOLDEN[event_types["chain.signed"]]) is None


def test_people_and_places_are_called_by_name() -> None:
    names = Names(
        {
            RegionId("region-451226"): "环江毛南族自治县",
            RegionId("region-451226104"): "明伦镇",
            RegionId("region-451226104207"): "百祥村",
            PersonId("person-1"): "韦某",
        }
    )
    village = RegionId("region-451226104207")
    assert names.path(village) == "环江毛南族自治县明伦镇百祥村"
    assert names.local(village) == "明伦镇百祥村"
    assert names(PersonId("person-1")) == "韦某"
    assert names(PersonId("person-stranger")) == "人员ranger"


@pytest.mark.parametrize(
    ("place", "post", "said"),
    [
        ("明伦镇", Post.TOWNSHIP_SECRETARY, "明伦镇党委书记"),
        ("明伦镇", Post.TOWNSHIP_HEAD, "明伦镇镇长"),
        ("龙岩乡", Post.TOWNSHIP_HEAD, "龙岩乡乡长"),
        ("城西街道", Post.TOWNSHIP_HEAD, "城西街道主任"),
        ("明伦镇", Post.TOWNSHIP_CLERK, "明伦镇扶贫专干"),
        ("环江县", Post.SUPERVISOR, "环江县督查室"),
    ],
)
def test_a_post_at_a_place_is_said_as_people_say_it(place: str, post: Post, said: str) -> None:
    assert office(place, post) == said


@pytest.mark.parametrize(
    ("precision", "due", "long_term", "said"),
    [
        ("day", date(2019, 10, 20), False, "2019年10月20日前"),
        ("month_end", date(2019, 7, 31), False, "2019年7月底前"),
        ("year_end", date(2024, 12, 31), False, "2024年底前"),
        ("immediate", None, False, "立行立改"),
        ("unstated", None, False, "未写明"),
        ("unstated", None, True, "长期坚持"),
    ],
)
def test_a_deadline_is_said_as_exactly_as_it_was_given(
    precision: str, due: date | None, long_term: bool, said: str
) -> None:
    value = Deadline.model_validate({"due": due, "precision": precision, "long_term": long_term})
    assert deadline(value) == said


def test_money_is_written_in_ten_thousands_of_yuan_to_the_last_fen() -> None:
    assert [money(fen) for fen in (150_000_000, 1_500_000, 1, 0, None)] == [
        "150万元",
        "1.5万元",
        "0.000001万元",
        "0万元",
        "未写明",
    ]


def test_scores_and_shares_lose_nothing() -> None:
    assert [points(centi) for centi in (10_000, 8_880, -50, 5)] == ["100", "88.8", "-0.5", "0.05"]
    assert [share(basis) for basis in (10_000, 6_666, 5)] == ["100%", "66.66%", "0.05%"]


def test_times_are_those_of_china() -> None:
    noon = datetime(2019, 9, 2, 16, 30, tzinfo=UTC)
    assert moment(noon) == "2019年9月3日 00:30"
    assert countdown(noon + timedelta(hours=5, minutes=20), noon) == "还剩5小时20分钟"
    assert countdown(noon - timedelta(days=1, hours=2), noon) == "已超时1天2小时"
    assert span(timedelta(minutes=3)) == "3分钟"
    assert [left(date(2019, 9, day), date(2019, 9, 2)) for day in (5, 2, 1)] == ["还剩3天", "今天到期", "已逾期1天"]


def test_our_sentences_get_chinese_punctuation_and_numbers_keep_theirs() -> None:
    half = "时限:2019-07-26早于发现日期,不能记录(请核对)"
    assert typeset(half) == "时限\uff1a2019-07-26早于发现日期\uff0c不能记录\uff08请核对\uff09"
    assert typeset("12:30, 1,000") == "12:30, 1,000"
