import type { Random } from '../base/random.ts'
import type { FileFormat, SplitName } from '../data/dataset.ts'
import type { Columns } from './tasks/columns.ts'
import type { TaskName } from './tasks/task.ts'

/** Rows of one file: half-open ranges `[first, end)` of 0-based data rows, ascending. */
export interface RowSet {
  /** Index into `RunData.files`. */
  readonly file: number
  readonly ranges: readonly (readonly [first: number, end: number])[]
}

/** One row: a file of `RunData.files` and a 0-based data row of it. */
export interface RowRef {
  readonly file: number
  readonly row: number
}

/**
 * `data.json` of a run folder: exactly which rows the run sees, written before the training process starts so that
 * it needs no checking code and nobody has to guess later. Row indices in step events and in `rows.bin` count
 * through `use.train` in this order.
 */
export interface RunData {
  readonly version: 1
  /** Name of the dataset, for people. */
  readonly dataset: string
  /** Absolute path of the folder that `files[].path` is relative to, `/` separated. */
  readonly root: string
  readonly files: readonly {
    /** Relative to `root` where the file lies under it, else absolute; `/` separated. */
    readonly path: string
    readonly split: SplitName
    /** `contentHash` of the file's bytes (and those of its label file, where it has one) when the run was made; the worker refuses changed files. */
    readonly hash: string
    /** The list of the file that the rows stand in (`train` of `{"train": […], "test": […]}`), where it holds several. */
    readonly part?: string
    /** All data rows of the file (of the list), broken and dropped ones too. */
    readonly rows: number
    /** How the file was read, where `winnow.json` says so. */
    readonly format?: FileFormat
  }[]
  /** What is learnt; classification where left out. */
  readonly task?: TaskName
  /** Which column plays which part, as the task has them. */
  readonly roles: Columns
  /** All labels of the training rows; the position is the class index. Empty where the task has none. */
  readonly labels: readonly string[]
  /** The rows used, a file at a time. A validation set held out of the training files names those files. */
  readonly use: { readonly [S in SplitName]: readonly RowSet[] }
  /** Rows left out of training or scoring, and why. */
  readonly dropped: readonly {
    readonly file: number
    readonly row: number
    /** A rule id, or `unlabelled`, `unknown-label`, `max-rows`. */
    readonly rule: string
    readonly reason: string
  }[]
  /** General texts that are mixed in among the training rows, so that what the model knew is not forgotten. */
  readonly replay?: Replay
  /** Rows of validation and test that `leak` found in training. They are scored, and left out of the second score. */
  readonly leaked: readonly RowRef[]
}

/** Texts of one file that are learnt by the way. */
export interface Replay {
  /** Absolute path, `/` separated, and `contentHash` of its bytes. */
  readonly path: string
  readonly hash: string
  readonly column: string
  /** 0-based rows, ascending. */
  readonly rows: readonly number[]
}

/** Every row of the sets, in order. */
export function expandRows(sets: readonly RowSet[]): RowRef[] {
  const rows: RowRef[] = []
  for (const set of sets)
    for (const [first, end] of set.ranges) for (let row = first; row < end; row++) rows.push({ file: set.file, row })
  return rows
}

/** The shortest sets of these rows, by file then row; repeated rows count once. */
export function compactRows(rows: readonly RowRef[]): RowSet[] {
  const sorted = [...rows].sort((a, b) => a.file - b.file || a.row - b.row)
  const sets: { file: number; ranges: [number, number][] }[] = []
  for (const { file, row } of sorted) {
    let set = sets.at(-1)
    if (set?.file !== file) sets.push((set = { file, ranges: [] }))
    const last = set.ranges.at(-1)
    if (last && row <= last[1]) last[1] = Math.max(last[1], row + 1)
    else set.ranges.push([row, row + 1])
  }
  return sets
}

/**
 * Sets a part of the training rows aside for validation, the same share of every label (rounded, and at least one
 * row of each label stays in training). `labels[i]` is the label of `rows[i]`.
 */
export function holdOut(
  rows: readonly RowRef[],
  labels: readonly string[],
  fraction: number,
  random: Random,
): { train: RowRef[]; validation: RowRef[] } {
  const byLabel = new Map<string, number[]>()
  labels.forEach((label, i) => {
    const list = byLabel.get(label)
    if (list) list.push(i)
    else byLabel.set(label, [i])
  })
  const held = new Set<number>()
  // Labels in order of name, so that the order of the rows decides nothing but which rows they are.
  for (const label of [...byLabel.keys()].sort()) {
    const list = random.shuffle(byLabel.get(label) as number[])
    const count = Math.min(Math.round(list.length * fraction), list.length - 1)
    for (const i of list.slice(0, count)) held.add(i)
  }
  return { train: rows.filter((_, i) => !held.has(i)), validation: rows.filter((_, i) => held.has(i)) }
}
