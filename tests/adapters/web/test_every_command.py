"""Whatever can be asked can be asked on a page."""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

import pytest

import adapters.web
from adapters.asking.routes import ROUTES, Route
from adapters.web.forms import Form


def forms_in(module: ModuleType) -> Iterator[Form]:
    """The forms a module of pages declares, by themselves or in a table."""
    for value in vars(module).values():
        if isinstance(value, Form):
            yield value
        elif isinstance(value, Mapping):
            yield from (one for one in value.values() if isinstance(one, Form))


MODULES = [import_module(found.name) for found in pkgutil.iter_modules(adapters.web.__path__, "adapters.web.")]
ASKED = {form.command for module in MODULES for form in forms_in(module)}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.command.__name__)
def test_every_command_has_a_form_on_a_page(route: Route) -> None:
    assert route.command in ASKED, f"{route.command.__name__} has no form anywhere in adapters/web"
