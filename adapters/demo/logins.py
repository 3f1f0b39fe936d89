"""账号: who can log in to a demonstration, and what each can try there."""

from typing import Final, NamedTuple

from adapters.demo.cast import CITY, COUNTY, holder
from adapters.demo.story import BAMIAN, CHIEFS, LONGYAN, MINGLUN, Story
from adapters.identity.admission import Kind
from domain.ids import PersonId
from domain.posts import Post

PASSWORD: Final = "Huanjiang-2019"  # noqa: S105
"""Of every account of a demonstration. It is printed at each start and protects nothing."""


class Login(NamedTuple):
    """账号: its name, whose it is, in which post, and something true to try."""

    login: str
    person: PersonId | None
    who: str
    post: str
    tries: str
    kind: Kind = "person"


def logins(story: Story) -> list[Login]:
    """Everybody who can log in: one of each job, and the three administrators, who do none."""
    names = {member.person: member.name for member in story.cast.members} | dict(story.founders)
    chief = story.cast.of_unit(*CHIEFS[BAMIAN])
    people = (
        (
            "clerk",
            holder(Post.TOWNSHIP_CLERK, MINGLUN),
            "明伦镇扶贫专干",
            "导入清单、登记问题;核查吉祥村待核查的申请",
        ),
        (
            "village-secretary",
            holder(Post.VILLAGE_SECRETARY, BAMIAN),
            "八面村支书",
            "待签:饮水问题可签;屋顶漏雨会被拒(同户有更重问题)",
        ),
        (
            "village-director",
            holder(Post.VILLAGE_DIRECTOR, BAMIAN),
            "八面村主任",
            "与村支书同一环节,须两人都签",
        ),
        (
            "chief",
            chief,
            "八面村大村长、水产畜牧兽医局局长",
            "报告山墙开裂问题的整改进展;自己整改的问题不能自己签",
        ),
        (
            "first-secretary",
            holder(Post.FIRST_SECRETARY, BAMIAN),
            "八面村驻村第一书记",
            "报告当日工作、走访;看八户的三本台账、还有两户没有排查",
        ),
        (
            "township-secretary",
            holder(Post.TOWNSHIP_SECRETARY, MINGLUN),
            "明伦镇党委书记",
            "待签:百祥村学籍问题、八面村012户退出;审批第一书记的请假和农贸市场摊位问题的延期",
        ),
        (
            "township-head",
            holder(Post.TOWNSHIP_HEAD, MINGLUN),
            "明伦镇镇长",
            "待签:百祥村学籍问题、八面村012户退出;退回或拒签",
        ),
        (
            "longyan-secretary",
            holder(Post.TOWNSHIP_SECRETARY, LONGYAN),
            "龙岩乡党委书记",
            "查看本人责任档案:连续两期黑榜、诫勉、申诉与变更",
        ),
        (
            "county-secretary",
            holder(Post.COUNTY_SECRETARY, COUNTY),
            "县委书记",
            "待签:北宋村就业问题",
        ),
        (
            "county-magistrate",
            holder(Post.COUNTY_MAGISTRATE, COUNTY),
            "县长",
            "待签:北宋村就业问题",
        ),
        (
            "city-secretary",
            holder(Post.CITY_SECRETARY, CITY),
            "市委书记",
            "待签:下丰村住房问题(重大)",
        ),
        (
            "city-mayor",
            holder(Post.CITY_MAYOR, CITY),
            "市长",
            "待签:下丰村住房问题(重大)",
        ),
        (
            "headquarters",
            holder(Post.HEADQUARTERS, COUNTY),
            "县指挥部办公室",
            "24小时内答复洞王屯边坡滑塌的上报",
        ),
        (
            "supervisor",
            holder(Post.SUPERVISOR, COUNTY),
            "县督查室",
            "复算红黑榜;公布12月榜单;回头看",
        ),
        (
            "inspector",
            holder(Post.INSPECTOR, COUNTY),
            "县纪检监察",
            "按任一时刻回看台账;同一照片用作两处佐证",
        ),
        (
            "organiser",
            holder(Post.ORGANISER, COUNTY),
            "县委组织部",
            "任免人员:免职后即不能签字",
        ),
    )
    administrators: tuple[tuple[str, str, str, Kind], ...] = (
        ("system", "系统管理员", "看系统状态;不能办理业务", "system_administrator"),
        ("security", "安全管理员", "管理账号;不能办理业务", "security_administrator"),
        ("audit", "审计管理员", "看审计记录;不能办理业务", "audit_administrator"),
    )
    return [
        *(Login(login, person, names[person], post, tries) for login, person, post, tries in people),
        *(Login(login, None, post, post, tries, kind) for login, post, tries, kind in administrators),
    ]
