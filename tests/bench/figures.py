"""What a run finds, as `bench.json` has it."""

from msgspec import Struct

from tests.bench.goals import Goal


class Cpu(Struct):
    """Microseconds of processor for one operation. The client is the load generator, or pgbench."""

    service: float
    postgres: float
    client: float


class Side(Struct):
    """One of the things compared, in its rounds; figures are medians of the rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]
    rounds: list[float]  # per second
    cpu_us: Cpu


class Machine(Struct):
    """Where it ran."""

    processors: int
    model: str
    system: str
    python: str
    postgres: str
    load_before: float = 0  # the machine's load average when it began: above 0 others were using it


class Checkouts(Struct):
    """What shoppers noticed."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]


class DayClose(Struct):
    """The day's close. Seconds are those of the slower worker, from when it is ready to work until it has ended."""

    plans: int
    workers: int
    seconds: float
    steps: dict[str, float]
    workers_cpu_s: float  # seconds of processor: of all workers ...
    postgres_cpu_s: float  # ... and of PostgreSQL, for the checkouts as well
    memory_mib: float  # of all processes of the service together, at most
    before: Checkouts
    during: Checkouts
    load: float  # the machine's load average when it began: above 0 others were using it
    passed: int = 0  # of which the day found something to be done: due, late, late for a month
    charged: int = 0  # of those due: paid by themselves, through the sandbox processor
    broken_checks: list[str] = []
    checks: int = 0
    sampled: int = 0  # of the checks: those asked of plans by chance, the others of all
    seed: int = 0  # what chose them
    differences: int = 0  # of plans proved against their facts, the last and some by chance

    @property
    def plans_per_s(self) -> float:
        """Active plans a second."""
        return round(self.plans / self.seconds, 1)

    @property
    def p99_ratio(self) -> float:
        """By how much the slowest checkouts became slower."""
        return round(self.during.p99_ms / self.before.p99_ms, 2)


class Reconciled(Struct, frozen=True):
    """A partner's day compared three ways, beside copying the same rows into the database and joining them there."""

    items: int
    positions: int
    settlements: int
    entries: int  # of the bank
    breaks: dict[str, int]  # by leg: item, position, cash
    seconds: float
    join_seconds: float  # to copy what the others told and join it with ours, once a leg
    recon_vs_join: float
    memory_mib: int  # of the process that compares


class Filed(Struct, frozen=True):
    """The four files of a partner's day, made."""

    events: int
    numbered: int  # the last of them, the others being numbered already
    numbered_s: float  # seconds of numbering these, which the worker does as they come
    seconds: float  # of closing the day and making its files
    cpu_s: float  # of processor in the process that makes them
    memory_mib: int  # of that process


class Point(Struct):
    """A side at so many connections, each with one request on its way."""

    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: int  # of service and PostgreSQL together, for one request
    errors: int


class Wait(Struct):
    """A side, at so many requests a second."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


class Kept(Struct):
    """KiB of one plan."""

    plans: int
    opened_wal: float
    captured: float  # once it is, without decision and keys
    paid_off: float  # with all there is, of its checkout too
    retained: float  # once keys and events are forgotten
    tables: dict[str, float]  # of one that is paid off


class Scaled(Struct):
    """Checkouts decided a second by one HTTP process, and by two; the load generator has the same processors."""

    one: float
    two: float

    @property
    def ratio(self) -> float:
        """Two processes, for each that one decides."""
        return round(self.two / self.one, 2) if self.one else 0


class Behind(Struct):
    """Checkouts decided a second on one consumer: with very many plans behind them, and with none."""

    plans: int
    known_with: float  # the process remembers what is behind them
    known_without: float
    read_with: float  # declined: read from the database for each decision
    read_without: float

    @property
    def known(self) -> float:
        """With, for each without."""
        return round(self.known_with / self.known_without, 2) if self.known_without else 0

    @property
    def read(self) -> float:
        """The same where all is read from the database."""
        return round(self.read_with / self.read_without, 2) if self.read_without else 0


class Grown(Struct):
    """What a service with very many plans does a second, and one with few: medians of rounds in turn."""

    many: int  # plans stored
    few: int
    decide_many: float
    decide_few: float
    open_many: float
    open_few: float
    errors: int

    @property
    def decide(self) -> float:
        """With many plans, for each with few."""
        return round(self.decide_many / self.decide_few, 3) if self.decide_few else 0

    @property
    def opened(self) -> float:
        """The same of plans opened."""
        return round(self.open_many / self.open_few, 3) if self.open_few else 0


class Memory(Struct):
    """MiB that the larger HTTP process holds after all the requests of the run, and after half of them."""

    requests: int  # by all processes
    at_half: float
    at_end: float
    course: list[tuple[int, float]] = []  # after so many requests: whether it still grows, and by how much

    @property
    def growth(self) -> float:
        """At the end, for each MiB after half of them."""
        return round(self.at_end / self.at_half, 3) if self.at_half else 0


class Bench(Struct):
    """`bench.json`. What was not measured is 0, empty or null."""

    open_vs_pgbench: float  # open / the faster of the two pgbench sides that open
    pay_vs_pgbench: float  # pay / the faster of the two that pay
    decide_vs_bare: float
    decide_alone_vs_crowd: float  # processor time of a request at 1 connection / at 128
    open_alone_vs_crowd: float
    curves: dict[str, list[Point]]  # each side at 1, 8 and 128 connections
    errors: int
    broken_checks: list[str]
    checks: int
    processes: int  # HTTP processes of each side
    connections: int
    people: int
    seconds: float  # of one round
    sides: dict[str, Side]
    machine: Machine
    waits: dict[str, Wait] = {}  # at a twentieth of what each side can do, open loop
    trips: dict[str, int] = {}  # to PostgreSQL, by request
    kept: Kept | None = None  # of one plan
    scaled: Scaled | None = None
    behind: Behind | None = None
    memory: Memory | None = None
    cold_start_s: float = 0  # of an HTTP process, until it can answer
    first_day_s: float = 0  # of the demo's first day of trade
    recon_vs_join: float = 0  # seconds of comparing a day / of copying its rows and joining them
    reconciled: Reconciled | None = None
    daily_files_s: float = 0  # seconds of making the files of a partner's day
    filed: Filed | None = None
    day_close_plans_per_s: float = 0  # active plans / the seconds in which their day was closed
    day_close_p99_ratio: float = 0  # p99 of checkouts while it is closed / before
    day_close: DayClose | None = None
    grown: Grown | None = None
    pure_us: dict[str, float] = {}
    facts_in_schedules: dict[str, float] = {}  # what a fact costs, as a multiple of building the plan's schedule
    took_s: dict[str, float] = {}  # each part of the run
    goals: list[Goal] = []  # the figures that are wanted, once it is written
