"""证据包: what is known of one thing, in a .zip that can be checked anywhere, years later, by anyone.

- ``facts.jsonl``: the exact stored bytes of each fact, a line each (a fact has no newline in it), in order;
- ``manifest.json``: what the bundle is about, and each fact's position and the moment it was recorded;
- ``proofs.txt``: a C2SP tlog-proof file for each fact, one after another in the same order;
- ``checkpoint``: the cosigned checkpoint that all of them lead to;
- ``proofs-sm.txt``, where the place's policy asks for SM3 and SM2: the same proofs by the second log;
- ``index.html``: the facts to be read by people. It proves nothing.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from html import escape
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

import orjson
from pydantic import BaseModel

from adapters.proofs.entries import Entry
from adapters.proofs.receipts import Proof, apart, together
from adapters.proofs.verdict import Unproven
from adapters.web.formats import fingerprint, moment
from domain.fact import Event, Past
from domain.ids import Id, SigningKeyId, id_of
from domain.organisation import PersonRegistered, UnitEstablished
from domain.regions import RegionEstablished, RegionRenamed
from domain.statements import PersonalSignature

FORMAT: Final = "taizhang-bundle/1"
LONGEST: Final = 64 << 20
"""Bytes of a member once it is unpacked: more than any dossier, less than would hurt who opens it."""

_MEMBERS: Final = ("manifest.json", "facts.jsonl", "proofs.txt", "checkpoint", "index.html")
_SECOND: Final = "proofs-sm.txt"


class Bundle(NamedTuple):
    """证据包: each entry has its proof, in order of positions, and if there is a ``second`` log, its proof by that."""

    subject: Id
    entries: tuple[Entry, ...]
    proofs: tuple[Proof, ...]
    checkpoint: str
    page: str
    second: tuple[Proof, ...] = ()

    @property
    def facts(self) -> Past:
        """Raises Unproven where one of them can't be read."""
        return Past(entry.fact for entry in self.entries)


def pack(subject: Id, entries: Sequence[Entry], proofs: Sequence[Proof], second: Sequence[Proof] = ()) -> bytes:
    """The .zip. The same facts and proofs give the same bytes."""
    listed = [[entry.position, entry.recorded_at.isoformat(timespec="microseconds")] for entry in entries]
    manifest = {"format": FORMAT, "subject": str(subject), "facts": listed}
    facts = Past(entry.fact for entry in entries)
    contents = [
        orjson.dumps(manifest, option=orjson.OPT_APPEND_NEWLINE),
        b"".join(entry.data + b"\n" for entry in entries),
        together(proofs).encode(),
        proofs[0].checkpoint.encode(),
        page(subject, facts).encode(),
    ]
    members = [*zip(_MEMBERS, contents, strict=True), *([(_SECOND, together(second).encode())] if second else [])]
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED, compresslevel=9) as file:
        for name, content in members:
            file.writestr(ZipInfo(name), content, ZIP_DEFLATED, 9)
    return packed.getvalue()


def unpack(content: bytes) -> Bundle:
    """What a .zip says; nothing of it has been checked. Raises Unproven (bad_bundle) where it is not a bundle."""
    try:
        with ZipFile(io.BytesIO(content)) as file:
            names = sorted(file.namelist())
            if names not in (sorted(_MEMBERS), sorted((*_MEMBERS, _SECOND))):
                raise ValueError("its members are not those of a bundle")
            second = tuple(apart(_member(file, _SECOND).decode())) if _SECOND in names else ()
            manifest_, facts, proofs_, checkpoint, page_ = (_member(file, name) for name in _MEMBERS)
        manifest = orjson.loads(manifest_)
        if manifest["format"] != FORMAT:
            raise ValueError("it is of another format")
        lines = facts.split(b"\n")[:-1]
        entries = tuple(
            Entry(int(position), datetime.fromisoformat(at).astimezone(UTC), data)
            for (position, at), data in zip(manifest["facts"], lines, strict=True)
        )
        proofs = tuple(apart(proofs_.decode()))
        if len(proofs) != len(entries) or not entries or len(second) not in (0, len(entries)):
            raise ValueError("it has not one proof for each fact")
        if any(one.position >= other.position for one, other in pairwise(entries)):
            raise ValueError("its facts are not in order")
        return Bundle(id_of(manifest["subject"]), entries, proofs, checkpoint.decode(), page_.decode(), second)
    except (BadZipFile, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Unproven("bad_bundle", f"证据包无法读取:{error}") from None


def _member(file: ZipFile, name: str) -> bytes:
    with file.open(name) as member:
        content = member.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise ValueError(f"{name} is too large")
    return content


# The page

_LABELS: Final = {
    "issue": "问题",
    "chain": "申请",
    "subject": "对象",
    "object": "对象",
    "household": "农户",
    "appointment": "任职",
    "purpose": "事由",
    "stages": "签字环节",
    "level": "级别",
    "seats": "席",
    "posts": "职务",
    "assurance": "保证等级",
    "notice_days": "公示天数",
    "evidence": "佐证材料",
    "signature": "个人签名",
    "possession": "持有证明",
    "key": "密钥",
    "suite": "签名算法",
    "public_key": "公钥",
    "credential": "凭据",
    "label": "名称",
    "manner": "核对方式",
    "to": "退回到",
    "step": "程序",
    "steps": "程序",
    "ruling": "须省级审定",
    "approved": "审定同意",
    "document": "审定文件",
    "ruled_on": "审定日期",
    "taken_on": "办理日期",
    "posted_on": "公示日期",
    "announced_on": "公告日期",
    "present": "到会人数",
    "in_favour": "赞成人数",
    "indicator": "指标",
    "met": "达标",
    "value": "数值",
    "assessed_on": "评定日期",
    "evaluated_on": "评估日期",
    "cut_off": "截至",
    "population": "农村人口",
    "households": "剩余户数",
    "people": "剩余人数",
    "kind": "类别",
    "policy": "政策包",
    "title": "名称",
    "version": "版本",
    "done": "完成",
    "region": "区划",
    "unit": "单位",
    "person": "人员",
    "leader": "责任领导",
    "post": "职务",
    "description": "问题描述",
    "severity": "等级",
    "category": "类别",
    "source": "来源",
    "measure": "措施",
    "progress": "进展",
    "statement": "申请说明",
    "findings": "情况",
    "opinion": "意见",
    "reason": "理由",
    "answer": "答复",
    "matter": "事由",
    "passed": "是否通过",
    "place": "地点",
    "since": "起",
    "until": "止",
    "on": "日期",
    "name": "名称",
    "stage": "签字环节",
    "seat": "签字席",
    "shown": "所见最后一号事实",
    "shown_digest": "所见摘要",
    "occurred_on": "发生日期",
    "checked_on": "核查日期",
    "found_on": "发现日期",
    "due": "时限",
    "round": "轮次",
}
_WORDS: Final = {
    "rectification": "整改",
    "check": "核查",
    "notice": "公示",
    "signing": "签字",
    "write_off": "销号",
    "exit": "退出",
    "village": "村级",
    "township": "乡镇级",
    "county": "县级",
    "city": "市级",
    "ed25519": "Ed25519",
    "webauthn": "通行密钥",
    "sm2": "SM2",
}
_STYLE: Final = (
    "body{font:16px/1.6 serif;max-width:50em;margin:2em auto;padding:0 1em}h2{font-size:1em;margin:1.5em 0 .3em}"
    "dl{display:grid;grid-template-columns:10em 1fr;margin:0;border-top:1px solid #999}"
    "dd{margin:0;overflow-wrap:anywhere}"
)


def names_in(facts: Past) -> dict[str, str]:
    """What ids are called, by the facts at hand."""
    names: dict[str, str] = {}
    for event in facts.events:
        match event:
            case PersonRegistered(person=one, name=name):
                names[one] = name
            case UnitEstablished(unit=one, name=name):
                names[one] = name
            case RegionEstablished(region=one, name=name) | RegionRenamed(region=one, name=name):
                names[one] = name
    return names


def page(subject: Id, facts: Past) -> str:
    """The facts as a page of HTML that needs nothing else."""
    names = names_in(facts)
    parts = []
    for fact in facts:
        title = (type(fact.event).__doc__ or fact.event.type).split("\n")[0].split(":")[0].strip()
        rows = "".join(
            f"<dt>{escape(_LABELS.get(name, name))}<dd>{escape(_in_place(name, value) or _said(value, names))}"
            for name, value in _fields(fact.event)
            if value not in (None, ())
        )
        head = f"第{fact.position}号 {title}:{names.get(fact.by, fact.by)},{moment(fact.recorded_at)}记录"
        parts.append(f"<h2>{escape(head)}</h2><dl>{rows}</dl>")
    title = escape(f"证据包:{names.get(subject, subject)}")
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>本页仅供阅读,不是证明。是否属实,以核验程序的输出为准:"
        f"<code>taizhang verify 本文件 --policy 信任名单</code></p>{''.join(parts)}</html>\n"
    )


def _fields(event: Event) -> Iterator[tuple[str, Any]]:
    """What was recorded, and nothing that was worked out from it since."""
    return ((name, getattr(event, name)) for name in type(event).model_fields)


def _in_place(name: str, value: Any) -> str:
    """A stage or a seat of a chain, which facts count from 0 and people from 1."""
    return f"第{value + 1}{_PLACES[name]}" if name in _PLACES and isinstance(value, int) else ""


_PLACES: Final = {"stage": "级", "seat": "席"}


def _said(value: Any, names: dict[str, str]) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case StrEnum():
            return str(getattr(value, "label", value))
        case SigningKeyId():
            return f"指纹 {fingerprint(value)}"
        case PersonalSignature():
            return f"以指纹 {fingerprint(value.key)} 的密钥签名"
        case str():
            return names.get(value, _WORDS.get(value, value))
        case tuple():
            return "、".join(_said(one, names) for one in value)
        case BaseModel():
            return ",".join(f"{_LABELS.get(name, name)}:{_said(one, names)}" for name, one in value if one)
        case _:
            return str(value)
