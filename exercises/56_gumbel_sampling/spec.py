"""One token per row of (num_seqs, vocab) logits, by the Gumbel-max trick; a row is never all -inf, and has no ties."""

import torch

from grader.spec import draw, size

sizes = {"num_seqs": size(1, 40, near=(32,)), "vocab": size(1, 151936, near=(32, 256, 1024, 5000))}
recipes = ("normal", "greedy", "masked", "flat", "close", "low")

LEAD = 1e-3  # of the best score over the next one: five times what fp32 may be off


def parts(temperature, u):
    """What the logits are divided by, and the noise that is added."""
    t = temperature.double()[:, None]
    return torch.where(t == 0, 1.0, t), torch.where(t == 0, 0.0, -torch.log(-torch.log(u.double())))


def inputs(g, recipe, num_seqs, vocab):
    x = draw(g, recipe, num_seqs, vocab, std=0.0 if recipe == "flat" else 3.0)  # flat: the noise alone decides
    u = torch.rand(num_seqs, vocab, generator=g, device=g.device).clamp(1e-6, 1 - 1e-6)
    t = 0.3 + 1.2 * torch.rand(num_seqs, generator=g, device=g.device)
    t[:: 1 if recipe == "greedy" else 5] = 0.0
    if recipe == "masked":
        x[:, : vocab // 2] = -torch.inf
    if recipe == "low":
        x -= 100.0  # no score is above 0
    if recipe == "close" and vocab > 1:  # the last token wins, the first is 0.002 behind; both u are next to 1
        u[:, [0, -1]] = 1 - 1e-6 * (1 + 4 * torch.rand(num_seqs, 2, generator=g, device=g.device))
        x[:, -1] += 40.0
        d, n = parts(t, u)
        x[:, :1] = (x[:, -1:] + (n[:, -1:] - n[:, :1] - 2e-3) * d).float()
    s = oracle(x, t, u)["scores"]
    best = s.argmax(-1, keepdim=True)
    near = (s > s.gather(-1, best) - LEAD).scatter(-1, best, False)
    return {"logits": torch.where(near, x - 2, x), "temperature": t, "u": u}


def oracle(logits, temperature, u, **_):
    divisor, noise = parts(temperature, u)
    scores = logits.double() / divisor + noise
    return {"token": scores.argmax(-1), "scores": scores}


def library(logits, temperature, u, **_):
    return lambda: (logits / temperature.clamp(min=1e-6)[:, None] - (-u.log()).log()).argmax(-1)


def moved(num_seqs, vocab):
    return 8 * num_seqs * vocab + 8 * num_seqs
