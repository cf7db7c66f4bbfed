import { diffWordsWithSpace } from 'diff'
import { type Child, h } from './dom.ts'

/**
 * What changed between two short texts, word by word where they share words, else whole: `5e-4` to `2e-4` reads better
 * as one replaced by the other.
 */
export function difference(before: string | undefined, after: string | undefined): Child {
  if (before === undefined) return h('ins', {}, after ?? '')
  if (after === undefined) return h('del', {}, before)
  const words = (text: string) => text.trim().split(/\s+/).length
  if (Math.min(words(before), words(after)) < 3) return [h('del', {}, before), ' ', h('ins', {}, after)]
  const parts = diffWordsWithSpace(before, after)
  const shared = parts.filter(p => !p.added && !p.removed).reduce((sum, p) => sum + p.value.trim().length, 0)
  if (shared < 0.5 * Math.max(before.length, after.length)) return [h('del', {}, before), ' ', h('ins', {}, after)]
  return parts.map(p => (p.added ? h('ins', {}, p.value) : p.removed ? h('del', {}, p.value) : p.value))
}
