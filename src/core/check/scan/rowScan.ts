import type { Role, Roles } from '../../data/dataset.ts'
import { type Turn, turnOf, turnsOf } from '../../data/messages.ts'
import type { Table, ValueKind } from '../../data/table.ts'
import type { Work } from '../../sign/progress.ts'
import type { Kept } from '../../sign/signatures.ts'
import { ownCopy } from '../../text/decode.ts'
import { languageOf } from './languages.ts'
import type { CellText, Hit, NamedLook, RowView } from './look.ts'
import { TextStats } from './textStats.ts'

/** What one pass over the rows of a file told. */
export interface FileScan {
  /** By rule, then row: what its look found. */
  readonly hits: ReadonlyMap<string, ReadonlyMap<number, readonly Hit[]>>
  /** By role: how long each row's text is, all turns together, in UTF-16 units; 0 where it is blank or broken. */
  readonly lengths: ReadonlyMap<Role, Uint32Array>
  /** Of row r: hashes of its long sentences, `sentences[sentenceStart[r] .. sentenceStart[r + 1])`; system turns have none. */
  readonly sentenceStart: Uint32Array
  readonly sentences: Int32Array
  /** By the numbers of `languages`. */
  readonly languages: Uint8Array
  /** By column: what each row holds there, by the numbers of `valueKinds`. Only where the format knows kinds. */
  readonly kinds: ReadonlyMap<string, Uint8Array>
}

/** 0 stands for nothing: the row lacks the column, is broken, or holds null. */
export const valueKinds: readonly (ValueKind | undefined)[] = [
  undefined,
  'string',
  'number',
  'boolean',
  'array',
  'object',
]

/** The roles whose texts are examined; a label is looked at for its characters only. */
const examined = ['text', 'messages', 'prompt', 'completion', 'chosen', 'rejected', 'label'] as const
/** Columns beyond these are not asked for their kinds. */
const mostColumns = 64
/** So many units are read between two yields. */
const slice = 50_000

export interface ScanInput {
  readonly table: Table
  readonly roles: Roles
  readonly looks: readonly NamedLook[]
  /** The scan of an older version, and the rows of it that stay. */
  readonly known: { readonly scan: FileScan; readonly kept: Kept } | undefined
}

/** Reads every row of a table once, and shows it to all looks. */
export function* scanRows({ table, roles, looks, known }: ScanInput): Work<FileScan> {
  const count = table.rowCount
  const columns = examined.flatMap(role => (roles[role] === undefined ? [] : [{ role, column: roles[role] }]))
  const scan = emptyScan(table, columns, looks)
  const { head, tail } = known?.kept ?? { head: 0, tail: 0 }
  if (known) keep(known.scan, scan, { head, tail })
  const stats = new TextStats()
  const label = new TextStats()
  const row = new RowTexts()
  const textLooks = looks.filter(({ look }) => look.text)
  const rowLooks = looks.filter(({ look }) => look.row)
  const sentences = new Growing(known ? known.scan.sentences.length : count)
  let r = 0
  let shown: string | undefined
  const add = (rule: string) => {
    const own = scan.hits.get(rule)!
    return (hit: Hit) => {
      const light = lightened(hit, shown)
      const list = own.get(r)
      if (list) list.push(light)
      else own.set(r, [light])
    }
  }
  const adds = new Map(looks.map(({ rule }) => [rule, add(rule)]))
  let work = 0
  for (; r < count; r++) {
    scan.sentenceStart[r] = sentences.length
    if (known && (r < head || r >= count - tail)) {
      const { sentenceStart, sentences: old } = known.scan
      const o = r < head ? r : r - count + sentenceStart.length - 1
      for (let s = sentenceStart[o]!; s < sentenceStart[o + 1]!; s++) sentences.push(old[s]!)
      continue
    }
    if (!table.broken(r)) {
      for (const [column, list] of scan.kinds) list[r] = Math.max(0, valueKinds.indexOf(table.kind!(r, column)))
      row.begin()
      stats.begin()
      for (const { role, column } of columns) {
        const before = stats.length
        let blank = true
        const own = role === 'label' ? label : stats
        for (const cell of row.read(table, r, column, role)) {
          own.read(cell.text)
          blank &&= own.words === 0 && cell.text.trim() === ''
          if (cell.turn !== undefined && row.isSystem(role, cell.turn)) own.forgetSentences()
          const view: CellText = { ...cell, stats: own }
          shown = cell.text
          for (const { rule, look } of textLooks) look.text!(view, adds.get(rule)!)
        }
        shown = undefined
        if (role !== 'label' && !blank) scan.lengths.get(role)![r] = stats.length - before
      }
      for (const { rule, look } of rowLooks) look.row!(row, adds.get(rule)!)
      scan.languages[r] = languageOf(stats)
      for (let s = 0; s < stats.sentences; s++) sentences.push(stats.sentenceHashes[s]!)
      work += stats.length + 100
    }
    if (work > slice) {
      work = 0
      yield { phase: 'rows', done: r, total: count }
    }
  }
  scan.sentenceStart[count] = sentences.length
  return { ...scan, sentences: sentences.done() }
}

/**
 * A hit as it is kept: without the text, which its row still has. A part of a string keeps all of it alive, and that may be as
 * much of the file as was decoded at once.
 */
function lightened(hit: Hit, text: string | undefined): Hit {
  if (hit.key === undefined) return hit
  if (hit.key !== text) return { ...hit, key: ownCopy(hit.key) }
  const { key: _, ...light } = hit
  return light
}

type Filled = ReturnType<typeof emptyScan>

function emptyScan(table: Table, columns: readonly { readonly role: Role }[], looks: readonly NamedLook[]) {
  const count = table.rowCount
  const kinds = new Map<string, Uint8Array>()
  if (table.kind) for (const column of table.columns.slice(0, mostColumns)) kinds.set(column, new Uint8Array(count))
  const lengths = new Map<Role, Uint32Array>()
  for (const { role } of columns) if (role !== 'label') lengths.set(role, new Uint32Array(count))
  return {
    hits: new Map(looks.map(({ rule }) => [rule, new Map<number, Hit[]>()] as const)),
    lengths,
    languages: new Uint8Array(count),
    sentenceStart: new Uint32Array(count + 1),
    kinds,
  }
}

/** Numbers of which it is not known how many there will be. */
class Growing {
  length = 0
  private data: Int32Array

  constructor(expected: number) {
    this.data = new Int32Array(Math.max(16, expected))
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const grown = new Int32Array(this.length * 2)
      grown.set(this.data)
      this.data = grown
    }
    this.data[this.length++] = value
  }

  done(): Int32Array {
    // Most of a large list is in use: then it is not copied, and its end, which nobody wrote to, takes no memory.
    const { data, length } = this
    return length * 2 > data.length ? data.subarray(0, length) : data.slice(0, length)
  }
}

/** The texts of one row at a time. */
class RowTexts implements RowView {
  readonly texts: Omit<CellText, 'stats'>[] = []
  private readonly lists = new Map<Role, readonly Turn[]>()

  begin(): void {
    this.texts.length = 0
    this.lists.clear()
  }

  /** Reads a column: its texts. */
  read(table: Table, row: number, column: string, role: Role): readonly Omit<CellText, 'stats'>[] {
    const fresh = this.textsOf(table, row, column, role)
    for (const text of fresh) this.texts.push(text)
    return fresh
  }

  isSystem(role: Role, turn: number): boolean {
    return /^(system|developer)$/i.test(this.lists.get(role)?.[turn]?.role ?? '')
  }

  turns(role: Role): readonly Turn[] | undefined {
    return this.lists.get(role)
  }

  text(role: Role): string | undefined {
    return this.texts.find(text => text.role === role && text.turn === undefined)?.text
  }

  column(role: Role): string | undefined {
    return this.texts.find(text => text.role === role)?.column
  }

  all(): string {
    return this.texts.flatMap(({ role, text }) => (role === 'label' ? [] : [text])).join('\n')
  }

  private textsOf(table: Table, row: number, column: string, role: Role): Omit<CellText, 'stats'>[] {
    const kind = table.kind?.(row, column)
    const text = kind === 'array' || kind === 'object' ? undefined : table.text(row, column)
    // A format that does not tell kinds gives lists as JSON.
    if (text === undefined || (!table.kind && /^[[{]/.test(text))) {
      const value = table.cell(row, column)?.value ?? null
      const one = turnOf(value)
      const turns = turnsOf(value) ?? (one && [one])
      if (turns) {
        this.lists.set(role, turns)
        return turns.map((turn, t) => ({ column, role, turn: t, text: turn.content }))
      }
    }
    const plain = text ?? table.text(row, column)
    return plain === undefined ? [] : [{ column, role, turn: undefined, text: plain }]
  }
}

/** Takes over what an older version's scan told of the rows that stayed. */
function keep(old: FileScan, now: Filled, { head, tail }: Kept): void {
  const shift = now.languages.length - old.languages.length
  const copy = (to: Uint8Array | Uint32Array, from: Uint8Array | Uint32Array | undefined) => {
    if (!from) return
    to.set(from.subarray(0, head))
    to.set(from.subarray(from.length - tail), to.length - tail)
  }
  copy(now.languages, old.languages)
  for (const [role, to] of now.lengths) copy(to, old.lengths.get(role))
  for (const [column, to] of now.kinds) copy(to, old.kinds.get(column))
  for (const [rule, to] of now.hits)
    for (const [row, list] of old.hits.get(rule) ?? []) {
      if (row < head) to.set(row, [...list])
      else if (row >= old.languages.length - tail) to.set(row + shift, [...list])
    }
}
