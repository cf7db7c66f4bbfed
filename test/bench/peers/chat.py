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
# Calls of tools: two in one turn without words, words before a call, arguments of every kind, answers of tools in between.
tools = [
    {
        "type": "function",
        "function": {
            "name": "stock",
            "description": "How many are left, \"as counted\".",
            "parameters": {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]},
        },
    }
]
calling = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How many lamps and chairs, in Köln?"},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": "a1", "type": "function", "function": {"name": "stock", "arguments": {"item": "lamp", "city": "Köln"}}},
            {
                "id": "a2",
                "type": "function",
                "function": {"name": "stock", "arguments": {"item": "chair", "near": [1, 2.5, None, True], "at": {"shelf": 3}}},
            },
        ],
    },
    {"role": "tool", "name": "stock", "tool_call_id": "a1", "content": "{\"left\": 4}"},
    {"role": "tool", "name": "stock", "tool_call_id": "a2", "content": "0"},
    {
        "role": "assistant",
        "content": "Four lamps. I look again for chairs.",
        "tool_calls": [{"id": "a3", "type": "function", "function": {"name": "stock", "arguments": {}}}],
    },
    {"role": "tool", "name": "stock", "tool_call_id": "a3", "content": "none"},
    {"role": "assistant", "content": "No chairs."},
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
# One in the manner of Qwen and Hermes: tools in the system message, answers of tools together as a turn of the user.
calls = (
    "{%- if tools %}\n    {{- '<|im_start|>system\n' }}\n    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}\n"
    "    {{- '<tools>' }}\n    {%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}{%- endfor %}\n    {{- '\n</tools><|im_end|>\n' }}\n"
    "{%- elif messages[0].role == 'system' %}{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {%- if message.role == 'user' or (message.role == 'assistant' and not message.tool_calls) %}\n"
    "        {{- '<|im_start|>' + message.role + '\n' }}{% if message.role == 'assistant' %}{% generation %}{{- message.content + '<|im_end|>' }}{% endgeneration %}{% else %}{{- message.content + '<|im_end|>' }}{% endif %}{{- '\n' }}\n"
    "    {%- elif message.role == 'assistant' %}\n"
    "        {{- '<|im_start|>assistant' }}{% generation %}\n        {%- if message.content %}{{- '\n' + message.content }}{%- endif %}\n"
    "        {%- for tool_call in message.tool_calls %}\n            {%- if tool_call.function is defined %}{%- set tool_call = tool_call.function %}{%- endif %}\n"
    "            {{- '\n<tool_call>\n{\"name\": \"' }}{{- tool_call.name }}{{- '\", \"arguments\": ' }}{{- tool_call.arguments | tojson }}{{- '}\n</tool_call>' }}\n"
    "        {%- endfor %}{{- '<|im_end|>' }}{% endgeneration %}{{- '\n' }}\n"
    "    {%- elif message.role == 'tool' %}\n"
    "        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}\n"
    "        {{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}\n"
    "        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\n' }}{%- endif %}\n"
    "    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)
cases = [(name, template, messages, None) for name, template in templates.items() for messages in conversations]
cases += [("own, tools", tokenizer.chat_template, calling, tools), ("calls", calls, calling, tools), ("calls", calls, conversations[1], None)]
out = []
for name, template, messages, given in cases:
    about = {"chat_template": template, **({"tools": given} if given else {})}
    told = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True, **about
    )
    text = tokenizer.apply_chat_template(messages, tokenize=False, **about)
    ids, mask = list(told["input_ids"]), list(told["assistant_masks"])
    row = {"name": name, "template": template, "messages": messages, "text": text, "ids": ids, "mask": mask}
    out.append(row | ({"tools": given} if given else {}))
Path("test/golden/chat.json").write_text(json.dumps(out, ensure_ascii=False) + "\n")
