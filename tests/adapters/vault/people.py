"""People who do not exist: numbers of a division that there is not, with the check character they would have."""

from datetime import date
from uuid import uuid4

from adapters.vault.intake import HouseholdIntake
from domain.households import Category
from domain.ids import HouseholdId, RegionId
from domain.vault import Particulars, well_formed_id_number
from tests.county import VILLAGE

NOWHERE = "9" * 6


def id_number(number: int, born: str = "19800101") -> str:
    """The ``number``-th person born on a day, nowhere."""
    body = f"{NOWHERE}{born}{number:03}"
    return next(whole for check in "0123456789X" if well_formed_id_number(whole := body + check))


def somebody(number: int | None = None, born: str = "19800101", **changes: str) -> Particulars:
    given = {"name": "某甲乙", "phone": "1" + "39" + "0" * 8, "bank_account": "6" + "1" * 15, "health": "慢性病"}
    if number is not None:
        given["id_number"] = id_number(number, born)
    return Particulars.model_validate(given | changes)


def intake(*people: Particulars, region: RegionId = VILLAGE) -> HouseholdIntake:
    return HouseholdIntake(
        household=HouseholdId(f"household-{uuid4().hex}"),
        region=region,
        category=Category.REGISTERED,
        members=people or (somebody(),),
        identified_on=date(2019, 3, 1),
    )
