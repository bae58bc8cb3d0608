"""Verdict <-> the JSON of `run --json` (schema_version 1). Pure; NaN and ±inf travel as strings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from grader.model import (
    Case,
    Diagnosis,
    Failure,
    Finding,
    Launch,
    Mismatch,
    Outcome,
    Resources,
    Shape,
    Speed,
    Stage,
    Verdict,
)

SCHEMA_VERSION = 1

Json = dict[str, Any]


def text(verdict: Verdict) -> str:
    """One line of JSON."""
    return json.dumps(write(verdict), ensure_ascii=False, allow_nan=False)


def line(value: Any) -> str:
    """Any of our values as one line of JSON that every parser reads."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


# ---------------------------------------------------------------- Verdict -> JSON


def write(verdict: Verdict) -> Json:
    """The fields of the contract; later versions only add to them."""
    named: Json = _plain(
        {
            "schema_version": SCHEMA_VERSION,
            "exercise": verdict.exercise,
            "verdict": verdict.outcome.value,
            "backend": verdict.backend,
            "device": verdict.device,
            "seed": verdict.seed,
            "stages": [asdict(stage) for stage in verdict.stages],
            "first_failure": _failure(verdict.failure) if verdict.failure else None,
            "findings": [asdict(finding) for finding in verdict.findings],
            "speed": asdict(verdict.speed) if verdict.speed else None,
            "speed_why": verdict.speed_why,
            "resources": [asdict(resource) for resource in verdict.resources],
            "launches": [asdict(launch) for launch in verdict.launches],
            "log": verdict.log,
            "detail": verdict.detail,
            "score": verdict.score,
            "hints_used": verdict.hints_used,
            "isolation": {"level": verdict.isolation, "why": verdict.isolation_why},
            "next": verdict.next,
        }
    )
    return named


def _failure(failure: Failure) -> Json:
    nothing = dict.fromkeys(("argument", "index", "got", "want", "wrong", "total"))
    return {
        "case": dict(failure.case.sizes),
        "recipe": failure.case.recipe,
        "offsets": dict(failure.case.offsets),
        "in_place": failure.case.alias,
        "seed": failure.seed,
        **(asdict(failure.mismatch) if failure.mismatch else nothing),
        **asdict(failure.diagnosis),
        "replay": failure.replay,
    }


def _plain(value: Any) -> Any:
    """What json.dumps writes as JSON: `NaN` and `Infinity` are not."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


# ---------------------------------------------------------------- JSON -> Verdict


def parse(text: str) -> Verdict:
    """What `text` wrote."""
    return read(json.loads(text))


def read(data: Json) -> Verdict:
    """The Verdict that was written; fields that an older grader did not write take their defaults."""
    failure, speed = data.get("first_failure"), data.get("speed")
    isolation = data.get("isolation", {})
    return Verdict(
        exercise=data["exercise"],
        outcome=Outcome(data["verdict"]),
        backend=data["backend"],
        device=data["device"],
        seed=data["seed"],
        stages=tuple(Stage(**_known(Stage, item)) for item in data.get("stages", ())),
        failure=_read_failure(failure) if failure else None,
        findings=tuple(_read_finding(item) for item in data.get("findings", ())),
        speed=_read_speed(speed) if speed else None,
        speed_why=data.get("speed_why", ""),
        resources=tuple(Resources(**_known(Resources, item)) for item in data.get("resources", ())),
        launches=tuple(_read_launch(item) for item in data.get("launches", ())),
        log=data.get("log", ""),
        detail=data.get("detail", ""),
        next=data.get("next", ""),
        score=data.get("score", 0.0),
        hints_used=data.get("hints_used", 0),
        isolation=isolation.get("level", ""),
        isolation_why=isolation.get("why", ""),
    )


def _known(kind: type, item: Json) -> Json:
    """The fields this version knows: a newer grader may have written more."""
    return {name: item[name] for name in kind.__dataclass_fields__ if name in item}  # type: ignore[attr-defined]


def _read_failure(item: Json) -> Failure:
    case = Case(item["case"], item.get("recipe", ""), item.get("offsets", {}), item.get("in_place", False))
    mismatch = None
    if item["argument"] is not None:
        known = _known(Mismatch, item)
        got, want = _number(item["got"]), _number(item["want"])
        mismatch = Mismatch(**known | {"index": tuple(item["index"]), "got": got, "want": want})
    return Failure(case, item["seed"], mismatch, Diagnosis(**_known(Diagnosis, item)), item["replay"])


def _read_launch(item: Json) -> Launch:
    return Launch(**_known(Launch, item) | {"grid": tuple(item["grid"]), "block": tuple(item["block"])})


def _read_finding(item: Json) -> Finding:
    places = {"thread": tuple(item.get("thread", ())), "block": tuple(item.get("block", ()))}
    return Finding(**_known(Finding, item) | places)


def _read_speed(item: Json) -> Speed:
    shapes = tuple(Shape(**_measured(Shape, shape)) for shape in item.get("shapes", ()))
    return Speed(**_measured(Speed, item) | {"shapes": shapes, "notes": tuple(item.get("notes", ()))})


def _measured(kind: type, item: Json) -> Json:
    """Fields with their numbers back: "NaN" is a float again, `ci` a pair."""
    words = ("limiter", "rate", "notes")
    known = {k: v if k in words else _number(v) for k, v in _known(kind, item).items()}
    return known | {"ci": tuple(_number(end) for end in item["ci"])}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
