"""Division codes, and the finding of places by the names forms give them."""

import pytest

from adapters.regions.divisions import LENGTH, Division, Divisions, Level, trim
from tests.adapters.workbooks.building import divisions


def found(name: str, level: Level, within: str) -> list[str]:
    return [division.code for division in divisions().match(name, level, within).divisions]


def test_every_code_of_the_packaged_table_has_its_levels_length_and_its_ancestors() -> None:
    everything = [each for province in ("22", "43", "45") for each in divisions().within(province)]
    assert len(everything) == 3923
    for division in everything:
        assert len(division.code) == LENGTH[division.level]
        assert all(divisions().get(division.code[:length]) for length in LENGTH.values() if length < len(division.code))


@pytest.mark.parametrize(
    ("code", "trimmed"),
    [
        ("450000000000", "45"),
        ("451200000000", "4512"),
        ("451226000000", "451226"),
        ("451226103000", "451226103"),
        ("451226103208", "451226103208"),
        ("441900003000", "441900003"),
        ("451226", "451226"),
    ],
)
def test_padding_is_trimmed(code: str, trimmed: str) -> None:
    assert trim(code) == trimmed


def test_a_padded_table_reads_like_a_trimmed_one() -> None:
    padded = Divisions(
        [Division("451226000000", "环江毛南族自治县", "county"), Division("451226103000", "川山镇", "township")]
    )
    assert padded.get("451226103000") == padded.get("451226103") == Division("451226103", "川山镇", "township")
    assert padded.match("川山", "township", "451226000000").only == padded.get("451226103")


def test_where_a_code_lies() -> None:
    county = divisions().county_of("451226103208")
    assert county is not None
    assert county.name == "环江毛南族自治县"
    assert divisions().county_of("4512") is None
    assert divisions().get("999999") is None
    assert [each.code for each in divisions().within("4312", "county")][:2] == ["431202", "431221"]


@pytest.mark.parametrize(
    ("name", "level", "within", "code"),
    [
        ("环江县", "county", "4512", "451226"),
        ("环江", "county", "4512", "451226"),
        ("靖州县", "county", "4312", "431229"),
        ("洪江区", "county", "4312", "431271"),
        ("洪江市", "county", "4312", "431281"),
        ("驯乐乡", "township", "451226", "451226207"),
        ("驯乐", "township", "451226", "451226207"),
        ("城西街道办事处", "township", "451226", "451226001"),
        ("川山镇人民政府", "township", "451226", "451226103"),
        ("吉家冲村", "village", "4312", "431222105215"),
        ("北斗溪", "township", "431224", "431224124"),
    ],
)
def test_a_name_is_found_without_its_peoples_its_kind_or_its_office(
    name: str, level: Level, within: str, code: str
) -> None:
    if level == "village":
        code = next(each.code for each in divisions().within(within, level) if each.name.startswith(name))
    assert found(name, level, within) == [code]


def test_a_name_that_two_places_share_yields_both() -> None:
    assert found("洪江", "county", "4312") == ["431271", "431281"]
    assert found("田湾", "village", "431223102") == ["431223102001", "431223102202"]
    assert found("田湾居民委员会", "village", "431223102") == ["431223102001"]
    assert found("田湾村委会", "village", "431223102") == ["431223102202"]


def test_a_differing_kind_is_a_match_inside_the_township_only_and_said_to_be_renamed() -> None:
    inside = divisions().match("白丹社区", "village", "451226103")
    assert (inside.only and inside.only.code, inside.renamed) == ("451226103208", True)
    assert found("白丹社区", "village", "451226") == []


def test_unknown_and_empty_names_find_nothing() -> None:
    for name in ("", "  ", "村", "镇", "白云村"):
        assert found(name, "village", "451226103") == []


def test_names_standing_in_a_title() -> None:
    assert divisions().named_in("怀化市溆浦县2018年问题清单", "county", "4312").only == divisions().get("431224")
    assert divisions().named_in("环江县川山镇问题清单", "township", "451226").only == divisions().get("451226103")
    assert len(divisions().named_in("川山镇、明伦镇问题清单", "township", "451226").divisions) == 2
    assert divisions().named_in("问题清单", "township", "451226").divisions == ()
