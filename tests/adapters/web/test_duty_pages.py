"""履职: a day reported, a leave asked for and approved, a visit recorded, all on one page without JavaScript."""

from datetime import timedelta

from domain.attendance import days_of, leaves_in
from domain.ids import DecisionId
from domain.meetings import DecisionReported, MakeDecision
from tests.adapters.web.conftest import Town, Visitor
from tests.county import COUNTY, VILLAGE, person
from tests.adapters.web.test_issue_pages import SignIn
