"""个人信息: what is asked with villagers' values in it. They go into the vault; the facts hold commitments."""

from adapters.bootstrap import Application
from adapters.vault import access, intake
from domain.command import Act
from domain.fact import Value
from domain.vault import EraseParticulars
from services.ledger import Outcome


def take_in_household(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
    assert isinstance(asked, intake.HouseholdIntake)
    return intake.register(application.ledger, application.vault, asked, act, key)


def take_in_member(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
    assert isinstance(asked, intake.MemberIntake)
    return intake.add_member(application.ledger, application.vault, asked, act, key)


def erase(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
    assert isinstance(asked, EraseParticulars)
    return access.erase(application.ledger, application.vault, asked.household, act, key)


PERFORMANCES = (take_in_household, take_in_member, erase)
