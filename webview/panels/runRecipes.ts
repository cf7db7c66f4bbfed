import { count, counted } from '../../src/core/base/words.ts'
import { changes, differences, settingName } from '../../src/core/view/change.ts'
import { difference } from '../parts/difference.ts'
import { h, icon } from '../parts/dom.ts'
import { hueClass } from '../parts/palette.ts'
import { section } from '../parts/section.ts'
import type { ShownRun } from './runState.ts'

/** What changed from the other of two runs, or in what several differ. */
export function recipesSection(shown: readonly ShownRun[]): HTMLElement | undefined {
  // A recipe that could not be read would look like one with everything changed.
  const known = shown.filter(s => s.shown.recipe)
  const [own, other] = known
  if (!own || !other || own !== shown[0]) return undefined
  return known.length === 2 ? changedSection(own, other) : differSection(known)
}

function differSection(shown: readonly ShownRun[]): HTMLElement {
  const { differ, equal } = differences(shown.map(s => s.shown.recipe))
  const names = (recipes: readonly number[]) => recipes.map(i => (shown[i] as ShownRun).curves.run.name).join(', ')
  return section(
    `What differs in ${count(shown.length)} recipes`,
    h('span', { class: 'count push' }, String(differ.length)),
    differ.length > 0 &&
      h(
        'ul',
        { class: 'changes differ' },
        differ.map(({ path, values }) =>
          h(
            'li',
            {},
            h('span', { class: 'dim wrap' }, settingName(path)),
            h(
              'span',
              {},
              values.map(({ text, recipes }) =>
                h(
                  'span',
                  { class: 'value-of', title: names(recipes) },
                  h(
                    'span',
                    { class: 'swatches', role: 'img', 'aria-label': names(recipes) },
                    recipes
                      .slice(0, 4)
                      .map(i => h('i', { class: `swatch ${hueClass((shown[i] as ShownRun).shown.color)}` })),
                    recipes.length > 4 && h('span', { class: 'dim' }, `+${recipes.length - 4}`),
                  ),
                  h('span', { class: text === undefined ? 'dim wrap' : 'wrap' }, text ?? 'not set'),
                ),
              ),
            ),
          ),
        ),
      ),
    h(
      'p',
      { class: 'small dim after' },
      differ.length === 0 ? 'Nothing: the recipes are equal.' : `${counted(equal, 'setting')} equal in all.`,
    ),
  )
}

function changedSection(own: ShownRun, other: ShownRun): HTMLElement {
  const { changed, equal } = changes(other.shown.recipe, own.shown.recipe)
  const marks = { changed: 'edit', added: 'add', removed: 'trash' }
  return section(
    `Changed since ${other.curves.run.name}`,
    h('span', { class: 'count push' }, String(changed.length)),
    changed.length === 0
      ? h('p', { class: 'small' }, 'Nothing: the two recipes are equal.')
      : h(
          'ul',
          { class: 'changes' },
          changed.map(c =>
            h(
              'li',
              {},
              icon(marks[c.kind], 'small dim'),
              h('span', { class: 'dim wrap' }, settingName(c.path)),
              h('span', { class: 'wrap' }, difference(c.before, c.after)),
            ),
          ),
        ),
    h('p', { class: 'small dim after' }, `${counted(equal, 'setting')} equal.`),
  )
}
