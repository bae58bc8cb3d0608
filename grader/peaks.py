"""What this GPU can do at most: measured once, kept by the GPU's UUID. Reads and writes one small file; no torch."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Peaks:
    """0 where it was not measured: files of an older grader hold the copy alone."""

    gpu: str = ""
    measured: str = ""  # when the copy was
    calibrated: str = ""  # when the rest was; "" for never
    copy_gb_s: float = 0.0  # bytes read plus bytes written
    read_gb_s: float = 0.0
    l2_gb_s: float = 0.0  # reading what fits in L2, again and again
    fp32_tflop_s: float = 0.0  # without tensor cores
    tf32_tflop_s: float = 0.0
    fp16_tflop_s: float = 0.0  # tensor cores, from here on
    bf16_tflop_s: float = 0.0
    int8_tflop_s: float = 0.0

    @property
    def dram(self) -> float:
        """GB/s: no kernel moves more."""
        return max(self.copy_gb_s, self.read_gb_s)

    @property
    def fastest(self) -> float:
        """TFLOP/s in the cheapest format: no kernel calculates faster, whatever it rounds. 0 where unknown."""
        return max(self.fp32_tflop_s, self.tf32_tflop_s, self.fp16_tflop_s, self.bf16_tflop_s, self.int8_tflop_s)


def path(cache: Path, uuid: str) -> Path:
    return cache / "peaks" / f"{uuid or 'unknown'}.json"


def read(cache: Path, uuid: str) -> Peaks | None:
    """None where there is no file, or none that can be understood: it is measured again then."""
    try:
        return parse(json.loads(path(cache, uuid).read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def parse(data: dict[str, Any]) -> Peaks:
    """Fields of a newer grader are left out; those that are missing keep their defaults."""
    words = ("gpu", "measured", "calibrated")
    own = {f.name: data[f.name] for f in fields(Peaks) if f.name in data} | {"copy_gb_s": data["copy_gb_s"]}
    return Peaks(**{name: str(value) if name in words else float(value) for name, value in own.items()})  # type: ignore[arg-type]


def write(cache: Path, uuid: str, peaks: Peaks) -> None:
    """Into a file of its own first: another grader may be reading."""
    target = path(cache, uuid)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(peaks), indent=1))
    draft.replace(target)


def words(p: Peaks) -> str:
    """One line, with its date."""
    memory = (("copy", p.copy_gb_s), ("read", p.read_gb_s), ("L2", p.l2_gb_s))
    forms = ("fp32", "tf32", "fp16", "bf16", "int8")
    maths = [(name, float(getattr(p, f"{name}_tflop_s"))) for name in forms]
    said = [f"{name} {rate:,.0f} GB/s" for name, rate in memory if rate]
    said += [f"{name} {rate:,.0f} TFLOP/s" for name, rate in maths if rate]
    return f"{', '.join(said)}; {(p.calibrated or p.measured)[:10]}"
