"""Every kind of problem: what makes it, where it is named, what becomes of the row."""

from datetime import date

import pytest

from adapters.regions.divisions import Division, Divisions
from adapters.workbooks.problems import BLOCKING, NOTES, Problem
from adapters.workbooks.reader import read_workbook
from tests.adapters.workbooks.building import (
    AS_OF,
    HEADER,
    HUAIHUA,
    TITLE,
    Page,
    book,
    cell_of,
    kinds,
    line,
    plain_book,
    read,
    read_line,
)

DISTINCT = {"序号": 2, "问题具体描述": "饮水管道破损"}

IN_A_CELL: dict[str, tuple[str, dict[str, object], str]] = {
    # kind: the cell it is named at, what is filled in, the field that is null because of it
    "region_missing": ("行政村", {"乡镇": None, "行政村": None}, "region"),
    "unknown_township": ("乡镇", {"乡镇": "川川镇"}, "township"),
    "unknown_village": ("行政村", {"行政村": "白云村"}, "village"),
    "several_villages": ("行政村", {"行政村": "白丹村、五圩村"}, "village"),
    "description_missing": ("问题具体描述", {"问题具体描述": "/"}, "description"),
    "unknown_severity": ("问题等级", {"问题等级": "特别重大"}, "severity"),
    "unknown_status": ("整改进展", {"整改进展": "正在走程序"}, "status"),
    "unknown_closure": ("销号状态", {"销号状态": "半销号"}, "closed"),
    "unreadable_deadline": ("整改时限", {"整改时限": "10月中旬"}, "due"),
    "unreadable_date": ("实际完成时间", {"实际完成时间": "上周"}, "done"),
    "impossible_date": ("整改时限", {"整改时限": "2019-02-30"}, "due"),
    "unreadable_money": ("计划资金(万元)", {"资金": "约20万"}, "money_wan"),
    "personal_data": ("责任人", {"责任人": "韦志强13977812345"}, "person"),
    "ditto_mark": ("责任单位", {"责任单位": "同上"}, "unit"),
    "text_too_long": ("整改措施", {"整改措施": "改" * 4001}, "measure"),
    "error_value": ("整改进展", {"整改进展": "#REF!"}, "status"),
    "formula_without_value": ("整改时限", {"整改时限": '="2019年" & "底前"'}, "due"),
}


@pytest.mark.parametrize("kind", IN_A_CELL)
def test_a_cell_that_cannot_be_read_is_null_and_named(kind: str) -> None:
    title, changes, field = IN_A_CELL[kind]
    row, problems = read_line(**changes)
    assert [(problem.kind, problem.cell) for problem in problems] == [(kind, cell_of(title))]
    assert getattr(row, field) is None
    assert all(problem.blocks for problem in problems)


def test_a_deadline_without_a_year_anywhere_is_named() -> None:
    reading = read(book(Page([["问题清单"], HEADER, line(整改时限="7月底前")])))
    assert kinds(reading) == [("date_without_year", "M3")]
    assert reading.rows[0].due is None


def test_a_bare_month_is_no_deadline_however_it_is_stored() -> None:
    for value in ("2019年10月", "10月", "2019.10", "10月前"):
        row, (problem,) = read_line(整改时限=value)
        assert (row.due, problem.kind) == (None, "unreadable_deadline")
    shown_as_month = {"M4": 'yyyy"年"m"月"'}
    reading = read(plain_book(line(整改时限=date(2019, 10, 1)), formats=shown_as_month))
    assert kinds(reading) == [("unreadable_deadline", "M4")]
    shown_as_day = {"M4": 'yyyy"年"m"月"d"日"'}
    assert read(plain_book(line(整改时限=date(2019, 10, 1)), formats=shown_as_day)).problems == ()


def test_a_village_name_that_two_villages_share_is_never_guessed() -> None:
    only_one = read(plain_book(line(乡镇=None, 行政村="白丹村")))
    assert (only_one.rows[0].village, only_one.problems) == ("451226103208", ())
    in_two_townships = read(plain_book(line(乡镇=None, 行政村="太平村")), "220822")
    assert (in_two_townships.rows[0].region, kinds(in_two_townships)) == (None, [("ambiguous_village", "C4")])
    village_and_community = read(plain_book(line(乡镇="田湾镇", 行政村="田湾")), "431223")
    assert (village_and_community.rows[0].township, village_and_community.rows[0].village) == ("431223102", None)
    assert kinds(village_and_community) == [("ambiguous_village", "C4")]
    said_in_full = read(plain_book(line(乡镇="田湾镇", 行政村="田湾村")), "431223")
    assert (said_in_full.rows[0].village, said_in_full.problems) == ("431223102202", ())


def test_a_county_is_named_when_it_is_missing_unknown_ambiguous_or_another() -> None:
    header = ["序号", "县区", "乡镇", "行政村", "问题描述", "整改时限"]

    def read_county(county: str | None, place: str) -> list[tuple[str, str | None]]:
        issue = [1, county, "卢峰镇", "瑶头村", "路未修", "2018年底"]
        return kinds(read(book(Page([header, issue])), place))

    assert read_county("溆浦县", HUAIHUA) == []
    assert read_county("溆浦县", "431224") == []
    assert read_county(None, "431224") == []
    assert read_county(None, HUAIHUA) == [("county_missing", "B2")]
    assert read_county("溆水县", HUAIHUA) == [("unknown_county", "B2")]
    assert read_county("洪江", HUAIHUA) == [("ambiguous_county", "B2")]
    assert read_county("辰溪县", "431224") == [("outside_place", "B2")]


def test_an_ambiguous_township_is_never_guessed() -> None:
    county = Divisions(
        [
            Division("451226", "环江毛南族自治县", "county"),
            Division("451226100", "团结镇", "township"),
            Division("451226200", "团结乡", "township"),
        ]
    )
    reading = read_workbook(plain_book(line(乡镇="团结", 行政村=None)), county, "451226")
    assert (reading.rows[0].region, kinds(reading)) == (None, [("ambiguous_township", "B4")])


def test_personal_numbers_are_refused_wherever_they_would_be_registered_and_never_repeated() -> None:
    numbers = [
        "452730198501011234",
        "13977812345",
        "6222021234567890123",
        "４５２７３０１９８５０１０１１２３４",
        13977812345,
    ]
    for number in numbers:
        for title in (
            "行政村",
            "乡镇",
            "问题来源",
            "问题类别",
            "问题具体描述",
            "责任单位",
            "责任领导",
            "责任人",
            "整改措施",
        ):
            row, problems = read_line(**{title: number if isinstance(number, int) else f"联系{number}"})
            assert ("personal_data", cell_of(title)) in [(problem.kind, problem.cell) for problem in problems]
            shown = f"{row.as_json()}{[problem.as_json() for problem in problems]}"
            assert str(number) not in shown


def test_a_number_in_a_column_that_is_not_registered_is_none_of_our_business() -> None:
    _, problems = read_line(备注="452730198501011234")
    assert problems == ()


def test_control_characters_are_named() -> None:
    content = plain_book(line(整改措施="甲_x0007_乙"))
    assert kinds(read(content)) == [("control_characters", "K4")]


def test_money_without_a_unit_is_named_and_its_unit_may_stand_above_the_table() -> None:
    header = ["序号", "乡镇", "村", "问题描述", "资金"]
    issue = [1, "川山镇", "白丹村", "路未修", 3]
    bare = read(book(Page([header, issue])))
    assert kinds(bare) == [("money_without_unit", "E2")]
    assert bare.rows[0].money_wan is None
    above = read(book(Page([["问题清单"], [None, None, None, "单位:元"], header, issue])))
    assert (above.problems, above.rows[0].money_fen) == ((), 300)
    in_the_cell = read(book(Page([header, [*issue[:4], "3万元"]])))
    assert (in_the_cell.problems, in_the_cell.rows[0].money_fen) == ((), 3_000_000)


def test_two_columns_with_one_title_must_agree() -> None:
    header = ["序号", "乡镇", "村", "问题描述", "责任人", "责任人"]
    issues = [
        [1, "川山镇", "白丹村", "路未修", "甲某", "甲某"],
        [2, "川山镇", "白丹村", "缺水", None, "乙某"],
        [3, "川山镇", "白丹村", "缺电", "甲某", "乙某"],
    ]
    reading = read(book(Page([header, *issues])))
    assert [row.person for row in reading.rows] == ["甲某", "乙某", None]
    assert kinds(reading) == [("conflicting_columns", "E4")]


def test_the_more_telling_of_two_titles_is_read_and_the_other_named() -> None:
    header = ["序号", "乡镇", "村", "存在问题", "牵头单位", "责任单位"]
    reading = read(book(Page([header, [1, "川山镇", "白丹村", "路未修", "县委办", "交通局"]])))
    assert reading.rows[0].unit == "交通局"
    assert kinds(reading) == [("secondary_column", "E1")]


def test_a_completion_time_is_what_the_sheet_lacks_otherwise() -> None:
    def read_times(*titles: str) -> tuple[date | None, date | None, list[tuple[str, str | None]]]:
        days = [date(2019, 9, 1), date(2019, 10, 1)]
        header = ["序号", "乡镇", "村", "存在问题", *titles]
        reading = read(book(Page([header, [1, "川山镇", "白丹村", "路未修", *days[: len(titles)]]])))
        return reading.rows[0].due, reading.rows[0].done, kinds(reading)

    assert read_times("整改时限", "完成时间") == (date(2019, 9, 1), date(2019, 10, 1), [])
    assert read_times("实际完成时间", "完成时间") == (date(2019, 10, 1), date(2019, 9, 1), [])
    assert read_times("完成时间") == (None, None, [("ambiguous_column", "E1")])


def test_another_table_below_in_other_columns_is_not_read_in_the_columns_of_the_first() -> None:
    other = ["序号", "问题描述", "乡镇", "行政村", "责任单位"]
    reading = read(plain_book(line(), other, [1, "缺水", "川山镇", "白丹村", "水利局"]))
    assert len(reading.rows) == 1
    assert kinds(reading) == [("second_layout", "A5")]


def test_unknown_and_untitled_columns_are_named_once() -> None:
    lines = [[*line(), "甲", "x"], [*line(**DISTINCT), "乙", "y"]]
    reading = read(book(Page([TITLE, AS_OF, [*HEADER, "督查组别"], *lines])))
    assert kinds(reading) == [("unknown_column", "T3"), ("unknown_column", "U4")]
    assert not reading.blocking


def test_sheets_that_are_hidden_or_have_no_header_are_named_and_empty_ones_are_not() -> None:
    pages = [
        Page([TITLE, AS_OF, HEADER, line()], "台账"),
        Page([TITLE, AS_OF, HEADER, line()], "上月", hidden=True),
        Page([["填表说明:请逐项填写"]], "说明"),
        Page([], "Sheet3"),
    ]
    reading = read(book(*pages))
    assert [(problem.sheet, problem.kind) for problem in reading.problems] == [
        ("上月", "hidden_sheet"),
        ("说明", "no_header"),
    ]
    assert [row.sheet for row in reading.rows] == ["台账"]


def test_hidden_rows_are_read_and_named() -> None:
    reading = read(plain_book(line(), line(**DISTINCT), hidden_rows=[5]))
    assert [row.row for row in reading.rows] == [4, 5]
    assert [(problem.kind, problem.row) for problem in reading.problems] == [("hidden_rows", 5)]


def test_numbers_that_are_missing_repeated_or_shared_are_noted() -> None:
    third = line(序号=1, 问题具体描述="缺电")
    missing = line(序号=None, 问题具体描述="缺水")
    reading = read(plain_book(line(), missing, third))
    found = [(problem.kind, problem.row) for problem in reading.problems]
    assert found == [("duplicate_number", 6), ("number_missing", 5)]
    unnumbered = read(plain_book(line(序号=None), missing))
    assert unnumbered.problems == ()
    shared = read(plain_book(line(), line(序号=None, 问题具体描述="缺水"), merges=["A4:A5"]))
    assert kinds(shared) == [("merged_number", "A5")]
    assert len(shared.rows) == 2


def test_totals_are_compared_with_the_sum_of_their_lines() -> None:
    def total(label: str, money: object) -> list[object]:
        return [label, *[None] * 10, money]

    second = line(**DISTINCT, 资金=0.1)
    third = line(序号=3, 问题具体描述="缺电", 资金=0.2)
    assert read(plain_book(line(), second, third, total("合计", 12.899999999999999))).problems == ()
    right = plain_book(line(), total("小计", 12.6), second, third, total("川山镇小计", 0.3), total("总计", 12.9))
    assert read(right).problems == ()
    wrong = plain_book(line(), second, total("合 计", 12.6))
    assert kinds(read(wrong)) == [("total_mismatch", "L6")]
    merged_once = plain_book(line(), line(**DISTINCT, 资金=None), total("合计:2条", 12.6), merges=["L4:L5"])
    assert read(merged_once).problems == ()
    assert [row.money_fen for row in read(merged_once).rows] == [12_600_000] * 2


def test_lines_that_are_no_issues_are_noted_or_passed_over() -> None:
    lines: list[list[object]] = [
        ["例", *line()[1:]],
        ["一、道路方面(2条)"],
        line(),
        line(序号=2, 问题具体描述="无"),
        [3, *["/"] * 18],
        ["注:本表一式两份"],
        ["填表人:韦志强", None, None, "审核人:兰国华", None, None, "联系电话:0778-8821234"],
    ]
    reading = read(plain_book(*lines))
    assert [row.row for row in reading.rows] == [6]
    assert kinds(reading) == [("sample_row", "A4"), ("section_row", "A5"), ("no_issue_reported", "G7")]


def test_the_same_issue_twice_is_noted_even_across_sheets() -> None:
    pages = [Page([TITLE, AS_OF, HEADER, line()], name) for name in ("汇总", "川山镇")]
    (problem,) = read(book(*pages)).problems
    assert (problem.kind, problem.sheet, problem.row, problem.blocks) == ("duplicate_issue", "川山镇", 4, False)


CLAIMS: dict[str, tuple[str, dict[str, object]]] = {
    "closed_without_reviewer": ("复核人签字", {"整改进展": "已销号", "实际完成时间": "9月1日", "销号状态": "已销号"}),
    "closed_but_unfinished": ("整改进展", {"复核人签字": "韦志强", "销号状态": "已销号"}),
    "closed_but_rejected": (
        "复核情况",
        {
            "整改进展": "已完成",
            "实际完成时间": "9月1日",
            "复核情况": "不通过",
            "复核人签字": "甲",
            "销号状态": "已销号",
        },
    ),
    "closure_contradicts_status": ("销号状态", {"整改进展": "已销号", "实际完成时间": "9月1日"}),
    "done_without_date": ("实际完成时间", {"整改进展": "已完成"}),
    "unfinished_with_date": ("实际完成时间", {"实际完成时间": "9月1日"}),
    "done_after_as_of": ("实际完成时间", {"整改进展": "已完成", "实际完成时间": "10月1日"}),
    "renamed_place": ("乡镇", {"乡镇": "川山乡"}),
    "below_village": ("行政村", {"行政村": "白丹村甲江屯"}),
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_what_is_read_but_looks_odd_is_a_note(kind: str) -> None:
    title, changes = CLAIMS[kind]
    row, problems = read_line(**changes)
    assert [(problem.kind, problem.cell) for problem in problems] == [(kind, cell_of(title))]
    assert not any(problem.blocks for problem in problems)
    assert row.region == "451226103208"


def test_a_hamlet_is_kept_beside_its_village() -> None:
    row, _ = read_line(行政村="白丹村委会甲江屯")
    assert (row.village, row.hamlet) == ("451226103208", "甲江屯")


def test_a_status_of_closed_closes_where_nothing_else_says_so() -> None:
    row, _ = read_line(整改进展="已销号", 实际完成时间="9月1日", 复核人签字="韦志强", 销号状态=None)
    assert row.closed is True


def test_an_unreadable_village_leaves_the_row_about_nowhere_and_not_about_its_township() -> None:
    row, (problem,) = read_line(行政村="#REF!")
    assert (row.township, row.village, row.region, problem.kind) == ("451226103", None, None, "error_value")
    row, (problem,) = read_line(乡镇=None, 行政村="同上")
    assert (row.region, problem.kind) == (None, "ditto_mark")


def test_problems_in_a_merged_cell_are_named_at_the_rows_own_cell() -> None:
    reading = read(plain_book(line(整改时限="尽快"), line(**DISTINCT, 整改时限=None), merges=["M4:M5"]))
    assert kinds(reading) == [("unreadable_deadline", "M4"), ("unreadable_deadline", "M5")]


def test_a_kind_is_either_blocking_or_a_note_and_an_unknown_one_blocks() -> None:
    assert not BLOCKING & NOTES
    assert all(Problem("表", 1, "A1", kind, "").blocks for kind in BLOCKING | {"never heard of"})
    assert not any(Problem("表", 1, "A1", kind, "").blocks for kind in NOTES)
