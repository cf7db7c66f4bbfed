"""Rates of the schedules of Transformers and PyTorch, kept in test/golden/schedules.json for test/core/train/schedule.test.ts.

    python test/bench/peers/schedules.py

Each list has the rate of every step as the optimizer sees it. Transformers warms up from 0: step n of the warm-up has the
rate of n - 1 there.
"""

import json
from pathlib import Path

import torch
from transformers import optimization as hf

rate = 3e-4


def rates(steps, make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


cases = []


def case(recipe, steps, make):
    cases.append({"recipe": {"rate": rate, "steps": steps, "epochs": 1, **recipe}, "rates": rates(steps, make)})


T, w = 50, 8
case({"kind": "constant", "warmup": w}, T, lambda o: hf.get_constant_schedule_with_warmup(o, w))
case({"kind": "linear", "warmup": w}, T, lambda o: hf.get_linear_schedule_with_warmup(o, w, T))
case({"kind": "cosine", "warmup": w}, T, lambda o: hf.get_cosine_schedule_with_warmup(o, w, T))
case(
    {"kind": "cosine", "warmup": w, "end": 0.1},
    T,
    lambda o: hf.get_cosine_with_min_lr_schedule_with_warmup(o, w, T, min_lr_rate=0.1),
)
case(
    {"kind": "cosine-restarts", "warmup": w, "cycles": 3},
    T,
    lambda o: hf.get_cosine_with_hard_restarts_schedule_with_warmup(o, w, T, num_cycles=3),
)
case({"kind": "polynomial", "warmup": w, "power": 2}, T, lambda o: hf.get_polynomial_decay_schedule_with_warmup(o, w, T, power=2.0))
case({"kind": "inverse-sqrt", "warmup": w}, T, lambda o: hf.get_inverse_sqrt_schedule(o, w))
case({"kind": "inverse-sqrt", "warmup": 0}, T, lambda o: hf.get_inverse_sqrt_schedule(o, 0))
case(
    {"kind": "warmup-stable-decay", "warmup": w, "fall": 0.2},
    T,
    lambda o: hf.get_wsd_schedule(o, w, 10, num_training_steps=T),
)
# One step more for PyTorch's one-cycle, which refuses a call after its last step.
case(
    {"kind": "one-cycle", "warmup": 0.3, "steps": T + 1},
    T,
    lambda o: torch.optim.lr_scheduler.OneCycleLR(o, rate, total_steps=T + 1),
)

lines = ",\n".join(f"  {json.dumps(one)}" for one in cases)
(Path(__file__).parents[2] / "golden" / "schedules.json").write_text(f"[\n{lines}\n]\n")
