"""Whose kernels does a recorded graph hold? Without a GPU: nodes as `inspect` reads them."""

from __future__ import annotations

from grader.graph import KERNEL, Kernel, Nodes
from grader.model import Launch

LIBRARY = b"\x7fELF\0_Z3addPKfPfl\0__nv_static_0_Z3sumPf\0plain\0"


def nodes(*kernels: tuple[str, int]) -> Nodes:
    made = tuple(Kernel(Launch("k", (1, 1, 1), (32, 1, 1)), symbol, handle) for symbol, handle in kernels)
    return Nodes((KERNEL,) * len(made), made)


def test_kernels_that_the_library_registers_are_its_own() -> None:
    own = nodes(("_Z3addPKfPfl", 1), ("plain", 2), ("_Z3sumPf", 3))  # strings may share their ends
    assert own.foreign(LIBRARY) == ()


def test_a_kernel_from_elsewhere_is_named() -> None:
    (found,) = nodes(("_Z3addPKfPfl", 1), ("_ZN3cub6detail6kernelEv", 2)).foreign(LIBRARY)
    assert found.kind == "borrowed" and "kernel, which is not in your file" in found.text
    assert nodes(("_Z3add", 1)).foreign(LIBRARY), "a name is not the beginning of another"


def test_a_driver_that_tells_no_names_says_nothing() -> None:
    assert nodes(("", 1)).foreign(LIBRARY) == ()


def test_the_references_kernel_is_seen_by_its_handle_whatever_it_is_called() -> None:
    learner, reference = nodes(("_Z3addPKfPfl", 7)), nodes(("_Z3addPKfPfl", 7), ("plain", 8))
    (found,) = learner.shared(reference)
    assert found.kind == "borrowed" and "add, which is the reference's" in found.text
    assert nodes(("_Z3addPKfPfl", 9)).shared(reference) == ()
    assert nodes(("", 0)).shared(nodes(("", 0))) == (), "no handle is nobody's"
