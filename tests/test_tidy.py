"""The shape of the code, held by a test: one line of slices, pure rules, no float near money, one clock."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SERVICE = ROOT / "service"

# Who stands where. A module imports only what stands before it, or with it in its own slice; the first are one room.
MACHINE_ROOM = (
    "actor", "hosts", "exposure",
    "alone", "config", "clock", "money", "countries", "ids", "errors", "event_type", "deadline", "bounded",
    "pace", "allowance", "admission", "inbox", "aside",
    "trace", "logs", "telemetry", "drawing", "printed",
    "packed", "remembered", "clusters", "db", "migrations", "safety", "values", "statement", "shards", "embedded",
    "metrics", "exchange", "circuit", "reach",
    "http_client", "spelling", "sealed", "data_key", "private_text",
)  # fmt: skip
SLICES = (
    "audit", "approvals", "law", "terms", "ledger", "limits", "people", "access", "operators", "merchants",
    "subsidies", "partners", "support", "factoring", "reports", "insurance", "reconciling", "plans", "claims",
    "authentication", "payments", "outside", "policies", "checkout", "webhooks",
)  # fmt: skip
EDGE = (
    "registry", "jobs", "api", "facades", "contract", "web", "app", "server", "demo", "calculator",
    "simulator", "sandbox_processor", "preparing", "worker", "auditor", "verify", "key_command",
    "init_command", "data_command",
    "policy_command", "learning",
    "cli", "__main__",
)  # fmt: skip
LINE = (
    dict.fromkeys(MACHINE_ROOM, 0) | {name: place for place, name in enumerate(("engine", *SLICES, *EDGE), 1)} | {"": 0}
)

# Rules are pure: they stand in a slice, or in a room of its own, and no file name says otherwise.
WITH_IO = re.compile(r"(\w+_)?(flow|store|books|log|gateway|cache)\.py")
PURE_ROOM = {
    "reach.py", "actor.py", "alone.py", "money.py", "countries.py", "errors.py", "event_type.py", "circuit.py",
    "printed.py", "spelling.py",
}  # fmt: skip
IMPURE = {
    "asyncio", "asyncpg", "http", "httpx", "litestar", "logging", "os", "pathlib", "random", "redis", "secrets",
    "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
    "service.clock", "service.config", "service.db", "service.embedded", "service.inbox", "service.aside",
    "service.http_client",
}  # fmt: skip
IMPURE_CALLS = {"open", "input", "print", "eval", "exec", "ids.new_id"}
CLOCK_CALLS = {
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.localtime",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip

PG_TYPES = {
    "regclass", "regnamespace", "regprocedure",  # names of tables, schemas, functions
    "bigint", "boolean", "bytea", "date", "int", "interval", "json", "numeric", "smallint", "text", "timestamptz",
}  # fmt: skip

LINES_MAX = 320
FUNCTION_LINES_MAX = 60
VAGUE = re.compile(r"(manager|helper|helpers|util|utils|misc|common|base)$", re.IGNORECASE)
TOP = {
    ".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md",
    "compose.yaml", "data", "deploy", "openapi.yaml", "pyproject.toml", "requirements", "schema", "service", "tests",
}  # fmt: skip

FILES = sorted(SERVICE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a file, in any order; to walk once for all tests takes a third of the time."""
    return list(ast.walk(tree(path)))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slice_of(path: Path) -> str:
    """`terms` for service/terms/apr.py, `db` for service/db.py, nothing for service/__init__.py."""
    first = path.relative_to(SERVICE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def is_pure(path: Path) -> bool:
    return (
        path.name in PURE_ROOM
        if path.parent == SERVICE
        else slice_of(path) in SLICES and not WITH_IO.fullmatch(path.name)
    )


PURE = [path for path in FILES if is_pure(path)]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module the file imports, with its line: `from service import ids` is service.ids."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            for alias in node.names:
                yield node.lineno, f"service.{alias.name}" if node.module == "service" else str(node.module)


def called(path: Path) -> Iterator[tuple[int, str]]:
    """Every call of a plain or dotted name: `date.today` for both `date.today()` and `datetime.date.today()`."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield node.lineno, ".".join(ast.unparse(node.func).split(".")[-2:])


def offenders(paths: list[Path], found: Callable[[Path], list[Any]]) -> dict[str, list[Any]]:
    """What `found` finds, by file; nothing is right."""
    return {name_of(path): rows for path in paths if (rows := found(path))}


def test_every_module_has_its_place() -> None:
    assert {slice_of(path) for path in FILES} <= set(LINE)


def test_slices_stand_in_one_line() -> None:
    def later(path: Path) -> list[str]:
        ours = [module for _, module in imported(path) if module.startswith("service.")]
        return [module for module in ours if LINE[module.split(".")[1]] > LINE[slice_of(path)]]

    # The command line imports what a command needs only when it runs.
    assert not offenders([path for path in FILES if slice_of(path) != "cli"], later)


def test_rules_import_and_call_nothing_impure() -> None:
    def impure(path: Path) -> list[tuple[int, str]]:
        imports = [
            (line, module)
            for line, module in imported(path)
            if module.split(".")[0] in IMPURE or ".".join(module.split(".")[:2]) in IMPURE
        ]
        return imports + [(line, call) for line, call in called(path) if call in IMPURE_CALLS]

    assert not offenders(PURE, impure)


def test_rules_wait_for_nothing_and_keep_nothing() -> None:
    forbidden = ast.Await | ast.AsyncFunctionDef | ast.Global
    assert not offenders(PURE, lambda path: [node.lineno for node in nodes(path) if isinstance(node, forbidden)])


def test_caches_are_bounded() -> None:
    def endless(path: Path) -> list[str]:
        """What remembers every argument it was ever called with."""
        return [
            node.name
            for node in nodes(path)
            if isinstance(node, ast.FunctionDef)
            and any(
                ast.unparse(one) in ("cache", "lru_cache(maxsize=None)", "lru_cache(None)")
                for one in node.decorator_list
            )
            and node.args.args
        ]

    assert not offenders(FILES, endless)


def test_no_float_is_near_money() -> None:
    def floats(path: Path) -> list[int]:
        return [
            node.lineno
            for node in nodes(path)
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
        ]

    assert not offenders(PURE, floats)


def test_only_the_clock_reads_the_clock() -> None:
    others = [path for path in FILES if path != SERVICE / "clock.py"]
    assert not offenders(others, lambda path: [(line, call) for line, call in called(path) if call in CLOCK_CALLS])


def test_statements_are_told_what_time_it_is() -> None:
    told = re.compile(r"\b(now\(\)|current_date|current_timestamp|clock_timestamp\(\)|localtimestamp)", re.IGNORECASE)
    statements = sorted(SERVICE.rglob("*.sql"))
    assert not offenders(statements, lambda path: told.findall(re.sub(r"--.*", "", path.read_text())))


def test_statements_leave_nothing_in_their_session() -> None:
    """The next transaction of a connection from a pooler may have another session."""
    left = re.compile(r"\bpg_(?:try_)?advisory_(?:un)?lock\b|\bset session\b|\b(?:un)?listen\b|\bdeclare\b.*\bhold\b")
    statements = sorted(SERVICE.rglob("*.sql"))
    assert not offenders(statements, lambda path: left.findall(re.sub(r"--.*", "", path.read_text().lower())))


def test_sql_knows_only_types_of_postgresql() -> None:
    """A domain or an enum is found neither by shards nor by a client without a look-up: see schema/001_words.sql.

    But for rows as they are sent, which clusters are not, and which each process looks up once."""
    ours = re.compile(r"\bcreate\s+(?:domain|type(?!\s+row_[osibtydzj]+ as \())\b|\bas\s+enum\b", re.IGNORECASE)
    named = re.compile(r"::\s*(\w+)|\bcast\s*\([^()]*\bas\s+(\w+)", re.IGNORECASE)

    def others(path: Path) -> list[str]:
        text = re.sub(r"--.*", "", path.read_text())
        casts = {first or second for first, second in named.findall(text)}
        return ours.findall(text) + sorted(casts - PG_TYPES)

    statements = [path for folder in ("schema", "service", "tests") for path in sorted((ROOT / folder).rglob("*.sql"))]
    assert not offenders(statements, others)


def test_patterns_end_at_the_very_end() -> None:
    def open_ended(path: Path) -> list[str]:
        """In Python a `$` is content with the end of the last line: one more may follow, an empty one."""
        return [
            str(ast.literal_eval(node.value))
            for node in nodes(path)
            if isinstance(node, ast.keyword)
            and node.arg in ("pattern", "regex")
            and isinstance(node.value, ast.Constant)
            and not str(node.value.value).endswith(r"\Z")
        ]

    assert not offenders(FILES, open_ended)


def test_files_are_small() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert not {name: lines for name, lines in sizes.items() if lines > LINES_MAX}


def test_functions_are_small() -> None:
    def long(path: Path) -> list[str]:
        return [
            node.name
            for node in nodes(path)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
        ]

    assert not offenders(FILES + TESTS, long)


def test_modules_and_what_others_call_say_what_they_are() -> None:
    def silent(path: Path) -> list[str]:
        body = tree(path).body
        public = [
            node.name
            for node in body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
        return public if ast.get_docstring(tree(path)) or not body else ["the module", *public]

    assert not offenders(FILES, silent)


def test_names_say_something() -> None:
    def vague(path: Path) -> list[str]:
        classes = [node.name for node in nodes(path) if isinstance(node, ast.ClassDef)]
        names = [*path.relative_to(SERVICE).with_suffix("").parts, *classes]
        return [name for name in names if VAGUE.search(name)]

    assert not offenders(FILES, vague)


def tracked() -> list[Path]:
    """What git knows and is still there; in a copy without git, everything that would be."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        found: Iterator[Path] = (ROOT / name for name in listed.stdout.split("\0") if name)
    else:
        found = chain.from_iterable(
            (ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name] for name in TOP
        )
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_nothing_unexpected_stands_at_the_top() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


def test_no_package_index_and_no_path_of_a_machine_is_named() -> None:
    named = re.compile(r"index[-_]url|https?://[^/ \"]*/(simple|packages/[0-9a-f]{2})/|find[-_]links|/(home|root)/\w")
    found = [
        f"{name_of(path)}: {match[0]}"
        for path in tracked()
        if path != Path(__file__) and (match := named.search(path.read_text(errors="replace")))
    ]
    assert not found


WRITTEN = re.compile(r"\b(?:insert into|update|delete from|merge into|truncate(?: table)?)\s+([a-z_]+)", re.IGNORECASE)
LOCKS = re.compile(r"\bfor (no key )?update\b|\bdo update\b", re.IGNORECASE)


def written_by(statements: dict[str, str]) -> dict[str, set[str]]:
    """Every table that is written, with the rooms whose SQL does so; statements by the names of their files."""
    rooms: dict[str, set[str]] = {}
    for name, text in statements.items():
        for table in WRITTEN.findall(LOCKS.sub("", re.sub(r"--.*", "", text))):
            rooms.setdefault(table.lower(), set()).add(name.split("/")[0])
    return rooms


def strangers(rooms: dict[str, set[str]]) -> dict[str, set[str]]:
    """The tables that are written by more than one room, or by the edge."""
    return {table: by for table, by in rooms.items() if len(by) > 1 or "api" in by}


def test_a_table_is_written_by_one_room() -> None:
    """By the slice whose noun it is; the edge writes none. The demo makes what is there before anybody calls."""
    statements = {str(path.relative_to(SERVICE)): path.read_text() for path in sorted(SERVICE.rglob("*.sql"))}
    ours = {name: text for name, text in statements.items() if not name.startswith("demo/")}
    assert not strangers(written_by(ours))
    for room, statement in (
        ("api", "insert into anything values (1)"),
        ("payments", "UPDATE plans SET outstanding = 0"),
        ("checkout", "select 1 for update; delete from facts"),
        ("webhooks", "merge into transfers using a on true when matched then delete"),
        ("policies", "truncate accounts"),
    ):
        assert len(strangers(written_by(ours | {f"{room}/queries_of_another.sql": statement}))) == 1, statement


def test_statements_stand_in_files() -> None:
    """What a room writes is read from its SQL: none is hidden between other lines."""
    writes = re.compile(r"\b(insert into|update) [a-z_]+ |\bdelete from [a-z_]+", re.IGNORECASE)
    apart = {SERVICE / "migrations.py"}  # keeps count of what it has done to the schema

    def hidden(path: Path) -> list[str]:
        docs = {id(body[0].value) for body in bodies(path) if body and isinstance(body[0], ast.Expr)}
        return [
            node.value
            for node in nodes(path)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and re.search(r"\binto\b.*\bvalues\b|\bset\b.*=|\bdelete from\b", node.value)
            and writes.search(node.value)
        ]

    assert not offenders([path for path in FILES if path not in apart], hidden)


def bodies(path: Path) -> Iterator[list[ast.stmt]]:
    """Of the module, and of every class and function."""
    for node in nodes(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.body


def test_the_readme_is_for_newcomers() -> None:
    """What only operators and integrators need stands in service/guide, on pages whose lines are run."""
    text = (ROOT / "README.md").read_text()
    assert len(text.encode()) <= 25_000
    assert len(re.findall(r"^## ", text, re.MULTILINE)) <= 6
