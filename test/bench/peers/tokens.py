"""Small tokenizers of every family and what Transformers makes of texts and pairs with them, for test/node/tokenizer.test.ts.

    python test/bench/peers/tokens.py [folder with further tokenizer.json files]

Each golden holds the tokenizer itself, trained here on a few sentences. Of files in the folder only the answers are kept;
their test skips where the folder is absent.
"""

import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

folder = Path(__file__).parents[2] / "golden" / "tokenizers"

corpus = """
A model reads text as numbers, and the numbers are the pieces of its words.
The longest piece that fits is taken first; what is left over is read again.
Reading goes on until nothing is left: then the row ends, and the next row begins.
Pairs of texts share a row, the first one before the second one, with a mark between them.
Le modèle lit un texte après l'autre, où qu'il soit écrit; les mots sont coupés en morceaux.
Das Wörterbuch ist klein, größer wäre schöner: Übung macht den Meister.
12 of 345 rows (3.5 %) were cut at 128 tokens; 2024-11-22, 10:30.
""".strip().split("\n")

texts = [
    "The model reads a row.",
    "",
    " ",
    "pieces",
    "WHAT is Left over?  two  blanks",
    "Größer wäre schöner, où qu'il soit écrit.",
    "3.5 % of 345 rows were cut (2024-11-22)",
    "unknown signs: 東京 😀 ½",
    "a\tb\nc",
    "The longest piece that fits is taken first; what is left over is read again, and the next row begins.",
]
pairs = [
    ("The first text.", "The second text."),
    ("a", "The second text is the longer one, and it goes on until nothing is left."),
    ("The first text is the longer one, and it goes on until nothing is left.", "b"),
    ("Reading goes on until nothing is left", "Reading goes on until nothing is left"),
    ("", "text"),
]
limits = [512, 12, 7, 5]


def trained(model, trainer, normalizer=None, pre=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def ids_of(tokenizer, *tokens):
    return [(token, tokenizer.token_to_id(token)) for token in tokens]


def bert():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False),
        normalizers.BertNormalizer(lowercase=True),
        pre_tokenizers.BertPreTokenizer(),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=ids_of(tokenizer, "[CLS]", "[SEP]"),
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def roberta():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
        None,
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    names = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>")
    return tokenizer, {**names, "mask_token": "<mask>"}


def xlm_roberta():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=180, special_tokens=special, unk_token="<unk>", show_progress=False),
        normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids_of(tokenizer, "<s>", "</s>")
    )
    tokenizer.decoder = decoders.Metaspace()
    names = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>")
    return tokenizer, {**names, "mask_token": "<mask>"}


def deberta():
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    tokenizer = trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=180, special_tokens=special, unk_token="[UNK]", show_progress=False),
        normalizers.Sequence([normalizers.NFC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=ids_of(tokenizer, "[CLS]", "[SEP]"),
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def modernbert():
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokenizer = trained(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
        normalizers.NFC(),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ids_of(tokenizer, "[CLS]", "[SEP]")
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def llama():
    special = ["<unk>", "<s>", "</s>"]
    tokenizer = trained(
        models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True),
        trainers.BpeTrainer(
            vocab_size=360, special_tokens=special + [f"<0x{i:02X}>" for i in range(256)], show_progress=False
        ),
        normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        None,
    )
    # As in real files, the bytes are words of the vocabulary and no added tokens.
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if token["content"] in special]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=ids_of(tokenizer, "<s>")
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer, dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def answers(fast, limits):
    def encode(limit, *given):
        encoded = fast(*given, truncation="longest_first", max_length=limit, return_token_type_ids=True)
        return {"ids": encoded["input_ids"], "types": encoded["token_type_ids"]}

    return {
        "texts": [{"text": text, "limit": limit, **encode(limit, text)} for text in texts for limit in limits[:2]],
        "pairs": [
            {"text": a, "pair": b, "limit": limit, **encode(limit, a, b)} for a, b in pairs for limit in limits
        ],
    }


def write(name, result):
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in result.items())
    (folder / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(name, len(lines))


def main():
    folder.mkdir(parents=True, exist_ok=True)
    for make in [bert, roberta, xlm_roberta, deberta, modernbert, llama]:
        tokenizer, names = make()
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
        found = {name: fast.convert_tokens_to_ids(token) for name, token in names.items()}
        result = {"tokenizer": json.loads(tokenizer.to_str()), "config": names, "special": found, **answers(fast, limits)}
        write(make.__name__.replace("_", "-"), result)
    for path in sorted(Path(sys.argv[1]).glob("*.json")) if len(sys.argv) > 1 else []:
        file = json.loads(path.read_text())
        if not isinstance(file.get("model"), dict):
            continue
        # A byte-level vocabulary without all bytes is no real one: what cannot be said is left out, and the rest joined.
        if "ByteLevel" in path.read_text() and set(pre_tokenizers.ByteLevel.alphabet()) - set(file["model"]["vocab"]):
            continue
        fast = PreTrainedTokenizerFast(tokenizer_file=str(path))
        write(f"file-{path.stem}", {"file": path.name, **answers(fast, limits)})


main()
