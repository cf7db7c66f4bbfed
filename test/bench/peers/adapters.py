"""Adapters between Winnow and PEFT.

    python test/bench/peers/adapters.py golden        adapters saved by PEFT, and logits with them, to test/golden/adapters
    python test/bench/peers/adapters.py check FOLDER  the largest difference of logits for adapters that Winnow saved

The weights of the base models and of the adapters follow from their names (tiny.py). `npm run bench -- adapters` trains
adapters, saves them with the logits that Winnow computes, and calls the second.
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from tiny import decoders, encoders, formula, make

warnings.filterwarnings("ignore")
folder = Path(__file__).parents[2] / "golden" / "adapters"
rows = [[2, 9, 14, 33, 21, 3], [2, 45, 8, 3], [2, 17, 17, 52, 6, 29, 40, 3]]

# Name: model of tiny.py, head, and what PEFT is told.
cases = {
    "bert-lora": ("bert", "sequence", {"target_modules": ["query", "value"]}),
    "bert-rslora": ("bert", "sequence", {"target_modules": "all-linear", "use_rslora": True}),
    "bert-dora": ("bert", "sequence", {"target_modules": ["query", "intermediate.dense"], "use_dora": True}),
    "llama-dora": ("llama", "causal", {"target_modules": ["q_proj", "down_proj"], "use_dora": True, "use_rslora": True}),
    "gpt2-lora": ("gpt2", "causal", {"target_modules": ["c_attn", "mlp.c_proj"], "fan_in_fan_out": True}),
    "gpt2-dora": ("gpt2", "causal", {"target_modules": ["c_attn"], "fan_in_fan_out": True, "use_dora": True}),
}


def logits_of(model, kind):
    """Scores of each row; of a language model those of its last token."""
    model.eval()
    with torch.no_grad():
        found = [model(input_ids=torch.tensor([row])).logits[0] for row in rows]
    return [(x if kind == "sequence" else x[-1]).tolist() for x in found]


def golden():
    for name, (base, kind, about) in cases.items():
        config = {**encoders, **decoders}[base]
        task = "SEQ_CLS" if kind == "sequence" else "CAUSAL_LM"
        model = get_peft_model(make(config, kind), LoraConfig(r=4, lora_alpha=6, task_type=task, **about))
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if not parameter.requires_grad or "modules_to_save" in key:
                    continue
                # Magnitudes near those of the weights; everything else anew.
                drawn = formula(key, tuple(parameter.shape))
                parameter.copy_(parameter * drawn if "magnitude" in key else drawn)
        target = folder / name
        shutil.rmtree(target, ignore_errors=True)
        model.save_pretrained(target)
        (target / "README.md").unlink(missing_ok=True)
        about = {"config": config, "head": kind, "rows": rows, "logits": logits_of(model, kind)}
        (target / "golden.json").write_text(json.dumps(about) + "\n")
        print(name, sorted(p.name for p in target.iterdir()))


def check(path):
    for case in sorted(Path(path).iterdir()):
        about = json.loads((case / "golden.json").read_text())
        base = make(about["config"], about["head"])
        model = PeftModel.from_pretrained(base, case / "adapter")
        theirs = torch.tensor(logits_of(model, about["head"]))
        print(json.dumps({"name": case.name, "difference": (theirs - torch.tensor(about["logits"])).abs().max().item()}))


if sys.argv[1:] == ["golden"]:
    golden()
elif len(sys.argv) == 3 and sys.argv[1] == "check":
    check(sys.argv[2])
else:
    sys.exit(__doc__)
