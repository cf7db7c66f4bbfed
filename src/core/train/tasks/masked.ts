import { random } from '../../base/random.ts'
import { causal, languageRows, readText, sayLoss, windows } from './causal.ts'
import type { EncodedRows } from './encoded.ts'
import { eachToken } from './feeds.ts'
import { answerTokens, type Choose, learnTokens, none } from './language.ts'
import type { TaskKind, TaskModel } from './task.ts'

/** Share of the tokens that are predicted. */
const share = 0.15

/** Going on with pre-training an encoder: hidden tokens are learnt from those around them. */
export const masked: TaskKind = {
  ...causal,
  name: 'masked',
  kinds: ['encoder'],
  peft: 'FEATURE_EXTRACTION',
  read: readText,
  encode(samples, options) {
    const { encoder, limit } = options
    const { before, after } = encoder.frame
    // Every window is framed, so its end is kept free.
    const { ids, owners } = windows(samples, { ...options, limit: limit - after.length }, { before, after: [] })
    const rows = languageRows({ ids: ids.map(row => [...row, ...after]), owners }, encoder.special.pad)
    const mask = encoder.special.mask
    const targets = rows.targets.map(id => (encoder.isSpecial(id) ? none : id)) as Int32Array
    return { ...rows, targets, ...(mask === undefined ? {} : { mask }) }
  },
  task: (model, rows, options) =>
    learnTokens(model, rows, { ...options, choose: hiddenTokens(model, rows, { seed: options.seed, share }) }),
  answers: (model, rows) => answerTokens(model, rows, hiddenTokens(model, rows, { seed: 'held', share })),
  say: sayLoss,
}

/**
 * Masked-token prediction (Devlin et al. 2019): of the chosen tokens 80 % are replaced by the mask, 10 % by a random token,
 * 10 % stay. The choice depends on seed, step and row, so every pass masks anew and a resumed run masks the same.
 */
export function hiddenTokens(
  model: Pick<TaskModel, 'backbone'>,
  rows: EncodedRows,
  options: { readonly seed: number | string; readonly share: number },
): Choose {
  const { vocab } = model.backbone.sizes
  return (batch, step) => {
    const candidates: { at: number; token: number }[][] = Array.from(batch.rows, () => [])
    eachToken(rows, batch, (at, token, b) => {
      if (rows.targets[token] !== none) candidates[b]?.push({ at, token })
    })
    const places: number[] = []
    const targets: number[] = []
    const tokens: number[] = []
    const replaced = new Map<number, number>()
    candidates.forEach((list, b) => {
      const draw = random(`${options.seed}/mask-${step}-${batch.rows[b]}`)
      draw.shuffle(list)
      const count = Math.min(list.length, Math.max(1, Math.round(options.share * list.length)))
      for (const { at, token } of list.slice(0, count)) {
        places.push(at)
        tokens.push(token)
        targets.push(rows.targets[token] as number)
        const dice = draw.next()
        if (dice < 0.8 && rows.mask !== undefined) replaced.set(at, rows.mask)
        else if (dice < 0.9) replaced.set(at, draw.int(vocab))
      }
    })
    return { places, targets, tokens, replaced }
  }
}
