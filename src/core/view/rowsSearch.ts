import { type CategoryColumn, type ColumnValues, chunkRows, type TextColumn } from './rowsColumn.ts'

/** What is looked for: a text, or a regular expression in which `^` and `$` are the ends of lines. */
export interface Pattern {
  readonly expression: RegExp
  /** It can match no line feed, so that it may be run over the texts of many rows at once. */
  readonly within: boolean
}

/** The pattern of a text that somebody typed, or in words why it is none. */
export function patternOf(typed: {
  readonly value: string
  readonly regex: boolean
  readonly matchCase: boolean
}): Pattern | { readonly problem: string } {
  const source = typed.regex ? typed.value : typed.value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  try {
    const expression = new RegExp(source, typed.matchCase ? 'gm' : 'gim')
    return { expression, within: typed.regex ? staysWithin(source) : !typed.value.includes('\n') }
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error)
    return { problem: why }
  }
}

/** Certainly no match of it holds a line feed, nor looks beyond one. Some of which this is true too are not known to be so. */
function staysWithin(source: string): boolean {
  return !/\\[sWDnrcxup0PBk]|\[\^|\(\?[^:]|\n/.test(source)
}

/** Marks the rows whose text holds the pattern: 1 in `marks`, which is left alone elsewhere. Yields every few hundred rows: a pattern may be slow. */
export function* markMatches(column: ColumnValues, pattern: Pattern, marks: Uint8Array): Generator<void, void, void> {
  switch (column.kind) {
    case 'category':
      markCategory(column, pattern, marks)
      break
    case 'number':
      yield* markTexts(column.texts, pattern, marks)
      break
    case 'text':
      yield* markTexts(column, pattern, marks)
  }
}

function markCategory(column: CategoryColumn, { expression }: Pattern, marks: Uint8Array): void {
  const hit = Uint8Array.from(column.values, value => {
    expression.lastIndex = 0
    return expression.test(value) ? 1 : 0
  })
  for (let row = 0; row < marks.length; row++) if (hit[column.codes[row]!] === 1) marks[row] = 1
}

function* markTexts(
  column: TextColumn,
  { expression, within }: Pattern,
  marks: Uint8Array,
): Generator<void, void, void> {
  if (!within) {
    for (let row = 0; row < column.rows; row++) {
      if (marks[row] === 1) continue
      expression.lastIndex = 0
      if (expression.test(column.text(row))) marks[row] = 1
      if (row % 512 === 511) yield
    }
    return
  }
  const { starts } = column
  for (const [c, chunk] of column.chunks.entries()) {
    const base = c * chunkRows
    yield
    const behind = Math.min(column.rows, base + chunkRows)
    expression.lastIndex = 0
    for (let row = base; ; row++) {
      const match = expression.exec(chunk)
      if (!match) break
      row = rowOf(starts, row, { behind, at: match.index })
      // An empty match behind the last line feed is in no row.
      if (match.index > column.end(behind - 1)) break
      marks[row] = 1
      if (row + 1 >= behind) break
      expression.lastIndex = starts[row + 1]!
    }
  }
}

/** The row whose text holds the place `at`: the last that begins at or before it. Near rows are tried first, by doubling steps. */
function rowOf(
  starts: Uint32Array,
  from: number,
  { behind, at }: { readonly behind: number; readonly at: number },
): number {
  let step = 1
  let low = from
  while (low + step < behind && starts[low + step]! <= at) {
    low += step
    step *= 2
  }
  let high = Math.min(behind, low + step)
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= at) low = middle
    else high = middle
  }
  return low
}
