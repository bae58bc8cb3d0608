"""Two clocks on the same calls: the worker's events and the judge's wall clock. Pure.

Pairs: the calls that were timed, each checked in full, with all that is copied besides.

One wall time says little: it holds the copies, the flush and the messages besides. But these are the same for learner
and reference, so the *difference* of their wall times is that of their kernels, once in the warming replay and once in
the timed one. A time that is forged small is missing from the wall clock's difference, whatever it was forged by. What
the first of a pair may pay more cancels between the two orders, which are drawn at random.

What cannot be concluded: anything below the wall clock's own noise, some tens of microseconds. There it says nothing.

Batches: many calls in one message with nothing copied, so that the noise is shared among them. They bound the ratio
where pairs cannot; but their outputs are not looked at, so a worker that lies about its replays too escapes to pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from grader.timing import interval

REPLAYS = 2.0  # the warming and the timed one
SHARE = 0.5  # of the claimed time: what may be hidden before it is called a contradiction
LEAST_US = 100.0  # below it, the wall clock cannot tell
EACH = 4  # pairs in either order: fewer say nothing
BATCH_US = 5000.0  # of the judge's clock, about, for one batch
CALLS = 64  # in it, at most
ROUNDS = 2  # of batches; the quickest counts, for whatever interferes only adds
CROWDED = 8  # on a GPU that others use: most batches meet one of them
BLUR_US = 5.0  # of a replay's time in a batch: its launch
LATE_US = 50.0  # by which a message may be late, both times
GAIN = 0.25  # of the ratio: what events may claim beyond the batches
CONFIRMED = 3  # times in a row: another process's turn on the GPU passes, a forgery does not


@dataclass(frozen=True)
class Pair:
    """One learner's and one reference's call on the same contents; times in µs."""

    learner_us: float
    reference_us: float
    learner_wall: float
    reference_wall: float
    learner_first: bool

    @property
    def hidden(self) -> float:
        """Wall time of the learner's kernel that its events do not account for."""
        wall = self.learner_wall - self.reference_wall
        return wall / REPLAYS - (self.learner_us - self.reference_us)


def hidden(pairs: Sequence[Pair]) -> tuple[float, float] | None:
    """95 % interval of the learner's hidden µs per call; None where there are too few pairs."""
    first, second = ([p.hidden for p in pairs if p.learner_first is order] for order in (True, False))
    if min(len(first), len(second)) < EACH:
        return None
    (a, b), (c, d) = interval(first, 0.95), interval(second, 0.95)
    return (a + c) / 2, (b + d) / 2


def ahead(pairs: Sequence[Pair]) -> str:
    """A call cannot take longer inside than outside; "" where none does."""
    if late := [p for p in pairs if p.learner_us > p.learner_wall or p.reference_us > p.reference_wall]:
        return f"{len(late)} calls took longer by the GPU's clock than by the judge's: the events were tampered with"
    return ""


def contradiction(pairs: Sequence[Pair]) -> str:
    """Why the worker's times cannot be believed, or ""."""
    if (found := hidden(pairs)) is None:
        return ""
    claimed = median([p.learner_us for p in pairs])
    if found[0] <= max(LEAST_US, SHARE * claimed):
        return ""
    return (
        f"the GPU's events say {claimed:.3g} µs a call, the judge's clock at least {found[0]:.3g} µs more: "
        "work was done outside the timed events"
    )


@dataclass(frozen=True)
class Batch:
    """`calls` cold calls in one message, and as many of nothing: µs by the judge's clock, message and all."""

    wall: float
    empty: float
    calls: int

    @property
    def each(self) -> float:
        """µs of one replay."""
        return (self.wall - self.empty) / (REPLAYS * self.calls)

    @property
    def blur(self) -> float:
        """µs by which that may be off."""
        return BLUR_US + LATE_US / (REPLAYS * self.calls)


def calls(wall_us: float) -> int:
    """How many calls make a batch, when one alone takes so long."""
    return max(1, min(CALLS, int(BATCH_US / wall_us)))


def outrun(learner_us: float, reference_us: float, learner: Batch, reference: Batch) -> str:
    """Why the ratio of the claimed times cannot be believed, or "": that of the batches is well below it."""
    least, most = learner.each - learner.blur, (1 + GAIN) * (reference.each + reference.blur)
    if least <= 0 or reference.each <= 0 or reference_us * least <= most * learner_us:
        return ""
    return (
        f"the GPU's events say {learner_us:.3g} µs beside the reference's {reference_us:.3g}, the judge's clock over "
        f"many calls {learner.each:.3g} beside {reference.each:.3g}: the events were tampered with"
    )
