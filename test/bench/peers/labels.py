"""Ranks labels as cleanlab does with its usual classifier, for `npm run bench -- labels`: comparison only.

Reads rows of {"text", "label"} as JSON lines from stdin. Writes one JSON object: the out-of-fold probabilities of TF-IDF
and logistic regression, cleanlab's scores of them, and what it flags.
"""

import json
import sys

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

rows = [json.loads(line) for line in sys.stdin]
names, labels = np.unique([row["label"] for row in rows], return_inverse=True)
model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
folds = StratifiedKFold(5, shuffle=True, random_state=0)
texts = [row["text"] for row in rows]
probabilities = cross_val_predict(model, texts, labels, cv=folds, method="predict_proba")
scores = {
    "self-confidence": get_label_quality_scores(labels, probabilities),
    "normalised margin": get_label_quality_scores(labels, probabilities, method="normalized_margin"),
    "entropy": get_label_quality_scores(labels, probabilities, method="confidence_weighted_entropy"),
    "self-confidence, adjusted": get_label_quality_scores(labels, probabilities, adjust_pred_probs=True),
    "margin, adjusted": get_label_quality_scores(labels, probabilities, method="normalized_margin", adjust_pred_probs=True),
}
flagged = find_label_issues(labels, probabilities, n_jobs=1)
json.dump(
    {
        "names": names.tolist(),
        "probabilities": probabilities.tolist(),
        "scores": {name: score.tolist() for name, score in scores.items()},
        "flagged": flagged.astype(int).tolist(),
    },
    sys.stdout,
)
