import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../../src/core/base/failure.ts'

/** One sense: the words that share it, what they mean, and how they are used. */
export interface Synset {
  readonly words: readonly string[]
  readonly definition: string
  readonly examples: readonly string[]
  /** Words of the senses right below it in the hierarchy. */
  readonly kinds: readonly string[]
  /** The lexicographer's file it comes from (lexnames(5WN)): 5 animals, 20 plants and so on. */
  readonly file: number
  /** A person, place or thing with a name of its own. */
  readonly named: boolean
}

const parts = ['verb', 'noun', 'adj', 'adv'] as const

/**
 * Reads WordNet 3.0's database files (wndb(5WN)), in their own order, where related senses lie close together.
 * Throws `Failure` (`no-wordnet`).
 */
export function readWordNet(folder: string): Synset[] {
  if (!existsSync(join(folder, 'data.noun')))
    throw new Failure(
      'no-wordnet',
      `${folder} has no WordNet database`,
      'Install it (Debian: wordnet-base) or name its folder',
    )
  const synsets: (Pick<Synset, 'words' | 'file' | 'named'> & { gloss: string; below: string[] })[] = []
  const byKey = new Map<string, readonly string[]>()
  for (const part of parts) {
    for (const line of readFileSync(join(folder, `data.${part}`), 'utf8').split('\n')) {
      if (line.startsWith(' ') || line === '') continue
      const bar = line.indexOf(' | ')
      const field = line.slice(0, bar).split(' ')
      const type = field[2] as string
      const count = Number.parseInt(field[3] as string, 16)
      const words = Array.from({ length: count }, (_, i) => plainWord(field[4 + 2 * i] as string))
      const below: string[] = []
      let named = false
      const pointers = 4 + 2 * count
      for (let i = 0; i < Number(field[pointers]); i++) {
        const [symbol, offset, target] = field.slice(pointers + 1 + 4 * i) as [string, string, string]
        if (symbol === '~') below.push(target + offset)
        if (symbol === '@i') named = true
      }
      byKey.set((type === 's' ? 'a' : type) + field[0], words)
      synsets.push({ words, gloss: line.slice(bar + 3).trim(), below, file: Number(field[1]), named })
    }
  }
  return synsets.map(({ words, gloss, below, file, named }) => {
    const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(match => (match[1] as string).trim())
    const definition = gloss
      .replace(/"[^"]*"?/g, '')
      .replace(/[;,:\s-]+$/g, '')
      .replace(/;\s*(?=;|$)/g, '')
      .trim()
    return {
      words,
      definition,
      examples,
      kinds: below.map(key => byKey.get(key)?.[0] ?? '').filter(Boolean),
      file,
      named,
    }
  })
}

/** How often each word was met when texts were tagged with senses (cntlist.rev), by its first letters up to `%`. */
export function wordCounts(folder: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of readFileSync(join(folder, 'cntlist.rev'), 'utf8').split('\n')) {
    const [sense, , count] = line.split(' ')
    const word = sense?.split('%')[0]
    if (word && count) counts.set(word, (counts.get(word) ?? 0) + Number(count))
  }
  return counts
}

/** The text of the licence that heads every database file. */
export function wordNetLicence(folder: string): string {
  const lines = readFileSync(join(folder, 'data.noun'), 'utf8').slice(0, 4000).split('\n')
  return lines
    .filter(line => /^ {2}\d+ /.test(line))
    .map(line => line.replace(/^ {2}\d+ ?/, '').trimEnd())
    .join('\n')
    .trim()
}

/** `turn_around`, `afraid(p)` as people write them. */
const plainWord = (word: string) => word.replace(/\((a|p|ip)\)$/, '').replace(/_/g, ' ')

/**
 * A sense as lines of text: the words and their meaning, each example, and the kinds of it there are. One idea a line, since
 * a line is the least that is kept together.
 */
export function linesOf(synset: Synset): string[] {
  const { words, definition, examples, kinds } = synset
  const lines = [`${words.slice(0, 4).join(', ')}: ${definition}`, ...examples]
  if (kinds.length >= 2)
    for (let i = 0; i < kinds.length; i += 8) lines.push(`${words[0]}: ${kinds.slice(i, i + 8).join(', ')}`)
  return lines
}
