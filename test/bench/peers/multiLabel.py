"""Golden figures of label errors where a row carries any number of labels, by cleanlab: test/golden/multi-label.json.

Rows and probabilities follow from whole numbers alone, so that the test makes the same ones: `share(i)` is a hash of i over 2^32.
Run with a Python that has cleanlab: python test/bench/peers/multiLabel.py
"""

import json
from pathlib import Path

import cleanlab
import numpy as np
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

ROWS, CLASSES = 700, 7
FILTERS = [
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "low_normalized_margin",
    "low_self_confidence",
    "predicted_neq_given",
]
MASK = 0xFFFFFFFF


def share(i: int) -> float:
    x = (i * 0x9E3779B1 + 0x7F4A7C15) & MASK
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & MASK
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & MASK
    return (x ^ (x >> 16)) / 4294967296


given = np.zeros((ROWS, CLASSES), dtype=int)
probabilities = np.zeros((ROWS, CLASSES))
for row in range(ROWS):
    for k in range(CLASSES):
        at = 3 * (row * CLASSES + k)
        carries = share(at) < 0.1 + 0.08 * k
        # One label in twelve is given or withheld wrongly; what a model says is right more often than not, and never sure.
        flipped = share(at + 1) < 1 / 12
        given[row, k] = int(carries != flipped)
        u = share(at + 2)
        probabilities[row, k] = 0.35 + 0.6 * u if carries else 0.65 * u * u + 0.02

labels = [np.flatnonzero(row).tolist() for row in given]
counts = {}
for name in FILTERS:
    found = find_multilabel_issues_per_class(labels, probabilities, filter_by=name, n_jobs=1)
    rows = [np.flatnonzero(found[:, k]) for k in range(CLASSES)]
    counts[name.replace("_", "-").replace("neq", "not")] = {
        "perClass": [len(r) for r in rows],
        "first": [[int(i) for i in r[:12]] for r in rows],
        "sum": [int(r.sum()) for r in rows],
    }
golden = {
    "cleanlab": cleanlab.__version__,
    "rows": ROWS,
    "classes": CLASSES,
    "given": int(given.sum()),
    "probabilities": float(probabilities.sum()),
    "found": counts,
}
path = Path(__file__).parents[2] / "golden/multi-label.json"
path.write_text(json.dumps(golden, indent=1) + "\n")
print({name: one["perClass"] for name, one in counts.items()})
