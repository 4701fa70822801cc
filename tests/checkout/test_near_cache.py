"""What a process remembers of facts: for a while, the newest, and not what has changed."""

import pytest

from service.checkout import near_cache
from service.checkout.near_cache import Near


def facts(kept: Near, name: str) -> object:
    found = kept.get(name)
    return found and (found.version, found.facts)


def test_what_was_read_last_is_told() -> None:
    kept = Near()
    kept.keep("one", 1, "old")
    kept.keep("one", 2, "new")
    assert facts(kept, "one") == (2, "new")
    assert facts(kept, "another") is None


def test_what_has_changed_is_not() -> None:
    kept = Near()
    kept.keep("one", 1, "old")
    kept.forget(["one", "another"])
    assert facts(kept, "one") is None


def test_the_oldest_go_when_there_are_too_many() -> None:
    kept = Near(most=2)
    for name in ("one", "two", "one", "three"):
        kept.keep(name, 1, name)
    assert [name for name in ("one", "two", "three") if kept.get(name)] == ["one", "three"]


def test_after_a_while_it_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Near()
    kept.keep("one", 1, "fresh")
    monkeypatch.setattr(near_cache, "SECONDS", 0.0)
    kept.keep("two", 1, "of before")
    assert (facts(kept, "one"), facts(kept, "two")) == ((1, "fresh"), None)


def test_what_is_too_old_leaves_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Near()
    monkeypatch.setattr(near_cache, "SECONDS", 0.0)
    kept.keep("one", 1, "somebody who is erased")
    monkeypatch.setattr(near_cache, "SECONDS", 60.0)
    kept.keep("two", 1, "another")
    assert list(kept._kept) == ["two"]
