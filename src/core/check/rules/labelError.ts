import { counted } from '../../base/words.ts'
import { findLabelErrors } from '../../label/confident.ts'
import type { Judged } from '../../label/judge.ts'
import { nearestIn } from '../../label/nearest.ts'
import { likeliest } from '../../label/probabilities.ts'
import { knowsLabels } from '../../label/quality.ts'
import { type Heard, suggestByText, suggestWithTraining, sureEnough } from '../../label/suggest.ts'
import type { Work } from '../../sign/progress.ts'
import { isAsJudged, judgeable, judgement, leastJudged, leastOfClass } from '../judgement.ts'
import { type LabelRows, labelRows } from '../labelRows.ts'
import { quoted } from '../labels.ts'
import { numberOption } from '../options.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { evidenceKey, type TrainingEvidence } from '../training.ts'
import { tellSetErrors } from './labelSetErrors.ts'

export const labelError: Rule = {
  meta: {
    id: 'label-error',
    adviceOnly: true,
    title: 'Label that does not fit the text',
    severity: 'info',
    what: `Rows whose text speaks for another label.

A small built-in classifier is trained on four fifths of all rows and judges the
rest, five times over, so that it judges no row that it has seen; rows with similar texts are never on both sides. Confident learning
(Northcutt, Jiang and Chuang, 2021) then tells which labels are likely wrong, given how sure the classifier usually is of each label. A row
is reported only if the vote of its nearest rows agrees with the classifier on the other label, and both together give it \`probability\`
or more. Both together are their geometric mean, scaled so that it fits all labels best (temperature scaling): where labels are many, each opinion alone gives even the right one little,
and the two that agree say much more.

Where rows and labels are many (about 5,000 short texts of 50 labels or more), they are judged with less effort: by words and
pairs of words instead of words and their pieces, and three times over, each time trained on two thirds. Labels of fewer than ${leastOfClass} rows are not judged, nor are datasets of fewer than ${leastJudged} such rows or of more than \`rows\`.

Where a cell holds several labels (a list, or names with a separator), each label is judged by itself, as carried or not (at most 60 labels, of 200 rows or more): a row is reported with a
label that does not fit, or with one that is missing, where the classifier says so with \`probability\` or more and the nearest rows agree.

Where a finished run was trained on these very files, it is a witness: the mean probability over its epochs of the row's own label and of the labels that stood
against it (area under the margin; Pleiss et al., 2020) is multiplied with what the text says, and a row is reported, too, where that gives another label
\`confidence\` or more against its own. The finding says so. A text that carries two labels is a \`label-conflict\` and not repeated here.`,
    why: `Every public benchmark looked at has wrong labels, 3 % on average. In training they teach the wrong thing; in a test set they
reward it.`,
    fix: `Read the row, then relabel it or ignore the finding. This is evidence, not proof: of the findings
on three datasets whose wrong labels are known, 81 to 98 in a hundred were right, the others texts that are hard to label (rows of several labels, made from Banking77: 53 to 80). So "fix all" never touches them; \`winnow fix --accept\`, or "Accept Label Suggestions" in
the editor, relabels those that are surer than a bound of your own (usually ${sureEnough}).`,
    example: `Among rows about refunds and deliveries:
\`\`\`jsonl
{"text": "I want my money back for the broken lamp", "label": "delivery"}
\`\`\`
Row 0: \`The text fits "refund" (probability 0.93) rather than "delivery" (0.01): the classifier gives it 0.88, the nearest rows 0.91.\``,
    options: {
      probability: numberOption(0.8, [0, 1], 'The least probability of the other label.'),
      confidence: numberOption(
        0.9,
        [0.5, 1],
        "Where a run tells of the row: the least probability of the other label against the row's own, by text and training together.",
      ),
      most: numberOption(2000, [1, 1e9], 'At most so many findings, the surest first.'),
      rows: numberOption(
        100_000,
        [1, 1e9],
        'Datasets of more labelled rows are left alone, because judging them takes long.',
      ),
    },
  },

  *check(context) {
    const labels = yield* labelRows(context.corpus)
    if (!labels) return
    if (labels.several) {
      yield* tellSetErrors(context, labels)
      return
    }
    const { corpus, settings, add } = context
    const found = (yield* judged(context, labels))
      .sort((a, b) => b.confidence - a.confidence || a.own - b.own || a.row - b.row)
      .slice(0, settings.options['most'] as number)
    for (const { row, label, probability, own, confidence, twin, opinions, heard } of found) {
      const other = labels.names[label]!
      add({
        rule: 'label-error',
        severity: settings.severity,
        ...corpus.place(row, corpus.labelColumn),
        message: `The text fits ${quoted(other)} (probability ${shown(probability)}) rather than ${quoted(corpus.label(row)!)} (${shown(own)}): the classifier gives it ${shown(opinions.classifier)}, the nearest rows ${shown(opinions.neighbours)}.${witness(context.training, heard)}`,
        confidence,
        related: twin === undefined ? [] : [corpus.related(twin, `The nearest row labelled ${quoted(other)}`)],
        fixes: [corpus.relabel(row, other, { title: `Relabel as ${quoted(other)}`, preferred: false })],
        key: corpus.key('label-error', corpus.text(row), corpus.label(row)),
      })
    }
  },
}

interface Verdict {
  readonly row: number
  /** The label that fits better, and its probability. */
  readonly label: number
  readonly probability: number
  /** The probability of the row's own label. */
  readonly own: number
  /** What each of the two says of the better label by itself. */
  readonly opinions: { readonly classifier: number; readonly neighbours: number }
  /** The nearest row that carries the better label. */
  readonly twin: number | undefined
  /** The probability of the better label against the row's own, by all that was heard. */
  readonly confidence: number
  /** The mean probabilities that training gave the row's own label and the better one, where a run tells. */
  readonly heard: { readonly own: number; readonly other: number | undefined } | undefined
}

/** What the run says of the row. */
function witness(training: TrainingEvidence | undefined, heard: Verdict['heard']): string {
  if (!training || !heard) return ''
  const other = heard.other === undefined ? '' : `, the other one ${heard.other.toFixed(2)}`
  return ` In training (${training.run}, ${counted(training.epochs, 'epoch')}) the label had a mean probability of ${heard.own.toFixed(2)}${other}.`
}

/** What was found out once: by form and label, since rows move. */
interface Known {
  readonly judged: Set<string>
  /** The evidence that was heard. */
  readonly training: TrainingEvidence | undefined
  readonly options: RuleContext['settings']['options']
  readonly verdicts: Map<string, Omit<Verdict, 'row' | 'twin'> & { readonly twinForm: number }>
}

function* judged({ corpus, settings, training }: RuleContext, labels: LabelRows): Work<Verdict[]> {
  const { options } = settings
  const about = yield* judgeable(corpus, labels, options['rows'] as number)
  if (!about) return []
  const { likeness } = about
  const key = (row: number) => `${likeness.slots[row]!} ${labels.of[row]!}`
  const known = corpus.notes.get('label-error') as Known | undefined
  const alike = known?.training === training && sameOptions(known?.options, options)
  if (known && alike && isAsJudged(known.judged, about.keys)) {
    return about.rows.flatMap(row => {
      const verdict = known.verdicts.get(key(row))
      if (!verdict) return []
      return [{ ...verdict, row, twin: likeness.rowsOf(verdict.twinForm)[0] }]
    })
  }
  const { rows, classes, forms, given, judged: result } = yield* judgement(corpus, labels, about)
  const names = new Map(classes.map((label, i) => [labels.names[label]!, i]))
  const heard = rows.map(row => heardOf(training, names, evidenceKey(corpus.text(row), corpus.label(row) ?? '')))
  const found = yield* wrongOnes(result, given, { forms, heard, options })
  const verdicts = found.map(({ at, label, twin, ...verdict }) => ({
    ...verdict,
    row: rows[at]!,
    label: classes[label]!,
    twin: twin < 0 ? undefined : rows[twin]!,
  }))
  corpus.notes.set('label-error', {
    judged: new Set(about.keys),
    training,
    options,
    verdicts: new Map(
      verdicts.map(({ row, twin, ...verdict }) => [
        key(row),
        { ...verdict, twinForm: twin === undefined ? 0 : likeness.slots[twin]! },
      ]),
    ),
  } satisfies Known)
  return verdicts
}

function sameOptions(a: Known['options'] | undefined, b: Known['options']): boolean {
  return a !== undefined && Object.keys(b).every(name => a[name] === b[name])
}

/** What the run said of a row, its labels as classes. */
function heardOf(
  training: TrainingEvidence | undefined,
  names: ReadonlyMap<string, number>,
  key: string,
): Heard | undefined {
  const own = training?.confidence.get(key)
  if (own === undefined) return undefined
  const rivals = training?.rivals?.get(key)?.flatMap(([name, probability]) => {
    const label = names.get(name)
    return label === undefined ? [] : [{ label, probability }]
  })
  return { own, rivals }
}

interface Wrong extends Pick<Verdict, 'label' | 'probability' | 'own' | 'opinions' | 'confidence' | 'heard'> {
  readonly at: number
  readonly twin: number
}

/**
 * The rows that confident learning flags and on which classifier and neighbours agree with enough probability, and those where text and
 * training together are sure enough of another label.
 */
function* wrongOnes(
  { both, classifier, neighbours, features }: Judged,
  given: Int32Array,
  about: {
    readonly forms: Int32Array
    readonly heard: readonly (Heard | undefined)[]
    readonly options: RuleContext['settings']['options']
  },
): Work<Wrong[]> {
  const { forms, heard, options } = about
  const flagged = knowsLabels(both, given) ? findLabelErrors(both, given) : new Uint8Array(given.length)
  yield { phase: 'label-error', done: 0, total: given.length }
  const conflicting = conflicts(forms, given)
  const members = Array.from({ length: both.classes }, (): number[] => [])
  for (let at = 0; at < given.length; at++) members[given[at]!]!.push(at)
  const nearest = nearestIn(features)
  const found: Wrong[] = []
  let work = 0
  for (let at = 0; at < given.length; at++) {
    const mine = given[at]!
    const said = heard[at]
    if (conflicting.has(forms[at]!) || (flagged[at] === 0 && !said)) continue
    const start = at * both.classes
    const text = suggestByText(both, at, mine)
    const agreed =
      flagged[at] !== 0 &&
      likeliest(both, at) === text.label &&
      likeliest(classifier, at) === text.label &&
      likeliest(neighbours, at) === text.label &&
      both.values[start + text.label]! >= (options['probability'] as number)
    const joint = said ? suggestWithTraining(both, at, { own: mine, heard: said }) : text
    work += both.classes
    if (!agreed && !(said && joint.confidence >= (options['confidence'] as number))) continue
    // What text and classifier agree on is told as they say it, unless training is as sure of something else.
    const label =
      joint.confidence >= (options['confidence'] as number) ? joint.label : agreed ? text.label : joint.label
    found.push({
      at,
      label,
      probability: both.values[start + label]!,
      own: both.values[start + mine]!,
      opinions: { classifier: classifier.values[start + label]!, neighbours: neighbours.values[start + label]! },
      confidence: joint.confidence,
      heard: said && { own: said.own, other: said.rivals?.find(rival => rival.label === label)?.probability },
      twin: nearest(at, members[label]!),
    })
    work += 50 * members[label]!.length
    if (work > 100_000) {
      work = 0
      yield { phase: 'label-error', done: at, total: given.length }
    }
  }
  return found
}

/** The forms that carry more than one label. */
function conflicts(forms: Int32Array, given: Int32Array): Set<number> {
  const first = new Map<number, number>()
  const several = new Set<number>()
  for (let at = 0; at < forms.length; at++) {
    const known = first.get(forms[at]!)
    if (known === undefined) first.set(forms[at]!, given[at]!)
    else if (known !== given[at]) several.add(forms[at]!)
  }
  return several
}

const shown = (probability: number) => Math.min(0.99, probability).toFixed(2)
