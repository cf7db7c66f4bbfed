"""Logits of tiny models as Transformers computes them, kept in test/golden/models for test/core/train/models.test.ts.

    python test/bench/peers/models.py [name ...]
"""

import json
import sys
from pathlib import Path

import torch

from tiny import batch, decoders, encoders, make, parameters

folder = Path(__file__).parents[2] / "golden" / "models"


def numbers(tensor):
    if tensor.dim() > 1:
        return [numbers(row) for row in tensor]
    return [float(f"{x:.6g}") for x in tensor.tolist()]


def shapes(model):
    return {name: list(p.shape) for name, p in parameters(model)}


def golden(config, language):
    ids, mask, types = batch(config)
    typed = config.get("type_vocab_size", 0) > 1
    feeds = {"input_ids": ids, "attention_mask": mask, **({"token_type_ids": types} if typed else {})}
    # Three places of the first row, and one of the last: the scores of all would only be more of the same.
    places = [0, 3, ids.shape[1] - 1, (ids.shape[0] - 1) * ids.shape[1] + 2]
    result = {
        "config": config,
        "ids": ids.tolist(),
        "mask": mask.tolist(),
        **({"types": types.tolist()} if typed else {}),
        "tensors": {},
    }
    with torch.no_grad():
        for head in ["sequence", "tokens", language]:
            try:
                model = make(config, head)
            except ValueError as error:
                # Transformers has no such head for every architecture.
                print(f"  no {head}: {error}".splitlines()[0])
                continue
            result["tensors"][head] = shapes(model)
            logits = model(**feeds).logits
            if head == language:
                result[head] = {"places": places, "logits": numbers(logits.flatten(0, 1)[places])}
                if head == "causal":
                    result["generated"] = generated(model, [ids[0, :6].tolist(), ids[1, 2:6].tolist()])
            else:
                result[head] = numbers(logits)
    return result


def generated(model, prompts):
    """The ten most probable tokens after each prompt, one after the other."""
    options = {"max_new_tokens": 10, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    answers = [model.generate(torch.tensor([p]), **options)[0, len(p) :].tolist() for p in prompts]
    return {"prompts": prompts, "answers": answers}


def main():
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    for kinds, language in [(encoders, "masked"), (decoders, "causal")]:
        for name, config in kinds.items():
            if wanted and name not in wanted:
                continue
            result = golden(config, language)
            # One key a line: short enough, and a change shows where it is.
            lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items())
            (folder / f"{name}.json").write_text(f"{{\n{lines}\n}}\n")
            print(name)


main()
