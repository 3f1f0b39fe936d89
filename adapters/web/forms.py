"""表单: what a page asks of people, and how what they typed becomes a command.

Nothing is judged here. A form refuses only what cannot be read at all (a date that is none); whether it may be done is
decided where everything is decided.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NamedTuple

import orjson
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from adapters.evidence.store import EvidenceRefused, EvidenceStore
from adapters.http.problems import Problem, problem_of
from domain import escalation, rectification, registration, signoff
from domain.command import Command
from domain.evidence import Evidence
from domain.ids import ChainId, EscalationId, EvidenceId, ExtensionId, Id, IssueId, ObjectionId, StepId
from domain.policy import IndicatorRule, Severity
from domain.vault import Item, Particulars

Kind = Literal[
    "prose",
    "line",
    "date",
    "number",
    "money",
    "choice",
    "checks",
    "yesno",
    "deadline",
    "period",
    "files",
    "stage",
    "exclusions",
    "signature",
    "words",
    "people",
    "assessments",
    "finding",
]
Choices = tuple[tuple[str, str], ...]

_BETWEEN: Final = re.compile(r"[、,\uff0c;\uff1b\s]+")

KEY: Final = "key"
"""The field with the idempotency key: made with the page, so that pressing twice is asking once."""

MOST_FILES: Final = 9

PRIVATE: Final = "private"
"""Fields whose names begin so hold villagers' values: they are read into the vault, shown again only to whoever has
just typed them, and carried past no door."""

MOST_PEOPLE: Final = 40


class Field(NamedTuple):
    """栏目: one thing that is asked. ``only_if`` names another field and the answer with which this one counts;
    ``value`` is what stands in it from the start; ``reads`` says what the chosen word, or the text, stands for;
    ``kept`` is what was said of a choice before; ``rules`` are the indicators that are asked about."""

    name: str
    label: str
    kind: Kind = "prose"
    required: bool = True
    hint: str = ""
    choices: Choices = ()
    only_if: tuple[str, str] | None = None
    value: str = ""
    reads: Callable[[str], Any] | None = None
    kept: Choices = ()
    rules: tuple[IndicatorRule, ...] = ()


class Form(NamedTuple):
    """表单: the fields of a command. ``fixed`` are the values the page itself says (which chain, what was shown);
    ``makes`` the ids of what is created; ``probe`` stands for what will be typed when it is asked whether the command
    would be allowed at all."""

    name: str
    command: type[Command]
    title: str
    button: str
    fields: tuple[Field, ...]
    tone: Literal["plain", "sign", "grave"] = "plain"
    makes: tuple[tuple[str, type[Id]], ...] = ()
    fixed: Mapping[str, str] = {}
    probe: Mapping[str, Any] = {}
    note: str = ""
    signing: Mapping[str, str] = {}
    """What the page's script signs it by, on the signer's own device."""

    def asking(self, field: str, **changes: Any) -> "Form":
        """The form with one field changed."""
        return self._replace(fields=tuple(f._replace(**changes) if f.name == field else f for f in self.fields))


SEVERITIES: Choices = tuple((severity.value, severity.label) for severity in Severity)
_PHOTOS = Field("evidence", "佐证材料", "files", required=False, hint=f"照片、PDF、Word、Excel 等,最多{MOST_FILES}个")


def _reason(label: str = "理由") -> Field:
    return Field("reason", label)


SIGNATURE: Final = Field("signature", "个人签名", "signature", required=False)
"""What the signer's device makes, where they have one; the page's script fills it in."""


def signing(command: type[Command]) -> Form:
    """签字: the same for whatever is signed."""
    return Form(
        "sign",
        command,
        "签字",
        "确认签字",
        (
            Field("opinion", "签字意见", hint="请写明您的审核意见;签字后不能更改"),
            SIGNATURE,
        ),
        tone="sign",
    )


FORMS: Final = {
    form.name: form
    for form in (
        signing(signoff.SignOff),
        Form(
            "answer-escalation",
            escalation.AnswerEscalation,
            "答复上报",
            "提交答复",
            (Field("answer", "答复意见"),),
        ),
        Form(
            "report-step",
            rectification.ReportStep,
            "报告整改进展",
            "提交进展",
            (
                Field("step", "整改措施", "choice"),
                Field("progress", "进展情况"),
                Field("done", "这项措施完成了吗", "yesno", hint="完成后不能再对它报告进展"),
                Field("occurred_on", "发生日期", "date", hint="实际发生的日子,不能晚于今天"),
                Field("spent_funds", "支出资金", "money", required=False),
                _PHOTOS,
            ),
        ),
        Form(
            "plan-step",
            rectification.PlanStep,
            "制定整改措施",
            "保存措施",
            (
                Field("measure", "措施内容"),
                Field("due", "措施时限", "date", required=False),
                Field("planned_funds", "计划资金", "money", required=False),
            ),
            makes=(("step", StepId),),
        ),
        Form(
            "check",
            signoff.CheckOnSite,
            "现场核查",
            "提交核查结果",
            (
                Field("passed", "核查是否通过", "yesno", hint="不通过则退回整改"),
                Field("findings", "核查情况"),
                Field("checked_on", "核查日期", "date"),
                _PHOTOS,
            ),
        ),
        Form(
            "post-notice",
            signoff.PostNotice,
            "张贴公示",
            "记录公示",
            (Field("posted_on", "公示日期", "date"), Field("place", "公示地点", "line", hint="例如:村务公开栏")),
        ),
        Form(
            "settle-objection",
            signoff.SettleObjection,
            "处理公示异议",
            "提交处理结果",
            (
                Field("objection", "哪一项异议", "choice"),
                Field("upheld", "异议是否成立", "yesno", hint="成立则退回整改"),
                Field("answer", "处理意见"),
            ),
        ),
        Form(
            "apply",
            signoff.ApplyForWriteOff,
            "申请销号",
            "提交销号申请",
            (Field("statement", "申请说明"), _PHOTOS),
            makes=(("chain", ChainId),),
        ),
        Form(
            "grant-extension",
            rectification.GrantExtension,
            "同意延期",
            "同意延期",
            (Field("opinion", "审批意见"),),
        ),
        Form("deny-extension", rectification.DenyExtension, "不同意延期", "不同意延期", (_reason(),), tone="grave"),
        Form(
            "assign",
            registration.AssignIssue,
            "交办问题",
            "确认交办",
            (
                Field("unit", "责任单位", "choice"),
                Field("leader", "责任领导", "choice"),
                Field("person", "责任人", "choice"),
                Field("reason", "变更理由", required=False, hint="变更责任单位或责任人时必须填写"),
            ),
        ),
        Form(
            "look-back",
            signoff.LookBack,
            "回头看",
            "提交回头看结果",
            (
                Field("holds", "整改是否保持住了", "yesno", hint="没有保持住即为反弹,问题将重新开始一轮整改"),
                Field("findings", "查看情况"),
                Field("looked_on", "查看日期", "date"),
                Field("deadline", "新一轮整改时限", "deadline", required=False, only_if=("holds", "no")),
                _PHOTOS,
            ),
        ),
        Form(
            "escalate-township",
            escalation.Escalate,
            "上报乡镇",
            "上报",
            (Field("matter", "上报事由", hint="写明本级解决不了的困难和请求"),),
            makes=(("escalation", EscalationId),),
        ),
        Form(
            "escalate-county",
            escalation.Escalate,
            "上报县指挥部",
            "上报",
            (Field("matter", "上报事由", hint="写明乡镇解决不了的困难和请求"),),
            makes=(("escalation", EscalationId),),
        ),
        Form(
            "request-extension",
            rectification.RequestExtension,
            "申请延期",
            "提交延期申请",
            (Field("due", "延到哪一天", "date"), _reason("延期理由")),
            makes=(("extension", ExtensionId),),
        ),
        Form(
            "raise-objection",
            signoff.RaiseObjection,
            "记录公示异议",
            "记录异议",
            (Field("matter", "异议内容", hint="不写提出人的姓名和电话"), Field("raised_on", "提出日期", "date")),
            makes=(("objection", ObjectionId),),
        ),
        Form(
            "send-back",
            signoff.SendBack,
            "退回",
            "退回",
            (Field("to", "退回到哪个环节", "stage"), _reason("退回理由"), SIGNATURE),
            tone="grave",
        ),
        Form("refuse", signoff.RefuseSignature, "拒签", "拒绝签字", (_reason("拒签理由"), SIGNATURE), tone="grave"),
        Form(
            "withdraw-application",
            signoff.WithdrawApplication,
            "撤回销号申请",
            "撤回申请",
            (_reason("撤回理由"),),
            tone="grave",
        ),
        Form(
            "regrade",
            registration.RegradeIssue,
            "调整问题等级",
            "调整等级",
            (Field("severity", "调整为", "choice", choices=SEVERITIES), _reason("调整理由")),
        ),
        Form("withdraw", registration.WithdrawIssue, "撤销问题", "撤销问题", (_reason("撤销理由"),), tone="grave"),
    )
}
"""What can be done with an issue, in the order in which it is offered."""

REGISTER: Final = Form(
    "register",
    registration.RegisterIssue,
    "登记问题",
    "登记",
    (
        Field("region", "所在乡镇、村", "choice"),
        Field("place", "具体位置", "line", required=False, hint="屯、组或路段等"),
        Field("category", "问题类别", "line", hint="例如:道路、饮水、住房、教育、医疗"),
        Field("source", "问题来源", "line", hint="例如:自查、督查、审计、群众反映"),
        Field("severity", "问题等级", "choice", choices=SEVERITIES),
        Field("description", "问题描述", hint="不写农户姓名、身份证号、电话"),
        Field("found_on", "发现日期", "date"),
        Field("deadline", "整改时限", "deadline"),
        Field("planned_funds", "计划资金", "money", required=False),
    ),
    makes=(("issue", IssueId),),
)


class Typed(NamedTuple):
    """所填: a form as someone filled it in, with what is wrong with it; shown again as it was when it is refused."""

    form: str
    values: Mapping[str, str]
    kept: tuple[Evidence, ...] = ()
    errors: Mapping[str, str] = {}
    sentence: str = ""

    @property
    def key(self) -> str:
        return self.values.get(KEY, "")


class Unreadable(Exception):
    """What was typed can't become a command; ``typed`` says where and why."""

    def __init__(self, typed: Typed) -> None:
        super().__init__(typed.form)
        self.typed = typed


def read(form: Form, posted: FormData, store: EvidenceStore, fixed: Mapping[str, Any]) -> tuple[Command, Typed]:
    """The command that was filled in, and the form as it was filled in. Raises Unreadable."""
    values = {name: value for name, value in posted.multi_items() if isinstance(value, str)}
    errors: dict[str, str] = {}
    kept, complaint = evidence_in(posted, store) if any(f.kind == "files" for f in form.fields) else ((), "")
    if complaint:
        errors["evidence"] = complaint
    typed = Typed(form.name, values, kept, errors)
    if not typed.key:
        raise Unreadable(typed._replace(sentence="页面不完整,请刷新后重新填写"))
    asked: dict[str, Any] = {**fixed, **{name: kind.derived(typed.key) for name, kind in form.makes}}
    for field in form.fields:
        if field.only_if and values.get(field.only_if[0]) != field.only_if[1]:
            continue
        if field.kind == "people":
            # Not into the command, which holds commitments: whoever performs it takes them into the vault.
            errors |= people_in(values)[1]
            continue
        try:
            asked |= parsed(field, values, kept)
        except ValueError as error:
            errors[field.name] = str(error)
    if errors:
        raise Unreadable(typed._replace(sentence="有几处需要改正,请看标红的地方"))
    try:
        return form.command.model_validate(asked), typed
    except ValidationError as error:
        problem = problem_of(error)
        raise Unreadable(typed._replace(errors=named(problem), sentence=told(form, problem))) from None


def named(problem: Problem) -> dict[str, str]:
    """What is wrong, by the field it is wrong in."""
    return {place.field.partition(".")[0]: place.message for place in problem.where}


def told(form: Form, problem: Problem) -> str:
    """What is wrong, in one sentence, with what the form itself could not show beside a field."""
    shown = {field.name for field in form.fields}
    hidden = [f"{name}:{message}" for name, message in named(problem).items() if name not in shown]
    return ";".join(["有几处需要改正,请看标红的地方" if problem.code != "personal_data" else problem.sentence, *hidden])


def parsed(field: Field, values: Mapping[str, str], kept: tuple[Evidence, ...]) -> dict[str, Any]:
    """What the field contributes to the command. Raises ValueError with a sentence for the person."""
    if field.kind == "files":
        return {field.name: kept}
    if field.kind == "deadline":
        return {field.name: deadline_in(field, values)}
    if field.kind == "period":
        return {field.name: period_in(field, values)}
    if field.kind == "checks":
        return {field.name: checks_in(field, values)}
    if field.kind == "exclusions":
        return {field.name: exclusions_in(field, values)}
    if field.kind == "assessments":
        return {field.name: assessments_in(field, values)}
    if field.kind == "finding":
        return {field.name: finding_in(field, values)}
    text = values.get(field.name, "").strip()
    if not text:
        if field.required:
            if field.kind == "signature":
                raise ValueError("缺少签名,须启用 JavaScript 并在设备上验证")
            raise ValueError(
                f"请填写{field.label}"
                if field.kind in ("prose", "line", "date", "number", "money", "words")
                else f"请选择{field.label}"
            )
        return {}
    match field.kind:
        case "money":
            return {field.name: fen_in(text)}
        case "date":
            return {field.name: date_in(text)}
        case "yesno":
            return {field.name: text == "yes"}
        case "stage":
            to, _, stage = text.partition(":")
            return {"to": to, "stage": int(stage) if stage.isdigit() else None}
        case "signature":
            return {field.name: signature_in(text)}
        case "words":
            return {field.name: tuple(filter(None, _BETWEEN.split(text)))}
        case "choice" if field.reads:
            if text not in dict(field.choices):
                raise ValueError(f"请选择{field.label}")
            return {field.name: field.reads(text)}
        case "prose" if field.reads:
            return {field.name: field.reads(text)}
    return {field.name: text}


def date_in(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("请按“年-月-日”填写,例如 2019-09-01") from None


def fen_in(text: str) -> int:
    """From 万元 to 分."""
    try:
        fen = Decimal(text.replace(",", "")) * 1_000_000
    except InvalidOperation:
        raise ValueError("请填写数字,单位是万元,例如 1.5") from None
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 <= fen < 10**15:
        raise ValueError("金额应不小于零,精确到分")
    return int(fen)


def signature_in(text: str) -> Any:
    """What the person's device made, as the page's script wrote it down."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("签名无法读取,请重新签名") from None


def deadline_in(field: Field, values: Mapping[str, str]) -> dict[str, Any]:
    """A deadline as the ledger keeps it: the last day of the month or year where that is what was said."""
    precision = values.get(f"{field.name}.precision", "day")
    said = values.get(f"{field.name}.due", "").strip()
    due: date | None = None
    if precision in ("day", "month_end", "year_end"):
        if not said:
            raise ValueError(f"请填写{field.label}的日期")
        due = date_in(said)
        if precision == "month_end":
            due = due.replace(day=monthrange(due.year, due.month)[1])
        elif precision == "year_end":
            due = due.replace(month=12, day=31)
    return {"due": due, "precision": precision, "long_term": values.get(f"{field.name}.long_term") == "yes"}


def period_in(field: Field, values: Mapping[str, str]) -> dict[str, date]:
    """The first day and the last, both of which count."""
    since, until = (values.get(f"{field.name}.{end}", "").strip() for end in ("since", "until"))
    if not since or not until:
        raise ValueError(f"请填写{field.label}的起止日期")
    return {"since": date_in(since), "until": date_in(until)}


def checks_in(field: Field, values: Mapping[str, str]) -> tuple[str, ...]:
    """What was ticked, in the order in which it was offered."""
    ticked = tuple(value for value, _ in field.choices if f"{field.name}.{value}" in values)
    if field.required and not ticked:
        raise ValueError(f"请至少选择一项{field.label}")
    return ticked


def exclusions_in(field: Field, values: Mapping[str, str]) -> tuple[dict[str, str], ...]:
    """The issues that are left out: those that were before keep their reason, the others have the one given now."""
    reason = values.get(f"{field.name}.reason", "").strip()
    before = field.name + ".before."
    ticked = checks_in(field, values)
    kept = {one: values[before + one] for one in ticked if values.get(before + one)}
    if len(kept) < len(ticked) and not reason:
        raise ValueError("请写明不计入的理由")
    return tuple({"issue": one, "reason": kept.get(one, reason)} for one in ticked)


def people_in(values: Mapping[str, str]) -> tuple[tuple[Particulars, ...], dict[str, str]]:
    """The people whose rows were filled in, and what is wrong, by the field it is wrong in. No value is said again."""
    people: list[Particulars] = []
    errors: dict[str, str] = {}
    for n in range(rows_of(values)):
        given = {item.value: said for item in Item if (said := values.get(f"{PRIVATE}.{n}.{item}", "").strip())}
        if not given:
            continue
        if "name" not in given:
            errors[f"{PRIVATE}.{n}.name"] = "请填写姓名"
        try:
            people.append(Particulars.model_validate(given))
        except ValidationError as error:
            wrong = named(problem_of(error))
            errors |= {f"{PRIVATE}.{n}.{name}": message for name, message in wrong.items() if name in given}
    if not people and not errors:
        errors[f"{PRIVATE}.0.name"] = "请至少填写一人"
    return tuple(people), errors


def rows_of(values: Mapping[str, str]) -> int:
    """How many rows for people a form had."""
    return 1 + max((n for n in range(MOST_PEOPLE) for item in Item if f"{PRIVATE}.{n}.{item}" in values), default=-1)


def assessments_in(field: Field, values: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The indicators that were looked at. Where the pack names a limit, the figure says whether one is met."""
    found: list[dict[str, Any]] = []
    for rule in field.rules:
        said, findings = (values.get(f"{field.name}.{rule.code}{end}", "").strip() for end in ("", ".findings"))
        if not said:
            continue
        one: dict[str, Any] = {"indicator": rule.code, "findings": findings or None}
        if rule.threshold:
            try:
                one["value"] = int(said)
            except ValueError:
                raise ValueError(f"{rule.title}应为整数({rule.threshold.unit})") from None
            one["met"] = rule.threshold.met_by(one["value"])
        else:
            one["met"] = said == "yes"
        found.append(one)
    if not found:
        raise ValueError("请至少评定一项指标")
    return tuple(found)


def finding_in(field: Field, values: Mapping[str, str]) -> dict[str, Any] | None:
    """What was found, where something was: it becomes an issue, numbered by the form's own key."""
    match values.get(field.name):
        case "no":
            return None
        case "yes":
            severity = values.get(f"{field.name}.severity", "")
            if severity not in dict(SEVERITIES):
                raise ValueError("请选择问题等级")
            deadline = deadline_in(field._replace(name=f"{field.name}.deadline", label="整改时限"), values)
            return {"issue": IssueId.derived(values[KEY]), "severity": severity, "deadline": deadline}
    raise ValueError(f"请选择{field.label}")


def evidence_in(posted: FormData, store: EvidenceStore) -> tuple[tuple[Evidence, ...], str]:
    """The files sent now, and those kept from a time before that was refused; and what was wrong with one, if one
    was not taken. What is said of a kept file is looked up, not believed."""
    found: dict[str, Evidence] = {}
    complaint = ""
    for value in posted.getlist("kept"):
        one, _, name = str(value).partition(" ")
        try:
            kept = store.find(EvidenceId(one))
            found[kept.id] = Evidence(file=kept.id, size=kept.size, media_type=kept.media_type, title=name or one[-8:])
        except (EvidenceRefused, ValidationError):
            complaint = "有一份先前上传的材料找不到了,请重新选择"
    for upload in posted.getlist("evidence"):
        if not isinstance(upload, UploadFile) or not upload.filename:
            continue
        try:
            kept = store.put(upload.file)
            found[kept.id] = Evidence(
                file=kept.id, size=kept.size, media_type=kept.media_type, title=upload.filename[-200:]
            )
        except EvidenceRefused as refusal:
            complaint = f"“{upload.filename[-60:]}”:{refusal.sentence}"
        except ValidationError:
            complaint = "文件名里疑似有身份证号、手机号等个人信息,请改名后再上传"
    if len(found) > MOST_FILES:
        complaint = f"一次最多{MOST_FILES}个文件"
    return tuple(found.values()), complaint
