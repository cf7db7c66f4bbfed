"""Tiny models whose weights follow from their names: nothing is stored, and test/core/train/formula.ts makes the same.

Element i of the tensor called `name` is drawn from a hash: u = mix(i * 0x9E3779B1 + fnv1a(name)) / 2^31 - 1, uniform in
[-1, 1). A matrix is 0.3 u, a bias 0.2 u, any other vector (the scale of a normalization) 1 + 0.2 u; in doubles, then
rounded to float32.
"""

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

vocabulary = 60
classes = 3
token_classes = 5

bert = {
    "model_type": "bert",
    "vocab_size": vocabulary,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}

# By the name of the golden file. What a value here exercises stands beside it.
encoders = {
    "bert": bert,
    # No activation but GELU for the language model, whatever the layers have.
    "roberta": {
        **bert,
        "model_type": "roberta",
        "hidden_act": "gelu_new",
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
        "type_vocab_size": 1,
    },
    "xlm-roberta": {
        **bert,
        "model_type": "xlm-roberta",
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
        "type_vocab_size": 1,
        "hidden_act": "relu",
    },
    "distilbert": {
        "model_type": "distilbert",
        "vocab_size": vocabulary,
        "dim": 32,
        "n_layers": 2,
        "n_heads": 4,
        "hidden_dim": 48,
        "max_position_embeddings": 40,
        "activation": "gelu",
        "pad_token_id": 0,
    },
    # As v3 is: shared matrices, buckets that grow with the distance, both directions, a normalized table.
    "deberta-v3": {
        **{key: bert[key] for key in bert if key not in ("hidden_act", "type_vocab_size")},
        "model_type": "deberta-v2",
        "hidden_act": "gelu",
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "relative_attention": True,
        "position_buckets": 6,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "pooler_hidden_act": "gelu",
    },
    # One direction, a row for each distance up to 9, absolute positions too, narrow tables, the other language-model head.
    "deberta-v2": {
        **bert,
        "model_type": "deberta-v2",
        "layer_norm_eps": 1e-7,
        "relative_attention": True,
        "max_relative_positions": 9,
        "share_att_key": True,
        "pos_att_type": ["c2p"],
        "position_biased_input": True,
        "pooler_hidden_act": "tanh",
        "embedding_size": 24,
    },
    # The newer language-model head, and no relative attention at all.
    "deberta-v2-absolute": {
        **bert,
        "model_type": "deberta-v2",
        "layer_norm_eps": 1e-7,
        "relative_attention": False,
        "legacy": False,
        "pooler_hidden_act": "gelu",
    },
    # A window of 2 to each side in two of three layers, and the first layer without a norm.
    "modernbert": {
        "model_type": "modernbert",
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 24,
        "max_position_embeddings": 40,
        "local_attention": 4,
        "global_attn_every_n_layers": 3,
        "global_rope_theta": 160000.0,
        "local_rope_theta": 10000.0,
        "classifier_pooling": "mean",
        "hidden_activation": "gelu",
        "pad_token_id": 0,
    },
    # The first token for the row, and every bias there can be.
    "modernbert-biased": {
        "model_type": "modernbert",
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 40,
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 500.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
        },
        "local_attention": 8,
        "classifier_pooling": "cls",
        "classifier_activation": "silu",
        "hidden_activation": "gelu_pytorch_tanh",
        "norm_bias": True,
        "attention_bias": True,
        "mlp_bias": True,
        "classifier_bias": True,
        "decoder_bias": False,
        "tie_word_embeddings": False,
        "pad_token_id": 0,
    },
    # Narrow tables that are projected.
    "electra": {**bert, "model_type": "electra", "embedding_size": 16},
    # Distances from 8 on share buckets.
    "mpnet": {
        **{key: bert[key] for key in bert if key != "type_vocab_size"},
        "model_type": "mpnet",
        "pad_token_id": 1,
        "relative_attention_num_buckets": 32,
    },
}

llama = {
    "model_type": "llama",
    "vocab_size": vocabulary,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

decoders = {
    "llama": llama,
    # As SmolLM and Llama 3.2: tied, frequencies stretched, heads wider than the hidden size, biases everywhere.
    "llama-tied": {
        **llama,
        "tie_word_embeddings": True,
        "head_dim": 16,
        "attention_bias": True,
        "mlp_bias": True,
        "rope_theta": 500.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 16,
        },
    },
    "llama-linear": {**llama, "rope_scaling": {"type": "linear", "factor": 2.5}},
    "llama-yarn": {
        **llama,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
    },
    # The second of three layers does not turn, and sees a window.
    "smollm3": {
        **llama,
        "model_type": "smollm3",
        "num_hidden_layers": 3,
        "no_rope_layer_interval": 2,
        "use_sliding_window": True,
        "sliding_window": 4,
        "tie_word_embeddings": True,
    },
    "mistral": {**llama, "model_type": "mistral", "sliding_window": 5},
    "qwen2": {
        **llama,
        "model_type": "qwen2",
        "use_sliding_window": True,
        "sliding_window": 4,
        "max_window_layers": 1,
        "tie_word_embeddings": True,
    },
    "qwen3": {**llama, "model_type": "qwen3", "head_dim": 16},
    # One key for all queries.
    "gemma": {**llama, "model_type": "gemma", "head_dim": 8, "num_key_value_heads": 1},
    "gemma2": {
        **llama,
        "model_type": "gemma2",
        "head_dim": 16,
        "sliding_window": 4,
        "query_pre_attn_scalar": 12,
        "attn_logit_softcapping": 2.0,
        "final_logit_softcapping": 3.0,
    },
    # Layers of both kinds, and a scaling that is for one of them.
    "gemma3": {
        **llama,
        "model_type": "gemma3_text",
        "num_hidden_layers": 3,
        "head_dim": 16,
        "sliding_window": 4,
        "sliding_window_pattern": 2,
        "query_pre_attn_scalar": 12,
        "rope_theta": 1000.0,
        "rope_local_base_freq": 100.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
    "phi3": {**llama, "model_type": "phi3", "sliding_window": 6},
    "phi3-long": {
        **llama,
        "model_type": "phi3",
        "max_position_embeddings": 128,
        "original_max_position_embeddings": 64,
        "partial_rotary_factor": 0.5,
        "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [1.0, 3.0]},
    },
    "gpt2": {
        "model_type": "gpt2",
        "vocab_size": vocabulary,
        "n_embd": 32,
        "n_head": 4,
        "n_layer": 2,
        "n_positions": 64,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    },
}


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def formula(name, shape):
    """The float32 values of a tensor."""
    count = int(np.prod(shape))
    x = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + fnv1a(name)) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    x = (x * 0x7FEB352D) & 0xFFFFFFFF
    x ^= x >> np.uint64(15)
    x = (x * 0x846CA68B) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    u = x.astype(np.float64) / 2147483648.0 - 1
    if len(shape) > 1:
        values = 0.3 * u
    elif name.endswith("bias"):
        values = 0.2 * u
    else:
        values = 1 + 0.2 * u
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def parameters(model):
    """Every parameter once; one that is tied under the name of the tensor it is tied to."""
    tied = set(model._tied_weights_keys or {})
    names = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if id(parameter) not in names or names[id(parameter)][0] in tied:
            names[id(parameter)] = (name, parameter)
    return list(names.values())


def fill(model):
    """Sets every parameter by the formula."""
    with torch.no_grad():
        for name, parameter in parameters(model):
            parameter.copy_(formula(name, tuple(parameter.shape)))
    return model.eval()


def make(config, head):
    """A model of a task: 'sequence', 'tokens', 'masked' or 'causal'."""
    kinds = {
        "sequence": AutoModelForSequenceClassification,
        "tokens": AutoModelForTokenClassification,
        "masked": AutoModelForMaskedLM,
        "causal": AutoModelForCausalLM,
    }
    rest = {key: value for key, value in config.items() if key != "model_type"}
    labels = {"sequence": classes, "tokens": token_classes}.get(head)
    if labels:
        rest["num_labels"] = labels
    made = AutoConfig.for_model(config["model_type"], **rest)
    return fill(kinds[head].from_config(made, attn_implementation="eager"))


def batch(config, rows=3, length=14, seed=1):
    """Token ids, mask and types of a batch with padding on the right; ids 0 to 4 are kept for special tokens."""
    rng = np.random.RandomState(seed)
    ids = rng.randint(5, config["vocab_size"], (rows, length))
    mask = np.ones((rows, length), dtype=np.int64)
    types = np.zeros((rows, length), dtype=np.int64)
    pad = config.get("pad_token_id") or 0
    for row in range(rows):
        used = length - row * 3
        ids[row, used:] = pad
        mask[row, used:] = 0
        types[row, used // 2 : used] = 1
    return torch.tensor(ids), torch.tensor(mask), torch.tensor(types)
