/** Probabilities of one row of scores, in doubles, and the loss of its label in nats. */
export function softmaxRow(
  logits: Float32Array,
  row: number,
  { classes, label }: { readonly classes: number; readonly label: number },
): { readonly probabilities: Float64Array; readonly loss: number } {
  const probabilities = new Float64Array(classes)
  let top = Number.NEGATIVE_INFINITY
  for (let c = 0; c < classes; c++) top = Math.max(top, logits[row * classes + c] as number)
  let sum = 0
  for (let c = 0; c < classes; c++) {
    const e = Math.exp((logits[row * classes + c] as number) - top)
    probabilities[c] = e
    sum += e
  }
  for (let c = 0; c < classes; c++) probabilities[c] = (probabilities[c] as number) / sum
  const loss = Math.log(sum) - ((logits[row * classes + label] as number) - top)
  return { probabilities, loss }
}
