"""Merged weights and adapters that Winnow exported, beside Transformers and PEFT: probabilities of the test rows.

    python test/bench/peers/merged.py make <folder> <folder of a tokenizer>   # a random BERT with its pooler
    winnow tune <recipe of LoRA or DoRA on it>; winnow models export last --merged <merged>
    python test/bench/peers/merged.py check <merged> <run folder> <evaluations/test-….jsonl>
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

command, *args = sys.argv[1:]
if command == 'make':
    folder, tokenizer = map(Path, args)
    size = len(json.loads((tokenizer / 'tokenizer.json').read_text())['model']['vocab'])
    torch.manual_seed(1)
    config = BertConfig(vocab_size=size, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=128, max_position_embeddings=128, initializer_range=0.1)
    BertModel(config).save_pretrained(folder)
    for name in ['tokenizer.json', 'tokenizer_config.json']:
        if (tokenizer / name).exists():
            shutil.copy(tokenizer / name, folder / name)
else:
    merged, run, predictions = map(Path, args)
    said = [json.loads(line) for line in predictions.read_text().splitlines()]
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(merged / 'tokenizer.json'))
    model = AutoModelForSequenceClassification.from_pretrained(merged).eval()
    from peft import PeftModel
    base = json.loads((run / 'adapter/adapter_config.json').read_text())['base_model_name_or_path']
    bare = AutoModelForSequenceClassification.from_pretrained(base, num_labels=model.config.num_labels)
    adapted = PeftModel.from_pretrained(bare, run / 'adapter').eval()
    worst = {'merged': 0.0, 'adapter': 0.0}
    for row in said:
        ids = torch.tensor([tokenizer(row['text'])['input_ids'][:128]])
        for name, one in [('merged', model), ('adapter', adapted)]:
            with torch.no_grad():
                p = torch.softmax(one(input_ids=ids).logits[0], -1)
            for label, probability in row['probabilities']:
                worst[name] = max(worst[name], abs(p[model.config.label2id[label]].item() - probability))
    print(len(said), 'rows; largest difference of a probability', worst)
    state = json.loads(next(iter(sorted(run.glob('checkpoint-*')))).joinpath('trainer_state.json').read_text())
    from transformers import TrainerState
    import dataclasses
    known = {f.name for f in dataclasses.fields(TrainerState)}
    print('keys of trainer_state.json that TrainerState lacks:', sorted(set(state) - known), 'and that it has besides:', sorted(known - set(state)))
    TrainerState(**{k: v for k, v in state.items() if k in known})
