"""Key files on the command line: made, registered, confirmed, and signed with, here and on a server."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn
from eventsourcing.dcb.api import DCBEvent

from adapters.bootstrap import Application, open_application
from adapters.cli import keyfile
from adapters.cli.keyfile import KeySuite
from adapters.cli.signing import agreed
from adapters.http.api import create_api
from adapters.proofs.sm2 import SuiteMissing, libcrypto
from adapters.settings import Settings
from domain.chains import SentBack, SignatureRefused, SignedOff
from domain.command import Act, Refused
from domain.fact import Past
from domain.ids import ChainId, IssueId, PersonId, StepId
from domain.rectification import PlanStep, ReportStep
from domain.registration import AssignIssue
from domain.signoff import ApplyForWriteOff, CheckOnSite, SignOff, shown_of
from domain.statements import Statement, statement
from tests.adapters.cli.conftest import Taizhang
from tests.county import BUREAU, founding, person, register
from tests.households import HOME, assess, household, place, ready_to_sign
from tests.scenario import FOUNDER

PASSPHRASE = "桂北的雨下了一整夜没有停"
ISSUE, CHAIN = IssueId("issue-1"), ChainId("chain-1")
SIGNER = "person-village-secretary"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is tried here is whether the file opens, not what a guess costs.
    monkeypatch.setattr(keyfile, "ROUNDS", 1)
    monkeypatch.setattr(keyfile, "SM2_ROUNDS", 1000)


@pytest.fixture
def county(database_url: str, tmp_path: Path) -> Iterator[Application]:
    """A county in post, with an issue that waits for its first signature."""
    with open_application(Settings(database_url=database_url, data=tmp_path / "data")) as application:
        application.facts.append(founding(), Act(FOUNDER, application.now()))
        today = Act(FOUNDER, application.now()).today
        due = {"due": today, "precision": "day", "long_term": False}
        step = StepId("step-1")
        for by, command in (
            ("clerk", register(ISSUE, found_on=today, deadline=due)),
            ("clerk", AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("officer"))),
            ("officer", PlanStep(issue=ISSUE, step=step, measure="修复路面")),
            ("officer", ReportStep(issue=ISSUE, step=step, progress="已修复", done=True, occurred_on=today)),
            ("officer", ApplyForWriteOff(issue=ISSUE, chain=CHAIN, statement="措施已全部完成")),
            ("supervisor", CheckOnSite(issue=ISSUE, chain=CHAIN, passed=True, findings="已通车", checked_on=today)),
        ):
            application.ledger.execute(command, Act(person(by), application.now()))
        yield application


def made(taizhang: Taizhang, file: Path, suite: KeySuite = "ed25519") -> str:
    told = taizhang("key", "new", file, "--suite", suite, "--passphrase-stdin", "--json", stdin=f"{PASSPHRASE}\n").json
    name: str = told["key"]
    return name


def signatures(application: Application) -> list[SignedOff]:
    return [fact.event for fact in application.facts.about(ISSUE) if isinstance(fact.event, SignedOff)]


@pytest.fixture(params=["ed25519", "sm2"])
def suite(request: pytest.FixtureRequest) -> KeySuite:
    asked: KeySuite = request.param
    if asked == "sm2":
        try:
            libcrypto()
        except SuiteMissing:
            pytest.skip("this machine's libcrypto was built without SM2")
    return asked


def test_a_key_file_is_encrypted_for_its_owner_only_and_never_overwritten(
    taizhang: Taizhang, tmp_path: Path, suite: KeySuite
) -> None:
    file = tmp_path / "本人.pem"
    name = made(taizhang, file, suite)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="key_file_locked"):
        keyfile.read(file, "")
    assert keyfile.read(file, PASSPHRASE).key == name
    assert keyfile.read(file, PASSPHRASE).suite == suite
    before = file.read_bytes()
    again = taizhang("key", "new", file, "--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
    assert again.refused("key_file_not_written")
    assert file.read_bytes() == before
    weak = taizhang("key", "new", tmp_path / "weak.pem", "--passphrase-stdin", stdin="12345\n")
    assert weak.refused("passphrase_weak")
    assert taizhang("key", "new", tmp_path / "none.pem").refused("passphrase_required")


@pytest.mark.parametrize(
    ("content", "code"), [(None, "key_file_locked"), (b"no key", "key_file_locked"), ("gone", "key_file_unreadable")]
)
def test_what_is_no_key_or_not_ones_own_does_not_open(tmp_path: Path, content: bytes | str | None, code: str) -> None:
    file = tmp_path / "key.pem"
    if content is None:
        keyfile.new(file, PASSPHRASE)
    elif isinstance(content, bytes):
        file.write_bytes(content)
    with pytest.raises(Refused, match=code):
        keyfile.read(file, "wrong passphrase")


def test_where_openssl_has_no_sm2_no_such_key_is_made(
    taizhang: Taizhang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise SuiteMissing("sm2")

    monkeypatch.setattr("adapters.proofs.sm2.libcrypto", missing)
    file = tmp_path / "key.pem"
    asked = ("key", "new", file, "--suite", "sm2", "--passphrase-stdin")
    assert taizhang(*asked, stdin=f"{PASSPHRASE}\n").refused("suite_missing")
    assert not file.exists()


def test_a_key_file_signs_on_the_servers_own_machine(
    taizhang: Taizhang, county: Application, tmp_path: Path, suite: KeySuite
) -> None:
    file = tmp_path / "key.pem"
    name = made(taizhang, file, suite)
    registering = ("key", "register", file, "--label", "办公电脑", "--as", SIGNER, "--passphrase-stdin")
    signing = ("sign", ISSUE, CHAIN, "--opinion", "同意", "--key", file, "--as", SIGNER, "--passphrase-stdin")
    assert taizhang(*registering, stdin=f"{PASSPHRASE}\n").code == 0
    assert taizhang(*signing, stdin=f"{PASSPHRASE}\n").refused("key_not_in_force")
    own = taizhang("key", "confirm", name, "--as", SIGNER, "--manner", "核对指纹")
    assert own.refused("own_key")
    assert taizhang("key", "confirm", name, "--as", "person-organiser", "--manner", "核对指纹").code == 0
    told = taizhang(*signing, "--json", stdin=f"{PASSPHRASE}\n").json
    [signed] = signatures(county)
    assert (signed.assurance, signed.signature and signed.signature.key) == ("key", name)
    assert told["statement"]["opinion"] == signed.opinion
    revoked = taizhang("key", "revoke", name, "--as", SIGNER, "--reason", "电脑送修")
    assert revoked.code == 0
    assert taizhang("key", "revoke", name, "--as", SIGNER, "--reason", "电脑送修").refused("key_revoked")


def test_what_turns_a_chain_back_is_signed_with_a_key_file_too(
    taizhang: Taizhang, county: Application, server: str, tmp_path: Path, suite: KeySuite
) -> None:
    director = person("village-director")
    county.accounts.create_account("director", "Hechi-Rain-2019", county.now(), person=director)
    token, file = tmp_path / "token", tmp_path / "key.pem"
    token.write_text(county.accounts.create_token("director", "签字", county.now(), scope="full").secret)
    name = made(taizhang, file, suite)
    there = ("--key", file, "--server", server, "--token-file", token, "--passphrase-stdin")
    here = ("--key", file, "--as", director, "--passphrase-stdin")

    def done(*words: object) -> Any:
        return taizhang(*words, "--json", stdin=f"{PASSPHRASE}\n").json["statement"]

    registering = ("key", "register", file, "--label", "办公电脑", "--as", director, "--passphrase-stdin")
    assert taizhang(*registering, stdin=f"{PASSPHRASE}\n").code == 0
    assert taizhang("key", "confirm", name, "--as", "person-organiser", "--manner", "核对指纹").code == 0
    for where in (there, here):
        shown = shown_of(Past(county.facts.about(ISSUE)))
        seen = {"shown": shown.position, "shown_digest": shown.digest}
        signing = SignOff.model_validate({"issue": ISSUE, "chain": CHAIN, "opinion": "同意", **seen})
        county.ledger.execute(signing, Act(PersonId(SIGNER), county.now()))
        back = ("send-back", ISSUE, CHAIN, "--to", "signing", "--stage", 1, "--reason", "意见过于笼统")
        said = done(*back, *where)
        assert (said["decision"], said["to"], said["stage"]) == ("send_back", "signing", 0)
    assert done("refuse", ISSUE, CHAIN, "--reason", "路面又塌了", *here)["decision"] == "refuse"
    turned = [fact.event for fact in county.facts.about(ISSUE) if isinstance(fact.event, SentBack | SignatureRefused)]
    signed = [event.signature.key for event in turned if event.signature]
    assert signed == [name] * 3
    assert {event.assurance for event in turned if event.signature} == {"key"}


def test_an_exit_is_signed_with_a_key_file(taizhang: Taizhang, database_url: str, tmp_path: Path) -> None:
    scene = place("huaihua")
    household(scene)
    assess(scene, HOME)
    chain = ready_to_sign(scene)
    file = tmp_path / "key.pem"
    name = made(taizhang, file)
    with open_application(Settings(database_url=database_url, data=tmp_path / "data")) as application:
        application.recorder.append(
            [DCBEvent(one.event.type, one.event.data, one.event.tags) for one in scene.store.recorder.read()]
        )
    asked = ("--key", file, "--as", SIGNER, "--passphrase-stdin")
    registering = ("key", "register", file, "--label", "办公电脑", "--as", SIGNER, "--passphrase-stdin")
    assert taizhang(*registering, stdin=f"{PASSPHRASE}\n").code == 0
    assert taizhang("key", "confirm", name, "--as", "person-organiser", "--manner", "核对指纹").code == 0
    other = taizhang("refuse", "household-99", chain, "--reason", "不实", *asked, stdin=f"{PASSPHRASE}\n")
    assert other.refused("statement_differs")
    told = taizhang("refuse", HOME, chain, "--reason", "收入不实", *asked, "--json", stdin=f"{PASSPHRASE}\n").json
    assert (told["statement"]["subject"], told["statement"]["reason"]) == (HOME, "收入不实")


@pytest.fixture
def server(county: Application) -> Iterator[str]:
    program = uvicorn.Server(uvicorn.Config(create_api(county), host="127.0.0.1", port=0, log_config=None))
    thread = Thread(target=program.run, daemon=True)
    thread.start()
    while not program.started:
        assert thread.is_alive()
        sleep(0.02)
    [port] = {door.getsockname()[1] for one in program.servers for door in one.sockets}
    yield f"http://127.0.0.1:{port}"
    program.should_exit = True
    thread.join()


def test_a_key_file_signs_on_a_server_with_a_token(
    taizhang: Taizhang, county: Application, server: str, tmp_path: Path
) -> None:
    county.accounts.create_account("secretary", "Hechi-Rain-2019", county.now(), person=person("village-secretary"))
    token = tmp_path / "token"
    token.write_text(county.accounts.create_token("secretary", "签字", county.now(), scope="full").secret)
    file = tmp_path / "key.pem"
    name = made(taizhang, file)
    there = ("--server", server, "--token-file", token, "--passphrase-stdin")
    assert taizhang("key", "register", file, "--label", "笔记本", *there, stdin=f"{PASSPHRASE}\n").code == 0
    assert taizhang("key", "confirm", name, "--as", "person-organiser", "--manner", "核对指纹").code == 0
    signing = ("sign", ISSUE, CHAIN, "--opinion", " 同意 ", "--key", file)
    assert taizhang(*signing, *there, stdin=f"{PASSPHRASE}\n").code == 0
    [signed] = signatures(county)
    assert (signed.assurance, signed.opinion) == ("key", "同意")
    again = taizhang(*signing, *there, stdin=f"{PASSPHRASE}\n")
    assert again.refused("no_authority")
    nowhere = ("--server", "http://127.0.0.1:9", "--token-file", token, "--passphrase-stdin")
    assert taizhang(*signing, *nowhere, stdin=f"{PASSPHRASE}\n").refused("server_unreachable")
    for words, code in (
        (("--server", server), "token_required"),
        (("--server", "ftp://x", "--token-file", token), "bad_server"),
        ((), "who_acts"),
    ):
        assert taizhang(*signing, *words, "--passphrase-stdin", stdin=f"{PASSPHRASE}\n").refused(code)


def test_nothing_is_signed_but_what_was_asked_for() -> None:
    asked = {"type": "taizhang.signoff.v1", "subject": "issue-1", "chain": "chain-1", "opinion": "同意"}
    agreed(statement(**asked, shown=3), **asked)
    others: list[dict[str, Any]] = [asked | {name: "别的"} for name in asked]
    for other in others:
        with pytest.raises(Refused, match="statement_differs"):
            agreed(statement(**other), **asked)
    with pytest.raises(Refused, match="statement_differs"):
        agreed(Statement(json.dumps([asked])), **asked)
