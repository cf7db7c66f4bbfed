import { count, counted } from '../../src/core/base/words.ts'
import type { RowChanges } from '../../src/core/run/rowChanges.ts'
import type { NearTraining, RowPlace } from '../../src/core/view/protocol.ts'
import { fixed } from '../../src/core/view/words.ts'
import { likeness } from '../parts/difference.ts'
import { h, icon } from '../parts/dom.ts'
import { baseName } from '../parts/place.ts'

type Open = (place: RowPlace) => void

/** The training rows that changed from one run to the other: what somebody did in between, named. */
export function changesSection(changes: RowChanges | undefined, open: Open): HTMLElement | undefined {
  if (!changes || changes.rows.length === 0) return undefined
  const all = changes.counts.reduce((sum, [, n]) => sum + n, 0)
  return h(
    'section',
    { class: 'sec', 'aria-label': 'Training rows changed' },
    h(
      'div',
      { class: 'sec-head' },
      h('h2', {}, 'Training rows changed'),
      h('span', { class: 'dim small push' }, changes.counts.map(([kind, n]) => `${count(n)} ${kind}`).join(', ')),
    ),
    h(
      'ul',
      { class: 'row-links changed-rows' },
      changes.rows.map(({ kind, file, row }) =>
        h(
          'li',
          {},
          h('span', {}, h('span', { class: 'tag' }, kind)),
          // A row that is gone has no place to open.
          kind === 'removed'
            ? h('span', { class: 'cut' }, `${file} row ${row}`)
            : link(`${file} row ${row}`, () => open({ file, row })),
        ),
      ),
    ),
    all > changes.rows.length &&
      h('p', { class: 'small dim' }, `… and ${counted(all - changes.rows.length, 'more row')}.`),
  )
}

/** The training rows that are like a row's text, those with another label first. `undefined` while nobody has answered. */
export function nearestSection(text: string, rows: readonly NearTraining[] | undefined, open: Open): HTMLElement {
  const other = rows?.filter(row => row.disagrees).length ?? 0
  return h(
    'section',
    { class: 'nearest', 'aria-label': 'Nearest training rows' },
    h(
      'div',
      { class: 'row' },
      h('h3', {}, 'Nearest training rows'),
      rows &&
        other > 0 &&
        h('span', { class: 'dim small' }, `${count(other)} of ${count(rows.length)} with another label`),
    ),
    rows === undefined && h('p', { class: 'small dim' }, 'Looking…'),
    rows?.length === 0 &&
      h('p', { class: 'small dim' }, 'No training row shares words with it, or its files are gone.'),
    rows &&
      h(
        'ul',
        { class: 'row-links near-rows' },
        rows.map(({ file, row, text: found, gold, similarity, disagrees }) =>
          h(
            'li',
            {},
            h('span', { class: 'end dim', title: 'Cosine of the texts' }, fixed(similarity, 2)),
            link(`${baseName(file)} row ${row}`, () => open({ file, row }), `${file} row ${row}`),
            h(
              'span',
              { class: 'row tight small', title: `${disagrees ? 'Another label' : 'The same label'}: ${gold}` },
              disagrees && icon('warning', 'small c-warning'),
              disagrees && h('span', { class: 'hear' }, 'other label: '),
              h('bdi', { class: 'cut' }, gold),
            ),
            h('span', { class: 'cut', dir: 'auto', title: found }, likeness(text, found)),
          ),
        ),
      ),
  )
}

function link(text: string, press: () => void, title?: string): HTMLElement {
  return h('button', { type: 'button', class: 'link nowrap', title, on: { click: press } }, text)
}
