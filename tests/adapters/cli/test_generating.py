"""A place of a real size, from the command line."""

from tests.adapters.cli.conftest import Taizhang


def test_the_command_says_what_it_made(taizhang: Taizhang) -> None:
    made = taizhang("generate", "huaihua", "--scale", "0.001", "--days", "12", "--json")
    assert made.json["counties"] == 1
    assert (made.json["households"], made.json["people"], made.json["cadres"]) == (261, 871, 59)
    assert sum(made.json["types"].values()) == made.json["facts"]
    assert made.json["offices"]["county_secretary"]["person"].startswith("person-")
    assert "2017-01" in made.err
    assert taizhang("generate", "huaihua", "--scale", "0.001").refused("ledger_not_empty")


def test_a_place_that_there_is_none_of_is_refused_before_anything_is_opened(taizhang: Taizhang) -> None:
    assert taizhang("generate", "nowhere").refused("unknown_place")
    assert taizhang("generate", "luchuan", "--scale", "2").refused("scale_out_of_range")
