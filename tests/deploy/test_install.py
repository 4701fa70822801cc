"""What an install is made of: compose.yaml, the chart, the units and the image, and that they name what exists."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from service import config
from service.config import Settings
from tests.test_first_keys import production

__all__ = ["production"]

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/tenor"
OTHERS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "OTEL_EXPORTER_OTLP_ENDPOINT"}
PLACE = re.compile(r"\{\{ \.(Values|Release)((?:\.\w+)+) \}\}")


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return read


def rendered(template: str) -> Any:
    """A template of the chart with its values; they are named and nothing else is done with them."""
    values = {"Values": yaml.safe_load((CHART / "values.yaml").read_text()), "Release": {"Name": "till"}}

    def value(found: re.Match[str]) -> str:
        place: Any = values[found[1]]
        for name in found[2].strip(".").split("."):
            place = place[name]
        return str(place)

    text = PLACE.sub(value, template)
    assert "{{" not in text
    return yaml.safe_load(text)


def test_compose_is_of_the_specification() -> None:
    options = PyOptions()
    options.apply_merge = True
    text = (ROOT / "compose.yaml").read_text()
    options.from_yaml(text).validate()
    with pytest.raises(Exception, match="unknown variant `well`"):
        options.from_yaml(text.replace("condition: service_healthy", "condition: well", 1)).validate()


def test_compose_names_files_volumes_and_settings_that_exist() -> None:
    told = compose()
    for name, one in told["services"].items():
        for volume in one.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in told["volumes"], (name, source)
        assert set(one.get("depends_on", ())) <= set(told["services"]), name
    ours = [told["services"][name] for name in ("service", "worker")]
    assert {"prometheus", "grafana", "postgres", "valkey"} <= set(told["services"])
    for one in ours:
        assert set(one["environment"]) <= set(config.VARIABLES) | OTHERS
        assert (one["read_only"], one["tmpfs"], one["cap_drop"]) == (True, ["/tmp"], ["ALL"])
        given = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in one["environment"].items()}
        config.read(given)
    scraped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = [
        target.split(":")[0] for job in scraped for group in job["static_configs"] for target in group["targets"]
    ]
    assert targets == ["service", "worker"]


@pytest.mark.parametrize("path", sorted((CHART / "templates").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_template_of_the_chart(path: Path) -> None:
    made = rendered(path.read_text())
    assert {"apiVersion", "kind", "metadata", "spec"} <= made.keys()
    if made["kind"] != "Deployment":
        return
    pod = made["spec"]["template"]["spec"]
    assert made["spec"]["selector"]["matchLabels"].items() <= made["spec"]["template"]["metadata"]["labels"].items()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["args"][0] in ("serve", "worker")
    assert {one["name"] for one in container["env"]} <= set(config.VARIABLES) | OTHERS
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    drain = yaml.safe_load((CHART / "values.yaml").read_text())["service"]["drainSeconds"]
    assert pod["terminationGracePeriodSeconds"] > drain + 10


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert chart["appVersion"] == yaml.safe_load((CHART / "values.yaml").read_text())["image"]["tag"] == version[1]


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_exists_with_settings_that_exist(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    command = re.search(r"^ExecStart=\S+/tenor (\w+)$", text, re.MULTILINE)
    environment = re.search(r"^Environment=(.*)$", text, re.MULTILINE)
    assert command
    assert command[1] in ("serve", "worker")
    assert environment
    assert {one.partition("=")[0] for one in environment[1].split()} <= set(config.VARIABLES)
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes", "Restart=always"):
        assert line in text.splitlines()
    if verify := shutil.which("systemd-analyze"):
        copy = tmp_path / path.name
        at_hand = re.sub(r"(?m)^WorkingDirectory=.*", "WorkingDirectory=/", text)
        copy.write_text(at_hand.replace("/opt/tenor/.venv/bin/tenor", sys.executable))
        done = subprocess.run([verify, "verify", str(copy)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_image_has_a_base_by_digest_and_runs_as_nobody() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^ARG BASE=python:3\.11-slim@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists()
        assert in_the_image(Path(name)) or (ROOT / name).is_dir()


def in_the_image(path: Path) -> bool:
    """What .dockerignore says: the last line that fits counts."""
    inside = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        parts = [path, *path.parents][:-1]
        if (
            pattern == "*"
            or any(fnmatch(str(one), pattern.removeprefix("**/")) for one in parts)
            or (pattern.startswith("**/") and pattern[3:] in path.parts)
        ):
            inside = line.startswith("!")
    return inside


@pytest.mark.long
def test_what_is_in_the_image_begins_an_install_and_serves(production: Settings, tmp_path: Path) -> None:
    app = tmp_path / "app"
    for path in (ROOT / "service").rglob("*"), (ROOT / "schema").rglob("*"), (ROOT / "openapi.yaml",):
        for one in path:
            name = one.relative_to(ROOT)
            if one.is_file() and in_the_image(name):
                (app / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(one, app / name)
    assert not (app / "service/demo").exists()
    assert not (app / "service/learning").exists()
    environ = {"PATH": os.environ["PATH"], "TENOR_LOG": "text"} | config.environment(production)

    def image(*command: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "service", *command]
        return subprocess.run(argv, cwd=app, env=environ, capture_output=True, text=True, timeout=60, check=False)

    begun = image("init", "--operators", "ada", "grace")
    assert (begun.returncode, begun.stdout.count("opk_")) == (0, 2), begun.stderr
    assert image("train").stderr == "tenor: tenor train is not part of this image.\n"
    assert image("check").returncode == 0
    argv = [sys.executable, "-m", "service", "serve"]
    with subprocess.Popen(argv, cwd=app, env=environ, stdout=subprocess.PIPE, text=True) as serve:
        assert serve.stdout is not None
        try:
            assert "Tenor serves on" in serve.stdout.readline()
        finally:
            serve.terminate()
            code = serve.wait(30)
    assert code == 0
