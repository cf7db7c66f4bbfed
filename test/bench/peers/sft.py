"""The first 20 losses of instruction tuning in PyTorch, for test/golden/sft.json.

DUMP=<folder> npx vitest run --config test/vitest.config.ts test/node/train/sft.test.ts
python test/bench/peers/sft.py <folder>

The folder then holds the model and the batches: documents with their ids and targets (-100: none), each document by itself.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

folder = Path(sys.argv[1])
torch.manual_seed(0)
config = json.loads((folder / "decoder/config.json").read_text())
model = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in config.items() if k not in ("architectures", "model_type")}))
missing, unexpected = model.load_state_dict(load_file(folder / "decoder/model.safetensors"), strict=False)
assert not unexpected and all(name == "lm_head.weight" for name in missing), (missing, unexpected)
model.tie_weights()
work = json.loads((folder / "batches.json").read_text())
decayed = [p for p in model.parameters()]
optimizer = torch.optim.AdamW(decayed, lr=work["rate"], weight_decay=0.0)
losses, tokens = [], []
for batch in work["batches"]:
    total, count = 0.0, 0
    for document in batch:
        ids = torch.tensor([document["ids"]])
        targets = torch.tensor(document["targets"])
        logits = model(input_ids=ids).logits[0]
        total = total + torch.nn.functional.cross_entropy(logits[:-1], targets[1:], ignore_index=-100, reduction="sum")
        count += int((targets[1:] != -100).sum())
    loss = total / count
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(float(loss.detach()))
    tokens.append(count)
out = Path(__file__).parents[2] / "golden/sft.json"
out.write_text(json.dumps({"torch": torch.__version__, "losses": losses, "tokens": tokens}, indent=1) + "\n")
print(losses[0], losses[-1])
