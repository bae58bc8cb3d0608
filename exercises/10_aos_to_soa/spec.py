"""n particles x, y, z, vx, vy, vz, q, m (AoS) to 8 arrays of n (SoA); the positions advance by v · dt."""

import torch

from grader.spec import draw, size

FIELDS, DT = 8, 0.125
# A power of two less 1 stays one when it is halved to fit: the last tile is never whole.
sizes = {"n": size(1, 2**17 - 1, near=(4, 16, 32, 64, 128, 256, 512, 1024))}
recipes = ("index", "normal", "spikes", "cancel")


def inputs(g, recipe, n):
    if recipe == "index":  # a wrong element says where it came from; below 2^24 no two are alike
        return {"aos": (torch.arange(FIELDS * n, device=g.device) + 1).float().view(n, FIELDS), "dt": DT}
    aos = draw(g, recipe, n, FIELDS)
    if recipe == "cancel":  # the particle nearly reaches the origin
        aos[:, :3] = -DT * aos[:, 3:6] * (1 + 1e-3 * draw(g, "normal", n, 3))
    return {"aos": aos, "dt": DT}


def oracle(aos, dt, **_):
    soa = aos.double().t().contiguous()
    scale = torch.zeros_like(soa)  # 0 where a value is copied: exact
    scale[:3] = soa[:3].abs() + abs(dt) * soa[3:6].abs()
    soa[:3] += dt * soa[3:6]
    return {"soa": soa, "soa__S": scale}


def library(aos, dt, **_):
    def run():
        soa = aos.t().contiguous()
        return soa[:3].add_(soa[3:6], alpha=dt)

    return run


def moved(n):
    return 2 * 4 * FIELDS * n
