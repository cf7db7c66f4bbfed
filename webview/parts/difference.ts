import { type Change, diffWordsWithSpace } from 'diff'
import { type Child, h } from './dom.ts'

type Part = Pick<Change, 'value' | 'added' | 'removed'>

/**
 * What changed between two short texts, word by word where they share words, else whole: `5e-4` to `2e-4` reads better
 * as one replaced by the other.
 */
export function difference(before: string | undefined, after: string | undefined): Child {
  if (before === undefined) return h('ins', {}, after ?? '')
  if (after === undefined) return h('del', {}, before)
  const words = (text: string) => text.trim().split(/\s+/).length
  const parts = Math.min(words(before), words(after)) < 3 ? undefined : wordsChanged(before, after)
  return parts ?? [h('del', {}, before), ' ', h('ins', {}, after)]
}

/** The second of two texts with what differs from the first; as it stands where they have little in common. */
export function likeness(before: string, after: string): Child {
  const parts = wordsChanged(before, after)
  // Many small changes side by side are read by nobody.
  const changes = parts?.filter(part => part instanceof HTMLElement && part.tagName === 'INS').length ?? 0
  return parts && changes <= Math.max(3, after.split(/\s+/).length / 8) ? parts : after
}

/** Undefined where less than half is shared: word by word nobody could read it. */
function wordsChanged(before: string, after: string): Child[] | undefined {
  const parts = diffWordsWithSpace(before, after)
  const shared = parts.filter(p => !p.added && !p.removed).reduce((sum, p) => sum + p.value.trim().length, 0)
  if (shared < 0.5 * Math.max(before.length, after.length)) return undefined
  return legible(parts).map(p => (p.added ? h('ins', {}, p.value) : p.removed ? h('del', {}, p.value) : p.value))
}

/**
 * A blank that is struck through looks like a hyphen, and a comma like nothing: where only such signs changed inside a
 * word, the whole words around them are shown as replaced, `top-up` by `top up`.
 */
export function legible(parts: readonly Part[]): Part[] {
  const out: Part[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part
    const other = parts[i + 1]
    if (!part.removed || !other?.added || seen(part.value) || seen(other.value)) {
      out.push(part)
      continue
    }
    const [before, after] = [out.at(-1), parts[i + 2]]
    const head = isSame(before) ? (/\S*$/.exec(before.value)?.[0] ?? '') : ''
    const tail = isSame(after) ? (/^\S*/.exec(after.value)?.[0] ?? '') : ''
    if (before && head) out[out.length - 1] = { ...before, value: before.value.slice(0, -head.length) }
    out.push({ ...part, value: head + part.value + tail }, { ...other, value: head + other.value + tail })
    if (after && tail) out.push({ ...after, value: after.value.slice(tail.length) })
    i += after && tail ? 2 : 1
  }
  return out.filter(part => part.value !== '')
}

const seen = (text: string) => /[\p{L}\p{N}]/u.test(text)

const isSame = (part: Part | undefined): part is Part => part !== undefined && !part.added && !part.removed
