"""Times libraries on the same buffers, cold, from graphs. In the timing worker; statistics are timing.py's."""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Any

from grader import graph, ranges
from grader.model import Job

if TYPE_CHECKING:
    from grader.backends.cuda import Device

ANYWHERE = 4  # cudaMemcpyDefault: addresses tell on which side they are
FLUSH = 5  # times L2: also long enough (80 µs) for all that follows to be queued before the GPU comes to it
PERSISTING = 6  # CU_LIMIT_PERSISTING_L2_CACHE_SIZE


def _driver() -> Any:
    return ctypes.CDLL("libcuda.so.1")


def _timed(library: int) -> str:
    """The range's name."""
    return f"timed: {'reference' if library else 'yours'}"


class Timed:
    """Two libraries on the same buffers, replayed from graphs.

    A replay on *other* buffers between the flush and the timed one warms the code and the clocks but not the data:
    without it, the first kernel after a flush pays for its instruction fetch.
    """

    def __init__(self, device: Device, job: Job) -> None:
        self.device, self.job, self.runtime, self.stream = device, job, device.runtime, device.stream
        self.inputs = [b for b in job.buffers if b.initialised]
        self.written = [b for b in job.buffers if not b.initialised]
        self.outputs = [b for b in job.buffers if b.output]
        self.start, self.stop = self.runtime.eventCreate(), self.runtime.eventCreate()
        self.flush_bytes = FLUSH * int(self.runtime.getDeviceProperties(0)["l2CacheSize"])
        self.flush = self.runtime.malloc(self.flush_bytes)
        self.driver = _driver()
        self.aside = self._aside()
        self.common = device.common or device.host  # where the judge lays contents and looks for answers
        self.other = self.runtime.malloc(job.span)
        self.runtime.memcpy(self.other, device.memory, job.span, 3)
        self.nodes: list[graph.Nodes] = []  # of each library
        self.graphs = [self._record(i) for i in range(len(device.libraries))]
        self.nothing = self._nothing()
        self.empty_us = sorted(self._empty() for _ in range(9))[4]

    def _record(self, library: int) -> tuple[int, int]:
        """(on the judged buffers, on the other ones); run once, so that modules are loaded."""
        pair: list[int] = []
        for memory in (self.device.memory, self.other):
            recorded, status, message = self.device.capture(library, self.job, memory)
            if status or not recorded:
                raise RuntimeError(f"the launcher cannot be recorded at the timed size: {message}")
            if not pair:
                self.nodes.append(graph.inspect(recorded))
            pair.append(self.runtime.graphInstantiate(recorded))
        self.runtime.graphLaunch(pair[0], self.stream)
        self.runtime.streamSynchronize(self.stream)
        return pair[0], pair[1]

    def _nothing(self) -> int:
        """An empty graph: what it takes between two events is subtracted from every sample."""
        self.runtime.streamBeginCapture(self.stream, graph.THREAD_LOCAL)
        return int(self.runtime.graphInstantiate(self.runtime.streamEndCapture(self.stream)))

    def close(self) -> None:
        """Frees the other buffers, so that the next shape fits."""
        for executable in (self.nothing, *(e for pair in self.graphs for e in pair)):
            self.runtime.graphExecDestroy(executable)
        self.runtime.free(self.flush)
        self.runtime.free(self.other)

    def _time(self, executable: int) -> float:
        self.runtime.eventRecord(self.start, self.stream)
        self.runtime.graphLaunch(executable, self.stream)
        self.runtime.eventRecord(self.stop, self.stream)
        self.runtime.eventSynchronize(self.stop)
        return 1000.0 * float(self.runtime.eventElapsedTime(self.start, self.stop))

    def _empty(self) -> float:
        """As what is subtracted from: queued behind a flush."""
        self._flush(0)
        self.runtime.graphLaunch(self.nothing, self.stream)
        return self._time(self.nothing)

    def sample(self, library: int, poison: int, kept: bool) -> float:
        """µs of one replay. Where `kept` is false its outputs are shown to nobody, but as much is copied before it:
        the judge's clock must find the same work around every call."""
        memory, rt = self.device.memory, self.runtime
        for b in self.inputs if kept else (*self.inputs, *self.outputs):
            rt.memcpyAsync(memory + b.offset, self.common + b.offset, b.nbytes, ANYWHERE, self.stream)
        for b in self.written:
            rt.memsetAsync(memory + b.offset, poison, b.nbytes, self.stream)
        self._flush(poison)
        judged, warming = self.graphs[library]
        rt.graphLaunch(warming, self.stream)
        with ranges.named(_timed(library)):
            us = self._time(judged) - self.empty_us
        for b in self.outputs if kept else ():
            rt.memcpyAsync(self.common + b.offset, memory + b.offset, b.nbytes, ANYWHERE, self.stream)
        rt.streamSynchronize(self.stream)
        return us

    def _flush(self, value: int) -> None:
        """Nothing of the buffers is left in L2, not even what a launcher has set aside there (CUDA guide, L2 cache)."""
        if self.aside:
            self.driver.cuCtxResetPersistingL2Cache()
        self.runtime.memsetAsync(self.flush, value, self.flush_bytes, self.stream)

    def _aside(self) -> int:
        """Bytes of L2 that may hold on to their lines. A launcher cannot change this: it is recorded."""
        found = ctypes.c_size_t()
        self.driver.cuCtxGetLimit(ctypes.byref(found), PERSISTING)  # fails, and leaves 0, where there is no such thing
        return found.value

    def batch(self, library: int, calls: int) -> None:
        """As so many samples, but nothing is copied and no event is asked. A negative number: empty graphs."""
        judged, warming = self.graphs[library] if library >= 0 else (self.nothing, self.nothing)
        for _ in range(calls):
            self._flush(0)
            self.runtime.graphLaunch(warming, self.stream)
            self.runtime.graphLaunch(judged, self.stream)
        self.runtime.deviceSynchronize()


class Called:
    """Two libraries called on the same buffers: launching and waiting are part of the work.

    By events around the call where it gets a stream, else by the host's clock. Both go on until the device is idle, so
    that a launcher which returns early, or leaves work on a stream of its own, gains nothing.
    """

    def __init__(self, device: Device, job: Job) -> None:
        self.device, self.job, self.runtime = device, job, device.runtime
        self.events = [self.runtime.eventCreate() for _ in range(2)] if job.streamed else []
        for library in range(len(device.libraries)):  # modules are loaded, clocks are up
            self.sample(library, poison=0, kept=True)

    def close(self) -> None:
        for event in self.events:
            self.runtime.eventDestroy(event)

    def _time(self, library: int) -> tuple[float, int]:
        """(µs, status) of one call."""
        return self._by_events(library, *self.events) if self.events else self._by_the_host(library)

    def _by_the_host(self, library: int) -> tuple[float, int]:
        started = time.perf_counter()
        status = self.device.call(library, self.job, self.device.place)
        self.runtime.deviceSynchronize()
        return 1e6 * (time.perf_counter() - started), status

    def _by_events(self, library: int, start: int, stop: int) -> tuple[float, int]:
        """The device is idle before, so `start` happens at once; what other streams still do is no event's."""
        self.runtime.eventRecord(start, self.device.stream)
        status = self.device.call(library, self.job, self.device.place)
        self.runtime.eventRecord(stop, self.device.stream)
        self.runtime.eventSynchronize(stop)
        ended = time.perf_counter()
        self.runtime.deviceSynchronize()
        late = 1e6 * (time.perf_counter() - ended)
        return 1000.0 * float(self.runtime.eventElapsedTime(start, stop)) + late, status

    def sample(self, library: int, poison: int, kept: bool) -> float:
        """µs of one call. What stays in host memory is shown in any case, so the rest is too."""
        del kept
        memory, host, rt = self.device.memory, self.device.host, self.runtime
        for b in self.job.buffers:
            if not b.initialised and b.host:
                ctypes.memset(host + b.offset, poison, b.nbytes)
            elif not b.initialised:
                rt.memset(memory + b.offset, poison, b.nbytes)
            elif not b.host:
                rt.memcpy(memory + b.offset, host + b.offset, b.nbytes, 1)
        rt.deviceSynchronize()
        with ranges.named(_timed(library)):
            us, status = self._time(library)
        if status:
            raise RuntimeError(f"the launcher returned error {status} at the timed size")
        for b in self.job.buffers:
            if b.output and not b.host:
                rt.memcpy(host + b.offset, memory + b.offset, b.nbytes, 2)
        return us

    def batch(self, library: int, calls: int) -> None:
        """As many calls as Timed makes replays, two each."""
        for _ in range(2 * calls):
            if library >= 0:
                self.runtime.check_status(self.device.call(library, self.job, self.device.place))
            self.runtime.deviceSynchronize()
