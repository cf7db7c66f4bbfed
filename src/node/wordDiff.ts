import { diffWordsWithSpace } from 'diff'
import type { WordChange } from '../core/check/formats/html.ts'

/** What two texts share and where they differ, word by word, `before` first. */
export function wordDiff(before: string, after: string): WordChange[] {
  return diffWordsWithSpace(before, after).map(({ value, added, removed }) => ({
    text: value,
    kind: added ? 'added' : removed ? 'removed' : 'same',
  }))
}
