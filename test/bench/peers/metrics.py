"""Golden numbers of metrics and statistics: `python test/bench/peers/metrics.py > test/golden/metrics.json`.

Needs scikit-learn, scipy, sacrebleu, rouge-score, statsmodels. Inputs are drawn by a seed and stand beside the numbers.
"""
import json
import random
import re
import string
from collections import Counter

import numpy as np
import sacrebleu
import sklearn
import statsmodels
from rouge_score import rouge_scorer
from scipy import stats
from sklearn import metrics as m
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

rng = np.random.default_rng(20260101)


def classes():
    out = []
    for rows, k in ((60, 2), (120, 5), (40, 3)):
        gold = rng.integers(0, k, rows)
        scores = rng.normal(size=(rows, k))
        scores[np.arange(rows), gold] += 1.0
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        # Ties matter to areas.
        p = np.round(p, 2)
        p[:, -1] = 1 - p[:, :-1].sum(1)
        p = np.clip(np.round(p, 2), 0, 1)
        said = p.argmax(1)
        named = [f"c{i}" for i in range(k)]
        avg = {a: m.precision_recall_fscore_support(gold, said, average=a, zero_division=0)[:3] for a in ("macro", "micro", "weighted")}
        expect = {
            "accuracy": m.accuracy_score(gold, said),
            "mcc": m.matthews_corrcoef(gold, said),
            "confusion": m.confusion_matrix(gold, said, labels=range(k)).ravel().tolist(),
            **{f"{a}{n}": float(v[i]) for a, v in avg.items() for i, n in enumerate(("Precision", "Recall", "F1"))},
        }
        onehot = np.eye(k)[gold]
        expect["rocArea"] = float(np.mean([m.roc_auc_score(onehot[:, i], p[:, i]) for i in range(k)]))
        if abs(p.sum(1) - 1).max() < 1e-9 and k > 2:
            assert abs(expect["rocArea"] - m.roc_auc_score(gold, p, multi_class="ovr", average="macro")) < 1e-12
        expect["averagePrecision"] = float(m.average_precision_score(onehot, p, average="macro"))
        expect["rocArea1"] = float(m.roc_auc_score(onehot[:, 1], p[:, 1]))
        expect["averagePrecision1"] = float(m.average_precision_score(onehot[:, 1], p[:, 1]))
        pr, rc, th = m.precision_recall_curve(onehot[:, 1], p[:, 1])
        expect["sweep"] = [th.tolist(), pr[:-1].tolist(), rc[:-1].tolist()]
        conf = p.max(1)
        right = said == gold
        bins = np.clip(np.ceil(conf * 10).astype(int) - 1, 0, 9)
        expect["ece"] = float(sum(abs(right[bins == b].mean() - conf[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any()))
        out.append({"labels": named, "gold": gold.tolist(), "said": said.tolist(), "probabilities": p.tolist(), "expect": expect})
    return out


def numbers():
    a = np.round(rng.normal(size=50), 1)
    b = np.round(a + rng.normal(size=50), 1)
    return {"a": a.tolist(), "b": b.tolist(), "pearson": stats.pearsonr(a, b)[0], "spearman": stats.spearmanr(a, b)[0],
            "mae": m.mean_absolute_error(a, b), "rmse": m.mean_squared_error(a, b) ** 0.5}


def normal(s):
    s = "".join(c for c in s.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())


def squad_f1(a, b):
    x, y = normal(a).split(), normal(b).split()
    same = sum((Counter(x) & Counter(y)).values())
    if same == 0:
        return 0.0
    p, r = same / len(x), same / len(y)
    return 2 * p * r / (p + r)


def texts():
    pairs = [
        ["The cat sat on the mat.", "A cat is sitting on the mat."],
        ["It costs $1,234.50 (about 3-4 %), doesn't it?", "It cost 1,234.50 dollars - 3-4 %, didn't it?"],
        ["", "Nothing was said here."],
        ["one two three four five six", "one two three four five six"],
        ["Größe: 5 cm; naïve café — 日本語 テキスト", "Größe 5 cm, naive café – 日本語テキスト"],
        ["&quot;Quoted&quot; &amp; so on <b>bold</b>", "\"Quoted\" and so on <b>bold</b>."],
        ["an apple a day keeps the doctor away", "apples a day keep doctors away"],
        ["no", "yes"],
        ["Line one\nline two-\nthree", "Line one line two three"],
        ["emoji \U0001f600 and \u00a0 spaces\tand tabs ", "emoji \U0001f601 and spaces and tabs"],
    ]
    words = "the a small red dog house run runs ran quickly to of in 7 12.5 end. why? yes, no-one".split()
    r = random.Random(5)
    for _ in range(15):
        gold = [r.choice(words) for _ in range(r.randint(1, 15))]
        said = [w if r.random() < 0.7 else r.choice(words) for w in gold if r.random() < 0.9]
        pairs.append([" ".join(said), " ".join(gold)])
    said, gold = [p[0] for p in pairs], [p[1] for p in pairs]
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
    per = [scorer.score(g, s) for s, g in pairs]
    sets = [list(range(len(pairs))), list(range(0, 3)), [7], [2], [3, 0]]
    corpora = []
    for rows in sets:
        h, g = [said[i] for i in rows], [gold[i] for i in rows]
        bleu, chrf = sacrebleu.metrics.BLEU(), sacrebleu.metrics.CHRF()
        b = bleu.corpus_score(h, [g])
        corpora.append({"rows": rows, "bleu": b.score, "precisions": b.precisions, "brevity": b.bp, "chrf": chrf.corpus_score(h, [g]).score})
    return {"pairs": pairs,
            "rouge": [{k: list(v) for k, v in s.items()} for s in per],
            "exact": [normal(a) == normal(b) for a, b in pairs],
            "f1": [squad_f1(a, b) for a, b in pairs],
            "tokens": [sacrebleu.metrics.BLEU().tokenizer(s.rstrip()) for s in said],
            "corpora": corpora}


def statistics():
    pairs = [[0, 0], [1, 0], [6, 2], [10, 10], [25, 9], [121, 59], [300, 240], [1, 19]]
    ps = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    return {
        "mcnemar": [[a, b, float(mcnemar([[0, a], [b, 0]], exact=True).pvalue) if a + b else 1.0] for a, b in pairs],
        "wilson": [[x, n, *map(float, proportion_confint(x, n, method="wilson"))] for x, n in ((81, 263), (0, 20), (20, 20), (1, 29), (15, 148))],
        "fisher": [[a, n, b, k, float(stats.fisher_exact([[a, n - a], [b, k - b]])[1])] for a, n, b, k in ((5, 10, 90, 100), (1, 3, 7, 9), (0, 12, 3, 40), (70, 100, 60, 100), (1200, 1500, 800, 900))],
        # Newcombe's method 10 of his two papers: independent proportions (b - a).
        "newcombe": [[a, n, b, k, *map(float, confint_proportions_2indep(b, k, a, n, method="newcomb", compare="diff"))] for a, n, b, k in ((48, 80, 56, 70), (9, 10, 3, 10), (0, 20, 4, 15))],
        "p": ps,
        "holm": multipletests(ps, method="holm")[1].tolist(),
        "bh": multipletests(ps, method="fdr_bh")[1].tolist(),
    }


print(json.dumps({
    "made": f"scikit-learn {sklearn.__version__}, sacrebleu {sacrebleu.__version__}, rouge-score 0.1.2, statsmodels {statsmodels.__version__}",
    "classes": classes(), "numbers": numbers(), "texts": texts(), "statistics": statistics(),
}, ensure_ascii=False))
