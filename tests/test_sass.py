"""Recorded machine code (nvcc 13.0, sm_90, solutions/01_vector_add) -> instruction mix and access widths."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import sass

RECORDED = (Path(__file__).parent / "data" / "vector_add.sass").read_text()


def test_the_recorded_kernels() -> None:
    codes = {code.kernel: code for code in sass.parse(RECORDED)}
    assert set(codes) == {"add_vectors", "add_scalars"}
    wide, narrow = codes["add_vectors"], codes["add_scalars"]
    assert wide.widths["global load", 128] == 8 and wide.widths["global store", 128] == 4  # two inputs, four each
    assert set(narrow.widths) == {("global load", 32), ("global store", 32)}
    assert narrow.kinds["fp32"] >= 4 and wide.kinds["fp32"] >= 16
    assert sum(narrow.kinds.values()) == narrow.total and "" not in narrow.kinds


@pytest.mark.parametrize(
    ("opcode", "said"),
    [
        ("LDG", "global load"), ("LDGSTS", "async copy"), ("LDS", "shared load"), ("LDSM", "shared load"),
        ("LDL", "local load (spill)"), ("LD", "global load"), ("LDC", "constant"), ("STG", "global store"),
        ("ATOMS", "atomic"), ("ATOMG", "atomic"), ("RED", "atomic"), ("REDUX", "shuffle"), ("HFMA2", "half"),
        ("HMMA", "tensor"), ("IMAD", "integer and moves"), ("STL", "local store (spill)"), ("NOP", ""),
        ("LEA", "integer and moves"), ("S2R", "integer and moves"), ("FFMA", "fp32"), ("BRA", "branch"),
    ],
)  # fmt: skip
def test_kind(opcode: str, said: str) -> None:
    assert sass.kind(opcode) == said


@pytest.mark.parametrize(
    ("line", "access", "bits"),
    [
        ("LDG.E.128.CONSTANT R4, desc[UR4][R2.64] ;", "global load", 128),
        ("@!P0 LDG.E.U16 R4, desc[UR4][R2.64] ;", "global load", 16),
        ("@UP1 LDG.E.64 R4, [R2] ;", "global load", 64),
        ("STG.E.U8 desc[UR4][R2.64], R4 ;", "global store", 8),
        ("LDS R4, [R2] ;", "shared load", 32),
        ("LDSM.16.M88.4 R4, [R2] ;", "shared load", 128),
        ("LDGSTS.E.BYPASS.128 [R2], [R4.64] ;", "async copy", 128),
    ],
)
def test_width(line: str, access: str, bits: int) -> None:
    (code,) = sass.parse(f"\t\tFunction : _Z1kv\n        /*0010*/    {line}\n")
    assert dict(code.widths) == {(access, bits): 1}


def test_no_code() -> None:
    assert sass.parse("") == () and sass.parse("\n.target sm_90\n/*0000*/ NOP ;") == ()


def test_without_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not on PATH" in str(sass.read(tmp_path / "kernel.so"))
    tool = tmp_path / "cuobjdump"
    tool.write_text("#!/bin/sh\necho 'cuobjdump fatal: not a library' >&2\n")
    tool.chmod(0o755)
    assert "no machine code: cuobjdump fatal" in str(sass.read(tmp_path / "kernel.so"))
