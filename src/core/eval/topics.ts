/* Rows parted by what their texts are about, without anybody naming the parts. */
import { tfIdf } from '../label/features.ts'
import { normalForm } from '../sign/normal.ts'
import { finishWork } from '../sign/progress.ts'

/** Fewer rows than these are not parted, nor are more: each pass reads all of them. */
const [least, most] = [80, 50_000]
/** Passes, unless nothing moves before. */
const passes = 12
/** A word that so many of the rows have names nothing. */
const common = 0.5

/**
 * A few clusters of similar texts, each named by the words that set it apart: spherical k-means on TF-IDF (Dhillon and Modha
 * 2001), begun with rows far from one another. Undefined for a row without a word of its own, and for all of too few rows.
 */
export function topicsOf(texts: readonly string[]): (string | undefined)[] {
  const rows = texts.length
  if (rows < least || rows > most) return texts.map(() => undefined)
  const x = finishWork(tfIdf(rows, row => texts[row] as string, { words: 1, characters: 0, columns: 2048 }))
  const clusters = Math.max(2, Math.min(8, Math.floor(rows / 40)))
  const centres = Array.from({ length: clusters }, () => new Float64Array(x.columns))
  const dot = (row: number, centre: Float64Array) => {
    let sum = 0
    for (let i = x.start[row] as number; i < (x.start[row + 1] as number); i++)
      sum += (x.value[i] as number) * (centre[x.index[i] as number] as number)
    return sum
  }
  const add = (row: number, centre: Float64Array) => {
    for (let i = x.start[row] as number; i < (x.start[row + 1] as number); i++)
      (centre[x.index[i] as number] as number) += x.value[i] as number
  }
  // Each begins with the row that is least like those before it; the first with the row of the most words.
  const words = (row: number) => (x.start[row + 1] as number) - (x.start[row] as number)
  const near = new Float64Array(rows)
  let next = 0
  for (let row = 1; row < rows; row++) if (words(row) > words(next)) next = row
  for (const centre of centres) {
    add(next, centre)
    for (let row = 0; row < rows; row++) near[row] = Math.max(near[row] as number, dot(row, centre))
    next = 0
    // Of rows that share nothing with any, those that say most.
    const far = (row: number) => (words(row) < 3 ? 2 : (near[row] as number))
    for (let row = 1; row < rows; row++) if (far(row) < far(next)) next = row
  }
  const of = new Int32Array(rows).fill(-1)
  for (let pass = 0; pass < passes; pass++) {
    let moved = 0
    for (let row = 0; row < rows; row++) {
      let best = -1
      let highest = 0
      for (const [k, centre] of centres.entries()) {
        const likeness = dot(row, centre)
        if (likeness > highest) [best, highest] = [k, likeness]
      }
      if (best !== of[row]) moved++
      of[row] = best
    }
    if (moved === 0) break
    for (const [k, centre] of centres.entries()) {
      centre.fill(0)
      for (let row = 0; row < rows; row++) if (of[row] === k) add(row, centre)
      const length = Math.sqrt(centre.reduce((sum, v) => sum + v * v, 0))
      if (length > 0) for (let i = 0; i < centre.length; i++) centre[i] = (centre[i] as number) / length
    }
  }
  const names = namesOf(texts, of, clusters)
  return Array.from(of, k => (k < 0 ? undefined : names[k]))
}

/** Two words each: those whose share in the cluster is furthest above their share elsewhere; no two alike. */
function namesOf(texts: readonly string[], of: Int32Array, clusters: number): string[] {
  const counts = new Map<string, Int32Array>()
  const sizes = new Int32Array(clusters)
  for (const [row, text] of texts.entries()) {
    const k = of[row] as number
    if (k >= 0) sizes[k] = (sizes[k] as number) + 1
    for (const word of new Set(normalForm(text.slice(0, 4000)).match(/[\p{L}\p{M}]{3,}/gu))) {
      const count = counts.get(word) ?? new Int32Array(clusters)
      if (k >= 0) count[k] = (count[k] as number) + 1
      counts.set(word, count)
    }
  }
  const taken = new Set<string>()
  return Array.from(sizes, (size, k) => {
    const scored = [...counts].flatMap(([word, count]) => {
      const all = count.reduce((a, b) => a + b, 0)
      if (all > common * texts.length || all < 3) return []
      const own = count[k] as number
      return [{ word, score: own / Math.max(1, size) - (all - own) / Math.max(1, texts.length - size) }]
    })
    scored.sort((a, b) => b.score - a.score || (a.word < b.word ? -1 : 1))
    const best = scored.slice(0, 2).map(({ word }) => word)
    let name = best.join(', ') || `${k + 1}`
    if (taken.has(name)) name = `${name} (${k + 1})`
    taken.add(name)
    return name
  })
}
