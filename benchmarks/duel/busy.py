"""Keeps the GPU busy in bursts until its parent is gone: the competitor of aa.py and ab.py."""

import os
import random
import time

import torch


def burst(source: torch.Tensor, target: torch.Tensor, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for _ in range(20):
            target.copy_(source)
        torch.cuda.synchronize()


def main() -> None:
    parent, random_ = os.getppid(), random.Random(0)
    source = torch.zeros(64 << 20, device="cuda")
    target = torch.empty_like(source)
    burst(source, target, 0.2)
    print("busy", flush=True)
    while os.getppid() == parent:
        burst(source, target, random_.uniform(0.05, 0.5))
        time.sleep(random_.uniform(0.05, 0.5))


if __name__ == "__main__":
    main()
