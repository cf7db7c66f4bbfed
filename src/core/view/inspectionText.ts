import { count, counted } from '../base/words.ts'
import type { InspectedRow, Inspection } from '../train/inspection.ts'

/** An inspection for a terminal: what was found, and the rows of one kind each with what is learnt in brackets. */
export function inspectionLines(inspection: Inspection): string[] {
  const { tokens, limit, checks, shown, picked, rows, looked } = inspection
  const signs = { good: 'ok     ', warning: 'warning', bad: 'stop   ' }
  return [
    `${inspection.name}: ${counted(rows, 'training row')}${looked < rows ? `, ${count(looked)} of them looked at` : ''}, ${count(tokens.total)} tokens, ${count(tokens.trained)} of them learnt`,
    `median ${count(tokens.median)}, 95th percentile ${count(tokens.p95)}, longest ${count(tokens.longest)}, limit ${count(limit)}`,
    ...checks.map(check => `${signs[check.state]} ${check.message}`),
    '',
    'learnt tokens in [brackets], cut ones in {braces}',
    ...picked.each.flatMap(i => {
      const row = shown[i] as InspectedRow
      return ['', `${row.file} row ${row.row}: ${count(row.tokens)} tokens, ${count(row.trained)} learnt`, rowText(row)]
    }),
  ]
}

/** The text of a row as its tokens spell it, with marks around what is learnt and what is cut. */
export function rowText({ pieces }: Pick<InspectedRow, 'pieces'>): string {
  const marks = { trained: ['[', ']'], truncated: ['{', '}'], masked: ['', ''], special: ['', ''] } as const
  let out = ''
  let open: keyof typeof marks = 'masked'
  for (const piece of pieces) {
    if (piece.kind !== open) out += marks[open][1] + marks[piece.kind][0]
    open = piece.kind
    out += 'skipped' in piece ? ` … ${count(piece.skipped)} tokens … ` : piece.text
  }
  return out + marks[open][1]
}
