"""The dashboard and the alert rules ask for metrics and labels that exist, in sentences that PromQL reads."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

import service.app  # with it come all rooms that count something
import service.worker  # noqa: F401 - the same

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
OF_PROMETHEUS = {"up": {"job", "instance"}}
EVERYWHERE = {"job", "instance"}  # added by whoever asks


def series() -> dict[str, set[str]]:
    """Every series that Tenor serves, with its labels."""
    found = dict(OF_PROMETHEUS)
    for metric in set(REGISTRY._collector_to_names):
        name, labels = getattr(metric, "_name", ""), set(getattr(metric, "_labelnames", ()))
        if not str(name).startswith("tenor_"):
            continue
        kind = getattr(metric, "_type", "")
        for ending in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(kind, ("",)):
            found[name + ending] = labels | EVERYWHERE | ({"le"} if ending == "_bucket" else set())
    return found


def expressions() -> list[tuple[str, str]]:
    """What is asked, and where."""
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
    asked = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]
    return asked + [(rule["alert"], rule["expr"]) for rule in rules()]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def parts(node: Any) -> Iterator[Any]:
    """The expression and all within it."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector", "param", "args"):
        for part in below if isinstance(below := getattr(node, name, None), list) else [below]:
            if part is not None:
                yield from parts(part)


@pytest.mark.parametrize(("where", "asked"), expressions())
def test_it_asks_for_what_is_served(where: str, asked: str) -> None:
    known, named = series(), set[str]()
    for part in parts(promql_parser.parse(asked)):
        if isinstance(part, promql_parser.VectorSelector):
            assert part.name in known, where
            named |= known[part.name]
            assert {one.name for one in part.matchers.matchers} <= known[part.name], where
    grouped = re.findall(r"\bby \(([^)]*)\)", asked)
    assert {label.strip() for labels in grouped for label in labels.split(",")} <= named, where
    assert named, where


@pytest.mark.parametrize("asked", ["sum(rate(tenor_nothing[5m]))", 'tenor_lane_waiting{road="x"}'])
def test_the_test_finds_what_is_not_served(asked: str) -> None:
    with pytest.raises(AssertionError):
        test_it_asks_for_what_is_served("here", asked)


def test_each_alert_says_what_happened_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules()) >= 15
    for rule in rules():
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "runbook"}
        assert len(rule["annotations"]["runbook"]) > 60
        promql_parser.parse_duration(rule["for"]) if rule["for"] != "0m" else None
        used = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        kept = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        labels = {one.strip() for group in kept for one in group.split(",")} | (
            {"job", "instance"} if "up{" in rule["expr"] else set()
        )
        assert set(used) <= labels, rule["alert"]


def test_every_metric_of_ours_is_asked_for_somewhere() -> None:
    asked = " ".join(expression for _, expression in expressions())
    names = {re.sub("_(total|bucket|sum|count)$", "", name) for name in series() if name.startswith("tenor_")}
    assert not {name for name in names if name not in asked}
