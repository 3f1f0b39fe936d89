"""Other counties' workbooks: what their columns are called, how their headers are built, where they say the place."""

from datetime import date
from decimal import Decimal

import pytest
from openpyxl.utils import get_column_letter

from adapters.workbooks.layout import TITLES, Field
from adapters.workbooks.reader import Row
from tests.adapters.workbooks.building import (
    AS_OF,
    HEADER,
    HUAIHUA,
    HUANJIANG,
    LUCHUAN,
    TITLE,
    TONGYU,
    XUPU,
    Page,
    book,
    cells,
    kinds,
    line,
    plain_book,
    read,
)


def said(row: Row, *fields: str) -> tuple[object, ...]:
    return tuple(getattr(row, field) for field in fields)


def test_luchuan_with_one_header_line_its_own_titles_and_yuan() -> None:
    reading = read(
        book(
            Page(
                [
                    ["陆川县2016年脱贫攻坚督查反馈问题整改销号台账"],
                    ["填报单位:", "陆川县扶贫开发办公室", None, "填报时间:2016年9月30日"],
                    [],
                    cells(
                        "编号|镇|村(社区)|存在\n问题|类 别|严重程度|牵头单位|包保领导|经办人"
                        "|整改举措|投入资金(元)|时间节点|进展情况|办结时间|验收人|是否销号"
                    ),
                    cells(
                        "1-1|温泉镇|四良|危房未改造3户|住房|较重|住建局|李 强|陈大文、王小明"
                        "|入户核实|35000|10月底前完成|正在整改|—|—|否"
                    ),
                    cells(
                        "1-2|珊罗镇|六燕村|路灯未安装|道路|一般问题|交通局|李强|/"
                        "|安装|1250.5元|立行立改|整改完成|2016.9.12|李强|√"
                    ),
                    ["合计", None, None, None, None, None, None, None, None, None, 36250.5],
                    ["填表人:王小明", None, None, "审核人:李强"],
                ]
            )
        ),
        LUCHUAN,
    )
    assert reading.problems == ()
    first, second = reading.rows
    assert said(first, "township", "village", "category", "severity") == ("450922101", "450922101202", "住房", "较重")
    assert said(first, "leader", "person", "money_wan") == ("李强", "陈大文、王小明", Decimal("3.5"))
    assert said(first, "due", "due_precision", "status", "done") == (date(2016, 10, 31), "month_end", "整改中", None)
    assert said(first, "closed", "source") == (False, None)
    assert said(second, "village", "person", "money_wan") == ("450922104207", None, Decimal("0.12505"))
    assert said(second, "due_precision", "status", "done", "closed") == ("immediate", "已完成", date(2016, 9, 12), True)


def test_tongyu_with_a_sheet_for_each_township_and_no_township_column() -> None:
    header = ["序号", "村名", "问题内容", "责任部门", "分管领导", "直接责任人", "整改期限", "完成情况", "备注"]

    def page(name: str, *issues: list[object]) -> Page:
        return Page([["四查一检问题清单"], ["截至2019年11月1日"], header, *issues], name)

    reading = read(
        book(
            page("瞻榆镇", [1, "东关村", "水质不达标", "水利局", "王志", "李明", "11月20日", "未启动", None]),
            page(
                "2.边昭镇",
                [1, "边昭村", "慢病未签约", "卫健局", "王志", "李明", "年底前", "整改中", None],
                [2, "边昭居委会", "档案缺失", "扶贫办", "王志", "李明", "长期坚持", "整改中", None],
                [3, "全镇", "厕所改造滞后", "农业局", "王志", "李明", None, None, None],
                [4, "边昭", "路面破损", "交通局", "王志", "李明", None, None, None],
            ),
            Page([], "Sheet3"),
        ),
        TONGYU,
    )
    assert [row.village for row in reading.rows] == [
        "220822101200",
        "220822104200",
        "220822104001",
        None,
        None,
    ]
    assert [row.region for row in reading.rows][3:] == ["220822104", None]
    assert said(reading.rows[1], "sheet", "row") == ("2.边昭镇", 4)
    assert said(reading.rows[1], "due", "due_precision") == (date(2019, 12, 31), "year_end")
    assert said(reading.rows[2], "due", "due_precision", "long_term") == (None, None, True)
    assert kinds(reading) == [("ambiguous_village", "B7")]


def test_xupu_with_a_place_column_for_town_and_village_together() -> None:
    header = ["序号", "所在乡镇、村", "具体问题", "责任单位", "责任人及职务", "整改措施", "整改时限", "整改情况"]
    reading = read(
        book(
            Page(
                [
                    ["溆浦县脱贫攻坚“回头看”问题整改清单"],
                    header,
                    [
                        1,
                        "卢峰镇红远村",
                        "产业奖补未兑现",
                        "农业局",
                        "张三(镇长)",
                        "兑现",
                        "2018年6月30日前",
                        "已完成。",
                    ],
                    [2, "溆浦县卢峰镇长兴社区", "档案不全", "扶贫办", "李四", "补齐", "2018/7/15", "整改中,已补3户"],
                    [3, "卢峰镇", "公示栏未更新", "扶贫办", "李四", "更新", "二〇一八年十二月二十日", "未整改"],
                    [4, "全县", "政策宣传不够", "宣传部", "李四", "宣传", "持续整改", "整改中"],
                    [5, "马田坪村", "饮水管道漏水", "水利局", "李四", "维修", "20180630", "整改中"],
                ],
                "清单",
            )
        ),
        XUPU,
    )
    assert [row.region for row in reading.rows] == [
        "431224100200",
        "431224100005",
        "431224100",
        "431224",
        "431224100202",
    ]
    assert [row.status for row in reading.rows] == ["已完成", "整改中", "未启动", "整改中", "整改中"]
    assert reading.rows[3].long_term
    assert not reading.blocking


def test_huaihua_city_with_a_county_column_merged_over_its_rows() -> None:
    reading = read(
        book(
            Page(
                [
                    ["怀化市2018年脱贫攻坚省级考核反馈问题整改台账"],
                    ["截至2018年9月30日", None, None, None, None, None, "单位:万元"],
                    [
                        "序号",
                        "县(市、区)",
                        "乡镇",
                        "行政村",
                        "反馈问题",
                        "整改责任",
                        None,
                        "计划资金",
                        "完成时限",
                        "整改状态",
                    ],
                    [None, None, None, None, None, "单位", "人员", None, None, None],
                    [1, "溆浦县", "卢峰镇", "瑶头村", "住房未入住", "住建局", "张三", 3, "9月底前", "待验收"],
                    [2, None, None, "漫水村", "饮水不稳定", "水利局", "李四", "2万元", "10月底前", "阶段性完成"],
                    [3, "芷江县", "芷江镇", "七里桥村村委会", "产业弱", "农业局", "王五", None, "年底前", "整改中"],
                    [4, "洪江区", "横岩乡", "菖蒲村", "教育资助未落实", "教育局", "赵六", 1, "年底前", "整改中"],
                    [5, "市本级", None, None, "资金拨付慢", "财政局", "钱七", None, "年底前", "整改中"],
                    [6, "洪江", "横岩乡", "菖蒲村", "台账不实", "扶贫办", "孙八", None, "年底前", "整改中"],
                    ["总计", None, None, None, None, None, None, 6],
                ],
                merges=["A1:J1", "B5:B6", "C5:C6", "F3:G3", *(f"{column}3:{column}4" for column in "ABCDEHIJ")],
            )
        ),
        HUAIHUA,
    )
    assert [row.region for row in reading.rows] == [
        "431224100203",
        "431224100204",
        "431228100201",
        "431271218203",
        "4312",
        None,
    ]
    assert [row.county for row in reading.rows] == ["431224", "431224", "431228", "431271", None, None]
    assert [row.money_wan for row in reading.rows[:2]] == [3, 2]
    assert said(reading.rows[0], "unit", "person") == ("住建局", "张三")
    assert kinds(reading) == [("ambiguous_county", "B10")]


def test_a_city_with_a_sheet_for_each_county() -> None:
    header = ["序号", "乡镇", "村", "主要问题", "责任单位", "整改时限"]
    reading = read(
        book(
            Page([header, [1, "芷江镇", "七里桥村", "饮水困难", "水利局", "2018年底"]], "芷江"),
            Page([["通道县问题清单"], header, [1, "双江镇", None, "宣传不够", "宣传部", "2018年底"]], "表二"),
            Page([header, [1, "双江镇", None, "宣传不够", "宣传部", "2018年底"]], "表三"),
        ),
        HUAIHUA,
    )
    assert [row.region for row in reading.rows] == ["431228100201", "431230100", None]
    assert kinds(reading) == [("county_missing", "C2")]


AUDIT: list[tuple[str, str, str, object]] = [
    ("序号", "", "", 1),
    ("问题基本情况", "所在地", "乡镇", "瞻榆镇"),
    ("问题基本情况", "所在地", "行政村", "向阳村"),
    ("问题基本情况", "问题", "来源", "审计"),
    ("问题基本情况", "问题", "类型", "产业"),
    ("问题基本情况", "问题", "级别", "重大"),
    ("问题基本情况", "问题", "具体表现", "扶贫资金滞留"),
    *(("审计取证", "取证单", f"编号{number}", None) for number in range(8)),
    *(("审计取证", "金额(元)", f"第{number}笔", 5) for number in range(8)),
    ("整改责任", "责任主体", "责任单位", "财政局"),
    ("整改责任", "责任主体", "责任领导", "王志"),
    ("整改责任", "责任主体", "责任人", "李明"),
    ("整改责任", "配合单位", "责任单位", "农业局"),
    ("整改责任", "配合单位", "责任人", "张三"),
    ("整改落实", "整改举措", "", "限期拨付"),
    ("整改落实", "资金(万元)", "计划", 150),
    ("整改落实", "资金(万元)", "到位", 80),
    ("整改落实", "完成时限", "计划", "2019年12月20日"),
    ("整改落实", "完成时限", "实际", "2019年11月5日"),
    ("整改落实", "整改进度", "", "已完成"),
    ("验收销号", "验收", "验收人", "王志"),
    ("验收销号", "验收", "验收结果", "通过"),
    ("验收销号", "验收", "责任人", "赵六"),
    ("验收销号", "销号", "销号状态", "已销号"),
    ("验收销号", "销号", "销号文号", None),
    *(("附件", "佐证材料", f"材料{number}", "有") for number in range(12)),
    ("备注", "", "", None),
]


def audit_page() -> Page:
    """An audit office's sheet: 52 columns below three header lines, each group merged over its own."""
    columns = range(len(AUDIT))
    header: list[list[object]] = [[None] * len(AUDIT) for _ in range(3)]
    merges = []
    for level in range(3):
        for column in columns:
            path = AUDIT[column][: level + 1]
            if not path[-1] or (column > 0 and level < 2 and AUDIT[column - 1][: level + 1] == path):
                continue
            header[level][column] = path[-1]
            last = max(other for other in columns if AUDIT[other][: level + 1] == path) if level < 2 else column
            bottom = level if any(AUDIT[column][level + 1 : 3]) else 2
            if (last, bottom) != (column, level):
                left, right = get_column_letter(column + 1), get_column_letter(last + 1)
                merges.append(f"{left}{level + 2}:{right}{bottom + 2}")
    issue = [value for *_, value in AUDIT]
    return Page([["通榆县审计发现问题整改台账"], *header, [*range(1, 53)], issue], merges=merges)


def test_an_audit_office_with_52_columns_below_three_header_lines() -> None:
    assert len(AUDIT) == 52
    reading = read(book(audit_page()), TONGYU)
    (row,) = reading.rows
    assert said(row, "row", "township", "village") == (6, "220822101", "220822101212")
    assert said(row, "category", "source", "severity", "description") == ("产业", "审计", "重大", "扶贫资金滞留")
    assert said(row, "unit", "leader", "person", "measure") == ("财政局", "王志", "李明", "限期拨付")
    assert said(row, "money_wan", "due", "done") == (150, date(2019, 12, 20), date(2019, 11, 5))
    assert said(row, "status", "closed") == ("已完成", True)
    assert {kind for kind, _ in kinds(reading)} == {"unknown_column"}


def test_a_header_repeated_for_every_printed_page_is_no_issue() -> None:
    reading = read(plain_book(line(), [None, "教育方面"], HEADER, line(序号=2, 问题具体描述="校舍漏雨")))
    assert [row.row for row in reading.rows] == [4, 7]
    assert kinds(reading) == [("section_row", "B5")]


def test_a_two_line_header_repeated_is_no_issue() -> None:
    top = ["序号", "乡镇", "行政村", "问题描述", "整改责任", None, "整改时限"]
    sub = [None, None, None, None, "责任单位", "责任人", None]
    first = [1, "川山镇", "白丹村", "路未修", "交通局", "韦志强", "2019年底"]
    second = [2, "川山镇", "五圩村", "缺水", "水利局", "韦志强", "2019年底"]
    merges = ["E1:F1", "E4:F4", "A4:A5"]
    reading = read(book(Page([top, sub, first, top, sub, second], merges=merges)))
    assert [(row.row, row.unit, row.person) for row in reading.rows] == [
        (3, "交通局", "韦志强"),
        (6, "水利局", "韦志强"),
    ]
    assert reading.problems == ()


def test_a_group_without_merges_and_column_numbers_below_the_header() -> None:
    top = ["序号", "乡镇", "行政村", "问题描述", "整改责任", None, "整改时限"]
    sub = [None, None, None, None, "责任单位", "责任人", None]
    numbers = ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"]
    issue = [1, "川山镇", "白丹村", "路未修", "交通局", "韦志强", "2019年底"]
    reading = read(book(Page([top, sub, numbers, issue])))
    assert [(row.row, row.unit, row.person) for row in reading.rows] == [(4, "交通局", "韦志强")]
    assert reading.problems == ()


def test_a_merged_value_belongs_to_every_cell_and_a_plain_blank_inherits_nothing() -> None:
    merged = plain_book(line(), line(序号=2, 乡镇=None, 问题具体描述="缺水", 整改时限=None), merges=["B4:B5", "M4:M5"])
    assert [(row.township, row.due) for row in read(merged).rows] == [("451226103", date(2019, 10, 20))] * 2
    blank = plain_book(line(), line(序号=2, 乡镇=None, 行政村=None, 问题具体描述="缺水", 整改时限=None))
    assert [(row.township, row.due) for row in read(blank).rows] == [("451226103", date(2019, 10, 20)), (None, None)]


def test_an_issue_that_takes_two_lines_by_merging_all_its_cells_is_one_issue() -> None:
    areas = [f"{chr(ord('A') + column)}4:{chr(ord('A') + column)}5" for column in range(len(HEADER))]
    reading = read(plain_book(line(), [], line(序号=2, 问题具体描述="缺水"), merges=areas))
    assert [row.row for row in reading.rows] == [4, 6]


def test_thousands_of_formatted_blank_lines_and_prenumbered_lines_are_no_issues() -> None:
    formats = {f"A{row}": "0" for row in range(6, 3000)}
    reading = read(plain_book(line(), [2], [3], formats=formats))
    assert [row.row for row in reading.rows] == [4]
    assert reading.problems == ()


def test_dates_in_the_1904_system_and_as_serial_numbers_and_as_date_cells() -> None:
    day = date(2019, 10, 1)
    lines = [TITLE, AS_OF, HEADER, line(整改时限=42277), line(序号=2, 问题具体描述="缺水", 整改时限=day)]
    assert [row.due for row in read(book(Page(lines), date1904=True)).rows] == [day, day]
    lines[3] = line(整改时限=43739)
    assert [row.due for row in read(book(Page(lines))).rows] == [day, day]


def test_a_year_may_come_from_the_title_or_the_sheet_name_but_not_from_two_years() -> None:
    issue = line(整改时限="7月底前")
    assert read(book(Page([["2018年问题清单"], HEADER, issue]))).rows[0].due == date(2018, 7, 31)
    assert read(book(Page([["问题清单"], HEADER, issue], "2018年"))).rows[0].due == date(2018, 7, 31)
    both = ["2018年考核2019年整改清单"]
    assert read(book(Page([both, ["截至2019.9.30"], HEADER, issue]))).rows[0].due == date(2019, 7, 31)
    unclear = read(book(Page([both, HEADER, issue])))
    assert unclear.rows[0].due is None
    assert kinds(unclear) == [("date_without_year", "M3")]


def test_a_table_that_begins_in_another_column_names_its_cells_right() -> None:
    shifted = [[None, None, *each] for each in ([], HEADER, line(问题等级="特大"))]
    reading = read(book(Page(shifted)))
    assert reading.rows[0].village == "451226103208"
    assert kinds(reading) == [("unknown_severity", "H3")]


def test_place_names_are_read_as_people_write_them() -> None:
    for village, code in {
        "社村委会": "451226103207",
        "社村": "451226103207",
        "白丹村 ": "451226103208",
        " 白 丹 村 民 委 员 会": "451226103208",
        "川山镇白丹村": "451226103208",
        "环江县川山镇白丹": "451226103208",
        "木论社区": "451226103002",
        "木论居委会": "451226103002",
        "白丹村(贫困村)": "451226103208",
        "镇本级": None,
        "/": None,
    }.items():
        reading = read(plain_book(line(行政村=village)))
        assert (village, reading.rows[0].village, reading.rows[0].township) == (village, code, "451226103")
        assert reading.problems == ()
    old_name = read(plain_book(line(乡镇="驯乐乡", 行政村="全安村")))
    assert old_name.rows[0].village == "451226207203"
    assert old_name.rows[0].county == HUANJIANG


def test_posts_and_telephones_beside_a_name_are_left_aside() -> None:
    header = [
        ["序号", "乡镇", "村", "问题描述", "整改责任", None, None, None],
        [None, None, None, None, "责任领导", None, "责任人", None],
        [None, None, None, None, "姓名", "职务", "姓名", "联系电话"],
    ]
    issue = [1, "川山镇", "白丹村", "路未修", "韦志强", "副镇长", "兰国华", "13977812345"]
    merges = ["E1:H1", "E2:F2", "G2:H2", *(f"{column}1:{column}3" for column in "ABCD")]
    reading = read(book(Page([*header, issue], merges=merges)))
    assert said(reading.rows[0], "leader", "person") == ("韦志强", "兰国华")
    assert kinds(reading) == [("unknown_column", "F3"), ("unknown_column", "H3")]


def test_one_issue_over_several_lines_of_measures_is_read_line_by_line_and_noted() -> None:
    header = cells("序号|乡镇|村|存在问题|整改措施|责任人|完成时限")
    lines: list[list[object]] = [
        [1, "川山镇", "白丹村", "路未修", "勘察", "甲某", "2019年9月底"],
        [None, None, None, None, "施工", "乙某", "2019年10月底"],
    ]
    reading = read(book(Page([header, *lines], merges=[f"{column}2:{column}3" for column in "ABCD"])))
    assert [(row.description, row.measure, row.person) for row in reading.rows] == [
        ("路未修", "勘察", "甲某"),
        ("路未修", "施工", "乙某"),
    ]
    assert kinds(reading) == [("merged_number", "A3")]


VALUES: dict[str, tuple[object, object]] = {
    # field: what a cell holds, what it is read as
    "township": ("川山镇", "451226103"),
    "village": ("白丹村", "451226103208"),
    "category": ("道路", "道路"),
    "source": ("自查", "自查"),
    "severity": ("较重", "较重"),
    "description": ("水毁路段未修复", "水毁路段未修复"),
    "unit": ("交通运输局", "交通运输局"),
    "leader": ("韦志强", "韦志强"),
    "person": ("兰国华", "兰国华"),
    "measure": ("组织修复", "组织修复"),
    "money": ("3万元", Decimal(3)),
    "due": ("2019年10月20日", date(2019, 10, 20)),
    "done": ("2019年9月20日", date(2019, 9, 20)),
    "status": ("已完成", "已完成"),
    "closure": ("已销号", True),
}


@pytest.mark.parametrize("field", VALUES)
def test_every_title_of_a_field_is_read_whatever_stands_beside_it(field: Field) -> None:
    read_as = {"money": "money_wan", "closure": "closed"}.get(field, field)
    others = [other for other in VALUES if other != field]
    for title in TITLES[field].split():
        fields = [*others[:5], field, *others[5:]]
        header: list[object] = [title if each == field else TITLES[each].split()[0] for each in fields]  # type: ignore[index]
        reading = read(book(Page([header, [VALUES[each][0] for each in fields]])))
        assert (title, getattr(reading.rows[0], read_as)) == (title, VALUES[field][1])
        assert (title, reading.problems) == (title, ())
