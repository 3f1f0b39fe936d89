"""The draw: the same for everyone who does it again, fair, and out of the hands of whoever draws."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.fact import CHINA
from domain.reverse_check import Asked, sample, seed_of
from tests.county import VILLAGE, person

ASKED = Asked(VILLAGE, VILLAGE, date(2018, 1, 1), date(2018, 1, 31), 3)
AT = datetime(2018, 2, 1, 4, tzinfo=UTC)


@given(st.binary(min_size=32, max_size=32), st.lists(st.integers(), unique=True, max_size=40), st.integers(0, 50))
def test_a_sample_is_so_many_of_the_candidates_in_their_order_and_always_the_same(
    seed: bytes, candidates: list[int], many: int
) -> None:
    taken = sample(seed, candidates, many)
    assert len(taken) == min(many, len(candidates))
    assert list(taken) == [one for one in candidates if one in set(taken)]
    assert sample(seed, candidates, many) == taken


@given(st.binary(min_size=32, max_size=32), st.integers(1, 9))
def test_a_larger_sample_holds_the_smaller_one(seed: bytes, many: int) -> None:
    assert set(sample(seed, range(10), many)) < set(sample(seed, range(10), many + 1))


def test_each_candidate_is_as_likely_as_any_other() -> None:
    counts = [0] * 10
    for number in range(2000):
        for one in sample(number.to_bytes(32), range(10), 3):
            counts[one] += 1
    assert sum(counts) == 6000
    assert all(500 < count < 700 for count in counts)


def test_the_seed_follows_the_record_the_question_the_person_and_the_instant() -> None:
    seed = seed_of(ASKED, "0" * 64, person("supervisor"), AT)
    assert seed == seed_of(ASKED, "0" * 64, person("supervisor"), AT.astimezone(CHINA))
    others = {
        seed_of(ASKED, "1" * 64, person("supervisor"), AT),
        seed_of(ASKED._replace(many=4), "0" * 64, person("supervisor"), AT),
        seed_of(ASKED, "0" * 64, person("inspector"), AT),
        seed_of(ASKED, "0" * 64, person("supervisor"), AT + timedelta(microseconds=1)),
    }
    assert len(others | {seed}) == 5
