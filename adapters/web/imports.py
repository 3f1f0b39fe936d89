"""导入: a workbook is read and shown first; only what was shown can be confirmed.

The workbook is kept as it came (it is evidence of what was claimed), so confirming needs no second upload.
"""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from adapters.evidence.store import EvidenceRefused
from adapters.http.problems import Problem, problem_of
from adapters.logging import audit
from adapters.web.forms import KEY, SEVERITIES, Choices
from adapters.web.names import names_of
from adapters.web.site import Site, Visit, see_other
from adapters.workbooks.intake import standing_there, to_register
from adapters.workbooks.problems import BadWorkbook
from adapters.workbooks.reading import Reading
from domain.command import Refused
from domain.ids import EvidenceId, RegionId
from domain.policy import Severity
from domain.registration import REGISTER
from services.ledger import Conflict


def imports(site: Site) -> None:
    site.page("/imports", import_page)
    site.page("/imports", preview, method="POST")
    site.page("/imports/confirm", confirm, method="POST")


def import_page(visit: Visit) -> Response:
    return form(visit)


def form(visit: Visit, sentence: str = "", status: int = 200) -> Response:
    return visit.render("import.html", status, places=places(visit), sentence=sentence)


def places(visit: Visit) -> Choices:
    """The counties and cities where the one who looks may register: a workbook is read within one of them."""
    mine = {tenure.region for tenure in visit.viewer.held if tenure.post in REGISTER}
    if not mine:
        raise Problem(403, "no_authority", "您现任的职务不能登记问题,也就不能导入问题清单")
    wide = {region.at("county") or region for region in mine}
    names = visit.names(wide)
    return tuple((region.code, names(region)) for region in sorted(wide))


def preview(visit: Visit) -> Response:
    """What each row would become, and everything that is wrong or odd, by sheet and cell. Nothing is registered."""
    upload, place = visit.posted.get("workbook"), str(visit.posted.get("place", ""))
    if place not in dict(places(visit)):
        return form(visit, "请选择所属的县或市", 422)
    if not isinstance(upload, UploadFile) or not upload.filename:
        return form(visit, "请选择要导入的表格文件", 422)
    try:
        content = upload.file.read()
        reading = visit.application.readings.of(content, place)
        upload.file.seek(0)
        kept = visit.application.evidence.put(upload.file)
    except BadWorkbook as bad:
        return form(visit, bad.message, 422)
    except EvidenceRefused as refusal:
        return form(visit, refusal.sentence, problem_of(refusal).status_code)
    return previewed(visit, reading, place, kept.id, upload.filename[-200:])


def previewed(
    visit: Visit, reading: Reading, place: str, file: EvidenceId, name: str, sentence: str = "", status: int = 200
) -> Response:
    with visit.application.pool.connection() as connection:
        names = names_of(connection, {RegionId.of(row.region) for row in reading.rows if row.region})
    return visit.render(
        "preview.html",
        status,
        reading=reading,
        place=place,
        place_name=dict(places(visit)).get(place, place),
        file=file,
        name=name,
        names=names,
        region_of=RegionId.of,
        sentence=sentence,
        ungraded=sum(1 for row in reading.rows if row.severity is None),
        severities=SEVERITIES,
    )


def confirm(visit: Visit) -> Response:
    """Registers what was shown, all of it or nothing."""
    given: dict[str, Any] = {name: str(value) for name, value in visit.posted.items()}
    place, name = given.get("place", ""), given.get("name", "") or "问题清单.xlsx"
    file = EvidenceId(given.get("file", ""))
    if place not in dict(places(visit)):
        return form(visit, "请选择所属的县或市", 422)
    opened = visit.application.evidence.open(file)
    content = b"".join(opened.chunks())
    try:
        reading = visit.application.readings.of(content, place)
    except BadWorkbook as bad:
        return form(visit, bad.message, 422)
    act = visit.act
    try:
        unstated = next((one for one in Severity if one.value == given.get("unstated")), None)
        command = to_register(reading, given.get("digest", ""), content, name, place, unstated)
        standing_there(command, visit.application.facts)
        outcome = visit.application.ledger.execute(command, act, given.get(KEY) or None)
    except BadWorkbook as bad:
        return previewed(visit, reading, place, file, name, bad.message, 422)
    except (Refused, Conflict) as refusal:
        problem = problem_of(refusal)
        audit("acted", person=act.by, what="ImportWorkbook", outcome=problem.code)
        return previewed(visit, reading, place, file, name, problem.sentence, problem.status_code)
    audit("acted", person=act.by, what="ImportWorkbook", outcome="recorded", position=outcome.position)
    visit.settled(outcome.position)
    return see_other(f"/issues?workbook={command.workbook}&order=region&imported={len(reading.rows)}")
