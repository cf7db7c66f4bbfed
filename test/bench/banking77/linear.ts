/** Linear bag-of-words classifiers, the yardstick that a small encoder is held against. Plain and complete: nothing is sampled. */

/** Rows as sparse vectors: row i holds `index[start[i] .. start[i + 1])` with `value` beside it. */
export interface Sparse {
  readonly rows: number
  readonly columns: number
  readonly start: Int32Array
  readonly index: Int32Array
  readonly value: Float32Array
}

export interface Features {
  /** Word n-grams up to this n; 0 for none. */
  readonly words: number
  /** Character n-grams of lengths 2 to this, inside words padded by a space each side; 0 for none. */
  readonly characters: number
  /** A term of fewer training rows is dropped. */
  readonly minRows: number
}

/** The terms of a text, repeats kept. */
export function terms(text: string, features: Features): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const found: string[] = []
  for (let n = 1; n <= features.words; n++) {
    for (let i = 0; i + n <= words.length; i++) found.push(words.slice(i, i + n).join(' '))
  }
  if (features.characters > 0) {
    for (const word of words) {
      const padded = ` ${word} `
      for (let n = 2; n <= features.characters; n++) {
        for (let i = 0; i + n <= padded.length; i++) found.push(`#${padded.slice(i, i + n)}`)
      }
    }
  }
  return found
}

/** Smoothed TF-IDF with sublinear term counts, rows of unit length: ln(1 + N)/(1 + n) + 1 as in scikit-learn. */
export function tfIdf(texts: readonly string[], features: Features): (texts: readonly string[]) => Sparse {
  const counts = new Map<string, number>()
  for (const text of texts)
    for (const term of new Set(terms(text, features))) counts.set(term, (counts.get(term) ?? 0) + 1)
  const column = new Map<string, number>()
  const idf: number[] = []
  for (const [term, n] of counts) {
    if (n < features.minRows) continue
    column.set(term, idf.length)
    idf.push(Math.log((1 + texts.length) / (1 + n)) + 1)
  }
  return rows => {
    const start = new Int32Array(rows.length + 1)
    const index: number[] = []
    const value: number[] = []
    rows.forEach((text, r) => {
      const row = new Map<number, number>()
      for (const term of terms(text, features)) {
        const c = column.get(term)
        if (c !== undefined) row.set(c, (row.get(c) ?? 0) + 1)
      }
      let length = 0
      for (const [c, n] of row) {
        const x = (1 + Math.log(n)) * idf[c]!
        row.set(c, x)
        length += x * x
      }
      for (const [c, x] of row) {
        index.push(c)
        value.push(x / Math.sqrt(length))
      }
      start[r + 1] = index.length
    })
    return {
      rows: rows.length,
      columns: idf.length,
      start,
      index: Int32Array.from(index),
      value: Float32Array.from(value),
    }
  }
}

/** Weights `[classes, columns + 1]`, the last column being the bias. */
export interface Linear {
  readonly classes: number
  readonly columns: number
  readonly weight: Float32Array
}

export interface Fit {
  readonly classes: number
  /** C: the price of a unit of loss; large is little regularisation. */
  readonly price: number
  readonly random: () => number
}

/**
 * One-against-the-rest support vector machines with squared hinge loss, by dual coordinate descent
 * (Hsieh, Chang, Lin, Keerthi and Sundararajan, 2008): what LIBLINEAR calls solver 1.
 */
export function fitSupportVectors(x: Sparse, labels: ArrayLike<number>, fit: Fit): Linear {
  const width = x.columns + 1
  const weight = new Float32Array(fit.classes * width)
  const diagonal = 0.5 / fit.price
  const norm = new Float64Array(x.rows)
  for (let r = 0; r < x.rows; r++) {
    norm[r] = 1 + diagonal
    for (let k = x.start[r]!; k < x.start[r + 1]!; k++) norm[r]! += x.value[k]! ** 2
  }
  const order = Int32Array.from({ length: x.rows }, (_, i) => i)
  for (let c = 0; c < fit.classes; c++) {
    const w = weight.subarray(c * width, (c + 1) * width)
    const alpha = new Float64Array(x.rows)
    for (let pass = 0; pass < 60; pass++) {
      shuffle(order, fit.random)
      let worst = 0
      for (const r of order) {
        const y = labels[r] === c ? 1 : -1
        let score = w[x.columns]!
        for (let k = x.start[r]!; k < x.start[r + 1]!; k++) score += w[x.index[k]!]! * x.value[k]!
        const slope = y * score - 1 + diagonal * alpha[r]!
        const projected = alpha[r] === 0 ? Math.min(slope, 0) : slope
        if (Math.abs(projected) < 1e-9) continue
        worst = Math.max(worst, Math.abs(projected))
        const next = Math.max(alpha[r]! - slope / norm[r]!, 0)
        const step = (next - alpha[r]!) * y
        alpha[r] = next
        for (let k = x.start[r]!; k < x.start[r + 1]!; k++) w[x.index[k]!]! += step * x.value[k]!
        w[x.columns]! += step
      }
      if (worst < 0.02) break
    }
  }
  return { classes: fit.classes, columns: x.columns, weight }
}

/** Multinomial logistic regression with an L2 penalty of 1/(2 C), by AdaGrad on single rows, the penalty applied to touched weights. */
export function fitLogistic(x: Sparse, labels: ArrayLike<number>, fit: Fit & { readonly passes?: number }): Linear {
  const width = x.columns + 1
  const weight = new Float32Array(fit.classes * width)
  const sum = new Float32Array(fit.classes * width).fill(1e-4)
  const decay = 1 / (fit.price * x.rows)
  const order = Int32Array.from({ length: x.rows }, (_, i) => i)
  const score = new Float64Array(fit.classes)
  const passes = fit.passes ?? 40
  // A term seen in few rows meets the penalty seldom; it is scaled up by how rare the term is, so that the sum over a pass is right.
  const rare = new Float32Array(width)
  for (const c of x.index) rare[c]!++
  for (let c = 0; c < width; c++) rare[c] = c === x.columns ? 0 : x.rows / Math.max(1, rare[c]!)
  for (let pass = 0; pass < passes; pass++) {
    const rate = 0.3 * (1 - pass / passes) + 0.003
    shuffle(order, fit.random)
    for (const r of order) {
      scoreRow(x, r, weight, score)
      softmax(score)
      for (let c = 0; c < fit.classes; c++) {
        const slope = score[c]! - (labels[r] === c ? 1 : 0)
        for (let k = x.start[r]!; k <= x.start[r + 1]!; k++) {
          const bias = k === x.start[r + 1]
          const column = bias ? x.columns : x.index[k]!
          const at = c * width + column
          const g = slope * (bias ? 1 : x.value[k]!) + decay * rare[column]! * weight[at]!
          sum[at]! += g * g
          weight[at]! -= (rate * g) / Math.sqrt(sum[at]!)
        }
      }
    }
  }
  return { classes: fit.classes, columns: x.columns, weight }
}

/** The class of each row. */
export function predict(model: Linear, x: Sparse): Int32Array {
  const score = new Float64Array(model.classes)
  const best = new Int32Array(x.rows)
  for (let r = 0; r < x.rows; r++) {
    scoreRow(x, r, model.weight, score)
    for (let c = 1; c < model.classes; c++) if (score[c]! > score[best[r]!]!) best[r] = c
  }
  return best
}

export function accuracy(predicted: ArrayLike<number>, gold: ArrayLike<number>): number {
  let right = 0
  for (let i = 0; i < gold.length; i++) if (predicted[i] === gold[i]) right++
  return right / gold.length
}

function scoreRow(x: Sparse, r: number, weight: Float32Array, score: Float64Array): void {
  const width = x.columns + 1
  for (let c = 0; c < score.length; c++) {
    const base = c * width
    let s = weight[base + x.columns]!
    for (let k = x.start[r]!; k < x.start[r + 1]!; k++) s += weight[base + x.index[k]!]! * x.value[k]!
    score[c] = s
  }
}

function softmax(score: Float64Array): void {
  const top = Math.max(...score)
  let sum = 0
  for (let c = 0; c < score.length; c++) sum += score[c] = Math.exp(score[c]! - top)
  for (let c = 0; c < score.length; c++) score[c]! /= sum
}

function shuffle(list: Int32Array, random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const t = list[i]!
    list[i] = list[j]!
    list[j] = t
  }
}
