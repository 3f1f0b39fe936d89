"""A bundle is checked with nothing but the file and the checker's own list of keys, and says what it can't show."""

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest

from adapters.facts import decode, encode
from adapters.postgres.event_store import Stored
from adapters.proofs.bundle import pack, unpack
from adapters.proofs.entries import Entry, columns_of
from adapters.proofs.gathering import bundle_of
from adapters.proofs.notes import LOG, WITNESS, Note, Signer
from adapters.proofs.offline import Report, verify_bundle, verify_file
from adapters.proofs.policy import Policy
from adapters.proofs.published import PublishedLog
from adapters.proofs.verdict import Unproven
from domain.chains import ChainOpened, Phase, SignedOff
from domain.command import Act
from domain.fact import Event, Recorded
from domain.ids import ActorId, BoardId, EditionId, IssueId, PersonId, RegionId
from domain.issues import IssueClosed
from domain.policy import PolicyAdopted
from domain.posts import Appointed, Post
from domain.rankings import Counts, EditionPublished, Period, ScoringRuleAdopted, packaged, standings
from tests.adapters.proofs.conftest import SealedCounty
from tests.adapters.proofs.world import ISSUE, NOON, Memory, key_of, policy_of, sealed, settled, trusting

FACTS = settled()


def test_the_bundle_of_a_closed_issue_shows_its_chain_whole_and_is_small(sealed_county: SealedCounty) -> None:
    content = bundle_of(ISSUE, sealed_county.recorder, sealed_county.log)
    assert len(content) <= 64 << 10
    report = verify_bundle(content, trusting(sealed_county.log.folder))
    (chain,) = report.chains
    assert (chain.subject, chain.phase) == (ISSUE, Phase.COMPLETE)
    assert [one.by for one in chain.signatures] == [
        f"person-{name}" for name in ("village-secretary", "village-director", "township-secretary", "township-head")
    ]
    told = "\n".join(report.lines())
    for said in (
        "已签完",
        "百祥村村支书 village-secretary",
        "明伦镇乡镇长 township-head",
        "信任名单不要求见证",
        "须核验全库",
    ):
        assert said in told


def test_the_bundle_of_a_chain_is_that_of_its_issue(sealed_county: SealedCounty) -> None:
    chain = next(entry.fact.event.chain for entry in FACTS.entries() if isinstance(entry.fact.event, ChainOpened))
    report = verify_bundle(
        bundle_of(chain, sealed_county.recorder, sealed_county.log), trusting(sealed_county.log.folder)
    )
    assert [one.chain for one in report.chains] == [chain]


def test_the_bundle_of_a_person_proves_what_is_in_it_and_says_no_more(sealed_county: SealedCounty) -> None:
    person = PersonId("person-officer")
    content = bundle_of(person, sealed_county.recorder, sealed_county.log)
    report = verify_bundle(content, trusting(sealed_county.log.folder))
    assert {fact.event.type for fact in report.facts} >= {"post.appointed", "step.planned", "chain.opened"}
    assert report.chains == ()
    assert any("是否另有未列入的事实" in remark for remark in report.remarks)


def test_there_is_no_bundle_of_what_is_unknown_or_unsealed(sealed_county: SealedCounty, tmp_path: Path) -> None:
    for subject, log, code in (
        (IssueId("issue-none"), sealed_county.log, "unknown_subject"),
        (ISSUE, PublishedLog(tmp_path), "not_sealed_yet"),
    ):
        with pytest.raises(Unproven) as refusal:
            bundle_of(subject, sealed_county.recorder, log)
        assert refusal.value.code == code


# What a liar might send


def lie(folder: Path, facts: Memory, subject: IssueId | EditionId = ISSUE) -> bytes:
    """A bundle of all these facts over a log that its keeper made for the occasion: nothing in it is unproven."""
    sealed(folder, facts)
    proofs = PublishedLog(folder).proofs([fact.position for fact in facts.facts])
    assert proofs is not None
    return pack(subject, facts.entries(), proofs)


def refused(content: bytes, policy: Policy) -> tuple[str, int | None]:
    with pytest.raises(Unproven) as refusal:
        verify_file(content, policy)
    return refusal.value.code, refusal.value.position


def remade(number: int, fact: Recorded, event: Event, by: PersonId | None = None) -> Entry:
    return Entry(number, fact.recorded_at, encode(event, Act(by or fact.by, fact.at)).data)


def rewritten(change: Callable[[Recorded], list[tuple[Event, PersonId]]]) -> Memory:
    """The county's facts with each replaced by what ``change`` makes of it."""
    made: list[Stored] = []
    for entry in FACTS.entries():
        for event, by in change(entry.fact):
            one = remade(len(made) + 1, entry.fact, event, by)
            kind, tags = columns_of(one.data)
            made.append(Stored(one.position, kind, sorted(tags), one.data, one.recorded_at))
    return Memory(made)


SIGNATURES = [entry.fact for entry in FACTS.entries() if isinstance(entry.fact.event, SignedOff)]


def kept(fact: Recorded) -> list[tuple[Event, PersonId]]:
    return [(fact.event, fact.by)]


def altered(which: int, **fields: object) -> Callable[[Recorded], list[tuple[Event, PersonId]]]:
    def change(fact: Recorded) -> list[tuple[Event, PersonId]]:
        if fact.position != SIGNATURES[which].position:
            return kept(fact)
        by = PersonId(str(fields.get("by", fact.by)))
        body = {name: value for name, value in fields.items() if name != "by"}
        return [(fact.event.model_copy(update=body), by)]

    return change


def without(*types: type[Event]) -> Callable[[Recorded], list[tuple[Event, PersonId]]]:
    return lambda fact: [] if isinstance(fact.event, types) else kept(fact)


def never_appointed(person: str) -> Callable[[Recorded], list[tuple[Event, PersonId]]]:
    """Somebody else was."""

    def change(fact: Recorded) -> list[tuple[Event, PersonId]]:
        if isinstance(fact.event, Appointed) and fact.event.person == f"person-{person}":
            return [(fact.event.model_copy(update={"person": PersonId("person-somebody")}), fact.by)]
        return kept(fact)

    return change


LIES = {
    "a stage is left out": (
        lambda fact: [] if fact.position == SIGNATURES[1].position else kept(fact),
        "signed_out_of_turn",
    ),
    "another signed": (altered(0, by="person-other-secretary"), "not_in_post"),
    "another post": (altered(0, post=Post.TOWNSHIP_SECRETARY), "wrong_post"),
    "a seat twice": (altered(1, seat=0), "signed_out_of_turn"),
    "a later stage first": (altered(0, stage=1), "signed_out_of_turn"),
    "the same person twice": (altered(1, by=SIGNATURES[0].by), "not_in_post"),
    "shown something else": (altered(2, shown_digest="0" * 64), "shown_otherwise"),
    "a signer who never held the post": (never_appointed("township-head"), "not_in_post"),
    "no policy": (without(PolicyAdopted), "no_policy"),
    "no application": (without(ChainOpened), "signed_out_of_turn"),
    "no signatures at all": (without(SignedOff), "closed_unsigned"),
}


@pytest.mark.parametrize("what", LIES)
def test_a_chain_that_cannot_stand_is_refused_though_every_fact_of_it_is_proven(tmp_path: Path, what: str) -> None:
    change, code = LIES[what]
    assert refused(lie(tmp_path, rewritten(change)), trusting(tmp_path))[0] == code


def test_no_fact_on_the_issue_can_be_left_out_before_the_last_signature(tmp_path: Path) -> None:
    sealed(tmp_path, FACTS)
    policy, log = trusting(tmp_path), PublishedLog(tmp_path)
    last = SIGNATURES[-1].position
    about = [entry for entry in FACTS.entries() if ISSUE in entry.fact.event.tags and entry.position < last]
    assert len(about) > 8
    for left_out in about:
        entries = [entry for entry in FACTS.entries() if entry != left_out]
        proofs = log.proofs([entry.position for entry in entries])
        assert proofs is not None
        refused(pack(ISSUE, entries, proofs), policy)


def test_every_byte_of_what_is_proven_counts(tmp_path: Path) -> None:
    honest = lie(tmp_path, FACTS)
    policy = trusting(tmp_path)
    remarks = verify_file(honest, policy).remarks
    assert remarks
    assert not any("网页" in remark for remark in remarks)

    def changed(name: str, old: bytes, new: bytes) -> bytes:
        packed = io.BytesIO()
        with ZipFile(io.BytesIO(honest)) as source, ZipFile(packed, "w") as target:
            for member in source.namelist():
                content = source.read(member)
                assert member != name or old in content
                target.writestr(member, content.replace(old, new, 1) if member == name else content)
        return packed.getvalue()

    position = SIGNATURES[0].position
    assert refused(changed("facts.jsonl", "同意".encode(), "不同意".encode()), policy) == ("not_in_log", position)
    assert refused(changed("manifest.json", b"[3,", b"[2,"), policy)[0] == "bad_bundle"
    assert refused(changed("manifest.json", b":00.000000", b":01.000000"), policy)[0] == "not_in_log"
    assert refused(changed("checkpoint", b"\n", b"x\n"), policy)[0] == "unknown_log"
    assert refused(changed("proofs.txt", b"index 0", b"index 1"), policy)[0] == "not_in_log"
    assert refused(honest[:-100], policy)[0] == "bad_bundle"
    assert refused(b"PK", policy)[0] == "bad_bundle"
    page = verify_bundle(changed("index.html", "同意".encode(), "不同意".encode()), policy)
    assert any("网页与事实不符" in remark for remark in page.remarks)


def test_whom_to_trust_is_the_checkers_word(tmp_path: Path) -> None:
    honest = lie(tmp_path / "log", FACTS)
    other = Signer.new("ledger.example/county", LOG)
    watcher = Signer.new("witness.example/city", WITNESS)
    assert refused(honest, Policy.parse(policy_of(other)))[0] == "checkpoint_not_signed"
    key = key_of(tmp_path / "log")
    asking = Policy.parse(policy_of(key, asked=[watcher], needed=1))
    assert refused(honest, asking)[0] == "too_few_witnesses"
    file = tmp_path / "log" / "checkpoint"
    note = Note.parse(file.read_text("utf-8"))
    file.write_text(str(Note(note.text, (*note.signatures, watcher.sign(note.text, NOON)))), "utf-8")
    proofs = PublishedLog(tmp_path / "log").proofs([fact.position for fact in FACTS.facts])
    assert proofs is not None
    report = verify_file(pack(ISSUE, FACTS.entries(), proofs), asking)
    assert [log.witnessed for log in report.logs] == [{"w1": NOON}]


def test_a_receipt_alone_is_checked_too(tmp_path: Path) -> None:
    sealed(tmp_path, FACTS)
    entry = FACTS.entries()[-1]
    receipt = str(PublishedLog(tmp_path).receipt(entry)).encode()
    report: Report = verify_file(receipt, trusting(tmp_path))
    assert [fact.event for fact in report.facts] == [entry.fact.event]
    assert refused(receipt.replace(b"extra ", b"extra AAAA"), trusting(tmp_path))[0] in ("not_in_log", "bad_proof")


# Editions


def published(**change: object) -> Memory:
    """A rule and an edition that follows from it, as the ranking's own code makes it."""
    rule, board, region = packaged("townships"), BoardId("board-red-black"), RegionId("region-451226")
    towns = [RegionId(f"region-45122610{number}") for number in range(4)]
    counts: Counts = {town: {part.indicator: at + 1 for part in rule.components} for at, town in enumerate(towns)}
    made = standings(rule, counts)
    edition = EditionPublished(
        edition=EditionId("edition-1"),
        board=board,
        region=region,
        number=1,
        rule=rule.rule,
        rule_version=rule.version,
        period=Period(since=date(2019, 10, 1), until=date(2019, 10, 31)),
        cut_off=1,
        standings=made,
    )
    events = [
        ScoringRuleAdopted(board=board, region=region, rule=rule, since=date(2019, 1, 1)),
        edition.model_copy(update=change),
    ]
    stored = []
    for at, event in enumerate(events, 1):
        encoded = encode(event, Act(PersonId("person-headquarters"), NOON))
        stored.append(Stored(at, encoded.type, encoded.tags, encoded.data, NOON))
    return Memory(stored)


def test_an_edition_recomputes_to_its_scores(tmp_path: Path) -> None:
    content = lie(tmp_path, published(), EditionId("edition-1"))
    report = verify_file(content, trusting(tmp_path))
    assert [(one.number, one.revision) for one in report.editions] == [(1, 0)]
    assert any("计数本身" in remark for remark in report.remarks)


def test_an_edition_that_flatters_someone_is_refused(tmp_path: Path) -> None:
    honest = published().entries()[1].fact.event
    assert isinstance(honest, EditionPublished)
    first, second, *rest = honest.standings
    flattered = (first.model_copy(update={"score": first.score + 100}), second, *rest)
    content = lie(tmp_path, published(standings=flattered), EditionId("edition-1"))
    assert refused(content, trusting(tmp_path)) == ("standings_differ", 2)


def test_an_edition_under_a_rule_that_was_not_adopted_is_refused(tmp_path: Path) -> None:
    content = lie(tmp_path, published(rule_version=9), EditionId("edition-1"))
    assert refused(content, trusting(tmp_path)) == ("rule_missing", 2)


# The parts


def test_what_is_packed_is_unpacked_and_packing_is_repeatable(tmp_path: Path) -> None:
    content = lie(tmp_path, FACTS)
    bundle = unpack(content)
    assert list(bundle.entries) == FACTS.entries()
    assert pack(bundle.subject, bundle.entries, bundle.proofs) == content
    assert isinstance(bundle.facts[-1].event, IssueClosed)


def test_the_columns_of_every_kind_of_fact_are_told_from_its_bytes() -> None:
    examples = (Path(__file__).parents[2] / "domain" / "golden").glob("*.json")
    for data in (*(entry.data for entry in FACTS.entries()), *(file.read_bytes() for file in examples)):
        known = decode(data)
        assert columns_of(data) == (known.event.type, {ActorId.of(known.by), *known.event.tags})


def test_checking_needs_neither_database_nor_server(tmp_path: Path) -> None:
    file, policy = tmp_path / "bundle.zip", tmp_path / "trusted.txt"
    file.write_bytes(lie(tmp_path / "log", FACTS))
    policy.write_text(policy_of(key_of(tmp_path / "log")), "utf-8")
    program = (
        "import sys, runpy\n"
        "for name in ('psycopg', 'psycopg_pool', 'fastapi', 'starlette', 'uvicorn'): sys.modules[name] = None\n"
        "runpy.run_module('adapters.proofs', run_name='__main__')\n"
    )
    command = [sys.executable, "-c", program, str(file), "--policy", str(policy)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, "核验通过" in checked.stdout) == (0, True), checked.stderr
    file.write_bytes(file.read_bytes()[:-50])
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, "bad_bundle" in checked.stderr) == (1, True)


def test_a_bundle_is_not_larger_for_being_hostile(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with ZipFile(packed, "w", 8) as file:
        for name in ("manifest.json", "proofs.txt", "checkpoint", "index.html"):
            file.writestr(name, orjson.dumps({}))
        file.writestr("facts.jsonl", bytes(65 << 20))
    with pytest.raises(Unproven, match="too large"):
        unpack(packed.getvalue())
