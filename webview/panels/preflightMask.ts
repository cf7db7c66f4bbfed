import { count } from '../../src/core/base/words.ts'
import { type InspectedRow, type Inspection, type Pick, picks } from '../../src/core/train/inspection.ts'
import type { RowPlace } from '../../src/core/view/protocol.ts'
import { h, icon, put } from '../parts/dom.ts'
import { type Grid, grid } from '../parts/grid.ts'
import { placeCell } from '../parts/place.ts'
import { segments } from '../parts/segments.ts'

type Piece = InspectedRow['pieces'][number]
type Kind = Piece['kind']

const pickNames: Record<Pick, string> = {
  each: 'One of each',
  longest: 'Longest',
  least: 'Least trained',
  random: 'Random',
}
const kinds: readonly { readonly kind: Kind; readonly text: string; readonly how: string }[] = [
  { kind: 'trained', text: 'Ticket', how: 'filled, solid line' },
  { kind: 'masked', text: 'Ticket', how: 'dotted line' },
  { kind: 'truncated', text: 'Ticket', how: 'struck, hatched' },
  { kind: 'special', text: '<|end|>', how: 'boxed' },
]

export interface MaskInspector {
  readonly element: HTMLElement
  show(inspection: Inspection): void
  /** Turns to a choice of rows, and to its first. */
  turn(pick: Pick): void
}

/** The exact tokens of sample rows, and which of them the model learns from. */
export function maskInspector(openRow: (place: RowPlace) => void): MaskInspector {
  let known: Inspection | undefined
  let pick: Pick = 'each'
  let ids = false
  let at = 0
  let token = 0

  const list: Grid<InspectedRow> = grid<InspectedRow>({
    id: 'sample-rows',
    label: 'Sample rows',
    key: r => `${r.file}#${r.row}`,
    empty: () => 'There is no training row left: name a file with rows in the recipe, or drop fewer of them.',
    open: r => openRow({ file: r.file, row: r.row }),
    select: r => r && choose(r),
    columns: [
      {
        id: 'row',
        title: 'Row',
        width: 'minmax(96px, 152px)',
        cell: r => placeCell(r.file, r.row),
      },
      { id: 'text', title: 'Begins', width: 'minmax(96px, 1fr)', cell: r => h('bdi', { title: r.text }, r.text) },
      { id: 'tokens', title: 'Tokens', width: '72px', end: true, cell: r => count(r.tokens) },
      {
        id: 'trained',
        title: 'Trained',
        width: '72px',
        end: true,
        cell: r => [
          r.trained === 0 && known?.learns === 'tokens' && icon('error', 'small c-error'),
          ' ',
          count(r.trained),
        ],
      },
      { id: 'bar', title: 'Share', width: '112px', cell: r => shareBar(r) },
    ],
  })
  const detail = h('p', { class: 'dim small cut' })
  const tokens = h('div', { class: 'tokens', tabindex: 0, role: 'group', 'aria-label': 'Tokens of the row' })
  const info = h('div', { class: 'bar small token-info', role: 'status' })
  const switcher = segments({
    label: 'Which rows',
    choices: picks.map(value => ({ value, text: pickNames[value] })),
    value: pick,
    pick: value => {
      pick = value as Pick
      rows()
    },
  })
  const form = segments({
    label: 'Show tokens as',
    choices: [
      { value: 'text', text: 'Text' },
      { value: 'ids', text: 'Ids' },
    ],
    value: 'text',
    pick: value => {
      ids = value === 'ids'
      drawTokens()
    },
  })
  const element = h(
    'section',
    { class: 'mask', 'aria-label': 'Mask inspector', 'data-region': 'Mask inspector' },
    h('div', { class: 'bar' }, h('h2', {}, 'Mask inspector'), detail, h('span', { class: 'push' }, switcher)),
    h('div', { class: 'mask-rows' }, list.element),
    h(
      'div',
      { class: 'bar small legend-bar' },
      kinds.map(({ kind, text, how }) =>
        h(
          'span',
          { class: 'row tight nowrap' },
          h('span', { class: `tk ${kind}` }, text),
          h('b', {}, kind),
          h('span', { class: 'dim' }, how),
        ),
      ),
      h('span', { class: 'push' }, form),
    ),
    tokens,
    info,
  )

  const shown = (): InspectedRow | undefined => known?.shown[known.picked[pick][at] ?? -1]
  const choose = (row: InspectedRow) => {
    at = Math.max(0, known?.picked[pick].findIndex(i => known?.shown[i] === row) ?? 0)
    token = 0
    drawTokens()
  }
  const rows = () => {
    if (!known) return
    at = 0
    token = 0
    list.setRows(known.picked[pick].map(i => known?.shown[i] as InspectedRow))
    drawTokens()
  }
  const drawTokens = () => {
    const row = shown()
    if (!row) {
      put(tokens)
      put(info)
      return
    }
    put(
      tokens,
      blocksOf(row.pieces).map(block => blockView(block, ids)),
    )
    aim(token)
  }
  const aim = (to: number) => {
    const row = shown()
    const all = [...tokens.querySelectorAll<HTMLElement>('.tk')]
    token = Math.max(0, Math.min(all.length - 1, to))
    all.forEach((one, i) => void one.classList.toggle('aimed', i === token))
    const piece = row?.pieces[token]
    if (!row || !piece) return
    if (document.activeElement === tokens) all[token]?.scrollIntoView({ block: 'nearest' })
    put(
      info,
      'skipped' in piece
        ? h('span', {}, `${count(piece.skipped)} ${piece.kind} tokens`)
        : [
            fact('token', String(positionOf(row.pieces, token))),
            fact('id', String(piece.id)),
            h('span', {}, h('span', { class: 'dim' }, 'text '), h('span', { class: 'mono' }, visible(piece.text))),
            h('span', {}, piece.kind, piece.end ? ', ends an answer' : ''),
          ],
      h('span', { class: 'dim cut' }, `${row.file} row ${row.row}`),
      h(
        'button',
        {
          type: 'button',
          class: 'link push',
          'data-id': 'open row',
          on: { click: () => openRow({ file: row.file, row: row.row }) },
        },
        'Open row',
      ),
    )
  }
  tokens.addEventListener('click', event => {
    const hit = (event.target as HTMLElement).closest<HTMLElement>('.tk')
    if (hit) aim([...tokens.querySelectorAll('.tk')].indexOf(hit))
  })
  tokens.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key]
    if (step !== undefined) aim(token + step)
    else if (event.key === 'Home') aim(0)
    else if (event.key === 'End') aim(Number.POSITIVE_INFINITY)
    else return
    event.preventDefault()
  })
  return {
    element,
    show: inspection => {
      if (inspection === known) return
      known = inspection
      put(
        detail,
        inspection.learns === 'tokens'
          ? 'the exact tokens the model sees, and which of them it learns from'
          : `the exact tokens the model sees; this task learns an answer to them, not the tokens`,
      )
      rows()
    },
    turn: to => {
      switcher.querySelector<HTMLElement>(`[data-id="segment ${to}"]`)?.click()
      list.focus()
    },
  }
}

const fact = (name: string, value: string) => h('span', {}, h('span', { class: 'dim' }, `${name} `), value)

/** Blanks that would not be seen: a dot at the start of a word, an arrow for a line's end. */
function visible(text: string): string {
  return text.replace(/\n/g, '⏎').replace(/\t/g, '⇥').replace(/ /g, '·') || '∅'
}

interface Block {
  readonly kind: 'masked' | 'trained' | 'truncated'
  readonly from: number
  readonly pieces: Piece[]
}

/** Stretches that are masked, trained or truncated; a special token belongs to what stands around it. */
function blocksOf(pieces: readonly Piece[]): Block[] {
  const blocks: Block[] = []
  let position = 0
  for (const piece of pieces) {
    const kind = piece.kind === 'trained' || piece.kind === 'truncated' ? piece.kind : 'masked'
    const last = blocks.at(-1)
    if (last?.kind === kind) last.pieces.push(piece)
    else blocks.push({ kind, from: position, pieces: [piece] })
    position += 'skipped' in piece ? piece.skipped : 1
  }
  return blocks
}

function blockView({ kind, from, pieces }: Block, ids: boolean): HTMLElement {
  const size = pieces.reduce((sum, piece) => sum + ('skipped' in piece ? piece.skipped : 1), 0)
  return h(
    'div',
    { class: 'turn' },
    h(
      'div',
      {},
      h('b', { class: 'small' }, kind),
      h('div', { class: 'tiny dim' }, size === 1 ? count(from) : `${count(from)} to ${count(from + size - 1)}`),
    ),
    h(
      'div',
      { class: 'toks' },
      pieces.map(piece =>
        'skipped' in piece
          ? h('span', { class: 'tk fold' }, `${count(piece.skipped)} ${piece.kind} tokens`)
          : h(
              'bdi',
              { class: `tk ${piece.kind}${piece.end ? ' special' : ''}` },
              ids ? String(piece.id) : visible(piece.text),
            ),
      ),
    ),
  )
}

function positionOf(pieces: readonly Piece[], index: number): number {
  return pieces.slice(0, index).reduce((sum, piece) => sum + ('skipped' in piece ? piece.skipped : 1), 0)
}

/** Masked, trained and truncated tokens of a row in proportion. */
function shareBar({ tokens, trained, truncated }: InspectedRow): HTMLElement {
  const part = (n: number, name: string) => n > 0 && h('i', { class: name, style: { flex: String(n) } })
  const masked = tokens - trained - truncated
  const label = `${count(masked)} masked, ${count(trained)} trained, ${count(truncated)} truncated`
  return h(
    'span',
    { class: 'maskbar', role: 'img', 'aria-label': label, title: label },
    ...[part(masked, 'masked'), part(trained, 'trained'), part(truncated, 'truncated')],
  )
}
