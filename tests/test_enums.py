"""What `python -m service` sets in Python itself."""

import subprocess
import sys

import pytest

# A command that ends at once, and then all enums of the service and of its libraries, by the way that is left.
FOUND = """
import pkgutil, runpy, sys
from enum import Enum, EnumType
from importlib import import_module

sys.argv = ["tenor", "--help"]
try:
    runpy.run_module("service", run_name="__main__")
except SystemExit:
    pass
assert "__getattr__" not in vars(EnumType)
import service

for module in pkgutil.walk_packages(service.__path__, "service."):
    if not module.name.endswith("__main__") and ".learning" not in module.name:
        import_module(module.name)

def under(kind):
    for one in kind.__subclasses__():
        yield one
        yield from under(one)

kinds = set(under(Enum))
for kind in kinds:
    for name, member in kind.__members__.items():
        assert getattr(kind, name) is member, (kind, name)
    try:
        kind.NO_SUCH_MEMBER
    except AttributeError:
        continue
    raise AssertionError(kind)
print("found", len(kinds))
"""


@pytest.mark.long
def test_each_member_of_an_enum_is_found_without_the_second_way() -> None:
    said = subprocess.check_output([sys.executable, "-c", FOUND], text=True).split()
    assert said[-2] == "found"
    assert int(said[-1]) > 100
