"""What a process that serves sets in Python itself."""

import subprocess
import sys

import pytest

# All enums of the service, by the way that is left.
FOUND = """
import pkgutil
from enum import Enum, EnumType
from importlib import import_module
import service
from service.server.worker import find_members_at_once

for module in pkgutil.walk_packages(service.__path__, "service."):
    if not module.name.endswith("__main__") and ".learning" not in module.name:
        import_module(module.name)
find_members_at_once()
find_members_at_once()
assert "__getattr__" not in vars(EnumType)

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
print(len(kinds))
"""


@pytest.mark.long
def test_each_member_of_an_enum_is_found_without_the_second_way() -> None:
    assert int(subprocess.check_output([sys.executable, "-c", FOUND], text=True)) > 100
