import type { Table } from '../data/table.ts'
import type { Edit, Span } from '../text/span.ts'

export const severities = ['error', 'warning', 'info'] as const
export type Severity = (typeof severities)[number]

/** Another place that belongs to a finding: the twin row, the training row that leaked. */
export interface Related {
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  readonly row: number
  readonly span: Span
  /** Exact Jaccard similarity of the two texts, where similarity is the reason. */
  readonly similarity?: number
  /** The share of the finding's own shingles that the other text has too, where similarity is the reason. */
  readonly containment?: number
  readonly message: string
}

/**
 * How two rows are alike: `equal` in normal form; `near`, by Jaccard similarity; `contained`, one within the other; `numbers`,
 * equal but for numbers; `template`, equal but for filled places; `answer`, the same prompt with another answer.
 */
export type Alike = 'equal' | 'near' | 'contained' | 'numbers' | 'template' | 'answer'

export type FixKind = 'remove-row' | 'keep-only' | 'relabel' | 'edit'

/** A change that would mend a finding. Data, not code: whoever applies it makes it undoable. */
export interface Fix {
  readonly kind: FixKind
  readonly title: string
  /** In source bytes; a fix may touch several files. */
  readonly edits: readonly { readonly uri: string; readonly edit: Edit }[]
  /** The rows that it removes, for whoever applies several fixes at once: neighbours may share a separator. */
  readonly removes?: readonly { readonly table: Table; readonly row: number }[]
  /** Applied by "fix all" and by `winnow fix`. At most one fix of a finding is preferred. */
  readonly preferred: boolean
}

/** One thing wrong, at a span, found by a rule. */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly uri: string
  /** The list in the file that the row is counted in, where there are several. */
  readonly part?: string
  /** 0-based data row; undefined for a finding about the file. */
  readonly row?: number
  readonly span: Span
  /** How it is like the related rows, where that is what the finding is about. */
  readonly alike?: Alike
  /** Where its first fix is a suggestion: how probable it is against what stands there, 0 to 1. */
  readonly confidence?: number
  /** One sentence: what is wrong, with the other row named where there is one. */
  readonly message: string
  readonly related: readonly Related[]
  readonly fixes: readonly Fix[]
  /** Stable under edits elsewhere: a hash of rule and content. `winnow-ignore.jsonl` names findings by it. */
  readonly key: string
}

/** What of a finding is only read when somebody looks at it. */
export type FindingDetails = Pick<Finding, 'span' | 'message' | 'related' | 'fixes' | 'key'>

/**
 * A finding whose place, words, related rows and fixes are made when they are first asked for: of hundreds of thousands
 * of near-copies in a large dataset few are looked at. Its details are getters, so it is not copied by spreading.
 */
export class LazyFinding implements Finding {
  readonly rule: string
  readonly severity: Severity
  readonly uri: string
  readonly part?: string
  readonly row: number
  readonly alike?: Alike
  private readonly index: number
  private readonly make: (index: number) => FindingDetails
  private made: FindingDetails | undefined

  /** `make` is called with the index: one function makes the details of many findings. */
  constructor(
    of: { readonly rule: string; readonly severity: Severity; readonly alike?: Alike; readonly index?: number },
    where: { readonly uri: string; readonly part?: string; readonly row: number },
    make: (index: number) => FindingDetails,
  ) {
    this.rule = of.rule
    this.severity = of.severity
    this.uri = where.uri
    if (where.part !== undefined) this.part = where.part
    this.row = where.row
    if (of.alike !== undefined) this.alike = of.alike
    this.index = of.index ?? 0
    this.make = make
  }

  get span(): Span {
    return this.details().span
  }

  get message(): string {
    return this.details().message
  }

  get related(): readonly Related[] {
    return this.details().related
  }

  get fixes(): readonly Fix[] {
    return this.details().fixes
  }

  get key(): string {
    return this.details().key
  }

  /** Lets go of what was read: it is made again when somebody asks. */
  forget(): void {
    this.made = undefined
  }

  private details(): FindingDetails {
    if (!this.made) {
      const { span, message, related, fixes, key } = this.make(this.index)
      // Fixes that change nothing are those of files that cannot be changed.
      this.made = { span, message, related, fixes: fixes.filter(fix => fix.edits.length > 0), key }
    }
    return this.made
  }
}
