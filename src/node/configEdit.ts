import { applyEdits, modify, parse } from 'jsonc-parser'
import type { SplitName } from '../core/data/dataset.ts'

interface Named {
  readonly name?: string
  readonly splits?: { readonly [S in SplitName]?: string | readonly string[] }
}

/**
 * The text of a `winnow.json` (none yet: undefined) that names a dataset by its splits in place of the one that was all in
 * `source`: the dataset that held the file keeps its name, roles and format. Comments stay. Paths are relative to the file.
 */
export function withSplits(
  text: string | undefined,
  given: {
    readonly name: string
    readonly source: string
    readonly splits: { readonly [S in SplitName]?: string }
  },
): string {
  const before = text?.trim() ? text : '{}\n'
  const { datasets = [] } = (parse(before, [], { allowTrailingComma: true }) ?? {}) as { datasets?: readonly Named[] }
  const held = datasets.findIndex(({ splits }) =>
    Object.values(splits ?? {})
      .flat()
      .includes(given.source),
  )
  const taken = new Set(datasets.map(({ name }) => name))
  let name = given.name
  for (let n = 2; held < 0 && taken.has(name); n++) name = `${given.name}-${n}`
  const formattingOptions = { tabSize: 2, insertSpaces: true, eol: '\n' }
  const edits =
    held < 0
      ? modify(before, ['datasets', datasets.length], { name, splits: given.splits }, { formattingOptions })
      : modify(before, ['datasets', held, 'splits'], given.splits, { formattingOptions })
  const after = applyEdits(before, edits)
  return after.endsWith('\n') ? after : `${after}\n`
}
