"""Drawn paged caches are valid: no block or slot twice, none outside, shapes decided by the sizes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader import paged

SEEDS = st.integers(0, 1 << 30)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(SEEDS, st.integers(0, 5000), st.integers(1, 70), st.booleans())
def test_starts_rise_from_nothing_to_the_total(seed: int, total: int, parts: int, even: bool) -> None:
    found = paged.starts(generator(seed), total, parts, even)
    assert (len(found), int(found[0]), int(found[-1])) == (parts + 1, 0, total)
    assert bool((found.diff() >= 0).all())


@given(SEEDS, st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_a_block_belongs_to_one_row(seed: int, used: list[int]) -> None:
    table = paged.block_table(generator(seed), torch.tensor(used), 9)
    assert table.shape == (len(used), 9)
    for row, count in zip(table.tolist(), used, strict=True):
        assert row[count:] == [-1] * (9 - count)
    taken = table[table >= 0]
    assert len(taken) == sum(used) == len(taken.unique())
    assert bool((taken < len(used) * 9 + paged.SPARE).all())


@given(SEEDS, st.integers(0, 300), st.integers(0, 20), st.sampled_from([0.0, 0.1, 1.0]))
def test_slots_are_distinct_and_the_first_token_has_one(seed: int, tokens: int, spare: int, skipped: float) -> None:
    found = paged.slots(generator(seed), tokens, tokens + spare, skipped)
    kept = found[found >= 0]
    assert len(found) == tokens
    assert len(kept) == len(kept.unique()) >= min(tokens, 1)
    assert bool((kept < tokens + spare).all()) and bool((found >= -1).all())
    assert skipped or len(kept) == tokens


@given(SEEDS, st.integers(1, 9), st.integers(1, 200), st.sampled_from([1, 16, 32]), st.sampled_from([0, 50, 100]))
def test_lengths_and_the_slots_they_fill(seed: int, seqs: int, most: int, block_size: int, spread: int) -> None:
    lens = paged.lengths(generator(seed), seqs, most, block_size, spread)
    assert len(lens) == seqs and 1 <= int(lens.min()) and int(lens.max()) <= most
    assert spread or set(lens.tolist()) == {most}
    width = -(-most // block_size)
    table = paged.block_table(generator(seed), -(-lens // block_size), width)
    filled = paged.filled(table, lens, block_size)
    assert filled.shape == (seqs * width + paged.SPARE, block_size)
    assert int(filled.sum()) == int(lens.sum())


@pytest.mark.parametrize("recipe", paged.RECIPES)
@pytest.mark.parametrize("alibi", [0, 1])
def test_attention_reads_what_the_table_says_and_nothing_else(recipe: str, alibi: int) -> None:
    case = paged.decode(generator(1), recipe, 3, 2, 2, 16, 70, 16, 100, alibi)
    found = paged.attend(**case)
    assert bool(found["out"].isfinite().all() and (found["out__S"] >= 0).all())
    keys, values = paged.rows(case["key_cache"], case["value_cache"])
    assert bool(keys.isnan().any() and values.isnan().any())
    seq, head = 0, 3  # by hand: the second kv head
    scores, picked = [], []
    for t in range(int(case["seq_lens"][seq])):
        block, place = int(case["block_tables"][seq, t // 16]), t % 16
        key = case["key_cache"][block, 1, :, place].reshape(-1).double()
        bias = alibi * float(case["alibi_slopes"][head] if alibi else 0.0) * (t - int(case["seq_lens"][seq]) + 1)
        scores.append(float(key @ case["q"][seq, head].double()) * case["scale"] + bias)
        picked.append(case["value_cache"][block, 1, :, place].double())
    want = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0) @ torch.stack(picked)
    assert torch.allclose(found["out"][seq, head], want)
