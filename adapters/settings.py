"""设置: everything that a place may set differently, read from the environment once, at the start."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

OURS = re.compile(r"TAIZHANG_\w+|DATABASE_URL")
_S3 = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?$"


class WrongSetting(Exception):
    """A variable of the environment can't be used. ``sentence`` says which and what it should be, never its value:
    the value may be a password."""

    code = "wrong_setting"

    def __init__(self, variable: str, sentence: str) -> None:
        super().__init__(sentence)
        self.variable = variable
        self.sentence = sentence


@dataclass(frozen=True)
class Variable:
    """What a setting is called in the environment, what it should look like, and what it is for."""

    name: str
    expects: str
    chinese: str
    english: str


class Row(NamedTuple):
    """A line of the table of settings; ``default`` is as one would write it, or empty for none."""

    name: str
    default: str
    chinese: str
    english: str


def _connects(url: str) -> str:
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise ValueError("not a connection string") from None
    return url


class Settings(BaseModel):
    """设置"""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    database_url: Annotated[
        str | None,
        Variable(
            "DATABASE_URL",
            "PostgreSQL 连接串,例如 postgresql://用户@主机:5432/数据库",
            "使用的 PostgreSQL;不设则启动内嵌的 PostgreSQL 18",
            "the PostgreSQL to use; unset starts an embedded PostgreSQL 18",
        ),
        AfterValidator(lambda url: url and _connects(url)),
        Field(repr=False),
    ] = None
    data: Annotated[
        Path,
        Variable(
            "TAIZHANG_DATA",
            "文件夹路径",
            "程序保存一切文件的文件夹",
            "the one folder for everything the program keeps",
        ),
        AfterValidator(lambda path: path.expanduser().absolute()),
    ] = Path("var")
    host: Annotated[
        str,
        Variable("TAIZHANG_HOST", "IP 地址或主机名", "监听地址", "the address to listen on"),
        Field(pattern=r"^[0-9A-Za-z.:-]+$"),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Variable("TAIZHANG_PORT", "1至65535的整数", "监听端口", "the port to listen on"),
        Field(ge=1, le=65535),
    ] = 8000
    origin: Annotated[
        str | None,
        Variable(
            "TAIZHANG_ORIGIN",
            "https://域名 或 https://域名:端口,末尾不加斜杠",
            "浏览器所见的网址,通行密钥与之绑定;不设则为 http://localhost:端口",
            "the address people's browsers see, which passkeys are bound to; unset means http://localhost:port",
        ),
        Field(pattern=r"^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$"),
    ] = None
    secure_cookies: Annotated[
        bool,
        Variable(
            "TAIZHANG_SECURE_COOKIES",
            "true 或 false",
            "只在 HTTPS 下发送登录凭据;生产环境应为 true",
            "send cookies over HTTPS only; true in production",
        ),
    ] = False
    session_hours: Annotated[
        int,
        Variable(
            "TAIZHANG_SESSION_HOURS",
            "1至24的整数",
            "登录后最多保持的小时数",
            "hours after which a session ends whatever happens",
        ),
        Field(ge=1, le=24),
    ] = 12
    session_idle_minutes: Annotated[
        int,
        Variable(
            "TAIZHANG_SESSION_IDLE_MINUTES",
            "5至240的整数",
            "无操作多少分钟后退出登录",
            "minutes without a request after which a session ends",
        ),
        Field(ge=5, le=240),
    ] = 30
    evidence_url: Annotated[
        str | None,
        Variable(
            "TAIZHANG_EVIDENCE_URL",
            "s3://桶名 或 s3://桶名/前缀",
            "佐证材料存放的 S3 位置(s3://桶/前缀),服务地址与密钥用 AWS_ENDPOINT_URL_S3、AWS_ACCESS_KEY_ID、"
            "AWS_SECRET_ACCESS_KEY、AWS_REGION;不设则存于 TAIZHANG_DATA",
            "where evidence files go (s3://bucket/prefix), with AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and AWS_REGION for the service; unset keeps them in TAIZHANG_DATA",
        ),
        Field(pattern=_S3),
    ] = None
    evidence_megabytes: Annotated[
        int,
        Variable(
            "TAIZHANG_EVIDENCE_MEGABYTES",
            "1至1024的整数",
            "单份佐证材料的最大兆字节数",
            "the largest evidence file, in MiB",
        ),
        Field(ge=1, le=1024),
    ] = 20
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Variable(
            "TAIZHANG_LOG_LEVEL",
            "DEBUG、INFO、WARNING 或 ERROR",
            "日志级别;审计记录不受其影响",
            "the log level; audit records are kept at any level",
        ),
        BeforeValidator(lambda level: level.upper() if isinstance(level, str) else level),
    ] = "INFO"
    log_dir: Annotated[
        str | None,
        Variable(
            "TAIZHANG_LOG_DIR",
            "文件夹路径,或 - 表示标准错误输出",
            "日志文件夹;- 为标准错误输出;不设则为 TAIZHANG_DATA 下的 logs",
            "the folder for logs; - for standard error; unset means logs in TAIZHANG_DATA",
        ),
    ] = None
    log_days: Annotated[
        int,
        Variable(
            "TAIZHANG_LOG_DAYS",
            "不小于183的整数(网络安全法要求日志留存不少于六个月)",
            "日志文件保留的天数,不少于六个月",
            "days for which log files are kept, at least six months by law",
        ),
        Field(ge=183, le=36500),
    ] = 200

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings; an empty variable counts as unset. Raises WrongSetting for a value that can't be used, and
        for a variable that looks like ours but is not: a mistyped name must not quietly mean the default."""
        fields = {variable.name: field for field, variable in cls.variables().items()}
        given = {name: text.strip() for name, text in environ.items() if OURS.fullmatch(name)}
        if unknown := sorted(given.keys() - fields.keys()):
            raise WrongSetting(unknown[0], f"没有名为 {unknown[0]} 的设置,请核对拼写")
        try:
            return cls.model_validate({fields[name]: text for name, text in given.items() if text})
        except ValidationError as error:
            wrong = cls.variables()[str(error.errors()[0]["loc"][0])]
            raise WrongSetting(wrong.name, f"环境变量 {wrong.name} 的值不能用:应为{wrong.expects}") from None

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """Each field's variable, by the field's name."""
        return {
            name: part
            for name, field in cls.model_fields.items()
            for part in field.metadata
            if isinstance(part, Variable)
        }

    @classmethod
    def table(cls) -> list[Row]:
        """Every setting with its default and what it is for: the README's table and the help of the command line."""
        return [
            Row(variable.name, _written(cls.model_fields[name].default), variable.chinese, variable.english)
            for name, variable in cls.variables().items()
        ]

    @property
    def browsed_at(self) -> str:
        """Where passkeys are used: the origin that was set, or this machine's own name, the only one browsers let
        have them without HTTPS."""
        return self.origin or f"http://localhost:{self.port}"

    @property
    def log_folder(self) -> Path | None:
        """Where log files go, or none when standard error is all there is."""
        if self.log_dir == "-":
            return None
        return Path(self.log_dir).expanduser().absolute() if self.log_dir else self.data / "logs"


def _written(default: Any) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case Path():
            return f"{default}/"
        case _:
            return str(default)
