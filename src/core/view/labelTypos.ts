import { quoted } from '../check/labels.ts'
import type { ReportedFinding } from '../check/report.ts'

/** A label that looks misspelt, the label that it looks like, and the first finding that says so. */
export interface LabelTypo<F> {
  readonly label: string
  readonly like: string
  readonly finding: F
}

/**
 * The labels of a ledger that `label-typo` found misspelt in the data as they are now: each is a class of its own until its rows are
 * relabelled. In the order of the findings, each label once.
 */
export function labelTypos<F extends Pick<ReportedFinding, 'rule' | 'message' | 'fixes'>>(
  findings: readonly F[],
  labels: readonly string[],
): LabelTypo<F>[] {
  const known = new Map(labels.map(label => [quoted(label), label]))
  const typos = new Map<string, LabelTypo<F>>()
  for (const finding of findings) {
    if (finding.rule !== 'label-typo') continue
    const [, own, other] = /^The label (".*") looks like (".*"), which /s.exec(finding.message) ?? []
    const label = known.get(own ?? '')
    if (label === undefined || other === undefined || typos.has(label)) continue
    typos.set(label, { label, like: other.slice(1, -1), finding })
  }
  return [...typos.values()]
}
