import { judgeSets } from '../../label/judgeSets.ts'
import { findMultiLabelErrors } from '../../label/multiLabel.ts'
import { knowsLabels } from '../../label/quality.ts'
import type { Work } from '../../sign/progress.ts'
import { inOrderOfContent } from '../contentOrder.ts'
import { wholeText } from '../context.ts'
import type { Likeness } from '../corpus.ts'
import type { LabelRows } from '../labelRows.ts'
import { readLabelSets } from '../labelSets.ts'
import { quoted } from '../labels.ts'
import type { RuleContext } from '../rule.ts'

/** A label of fewer rows, or one that fewer rows lack, cannot be learned. */
const leastOfClass = 8
const leastRows = 200
/** Labels that are judged at most, the most frequent ones: each is a model of its own. */
const mostClasses = 60

/** What is judged: the rows with their labels. */
interface Asked {
  readonly rows: readonly number[]
  readonly likeness: Likeness
  readonly labels: LabelRows
  readonly names: readonly string[]
  /** `[rows, names]`: 1 where a row carries a label. */
  readonly given: Uint8Array
}

/** What was found out once, by form and labels, since rows move. */
interface Known {
  readonly judged: ReadonlySet<string>
  readonly found: ReadonlyMap<string, readonly Omit<Found, 'row'>[]>
  readonly least: number
}

interface Found {
  readonly row: number
  readonly label: string
  readonly carried: boolean
  readonly classifier: number
  readonly neighbours: number
}

/** `label-error` where a cell holds several labels: each label by itself is carried or not. */
export function* tellSetErrors(context: RuleContext, labels: LabelRows): Work<void> {
  const { corpus, settings, add } = context
  const likeness = yield* corpus.likeness('word:1+2', 0.8)
  const rows = [...likeness.slots.keys()].filter(row => likeness.slots[row]! >= 0 && labels.of[row]! >= 0)
  if (rows.length < leastRows || rows.length > Number(settings.options['rows'])) return
  const sets = readLabelSets(labels.names)
  const uses = new Map<string, number>()
  for (const row of rows) for (const label of sets[labels.of[row]!]!) uses.set(label, (uses.get(label) ?? 0) + 1)
  const names = [...uses]
    .filter(([, count]) => count >= leastOfClass && rows.length - count >= leastOfClass)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, mostClasses)
    .map(([label]) => label)
  if (names.length === 0) return
  // Whatever order the rows stand in, they are judged in the same one: moving rows changes no verdict.
  const whole = wholeText(corpus)
  yield* inOrderOfContent(rows, row => `${whole(row)}\0${[...sets[labels.of[row]!]!].sort().join('\0')}`)
  const classes = names.length
  const given = new Uint8Array(rows.length * classes)
  for (const [i, row] of rows.entries())
    for (const label of sets[labels.of[row]!]!) {
      const k = names.indexOf(label)
      if (k >= 0) given[i * classes + k] = 1
    }
  const found = yield* judged(context, { rows, likeness, labels, names, given })
  const sureness = (one: Found) => (one.carried ? one.classifier : 1 - one.classifier)
  found.sort((a, b) => sureness(a) - sureness(b) || a.row - b.row)
  for (const one of found.slice(0, Number(settings.options['most']))) {
    const says = `the classifier gives it ${shown(one.classifier)}, the nearest rows ${shown(one.neighbours)}`
    add({
      rule: 'label-error',
      severity: settings.severity,
      ...corpus.place(one.row, corpus.labelColumn),
      message: one.carried
        ? `The text does not fit its label ${quoted(one.label)}: ${says}.`
        : `The text fits ${quoted(one.label)} too, which is not among its labels: ${says}.`,
      related: [],
      fixes: [],
      key: corpus.key('label-error', corpus.text(one.row), one.label, one.carried ? 'carried' : 'lacking'),
    })
  }
}

function* judged({ corpus, settings }: RuleContext, { rows, likeness, labels, names, given }: Asked): Work<Found[]> {
  const least = Number(settings.options['probability'])
  const keyOf = (row: number) => `${likeness.slots[row]!} ${labels.of[row]!}`
  const known = corpus.notes.get('label-sets') as Known | undefined
  const changed = known ? rows.filter(row => !known.judged.has(keyOf(row))).length : 0
  // A judgement costs seconds, and one edited row in a hundred hardly changes it.
  if (known?.least === least && changed <= Math.max(20, rows.length / 100))
    return rows.flatMap(row => (known.found.get(keyOf(row)) ?? []).map(one => ({ ...one, row })))
  const classes = names.length
  const whole = wholeText(corpus)
  const groups = new Map<number, number>()
  for (const group of likeness.similar.groups()) for (const slot of group) groups.set(slot, group[0]!)
  const forms = Int32Array.from(rows, row => likeness.slots[row]!)
  const { classifier, neighbours } = yield* judgeSets({
    rows: rows.length,
    text: i => whole(rows[i]!),
    given,
    classes,
    groups: forms.map(slot => groups.get(slot) ?? slot),
    forms,
  })
  const flagged = findMultiLabelErrors(classifier, given)
  for (let k = 0; k < classes; k++) {
    const values = Float64Array.from({ length: rows.length * 2 }, (_, i) => {
      const yes = classifier.values[(i >> 1) * classes + k]!
      return i % 2 === 1 ? yes : 1 - yes
    })
    const own = Uint8Array.from(rows, (_, i) => given[i * classes + k]!)
    if (!knowsLabels({ rows: rows.length, classes: 2, values }, own))
      for (let i = 0; i < rows.length; i++) flagged[i * classes + k] = 0
  }
  const found: Found[] = []
  for (let at = 0; at < flagged.length; at++) {
    if (flagged[at] === 0) continue
    const carried = given[at] === 1
    const against = (p: number) => (carried ? 1 - p : p)
    const [own, near] = [classifier.values[at]!, neighbours.values[at]!]
    if (against(own) < least || against(near) <= 0.5) continue
    const row = rows[Math.floor(at / classes)]!
    found.push({ row, label: names[at % classes]!, carried, classifier: own, neighbours: near })
  }
  const byKey = new Map<string, Found[]>()
  for (const one of found) byKey.set(keyOf(one.row), [...(byKey.get(keyOf(one.row)) ?? []), one])
  corpus.notes.set('label-sets', { judged: new Set(rows.map(keyOf)), found: byKey, least } satisfies Known)
  return found
}

const shown = (probability: number) => Math.min(0.99, Math.max(0.01, probability)).toFixed(2)
