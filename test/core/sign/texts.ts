import { type Random, random } from '../../../src/core/base/random.ts'

/** Four kinds of seeded text with planted near-copies, for comparing the join with brute force. */
export const kinds = ['sentences', 'paragraphs', 'templates', 'scripts'] as const
export type Kind = (typeof kinds)[number]

const letters = 'eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnssssssshhhhhhrrrrrrddddllllcccuuummmwwffggyyppbbvk'
const kanji = '日本語中文字学校電車東京大阪天気今日明日人山川田水火木金土花鳥風月'
const thai = 'กขคงจฉชซญดตถทธนบปผพฟภมยรลวศสหอฮ'

/** Made-up words with the letter frequencies of English, so that character n-grams are about as common as there. */
function vocabulary(r: Random, size: number): string[] {
  const words = new Set<string>()
  const letter = () => letters[r.int(letters.length)]!
  while (words.size < size) words.add(Array.from({ length: 1 + r.int(4) + r.int(6) }, letter).join(''))
  return [...words]
}

/** Zipf-like: the first words are drawn most. */
function word(r: Random, words: readonly string[]): string {
  return words[Math.floor(words.length ** r.next()) - 1]!
}

function edited(r: Random, text: string, words: readonly string[]): string {
  let parts = text.split(' ')
  for (let edits = 1 + r.int(3); edits > 0; edits--) {
    const at = r.int(parts.length)
    const kind = r.int(8)
    if (kind < 2) parts[at] = word(r, words)
    else if (kind === 2) parts.splice(at, 1)
    else if (kind === 3) parts.splice(at, 0, word(r, words))
    else if (kind === 4) parts[at] = parts[at]!.toUpperCase() + '!'
    else if (kind === 5) parts = [...parts.slice(at), ...parts.slice(0, at)]
    else if (kind === 6) parts[at] = String(r.int(1000))
    else parts = parts.slice(0, Math.max(1, at))
    if (parts.length === 0) parts = ['x']
  }
  return parts.join(' ')
}

function fresh(r: Random, kind: Kind, words: readonly string[]): string {
  const many = (n: number) => Array.from({ length: n }, () => word(r, words)).join(' ')
  switch (kind) {
    case 'sentences':
      return many(1 + r.int(18)) + (r.next() < 0.3 ? '?' : '.')
    case 'paragraphs':
      return many(12 + r.int(30))
    case 'templates':
      return r.next() < 0.5
        ? `Dear ${word(r, words)}, your order ${r.int(1e6)} has been shipped to ${word(r, words)} and should arrive within ${r.int(9)} working days, thank you for your order.`
        : `The parcel for ${word(r, words)} left on ${['Monday', 'Tuesday', 'Friday'][r.int(3)]} by ${['air', 'sea', 'road'][r.int(3)]} with our partner.`
    case 'scripts': {
      const run = (alphabet: string, n: number) =>
        Array.from({ length: n }, () => alphabet[r.int(alphabet.length)]).join('')
      const pick = r.int(5)
      if (pick === 0) return run(kanji, 6 + r.int(20)) + '。' + run(kanji, 3)
      if (pick === 1) return run(thai, 8 + r.int(25))
      if (pick === 2) return `Ünïcödé ${many(3 + r.int(8))} ﬁn — ${run(kanji, 2)} ${r.int(100)}`
      if (pick === 3) return ['', '!!!', '…', '😀 😀', 'ok', 'OK ok', 'ok ok ok'][r.int(7)]!
      return `${many(2 + r.int(6))} Straße ${many(2)} İstanbul`
    }
  }
}

export function texts(kind: Kind, count: number, seed: string): string[] {
  const r = random(`${seed}/${kind}`)
  const words = vocabulary(r, 3000)
  const out: string[] = []
  while (out.length < count) {
    if (out.length > 10 && r.next() < 0.35) {
      const from = out[r.int(out.length)]!
      out.push(r.next() < 0.15 ? from : r.next() < 0.1 ? from.toUpperCase() + ' !' : edited(r, from, words))
    } else out.push(fresh(r, kind, words))
  }
  return out
}
