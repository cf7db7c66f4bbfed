"""The runs of `npm run bench -- minilm` by PyTorch and PEFT: comparison only.

Takes two paths: a job as JSON (tokens, batches, rates, first values) and where the outcome goes.
"""

import json
import sys
import time

import torch
from transformers import AutoModel

job = json.load(open(sys.argv[1]))
torch.set_num_threads(job["threads"])
torch.manual_seed(1)


class Classifier(torch.nn.Module):
    """The encoder, the mean over tokens, dropout and one linear layer."""

    def __init__(self):
        super().__init__()
        drop = {"hidden_dropout_prob": job["dropout"], "attention_probs_dropout_prob": job["dropout"]}
        self.bert = AutoModel.from_pretrained(job["folder"], add_pooling_layer=False, **drop)
        self.dropout = torch.nn.Dropout(job["dropout"])
        self.classifier = torch.nn.Linear(self.bert.config.hidden_size, job["classes"])

    def forward(self, ids, mask):
        hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).float()
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        return self.classifier(self.dropout(pooled))


def batch(rows, length):
    ids = torch.full((len(rows), length), job["pad"], dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row[:length])
        mask[i, : len(row)] = 1
    return ids, mask


model = Classifier()
method = job["method"]
if method["kind"] == "lora":
    from peft import LoraConfig, inject_adapter_in_model

    targets = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
    config = LoraConfig(r=method["rank"], lora_alpha=method["alpha"], lora_dropout=0.0, target_modules=targets)
    model.bert = inject_adapter_in_model(config, model.bert)
    for p in model.classifier.parameters():
        p.requires_grad = True
elif method["freezeEmbeddings"]:
    for p in (q for n, q in model.bert.named_parameters() if "embeddings" in n and "LayerNorm" not in n):
        p.requires_grad = False

named = dict(model.named_parameters())
used = 0
with torch.no_grad():
    for tensor in job["initial"]:
        name = tensor["name"]
        key = name if name in named else name.replace(".weight", ".default.weight")
        named[key].copy_(torch.tensor(tensor["data"]).reshape(tensor["shape"]))
        used += 1
assert used == sum(1 for p in named.values() if p.requires_grad) or method["kind"] == "full"

o = job["optimizer"]
trained = [p for p in model.parameters() if p.requires_grad]
groups = [
    {"params": [p for p in trained if p.dim() > 1], "weight_decay": o["decay"]},
    {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
]
adam = torch.optim.AdamW(groups, lr=1.0, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
loss_of = torch.nn.CrossEntropyLoss(label_smoothing=job["smoothing"])
rows, labels = job["train"]["rows"], torch.tensor(job["train"]["labels"])
began = time.time()
losses, step = [], 0
model.train()
for epoch in job["plan"]:
    total = 0.0
    for b in epoch:
        ids, mask = batch([rows[i] for i in b["rows"]], b["length"])
        loss = loss_of(model(ids, mask), labels[b["rows"]])
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, o["clip"])
        for group in adam.param_groups:
            group["lr"] = job["rates"][step]
        adam.step()
        step += 1
        total += loss.item()
    losses.append(total / len(epoch))
    print(f"epoch {len(losses)}: {losses[-1]:.4f}", file=sys.stderr, flush=True)
seconds = time.time() - began

model.eval()
right = 0
with torch.no_grad():
    test = job["test"]
    order = sorted(range(len(test["rows"])), key=lambda i: len(test["rows"][i]))
    for at in range(0, len(order), 128):
        some = order[at : at + 128]
        ids, mask = batch([test["rows"][i] for i in some], max(len(test["rows"][i]) for i in some))
        right += (model(ids, mask).argmax(-1) == torch.tensor([test["labels"][i] for i in some])).sum().item()
json.dump({"accuracy": right / len(test["rows"]), "losses": losses, "seconds": seconds}, open(sys.argv[2], "w"))
