"""Known vulnerabilities of what the lock files pin, by pip-audit. What could not be looked up is a fault, too."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.supply.locked import LOCKS, REQUIREMENTS, Package, packages


def faults_of(lock: str, found: Any, pinned: Sequence[Package]) -> list[str]:
    """What is wrong with the packages of a lock file, a sentence each; `found` is what pip-audit says as JSON."""
    told: dict[str, Any] = {one["name"]: one for one in found["dependencies"]}
    sentences = []
    unseen = [one for one in pinned if "skip_reason" in told.get(one.name, {"skip_reason": ""})]
    if len(unseen) == len(pinned) > 1:
        why = told.get(pinned[0].name, {"skip_reason": "not one package was looked up"})["skip_reason"]
        return [f"{lock}: nothing could be audited: {why}"]
    for package in pinned:
        one = told.get(package.name)
        if one is None or "skip_reason" in one:
            why = one["skip_reason"] if one else "it was not looked up"
            sentences.append(f"{lock}: {package.name} {package.version} could not be audited: {why}")
            continue
        for known in one["vulns"]:
            mended = ", ".join(known["fix_versions"]) or "no version yet"
            sentences.append(f"{lock}: {package.name} {package.version}: {known['id']}, mended in {mended}")
    return sentences


def audit(lock: str, path: Path, *service: str, pinned: Sequence[Package]) -> list[str]:
    """The faults of one lock file. `service` are options of pip-audit that say whom it asks."""
    argv = [sys.executable, "-m", "pip_audit", "--requirement", str(path), "--no-deps", "--disable-pip"]
    argv += ["--format", "json", "--progress-spinner", "off", *service]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        return [f"{lock}: nothing could be audited: {last}"]
    return faults_of(lock, found, pinned)


def main(service: Sequence[str]) -> int:
    """Every lock file: 0 where all of it was looked up and nothing was found."""
    faults = []
    for lock in LOCKS:
        faults += audit(lock, REQUIREMENTS / f"{lock}.txt", *service, pinned=packages(lock))
    for fault in faults:
        print(fault)
    print(f"{len(packages(*LOCKS))} packages of {len(LOCKS)} lock files, {len(faults)} faults.")
    return 1 if faults else 0
