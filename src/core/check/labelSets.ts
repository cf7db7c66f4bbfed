/** Separators of several labels in one cell, the surest first. */
const separators = [/\s*;\s*/u, /\s*\|\s*/u, /\s*,\s*/u]

/**
 * The labels that a cell names: the items of a list (JSON, or as Python prints it), or what stands between separators. A cell is
 * read as the others of its column are: by the separator that most of `cells` have.
 */
export function readLabelSets(cells: readonly string[]): readonly (readonly string[])[] {
  const counts = separators.map(separator => cells.filter(cell => separator.test(cell)).length)
  const separator = separators[counts.indexOf(Math.max(...counts))]!
  return cells.map(cell => listOf(cell) ?? clean(cell.split(separator)))
}

/** The labels of one cell that is a list by itself, or of names between `;` or `|`; else the cell. */
export function labelItems(cell: string): readonly string[] {
  return listOf(cell) ?? clean(cell.split(/[;|]/))
}

function listOf(cell: string): string[] | undefined {
  const inside = /^\s*\[(.*)\]\s*$/su.exec(cell)?.[1]
  if (inside === undefined) return undefined
  try {
    const list: unknown = JSON.parse(cell)
    if (Array.isArray(list)) return clean(list.map(String))
  } catch {
    // as Python prints it
  }
  const parts = inside.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,\s][^,]*/gsu) ?? []
  return clean(parts.map(part => part.trim().replace(/^(['"])(.*)\1$/su, '$2')))
}

function clean(labels: readonly string[]): string[] {
  return [...new Set(labels.map(label => label.trim()).filter(label => label !== ''))]
}
