import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/base/failure.ts'
import type { LearnerState, NamedTensor } from '../core/train/learner.ts'
import type { LoopState } from '../core/train/loop.ts'
import type { Recipe } from '../core/train/recipe.ts'
import { readFloats, readHeader, writeSafetensors } from './safetensors.ts'

/** What a checkpoint folder holds beside the weights. */
export interface Checkpoint {
  readonly learner: LearnerState
  readonly loop: LoopState
  /**
   * The trained parameters as the model has them, which is what is scored: others than the learner's own where it learns in
   * other coordinates, or keeps a mean of them.
   */
  readonly published: readonly NamedTensor[]
}

/** Writes the weights of a checkpoint into an empty folder, and says in which file and under which prefix they lie. */
export interface WeightLayout {
  readonly file: string
  /** Before each parameter's name in that file. */
  readonly prefix: string
  write(folder: string, parameters: readonly NamedTensor[]): void
}

const pattern = /^checkpoint-(\d+)$/
const optimizerFile = 'optimizer.safetensors'
const stateFile = 'trainer_state.json'
const temporary = '.tmp-'

/**
 * Writes `checkpoint-<step>/` beside its final name and renames it into place, so that a folder of that name is always
 * whole. It holds the weights (see the layout), `optimizer.safetensors` (the moments `m.<name>` and `v.<name>`, the mean
 * `e.<name>`, and `p.<name>` where the learner's parameters are not the model's) and `trainer_state.json`. Throws `Failure` (`disk-full`); what was there before is then untouched.
 */
export function writeCheckpoint(
  run: string,
  checkpoint: Checkpoint,
  options: { readonly layout: WeightLayout; readonly recipe: Recipe; readonly steps: number },
): string {
  const name = `checkpoint-${checkpoint.loop.step}`
  return inPlace(run, name, folder => {
    const { parameters, first, second, average = [] } = checkpoint.learner
    options.layout.write(folder, checkpoint.published)
    // Without moments nothing else would say which tensors are trained.
    const own = checkpoint.published === parameters && first.length > 0 ? [] : parameters
    writeSafetensors(join(folder, optimizerFile), [
      ...first.map(t => ({ ...t, name: `m.${t.name}` })),
      ...second.map(t => ({ ...t, name: `v.${t.name}` })),
      ...average.map(t => ({ ...t, name: `e.${t.name}` })),
      ...own.map(t => ({ ...t, name: `p.${t.name}` })),
    ])
    writeText(join(folder, stateFile), trainerState(checkpoint.loop, options))
  })
}

/** Reads a checkpoint back, bit for bit. Throws `Failure` (`bad-checkpoint`). */
export function readCheckpoint(folder: string, layout: WeightLayout): Checkpoint {
  const path = join(folder, stateFile)
  let loop: LoopState | undefined
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as { winnow?: LoopState; log_history: LoopState['history'] }
    loop = json.winnow && { ...json.winnow, history: json.log_history }
  } catch (cause) {
    throw new Failure('bad-checkpoint', `${path} cannot be read: ${(cause as Error).message}`, '', { cause })
  }
  if (loop?.version !== 1)
    throw new Failure('bad-checkpoint', `${path} was not written by this version of Winnow`, 'Start a new run')
  const stored = tensorsOf(join(folder, optimizerFile), '')
  const of = (kind: string) =>
    stored.filter(t => t.name.startsWith(kind)).map(t => ({ ...t, name: t.name.slice(kind.length) }))
  const [own, first, second, average] = [of('p.'), of('m.'), of('v.'), of('e.')]
  const trained = new Set([...own, ...first].map(t => t.name))
  const published = tensorsOf(join(folder, layout.file), layout.prefix).filter(t => trained.has(t.name))
  const learner = { parameters: own.length > 0 ? own : published, first, second }
  return { learner: average.length > 0 ? { ...learner, average } : learner, loop, published }
}

/** Checkpoint folders of a run by step, oldest first. Unfinished ones are not among them. */
export function listCheckpoints(run: string): { readonly step: number; readonly path: string }[] {
  if (!existsSync(run)) return []
  return readdirSync(run)
    .flatMap(name => {
      const match = pattern.exec(name)
      const path = join(run, name)
      return match && existsSync(join(path, stateFile)) ? [{ step: Number(match[1]), path }] : []
    })
    .sort((a, b) => a.step - b.step)
}

/** Keeps the newest `keep` checkpoints and the best one; removes the others and what an earlier crash left. */
export function pruneCheckpoints(run: string, keep: number, best: number | undefined): void {
  const all = listCheckpoints(run)
  for (const { step, path } of all.slice(0, Math.max(0, all.length - keep)))
    if (step !== best) rmSync(path, { recursive: true, force: true })
  removeLeftovers(run)
}

/** Removes folders that a killed process was still writing. */
export function removeLeftovers(run: string): void {
  for (const name of readdirSync(run))
    if (name.startsWith(temporary)) rmSync(join(run, name), { recursive: true, force: true })
}

/**
 * Fills a folder under a temporary name and renames it to `name`. Where the disk is full the half-written folder is removed
 * and one `Failure` (`disk-full`) says so.
 */
export function inPlace(parent: string, name: string, fill: (folder: string) => void): string {
  const target = join(parent, name)
  const building = join(parent, `${temporary}${name}`)
  rmSync(building, { recursive: true, force: true })
  try {
    mkdirSync(building, { recursive: true })
    fill(building)
    sync(building)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    throw diskFailure(error, name) ?? error
  }
  if (existsSync(target)) {
    const old = join(parent, `${temporary}old-${name}`)
    rmSync(old, { recursive: true, force: true })
    renameSync(target, old)
    renameSync(building, target)
    rmSync(old, { recursive: true, force: true })
  } else renameSync(building, target)
  sync(parent)
  return target
}

/** A full disk, a quota or a size limit in words; undefined for other errors. */
export function diskFailure(error: unknown, what: string): Failure | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return undefined
  const why =
    code === 'ENOSPC' ? 'the disk is full' : code === 'EDQUOT' ? 'the quota is used up' : 'the file is too large'
  return new Failure('disk-full', `${what} could not be written: ${why}`, 'Free some space and resume the run', {
    cause: error,
  })
}

/** Text that is on the disk when this returns. */
export function writeText(path: string, text: string): void {
  writeFileSync(path, text, { flush: true })
}

/** JSON as Hugging Face writes it: two spaces, sorted keys, a final newline. */
export function hubJson(value: unknown): string {
  const sorted = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(sorted)
    if (typeof x !== 'object' || x === null) return x
    return Object.fromEntries(
      Object.entries(x)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        .map(([k, v]) => [k, sorted(v)]),
    )
  }
  return `${JSON.stringify(sorted(value), null, 2)}\n`
}

/** The keys of Hugging Face's `trainer_state.json`, and `winnow` with what only we need. */
function trainerState(loop: LoopState, { recipe, steps }: { readonly recipe: Recipe; readonly steps: number }): string {
  const { best, history, ...rest } = loop
  const { every, metric, patience } = recipe.evaluate
  return hubJson({
    best_global_step: best?.step ?? null,
    best_metric: best?.scores[metric] ?? null,
    best_model_checkpoint: best ? `checkpoint-${best.step}` : null,
    epoch: history.at(-1)?.['epoch'] ?? 0,
    eval_steps: every === 'epoch' ? null : every,
    global_step: loop.step,
    is_hyper_param_search: false,
    is_local_process_zero: true,
    is_world_process_zero: true,
    log_history: history,
    logging_steps: 1,
    max_steps: steps,
    num_input_tokens_seen: loop.tokens,
    num_train_epochs: recipe.schedule.epochs,
    save_steps: every === 'epoch' ? null : every,
    stateful_callbacks: {
      EarlyStoppingCallback: {
        args: { early_stopping_patience: patience, early_stopping_threshold: 0 },
        attributes: { early_stopping_patience_counter: loop.waited },
      },
    },
    total_flos: 0,
    train_batch_size: recipe.batch.rows,
    trial_name: null,
    trial_params: null,
    winnow: { ...rest, ...(best ? { best } : {}) },
  })
}

function tensorsOf(file: string, prefix: string): NamedTensor[] {
  return [...readHeader(file).tensors.values()]
    .filter(t => t.name.startsWith(prefix))
    .map(t => ({ name: t.name.slice(prefix.length), shape: t.shape, data: readFloats(t) }))
}

function sync(folder: string): void {
  // Flushing a directory makes the rename durable; Windows cannot open one and does not need it.
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
