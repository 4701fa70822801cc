"""Nothing can be agreed that does nothing: each field of an arrangement is read where losses are borne."""

import ast
from pathlib import Path

from service.support.arrangement import Arrangement, Attachment, Cap, Rate

SERVICE = Path(__file__).parents[2] / "service"
READERS = [*(SERVICE / "support").glob("*.py"), *(SERVICE / "plans").glob("*.py")]
NAMED = {"name"}  # by which people tell it from others


def test_each_term_is_read_by_a_rule() -> None:
    read = {
        node.attr
        for path in READERS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    for document in (Arrangement, Attachment, Cap, Rate):
        assert set(document.__struct_fields__) - NAMED <= read, document
