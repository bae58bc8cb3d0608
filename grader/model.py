"""The values that pass between stages: frozen, and importing nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

# ---------------------------------------------------------------- what is asked


@dataclass(frozen=True)
class Param:
    """One parameter of the launcher, as its C declaration says it."""

    name: str
    ctype: str  # "float", "__half", "int64_t", … without const and *
    pointer: bool = False
    const: bool = False
    memory: str = ""  # of a pointer: the device's; "host": page-locked; "scratch": the device's, and not judged
    table: bool = False  # T* const*: an array of pointers in device memory, one to each row of the tensor

    @property
    def scratch(self) -> bool:
        return self.name == "ws" or self.memory == "scratch"

    @property
    def output(self) -> bool:
        return self.pointer and not self.const and not self.scratch


@dataclass(frozen=True)
class Declaration:
    """The launcher's C declaration: the single source of the ABI."""

    text: str
    launcher: str  # launch_softmax
    params: tuple[Param, ...]  # the stream left out
    streamed: bool = True  # False: run_overlap, which takes no stream and waits itself


@dataclass(frozen=True)
class Tolerance:
    """Accept iff |got - want| <= rtol·|want| + atol + c·2^-24·S per element (catalogue classes T0 to T3).

    S is what the oracle returns as `<output>__S`: the sum of the magnitudes that were added.
    """

    rtol: float = 0.0
    atol: float = 0.0
    c: float = 0.0
    why: str = ""


LIBRARIES = ("cub", "thrust", "cutlass")  # of headers: their kernels are compiled into the learner's object


@dataclass(frozen=True)
class Walk:
    """From the naive kernel to the solution: right attempts by name, in the order in which one would write them."""

    rungs: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)  # where they are timed; {}: the first timed shape


@dataclass(frozen=True)
class Exercise:
    """All that exercise.toml says; reading it needs no torch."""

    id: str  # 07_softmax
    title: str
    summary: str
    track: str
    difficulty: int
    minutes: int
    prerequisites: tuple[str, ...]
    concepts: tuple[str, ...]
    declaration: Declaration
    tolerances: Mapping[str, Tolerance]  # by output; "" is the default
    timed: tuple[Mapping[str, int], ...]  # sizes of the timed shapes
    threshold: float  # reference time ÷ learner time that passes
    excellent: float
    hints: tuple[str, ...]
    alias: Mapping[str, str]  # output -> input it may share memory with, e.g. {"y": "x"}
    misaligned: tuple[str, ...]  # pointers that may start at any element; the others are 256-byte aligned
    unsimulated: str  # why the simulator cannot run it; "" if it can
    efficiency: Mapping[str, float]  # "global" or "shared" -> most sectors or wavefronts over the ideal
    folder: Path
    recorded: bool = True  # into a graph; False: host code is the exercise, so its launcher is called and may wait
    walk: Walk = field(default_factory=Walk)
    libraries: tuple[str, ...] = ()  # of LIBRARIES: whose kernels may do the work

    @property
    def number(self) -> int:
        return int(self.id.split("_", 1)[0])

    @property
    def name(self) -> str:
        return self.id.split("_", 1)[1]

    @property
    def source(self) -> Path:
        """The file the learner edits."""
        return self.folder / f"{self.name}.cu"


# ---------------------------------------------------------------- what is built and run


@dataclass(frozen=True)
class Resources:
    """What ptxas says of one kernel: per thread registers and spills, per block shared memory (bytes)."""

    kernel: str
    registers: int = 0
    spill_bytes: int = 0
    shared_bytes: int = 0
    stack_bytes: int = 0


@dataclass(frozen=True)
class Sources:
    """What the compiler is given, through torch.utils.cpp_extension.load. Made by a backend."""

    files: Mapping[str, str]  # file name -> text, written into the build folder
    compile: tuple[str, ...]  # which of them are compiled: ("softmax.cu",)
    cflags: tuple[str, ...] = ()
    cuda_cflags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    include_paths: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compiled:
    """What the compiler said, in the learner's file names and line numbers."""

    errors: str = ""
    warnings: str = ""
    resources: tuple[Resources, ...] = ()


@dataclass(frozen=True)
class Build:
    """A compiled source, or why it is none (`errors` not empty)."""

    library: Path
    backend: str
    seconds: float
    cached: bool = False
    errors: str = ""
    warnings: str = ""
    resources: tuple[Resources, ...] = ()


@dataclass(frozen=True)
class Case:
    """One set of inputs: what hypothesis draws, and what `--case` spells."""

    sizes: Mapping[str, int]
    recipe: str = "normal"
    offsets: Mapping[str, int] = field(default_factory=dict)  # pointer -> elements past an aligned address
    alias: bool = False

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        """`rows=33,cols=1000,recipe=spikes,x+1,in-place`: read back by `case.parse`."""
        words = [f"{k}={v}" for k, v in self.sizes.items()]
        words += [f"recipe={self.recipe}"]
        words += [f"{k}+{v}" for k, v in self.offsets.items() if v]
        words += ["in-place"] * self.alias
        return ",".join(words)


@dataclass(frozen=True)
class Buffer:
    """One pointer argument's bytes in the arena."""

    name: str
    offset: int  # bytes from the arena's start: where the pointer points
    nbytes: int
    itemsize: int
    initialised: bool  # False: it holds poison, and reading it before writing it is a mistake
    output: bool = False
    host: bool = False  # it is in page-locked host memory: the arena itself


@dataclass(frozen=True)
class Argument:
    """One scalar or pointer argument, in the launcher's order, the stream left out."""

    ctype: str
    value: float | int = 0
    buffer: str = ""  # name of the Buffer, when it is a pointer ("" with pointer type: NULL)
    pointer: bool = False
    rows: int = 0  # of a table: so many pointers, to the equal parts of the buffer


@dataclass(frozen=True)
class Job:
    """What a worker is told to do once. Contents travel in the arena, at the same offsets."""

    buffers: tuple[Buffer, ...]
    arguments: tuple[Argument, ...]
    span: int  # bytes of the arena in use
    seconds: float = 10.0  # time limit; on the simulator a block's, see its option `patience`
    recorded: bool = True  # as in Exercise
    streamed: bool = True  # as in Declaration
    counted: bool = True  # whether the simulator counts sectors and wavefronts


class Fate(Enum):
    RETURNED = "returned"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    REFUSED = "refused"  # needs a feature that is not here: never the learner's fault


@dataclass(frozen=True)
class Launch:
    """One kernel seen in the captured graph, or run by the simulator."""

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int = 0  # dynamic, bytes per block


@dataclass(frozen=True)
class Finding:
    """One broken rule, worded for a learner. `where` is softmax.cu:41 or empty."""

    kind: str  # oob race uninit divergence deadlock input redzone allocation sync stream …
    text: str
    where: str = ""
    variable: str = ""
    thread: tuple[int, ...] = ()
    block: tuple[int, ...] = ()
    other: str = ""  # the other side of a race: softmax.cu:37, thread (1, 0, 0)
    count: int = 1


@dataclass(frozen=True)
class Traffic:
    """Counters of one source line, as ncu counts them (simulator only)."""

    line: int
    space: str  # global | shared
    access: str  # read | write | atomic
    requests: int
    sectors: int  # global: 32-byte sectors; shared: wavefronts
    ideal: int  # what the same bytes need at least


@dataclass(frozen=True)
class Run:
    """How one job ended. The arena then holds what the launcher left behind."""

    fate: Fate
    status: int = 0  # the launcher's cudaError_t, or the first error after it
    message: str = ""  # what the runtime or the signal says
    launches: tuple[Launch, ...] = ()
    nodes: int = -1  # nodes in the captured graph; -1: not captured
    findings: tuple[Finding, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    log: str = ""  # what the learner's code printed


# ---------------------------------------------------------------- what is concluded


@dataclass(frozen=True)
class Mismatch:
    """The first wrong element of one output, and how many there are."""

    argument: str
    index: tuple[int, ...]
    got: float
    want: float
    wrong: int
    total: int


@dataclass(frozen=True)
class Diagnosis:
    """A named pattern and its sentence; "unknown" with an empty sentence is honest."""

    pattern: str
    explanation: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Failure:
    """The smallest case that fails, in the learner's terms."""

    case: Case
    seed: int
    mismatch: Mismatch | None
    diagnosis: Diagnosis
    replay: str


@dataclass(frozen=True)
class Speed:
    """Reference time ÷ learner time over all timed shapes; times are medians in µs."""

    ratio: float
    ci: tuple[float, float]
    threshold: float
    learner_us: float
    reference_us: float
    library_us: float | None
    roofline_pct: float | None
    limiter: str
    shapes: tuple[Shape, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """One timed shape."""

    sizes: Mapping[str, int]
    ratio: float
    ci: tuple[float, float]
    learner_us: float
    reference_us: float
    library_us: float | None
    samples: int
    rate: str = ""  # "3,910 GB/s", "41.2 TFLOP/s"
    roofline_pct: float | None = None
    limiter: str = "unknown"  # memory | compute | latency | launch


class Outcome(str, Enum):
    PASS = "PASS"
    SLOW = "SLOW"
    WRONG = "WRONG"
    UNSAFE = "UNSAFE"
    CRASH = "CRASH"
    TIMEOUT = "TIMEOUT"
    COMPILE = "COMPILE"
    NOT_STARTED = "NOT_STARTED"
    NOISY = "NOISY"
    NOT_RUN = "NOT_RUN"
    GRADER_ERROR = "GRADER_ERROR"


@dataclass(frozen=True)
class Stage:
    name: str  # build | cases | speed
    status: str  # pass | fail | skipped
    ms: float = 0.0
    passed: int = 0
    total: int = 0
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer. Impossible combinations cannot be built."""

    exercise: str
    outcome: Outcome
    backend: str
    device: str
    seed: int
    stages: tuple[Stage, ...] = ()
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    speed: Speed | None = None
    speed_why: str = ""  # why speed is None
    resources: tuple[Resources, ...] = ()
    launches: tuple[Launch, ...] = ()  # of the largest case
    log: str = ""  # compiler's or learner's output
    detail: str = ""  # one sentence more
    next: str = ""
    score: float = 0.0
    hints_used: int = 0
    isolation: str = ""  # how far the learner's code was shut in: bubblewrap > seccomp > limits
    isolation_why: str = ""  # why no further

    def __post_init__(self) -> None:
        if self.outcome is Outcome.NOISY and self.speed is None:
            raise ValueError("NOISY without a speed")
        if self.outcome is Outcome.SLOW and self.speed is None and not self.findings:
            raise ValueError("SLOW without a speed, and without a line that wastes memory traffic")
        if self.outcome is Outcome.WRONG and self.failure is None:
            raise ValueError("WRONG without a failing case")
        if self.speed is not None and self.outcome not in (Outcome.PASS, Outcome.SLOW, Outcome.NOISY):
            raise ValueError(f"{self.outcome.value} with a speed")

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASS


@dataclass(frozen=True)
class Request:
    """One grading, as asked for at the command line."""

    exercise: Exercise
    source: Path
    text: str  # the source, read once: what is judged is what is recorded
    reference: Path  # solutions/<id>/<name>.cu
    backend: str
    examples: int = 0  # 0: the backend's own number
    seed: int | None = None  # None: fresh
    case: str = ""  # str(Case): run that one alone
    speed: bool = True
    pedantic: bool = False  # simulator: shuffles order no memory, as CUDA has it to the letter
    simulate: bool = True  # on a GPU: let the simulator check it too
    hints_used: int = 0
    sanitize: bool = False  # also run compute-sanitizer
    keep: bool = True  # failing cases, to be tried first next time

    @property
    def timed(self) -> bool:
        return self.speed and self.backend == "cuda" and not self.case
