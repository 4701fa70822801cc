"""What a body's type asks for is looked up when the first one comes: what cannot be read is found here."""

import subprocess
import sys

import pytest

from service.api.body import _REFUSING
from service.contract.contract import _KEYED, _OF_TEXTS
from service.errors import Refused
from service.private_text import IN_SIGHT, NO_NUMBERS, SEALED, Mark

# In a process of its own: where tests run, most of them are set aside, and `gc` does not name them.
READ = """
import gc, pkgutil, service
from importlib import import_module
from service.api.body import Body

for module in pkgutil.walk_packages(service.__path__, "service."):
    if module.name.startswith(("service.api.", "service.facades.")):
        import_module(module.name)
bodies = [one for one in gc.get_objects() if isinstance(one, Body)]
for body in bodies:
    body._decode, body._decimals, body._days, body._refusing
print("read", len(bodies))
"""

WRONG = {IN_SIGHT: "\u200b", NO_NUMBERS: "4111 1111 1111 1111"}


@pytest.mark.long
def test_every_body_can_be_read() -> None:
    said = subprocess.check_output([sys.executable, "-c", READ], text=True).split()
    assert said[0] == "read"
    assert int(said[1]) > 200


def test_the_contract_has_the_code_of_every_mark() -> None:
    """What a text is refused for, every call may meet, or those with the mark; a sealed one the edge refuses."""
    refusing, told = dict(_REFUSING), dict(_OF_TEXTS)
    assert refusing.keys() == WRONG.keys()
    assert set(Mark) == refusing.keys() | told.keys()
    assert told.keys() - refusing.keys() == {SEALED}
    for mark, refuse in refusing.items():
        with pytest.raises(Refused) as refused:
            refuse(WRONG[mark], "/text")
        assert refused.value.code in ((told[mark],) if mark in told else _KEYED)
