"""The first 20 losses of tiny models in PyTorch, kept in test/golden/training for test/core/train/training.test.ts.

    python test/bench/peers/train.py [name ...]

Same weights (tiny.py), same batches, AdamW with decay on matrices alone, clipping at 1, no dropout; adapters by PEFT. A
`method` is what a recipe of Winnow says.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy

from tiny import classes, decoders, encoders, formula, make, token_classes

folder = Path(__file__).parents[2] / "golden" / "training"
steps = 20
rate, decay, clip = 2e-3, 0.01, 1.0
mask_id = 4

full = {"kind": "full"}
head = {"kind": "head"}
lora = {"kind": "lora", "rank": 8, "alpha": 16, "targets": ["query", "value"]}
rslora = {**lora, "kind": "rslora"}
dora = {**lora, "kind": "dora"}
lora_plus = {**lora, "kind": "lora-plus", "ratio": 8}
last = {"kind": "last", "layers": 1}
bitfit = {"kind": "bitfit"}

# Golden file: model of tiny.py, head, method.
cases = {
    "bert-full": ("bert", "sequence", full),
    "bert-head": ("bert", "sequence", head),
    "bert-lora": ("bert", "sequence", lora),
    "bert-rslora": ("bert", "sequence", rslora),
    "bert-dora": ("bert", "sequence", dora),
    "bert-lora-plus": ("bert", "sequence", lora_plus),
    "bert-bitfit": ("bert", "sequence", bitfit),
    "bert-last": ("bert", "sequence", last),
    "bert-masked": ("bert", "masked", full),
    "roberta-full": ("roberta", "sequence", full),
    "roberta-lora": ("roberta", "sequence", lora),
    "xlm-roberta-masked": ("xlm-roberta", "masked", full),
    "distilbert-tokens": ("distilbert", "tokens", full),
    "distilbert-lora": ("distilbert", "sequence", lora),
    "electra-full": ("electra", "sequence", full),
    "deberta-v3-full": ("deberta-v3", "sequence", full),
    "deberta-v3-lora": ("deberta-v3", "sequence", lora),
    "deberta-v2-masked": ("deberta-v2", "masked", full),
    "mpnet-full": ("mpnet", "sequence", full),
    "modernbert-full": ("modernbert", "sequence", full),
    "modernbert-lora": ("modernbert", "sequence", lora),
    "modernbert-masked": ("modernbert", "masked", full),
    "llama-lora": ("llama", "causal", lora),
    "llama-dora": ("llama", "causal", dora),
    "llama-full": ("llama", "causal", full),
    "llama-packed-lora": ("llama", "packed", lora),
    "gpt2-lora": ("gpt2", "causal", lora),
    "gpt2-dora": ("gpt2", "causal", dora),
}

# What the parts of a recipe's targets are called, by model_type; PEFT matches the end of a module's name.
parts = {
    "bert": {"query": "query", "value": "value"},
    "roberta": {"query": "query", "value": "value"},
    "xlm-roberta": {"query": "query", "value": "value"},
    "electra": {"query": "query", "value": "value"},
    "distilbert": {"query": "q_lin", "value": "v_lin"},
    "deberta-v2": {"query": "query_proj", "value": "value_proj"},
    "modernbert": {"query": "Wqkv", "value": "Wqkv"},
    "llama": {"query": "q_proj", "value": "v_proj"},
    "gpt2": {"query": "c_attn", "value": "c_attn"},
}

# Modules of a task's head, trained by every method.
heads = {
    "bert": ["classifier"],
    "roberta": ["classifier"],
    "xlm-roberta": ["classifier"],
    "electra": ["classifier"],
    "distilbert": ["pre_classifier", "classifier"],
    "deberta-v2": ["pooler", "classifier"],
    "modernbert": ["classifier"],
}


def rows_of(config, kind):
    """Rows of 5 to 13 tokens and what is to be learnt of them; where language is masked the ids are masked already."""
    rng = np.random.RandomState(7)
    ids = [rng.randint(5, config["vocab_size"], rng.randint(5, 14)).tolist() for _ in range(24)]
    if kind == "sequence":
        # A rule that can be learnt, so that losses fall.
        return ids, [row[0] % classes for row in ids]
    if kind == "tokens":
        return ids, [[token % token_classes if i > 0 else -100 for i, token in enumerate(row)] for row in ids]
    if kind == "causal":
        return ids, [[-100 if i < 2 else token for i, token in enumerate(row)] for row in ids]
    if kind == "packed":
        packs = [ids[at : at + 3] for at in range(0, len(ids), 3)]
        targets = [[[-100 if i < 3 else token for i, token in enumerate(row)] for row in pack] for pack in packs]
        return [sum(pack, []) for pack in packs], [sum(pack, []) for pack in targets]
    hidden = [[i % 4 == 1 for i in range(len(row))] for row in ids]
    targets = [[token if h else -100 for token, h in zip(row, hide)] for row, hide in zip(ids, hidden)]
    return [[mask_id if h else token for token, h in zip(row, hide)] for row, hide in zip(ids, hidden)], targets


def places_of(config):
    """Of packed rows: the position of each token in its document, and the number of the document from 1."""
    ids, _ = rows_of(config, "causal")
    packs = [ids[at : at + 3] for at in range(0, len(ids), 3)]
    positions = [[i for row in pack for i in range(len(row))] for pack in packs]
    return positions, [[n + 1 for n, row in enumerate(pack) for _ in row] for pack in packs]


def canonical(name):
    """The name of a parameter without what PEFT wraps around it."""
    for wrapped in ["base_model.model.", ".base_layer", ".modules_to_save.default", ".original_module"]:
        name = name.replace(wrapped, "")
    return name.replace(".default", "")


def adapted(model, config, method):
    """The model with what the method trains."""
    kind = method["kind"]
    if kind == "full":
        return model
    modules = heads.get(config["model_type"])
    if kind == "head":
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.split(".")[0] in modules
        return model
    if kind == "bitfit":
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.endswith(".bias") or name.split(".")[0] in modules
        return model
    if kind == "last":
        first = config["num_hidden_layers"] - method["layers"]
        for name, parameter in model.named_parameters():
            layer = re.search(r"\.layers?\.(\d+)\.", name)
            parameter.requires_grad = "embeddings" not in name and (layer is None or int(layer[1]) >= first)
        return model
    names = parts[config["model_type"]]
    model = get_peft_model(
        model,
        LoraConfig(
            r=method["rank"],
            lora_alpha=method["alpha"],
            lora_dropout=0.0,
            target_modules=sorted({names[target] for target in method["targets"]}),
            modules_to_save=modules,
            use_rslora=kind == "rslora",
            use_dora=kind == "dora",
        ),
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_A" in name:
                parameter.copy_(formula(canonical(name), tuple(parameter.shape)))
    return model


def groups(model, method):
    """The parameter groups of the optimizer. Vectors are not decayed; the second factors of LoRA+ have a rate of their own."""
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    own = [p for n, p in trained if "lora_B" in n and method["kind"] == "lora-plus"]
    rest = [p for n, p in trained if "lora_B" not in n or method["kind"] != "lora-plus"]
    return [
        {"params": [p for p in rest if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in rest if p.dim() <= 1], "weight_decay": 0.0},
        *([{"params": own, "weight_decay": decay, "lr": rate * method["ratio"]}] if own else []),
    ]


def padded(rows, fill):
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [fill] * (longest - len(row)) for row in rows])


def loss_packed(model, config, ids, targets, places):
    """Each document of a row sees itself alone: positions from 0, and a mask of blocks."""
    positions, segments = (padded(part, 0) for part in places)
    length = segments.shape[1]
    seen = (segments[:, :, None] == segments[:, None, :]) & torch.ones(length, length).tril().bool()
    mask = torch.where(seen[:, None], 0.0, torch.finfo(torch.float32).min)
    pad = config.get("pad_token_id") or 0
    logits = model(input_ids=padded(ids, pad), attention_mask=mask, position_ids=positions).logits
    labels = padded(targets, -100)
    return cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)


def loss_of(model, config, kind, ids, targets):
    pad = config.get("pad_token_id") or 0
    mask = padded([[1] * len(row) for row in ids], 0)
    logits = model(input_ids=padded(ids, pad), attention_mask=mask).logits
    if kind == "sequence":
        return cross_entropy(logits, torch.tensor(targets))
    labels = padded(targets, -100)
    if kind == "causal":
        logits, labels = logits[:, :-1], labels[:, 1:]
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


def golden(config, kind, method):
    torch.manual_seed(0)
    model = adapted(make(config, "causal" if kind == "packed" else kind), config, method)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    rows, targets = rows_of(config, kind)
    places = places_of(config) if kind == "packed" else None
    size = 8 if places is None else 3
    batches = [[(size * step + i) % len(rows) for i in range(size)] for step in range(steps)]
    optimizer = torch.optim.AdamW(groups(model, method), lr=rate)
    losses, norms = [], []
    for batch in batches:
        learnt = [rows[i] for i in batch], [targets[i] for i in batch]
        if places is None:
            loss = loss_of(model, config, kind, *learnt)
        else:
            loss = loss_packed(model, config, *learnt, [[part[i] for i in batch] for part in places])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], clip)
        optimizer.step()
        losses.append(float(f"{loss.item():.7g}"))
        norms.append(float(f"{norm.item():.6g}"))
    return {
        "config": config,
        "head": "causal" if kind == "packed" else kind,
        "method": method,
        "optimizer": {"rate": rate, "decay": decay, "clip": clip},
        "rows": rows,
        "targets": targets,
        **({"positions": places[0], "segments": places[1]} if places else {}),
        "batches": batches,
        "losses": losses,
        "norms": norms,
    }


def main():
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    for name, (model, kind, method) in cases.items():
        if wanted and name not in wanted:
            continue
        result = golden({**encoders, **decoders}[model], kind, method)
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
        (folder / f"{name}.json").write_text(f"{{\n{lines}\n}}\n")
        print(name, result["losses"][0], result["losses"][-1])


main()
