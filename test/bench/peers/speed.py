"""The other side of `npm run bench -- train` and `-- gpu`: PyTorch, transformers and PEFT. Comparison only.

Commands come as JSON lines on stdin, as test/bench/speed/child.ts describes them; each is answered by one line.
"""

import json
import resource
import sys
import time

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM

device = "cpu"
classes = 77
batches = []
done = 0


class Classifier(torch.nn.Module):
    """The encoder, the mean over tokens and one linear layer."""

    def __init__(self, config):
        super().__init__()
        self.encoder = AutoModel.from_config(config, add_pooling_layer=False)
        self.classifier = torch.nn.Linear(config.hidden_size, classes)

    def forward(self, ids):
        mask = torch.ones_like(ids)
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).float()
        return self.classifier((hidden * weight).sum(1) / weight.sum(1))


def ids_of(case, i):
    """The ids of test/bench/speed/cases.ts."""
    state = (i * 7919 + 12345) & 0xFFFFFFFF
    vocab = case["config"]["vocab_size"]
    rows = []
    for _ in range(case["rows"]):
        row = []
        for _ in range(case["length"]):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            row.append(5 + (state >> 8) % (vocab - 5))
        rows.append(row)
    return torch.tensor(rows, device=device)


def open_case(command):
    global device, model, optimizer, trained, case
    case = command["open"]
    torch.manual_seed(1)
    torch.set_num_threads(command["threads"])
    device = "cuda" if command["device"] in ("cuda", "webgpu") and torch.cuda.is_available() else "cpu"
    # ONNX Runtime multiplies in TensorFloat-32 on cards that have it.
    torch.backends.cuda.matmul.allow_tf32 = True
    config = AutoConfig.for_model(**case["config"])
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(config, key):
            setattr(config, key, 0.0)
    causal = case["task"] == "causal"
    model = AutoModelForCausalLM.from_config(config) if causal else Classifier(config)
    method = case["method"]
    if method["kind"] == "lora":
        from peft import LoraConfig, inject_adapter_in_model

        names = {"query": ["query", "q_proj"], "value": ["value", "v_proj"]}
        targets = [name for part in method["targets"] for name in names[part]]
        lora = LoraConfig(r=method["rank"], lora_alpha=method["alpha"], lora_dropout=0.0, target_modules=targets)
        model = inject_adapter_in_model(lora, model)
    if method["kind"] == "head":
        for p in model.encoder.parameters():
            p.requires_grad = False
    if not causal:
        for p in model.classifier.parameters():
            p.requires_grad = True
    model.to(device).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    batches.extend(ids_of(case, i) for i in range(8))
    return {}


def step():
    global done
    ids = batches[done % len(batches)]
    done += 1
    optimizer.zero_grad(set_to_none=True)
    if case["task"] == "causal":
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    else:
        loss = torch.nn.functional.cross_entropy(model(ids), ids[:, 0] % classes)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    return loss


def run(count):
    if device == "cuda":
        torch.cuda.synchronize()
    start, used = time.perf_counter(), time.process_time()
    loss = sum(step().item() for _ in range(count)) / count
    if device == "cuda":
        torch.cuda.synchronize()
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - used, "loss": loss}


def answer(command):
    if "open" in command:
        return open_case(command)
    if "run" in command:
        return run(command["run"])
    return {}


for line in sys.stdin:
    command = json.loads(line)
    try:
        reply = answer(command)
        reply["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if device == "cuda":
            reply["deviceMemory"] = torch.cuda.max_memory_reserved() // 2**20
    except Exception as error:  # told to the other side, which decides
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
    if "close" in command:
        break
