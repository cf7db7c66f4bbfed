import { type Child, h } from './dom.ts'

/** A row by its file and number. Where room is short the name of the file gives way, never the number. */
export function place(path: string, row: number): Child {
  return [h('span', { class: 'cut' }, baseName(path)), h('span', {}, ` row ${row}`)]
}

/** The same as a cell of a grid, where the file is said faintly. */
export function placeCell(path: string, row: number): HTMLElement {
  return h(
    'span',
    { class: 'place', title: `${path} row ${row}` },
    h('span', { class: 'cut dim' }, baseName(path)),
    h('span', {}, h('span', { class: 'dim' }, ' row '), String(row)),
  )
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
