import { existsSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Failure } from '../../core/base/failure.ts'
import { count } from '../../core/base/words.ts'
import { table } from '../../core/eval/text.ts'
import { estimateBatch } from '../../core/train/models/memory.ts'
import { type ExportReport, type ExportRequest, exportInWorker, exportTypes } from '../exporting.ts'
import { downloadModel, type HubIo, readHubModel } from '../hub.ts'
import { inspectModel, type ModelSummary } from '../inspectModel.ts'
import { findModel } from '../modelFolder.ts'
import { knownModels, modelFolders } from '../models.ts'
import { findRoot, findRun } from '../runs.ts'
import type { Command, CommandIo } from './command.ts'
import { fetchingLines, size } from './fetching.ts'
import { oneOf, readOptions } from './options.ts'

export const command: Command = {
  name: 'models',
  summary: 'list the models known here, look into one, or download one',
  usage: `winnow models [options]
winnow models inspect <folder> [options]
winnow models get <organisation/name> [options]
winnow models export <run or folder> --onnx <folder> | --merged <folder> [options]

Lists the models that a recipe can name: those that come with Winnow and those in .winnow/models of the workspace.
inspect tells what a folder in Hugging Face layout holds, what each method needs, and whether it trains here.
get downloads a model into .winnow/models: weights in safetensors, configuration and tokenizer, each checked by its hash.
export writes what a run left (or an adapter, or a model folder with a head) for other programs: --onnx as one graph with its
tokenizer beside it, after its logits were compared with the trained model's; --merged in Hugging Face layout, adapters worked in.
What broke off goes on with the next call. HF_ENDPOINT names another hub, HF_TOKEN a token for models that ask for one.

  --format text|json   default text
  --revision <name>    branch, tag or commit to get (default main)
  --to <folder>        where get puts the model
  --dtype <type>       fp32, int8 or int4: how ONNX stores linear layers (default fp32)
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'models',
      most: 2,
      options: {
        format: { type: 'string', default: 'text' },
        revision: { type: 'string', default: 'main' },
        to: { type: 'string' },
        onnx: { type: 'string' },
        merged: { type: 'string' },
        dtype: { type: 'string', default: 'fp32' },
      },
    })
    const format = oneOf(values.format, ['text', 'json'], '--format')
    const [verb, folder] = positionals
    if (verb !== undefined) {
      oneOf(verb, ['inspect', 'get', 'export'], 'the first argument')
      if (folder === undefined)
        throw new Failure(
          'usage',
          `models ${verb}: the ${verb === 'get' ? 'name' : 'folder'} is missing`,
          'winnow models --help tells how it is used',
        )
      if (verb === 'export') return exportTo(folder, values, io)
      if (verb === 'get') {
        const to =
          values.to === undefined ? join(findRoot(io.cwd), '.winnow', 'models', folder) : resolve(io.cwd, values.to)
        await getModel(folder, { revision: values.revision, to, io })
        io.out(
          format === 'json'
            ? `${JSON.stringify({ version: 1, ...inspectModel(to) }, undefined, 2)}\n`
            : inspectText(inspectModel(to)),
        )
        return 0
      }
      const summary = inspectModel(findModel(folder, io.cwd, modelFolders(findRoot(io.cwd))))
      io.out(format === 'json' ? `${JSON.stringify({ version: 1, ...summary }, undefined, 2)}\n` : inspectText(summary))
      return 0
    }
    const models = knownModels(findRoot(io.cwd)).map(m => ({
      ...inspectModel(m.folder, 'listed'),
      name: m.name,
      embedded: m.embedded,
    }))
    if (format === 'json') io.out(`${JSON.stringify({ version: 1, models }, undefined, 2)}\n`)
    else if (models.length === 0)
      io.out('There are no models here. A recipe may name any folder in Hugging Face layout.\n')
    else
      io.out(
        `${table([
          ['model', 'what', 'parameters', 'size', 'from'],
          ...models.map(m => [
            m.name,
            m.trains ? m.what : `${m.what} (does not train here)`,
            count(m.parameters),
            size(m.bytes),
            m.embedded ? 'Winnow' : relative(io.cwd, m.path) || '.',
          ]),
        ]).join('\n')}\n`,
      )
    return 0
  },
}

/** Writes a model for other programs. */
async function exportTo(
  source: string,
  values: {
    readonly onnx?: string | undefined
    readonly merged?: string | undefined
    readonly dtype: string
    readonly format: string
  },
  io: CommandIo,
): Promise<number> {
  const type = oneOf(values.dtype, exportTypes, '--dtype')
  const out = values.onnx ?? values.merged
  if (out === undefined || (values.onnx !== undefined && values.merged !== undefined))
    throw new Failure(
      'usage',
      'models export: nothing says where to',
      'Name it by --onnx <folder> or --merged <folder>',
    )
  const root = findRoot(io.cwd)
  const path = resolve(io.cwd, source)
  const known = existsSync(path) ? path : await findRun(root, source, io.cwd)
  const request: ExportRequest = {
    version: 1,
    source: known,
    out: resolve(io.cwd, out),
    form: values.onnx === undefined ? 'merged' : 'onnx',
    type,
  }
  const report = await exportInWorker(request, io)
  if (values.format === 'json') io.out(`${JSON.stringify(report, undefined, 2)}\n`)
  else io.out(exportText(report))
  return 0
}

function exportText({ out, files, bytes, check }: ExportReport): string {
  const lines = [`${out}: ${files.join(', ')}; ${size(bytes)}`]
  if (check) {
    const percent = (x: number) => `${Number((100 * x).toPrecision(2))} %`
    lines.push(
      `answers as the trained model: logits differ by ${percent(check.relative)} (allowed ${percent(check.allowed)}), ${check.largest.toPrecision(2)} at most, on ${check.rows} rows; ${check.otherBest === 0 ? 'the best answer is the same everywhere' : `the best answer is another ${check.otherBest} times`}`,
    )
  }
  return `${lines.join('\n')}\n`
}

/** Downloads a model and says how far it is. */
async function getModel(
  id: string,
  { revision, to, io }: { readonly revision: string; readonly to: string; readonly io: CommandIo },
): Promise<void> {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env
  const hub: HubIo = {
    ...(endpoint ? { endpoint } : {}),
    ...(token ? { token } : {}),
    cancel: io.cancel,
    progress: fetchingLines(io),
  }
  const model = await readHubModel(id, revision, hub)
  const total = model.files.reduce((n, file) => n + file.bytes, 0)
  io.err(`${model.id} at ${model.revision.slice(0, 12)}: ${model.files.length} files, ${size(total)}\n`)
  await downloadModel(model, to, hub)
}

function inspectText(m: ModelSummary): string {
  const lines = [
    ['model', m.name],
    ['folder', m.path],
    ['what', m.what],
    ...(m.parameters > 0
      ? [
          ['parameters', count(m.parameters)],
          ['weights', `${size(m.bytes)} of ${m.types.join(', ')}`],
        ]
      : []),
    ...(m.tokens === undefined ? [] : [['longest row', `${count(m.tokens)} tokens`]]),
    ['trains here', m.trains ? 'yes' : `no: ${m.reason ?? 'unknown reason'}`],
  ]
  return `${[...table(lines), ...(m.trains ? memoryLines(m) : [])].join('\n')}\n`
}

/** What each method needs, and whether this machine has it. */
function memoryLines({ memory }: ModelSummary): string[] {
  const { rows, tokens } = estimateBatch
  const has = totalmem()
  return [
    '',
    `Memory to train with ${rows} rows of ${tokens} tokens, roughly; this machine has ${size(has)}`,
    '',
    ...table([
      ['method', 'trained', 'memory', ''],
      ...memory.map(({ method, trained, bytes }) => [
        method,
        trained === 0 ? 'the head' : count(trained),
        size(bytes),
        bytes > 0.9 * has ? 'too much for this machine' : 'fits',
      ]),
    ]),
  ]
}
