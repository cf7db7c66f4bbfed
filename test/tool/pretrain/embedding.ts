import type { Random } from '../../../src/core/base/random.ts'
import type { Lines } from './corpus.ts'

export interface EmbeddingOptions {
  readonly vocabulary: number
  /** Numbers in a word's vector. */
  readonly width: number
  /** Pieces at most so far apart are neighbours; a neighbour at distance d counts 1/√d. */
  readonly window: number
  /** Root mean square of the numbers of each vector. */
  readonly scale: number
  readonly random: Random
}

/** A sparse symmetric matrix by rows. */
interface Symmetric {
  readonly start: Int32Array
  readonly column: Int32Array
  readonly value: Float32Array
}

/**
 * Word vectors from the company words keep: positive pointwise mutual information of neighbours, contexts smoothed by the power
 * 0.75, and its leading eigenvectors weighted by a power of their eigenvalues (Levy and Goldberg 2014; Levy, Goldberg
 * and Dagan 2015). They are where masked-token training starts from: minutes of a processor replace days of it.
 */
export function neighbourEmbeddings(lines: Lines, options: EmbeddingOptions): Float32Array {
  const { vocabulary, width, random } = options
  const matrix = mutualInformation(lines, options)
  const wide = width + 32
  const { vectors, values } = leading(matrix, { rows: vocabulary, count: wide, passes: 5, random })
  const out = new Float32Array(vocabulary * width)
  for (let row = 0; row < vocabulary; row++) {
    let square = 0
    for (let d = 0; d < width; d++) {
      const x = vectors[row * wide + d]! * values[d]! ** 0.75
      out[row * width + d] = x
      square += x * x
    }
    const factor = square > 1e-12 ? (options.scale * Math.sqrt(width)) / Math.sqrt(square) : 0
    for (let d = 0; d < width; d++)
      out[row * width + d] = factor > 0 ? out[row * width + d]! * factor : options.scale * random.normal()
  }
  return out
}

function mutualInformation({ ids, starts }: Lines, { vocabulary, window }: EmbeddingOptions): Symmetric {
  const rows = Array.from({ length: vocabulary }, () => new Map<number, number>())
  const add = (a: number, b: number, weight: number) => rows[a]!.set(b, (rows[a]!.get(b) ?? 0) + weight)
  for (let line = 0; line + 1 < starts.length; line++) {
    const end = starts[line + 1]!
    for (let i = starts[line]!; i < end; i++) {
      for (let j = i + 1; j < Math.min(i + 1 + window, end); j++) {
        const weight = 1 / Math.sqrt(j - i)
        add(ids[i]!, ids[j]!, weight)
        add(ids[j]!, ids[i]!, weight)
      }
    }
  }
  const total = rows.map(row => [...row.values()].reduce((a, b) => a + b, 0))
  const smooth = total.map(n => n ** 0.75)
  const all = smooth.reduce((a, b) => a + b, 0)
  const start = new Int32Array(vocabulary + 1)
  const column: number[] = []
  const value: number[] = []
  rows.forEach((row, a) => {
    for (const [b, n] of row) {
      // The mean of both directions, since only contexts are smoothed.
      const information =
        (Math.log((n * all) / (total[a]! * smooth[b]!)) + Math.log((n * all) / (total[b]! * smooth[a]!))) / 2
      if (information <= 0) continue
      column.push(b)
      value.push(information)
    }
    start[a + 1] = column.length
    row.clear()
  })
  return { start, column: Int32Array.from(column), value: Float32Array.from(value) }
}

/** Leading eigenvectors by subspace iteration, `vectors[row * count + d]`, with the size of their eigenvalues. */
function leading(
  matrix: Symmetric,
  options: { readonly rows: number; readonly count: number; readonly passes: number; readonly random: Random },
): { vectors: Float32Array; values: number[] } {
  const { rows, count, passes, random } = options
  let vectors = Float32Array.from({ length: rows * count }, () => random.next() - 0.5)
  let values: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const product = new Float32Array(rows * count)
    for (let a = 0; a < rows; a++) {
      for (let k = matrix.start[a]!; k < matrix.start[a + 1]!; k++) {
        const from = matrix.column[k]! * count
        const x = matrix.value[k]!
        for (let d = 0; d < count; d++) product[a * count + d]! += x * vectors[from + d]!
      }
    }
    ;({ vectors, values } = orthonormal(product, rows, count))
  }
  return { vectors, values }
}

/** Gram-Schmidt, twice for accuracy; `values` are the lengths of the columns before they were scaled. */
function orthonormal(matrix: Float32Array, rows: number, count: number) {
  const columns = Array.from({ length: count }, (_, d) =>
    Float64Array.from({ length: rows }, (_, a) => matrix[a * count + d]!),
  )
  const values = columns.map((v, d) => {
    for (let twice = 0; twice < 2; twice++) {
      for (let e = 0; e < d; e++) {
        const u = columns[e]!
        let dot = 0
        for (let a = 0; a < rows; a++) dot += u[a]! * v[a]!
        for (let a = 0; a < rows; a++) v[a]! -= dot * u[a]!
      }
    }
    const length = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
    for (let a = 0; a < rows; a++) v[a]! /= length
    return length
  })
  const vectors = new Float32Array(rows * count)
  for (let d = 0; d < count; d++) for (let a = 0; a < rows; a++) vectors[a * count + d] = columns[d]![a]!
  return { vectors, values }
}
