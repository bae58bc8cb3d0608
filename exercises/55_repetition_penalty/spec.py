"""Logits of tokens that are in the prompt or the output are made less likely, in place; num_seqs may be 0."""

import torch

from grader.spec import draw, size

sizes = {
    "num_seqs": size(0, 1025, near=(13, 32, 256)),
    "vocab": size(1, 151936, near=(4, 17, 256, 1019, 1024, 4096)),
    "percent": size(0, 100, near=(1, 10)),  # so many of the tokens are in the prompt, and as many in the output
}
recipes = ("normal", "both", "ties", "masked")


def inputs(g, recipe, num_seqs, vocab, percent):
    shape = num_seqs, vocab
    logits = draw(g, recipe, *shape, std=4.0)
    prompt, output = (torch.rand(shape, generator=g, device=g.device) < percent / 100 for _ in range(2))
    if percent:  # the first and the last token are, so that a dropped tail shows
        prompt[:, 0], output[:, -1] = True, True
    if recipe == "both":  # penalised once all the same
        prompt = output = prompt | output
    if recipe == "masked":  # as after a grammar: most tokens are excluded already
        logits[torch.rand(shape, generator=g, device=g.device) < 0.9] = -torch.inf
    penalties = 0.5 + 1.5 * torch.rand(num_seqs, generator=g, device=g.device)
    penalties[1::4] = 1.0  # no penalty
    return {"logits": logits, "prompt_mask": prompt, "output_mask": output, "penalties": penalties}


def oracle(logits, prompt_mask, output_mask, penalties, **_):
    x, p = logits.double(), penalties.double()[:, None]
    return {"logits": torch.where(prompt_mask | output_mask, torch.where(x > 0, x / p, x * p), x)}


def library(logits, prompt_mask, output_mask, penalties, **_):
    p = penalties[:, None]
    return lambda: torch.where(prompt_mask | output_mask, torch.where(logits > 0, logits / p, logits * p), logits)


def moved(num_seqs, vocab, percent):
    touched = 1 - (1 - percent / 100) ** 16  # share of the 32-byte sectors, 8 logits each, that have something to do
    return int(num_seqs * vocab * (2 + 8 * touched)) + 4 * num_seqs
