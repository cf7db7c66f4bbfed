/* The model card: what a model is, what it learnt from, how well it does, and how it is loaded. Markdown as hubs read it. */
import type { RunData } from './data.ts'
import type { RunEvent, Scores } from './event.ts'
import type { Recipe } from './recipe.ts'

export interface CardOptions {
  readonly recipe: Recipe
  readonly data: RunData
  readonly events: readonly RunEvent[]
  /** What lies in the folder. */
  readonly form: 'adapter' | 'model' | 'onnx'
  /** The base model by name, without the folders of this machine. */
  readonly base: string
  /** The class that Transformers loads it with: `BertForSequenceClassification`. */
  readonly loadedBy: string
  /** How a row's vector is made, where Transformers would make another one of the same files. */
  readonly pooled?: string
}

const pipelines: Readonly<Record<string, string>> = {
  classification: 'text-classification',
  'multi-label': 'text-classification',
  pair: 'text-classification',
  regression: 'text-classification',
  'token-classification': 'token-classification',
  instruction: 'text-generation',
  causal: 'text-generation',
  masked: 'fill-mask',
}

/** The card of a run. Nothing in it is from outside the run: what is not known, such as the licence, is said to be unknown. */
export function modelCard(options: CardOptions): string {
  const { recipe, data, form, base } = options
  const task = data.task ?? 'classification'
  const started = options.events.filter(e => e.kind === 'started').at(-1)
  return [
    '---',
    `library_name: ${form === 'adapter' ? 'peft' : form === 'onnx' ? 'onnx' : 'transformers'}`,
    `pipeline_tag: ${pipelines[task]}`,
    `base_model: ${JSON.stringify(base)}`,
    'license: unknown',
    '---',
    '',
    `# ${recipe.name}`,
    '',
    `${started ? `${started.model}, ${started.method}` : base}, tuned on ${data.dataset} for ${task}.`,
    '',
    '## Scores',
    '',
    ...scoreLines(options.events),
    '',
    '## Data',
    '',
    '| file | split | rows | hash |',
    '|---|---|---|---|',
    ...data.files.map(f => `| ${shortPath(f.path)} | ${f.split} | ${f.rows} | \`${f.hash}\` |`),
    '',
    droppedText(data),
    ...(data.labels.length > 0 ? ['', `Labels: ${data.labels.map(l => `\`${l}\``).join(', ')}`] : []),
    '',
    '## Training',
    '',
    ...curveLines(options.events),
    '',
    '```json',
    JSON.stringify(
      { ...recipe, model: base, ...(recipe.adapter ? { adapter: shortPath(recipe.adapter) } : {}) },
      undefined,
      2,
    ),
    '```',
    '',
    '## Loading',
    '',
    '```python',
    ...loadLines(options),
    '```',
    '',
    ...(options.pooled === undefined || form === 'onnx'
      ? []
      : [
          `The classifier reads ${options.pooled} (\`classifier_pooling\` of config.json), which Transformers does not do for this architecture: apply \`classifier\` to that vector, or export the model as ONNX.`,
          '',
        ]),
    '## Licence',
    '',
    'Unknown. It depends on the licences of the base model and of the data, which the files do not say.',
    '',
  ].join('\n')
}

const shortPath = (path: string): string => (/^(\/|[A-Za-z]:)/.test(path) ? (path.split('/').at(-1) as string) : path)

function scoreLines(events: readonly RunEvent[]): string[] {
  const scored = events.flatMap(e => (e.kind === 'evaluated' && e.of !== undefined ? [e] : []))
  // A resumed run may have scored twice: the last counts.
  const last = [...new Map(scored.map(e => [`${e.split} ${e.of}`, e])).values()]
  if (last.length === 0) return ['The run ended before it was scored.']
  const names = [...new Set(last.flatMap(e => Object.keys(e.scores)))]
  const cells = (scores: Scores | undefined) => names.map(name => scores?.[name]?.toFixed(4) ?? '').join(' | ')
  return [
    `| rows | model | ${names.join(' | ')} |`,
    `|---|---|${names.map(() => '---').join('|')}|`,
    ...last.flatMap(e => {
      const model = e.of === 'base' ? 'before tuning' : `tuned (step ${e.step})`
      return [
        `| ${e.split}, all | ${model} | ${cells(e.scores)} |`,
        ...(e.withoutLeaks
          ? [`| ${e.split}, without ${e.leaked ?? 0} that training holds too | ${model} | ${cells(e.withoutLeaks)} |`]
          : []),
      ]
    }),
  ]
}

function droppedText({ dropped, leaked }: RunData): string {
  const reasons = new Map<string, number>()
  for (const { rule } of dropped) reasons.set(rule, (reasons.get(rule) ?? 0) + 1)
  const left = [...reasons].map(([rule, n]) => `${n} ${rule}`).join(', ')
  return `Left out: ${left || 'nothing'}. Rows of validation and test that training holds too: ${leaked.length}.`
}

function curveLines(events: readonly RunEvent[]): string[] {
  const steps = [...new Map(events.flatMap(e => (e.kind === 'step' ? [[e.step, e] as const] : []))).values()]
  const [first, last] = [steps[0], steps.at(-1)]
  if (!first || !last) return ['No step was taken.']
  const at = (share: number) => steps[Math.min(steps.length - 1, Math.floor(share * steps.length))] as typeof first
  const points = [first, at(0.25), at(0.5), at(0.75), last]
  const seconds = steps.reduce((sum, e) => sum + e.ms, 0) / 1000
  const tokens = steps.reduce((sum, e) => sum + e.tokens, 0)
  return [
    `${steps.length} steps, ${tokens} tokens, ${seconds.toFixed(1)} s of steps. Loss by step: ${points
      .map(e => `${e.loss.toFixed(4)} (${e.step})`)
      .join(', ')}.`,
  ]
}

function loadLines({ form, base, loadedBy }: CardOptions): string[] {
  switch (form) {
    case 'adapter':
      return [
        'from peft import PeftModel',
        `from transformers import AutoTokenizer, ${loadedBy}`,
        '',
        `base = ${loadedBy}.from_pretrained("${base}")`,
        'model = PeftModel.from_pretrained(base, "this-folder")',
        'tokenizer = AutoTokenizer.from_pretrained("this-folder")',
      ]
    case 'model':
      return [
        `from transformers import AutoTokenizer, ${loadedBy}`,
        '',
        `model = ${loadedBy}.from_pretrained("this-folder")`,
        'tokenizer = AutoTokenizer.from_pretrained("this-folder")',
      ]
    case 'onnx':
      return [
        'import onnxruntime',
        'from transformers import AutoTokenizer',
        '',
        'session = onnxruntime.InferenceSession("this-folder/model.onnx")',
        'tokenizer = AutoTokenizer.from_pretrained("this-folder")',
        'inputs = tokenizer("some text", return_tensors="np")',
        'names = [i.name for i in session.get_inputs()]',
        'logits = session.run(["logits"], {name: inputs[name] for name in names})[0]',
      ]
  }
}
