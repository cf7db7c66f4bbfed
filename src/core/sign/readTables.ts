import type { DatasetFiles } from '../data/dataset.ts'
import { formatOfName } from '../data/formatName.ts'
import { type FileTable, readTablesOf } from '../data/formats.ts'
import { type JsonlPart, joinJsonlParts, jsonlCuts } from '../data/jsonl.ts'
import { isOtherJson } from '../data/jsonValues.ts'
import type { Source } from '../data/table.ts'
import type { Work } from './progress.ts'
import type { Threads } from './threads.ts'

/** Of a smaller file other threads are told later than it is read. */
export const leastShared = 4 << 20
const partBytes = 2 << 20

/** As `readTablesOf`, in other threads where it is a large file of JSON Lines whose bytes they see already. */
export function* readTablesWith(
  threads: Threads | undefined,
  source: Source,
  given: DatasetFiles['format'] = {},
): Work<FileTable[]> {
  const { bytes } = source
  const large = bytes.length >= leastShared && bytes.buffer instanceof SharedArrayBuffer
  const lines = large && formatOfName(source.uri) === 'jsonl' && !isOtherJson(bytes)
  const cuts = lines ? jsonlCuts(bytes, partBytes) : undefined
  if (!threads || !cuts) return yield* readTablesOf(source, given)
  const jobs = cuts.slice(1).map((to, i) => ({ kind: 'lines' as const, bytes, from: cuts[i]!, to }))
  const parts: (JsonlPart | undefined)[] = []
  yield* threads.run(jobs, ({ part }) => void parts.push(part))
  const known = parts.filter(part => part !== undefined)
  const table = known.length === parts.length ? yield* joinJsonlParts(source, known) : undefined
  return table ? [{ part: undefined, table }] : yield* readTablesOf(source, given)
}
