"""Texts, ids and masks of conversations in Transformers, for test/golden/chat.json.

python test/bench/peers/chat.py, in the root of the project.
"""

import json
from pathlib import Path

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("media/models/tiny-decoder")
conversations = [
    [
        {"role": "user", "content": "What is 12 + 3?"},
        {"role": "assistant", "content": "It is 15."},
    ],
    [
        {"role": "system", "content": "Be brief.\nBe kind."},
        {"role": "user", "content": "Größe?"},
        {"role": "assistant", "content": "  naïve 日本 "},
        {"role": "user", "content": "And\n\nthen"},
        {"role": "assistant", "content": "<<48/2=24>>24"},
    ],
]
# The model's own, one that trims what it writes, and one that strips the blanks around its tags.
templates = {
    "own": tokenizer.chat_template,
    "trimmed": "{% for m in messages %}{% set content = '<|im_start|>' + m['role'] + '\n\n' + m['content'] | trim + '<|im_end|>' %}"
    "{% if loop.index0 == 0 %}{% set content = '<|endoftext|>' + content %}{% endif %}{% if m.role == 'assistant' %}"
    "{{ '<|im_start|>assistant\n\n' }}{% generation %}{{ m['content'] | trim + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ content }}{% endif %}{% endfor %}",
    "stripped": "{%- for m in messages -%}\n  {%- if m.role == 'assistant' -%}\n    {{- '### A: ' -}}{%- generation -%}"
    "{{- m.content + '<|im_end|>' -}}{%- endgeneration -%}\n  {%- else -%}\n"
    "    {{- '### ' + m.role | upper + ': ' + m.content + '\\n' -}}\n  {%- endif -%}\n{%- endfor -%}",
}
out = []
for name, template in templates.items():
    for messages in conversations:
        told = tokenizer.apply_chat_template(
            messages, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
        ids, mask = list(told["input_ids"]), list(told["assistant_masks"])
        out.append(
            {"name": name, "template": template, "messages": messages, "text": text, "ids": ids, "mask": mask}
        )
Path("test/golden/chat.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
