"""Reads an event file that `winnow run <id> --export tensorboard` wrote with TensorBoard's own loader, and compares every
number with the run's log.

    python test/bench/peers/tensorboardRead.py <folder of the event file> <events.jsonl of the run>
"""
import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder, log = sys.argv[1:3]
accumulator = EventAccumulator(folder, size_guidance={'scalars': 0, 'tensors': 0})
accumulator.Reload()
tags = accumulator.Tags()
print('scalars', tags['scalars'])
steps = {}
for line in Path(log).read_text().splitlines():
    event = json.loads(line)
    if event['kind'] == 'step':
        steps[event['step']] = event
for tag, key in [('train/loss', 'loss'), ('train/learning_rate', 'rate'), ('train/grad_norm', 'norm')]:
    read = {e.step: e.value for e in accumulator.Scalars(tag)}
    assert read.keys() == steps.keys(), (tag, len(read), len(steps))
    worst = max(abs(read[s] - steps[s][key]) / (1e-12 + abs(steps[s][key])) for s in steps)
    assert worst < 1e-6, (tag, worst)
    print(tag, len(read), 'values, largest relative difference', worst)
