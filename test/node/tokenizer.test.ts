/* Tokens of every family against Transformers: the goldens of test/bench/peers/tokens.py. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { openTokenizer } from '../../src/node/tokenizer.ts'

interface Encoded {
  readonly text: string
  readonly pair?: string
  readonly limit: number
  readonly ids: readonly number[]
  readonly types: readonly number[]
}
interface Golden {
  /** The tokenizer itself, or a file of the data folder. */
  readonly tokenizer?: object
  readonly file?: string
  readonly config?: object
  /** Ids by the names of `tokenizer_config.json`. */
  readonly special?: Readonly<Record<string, number>>
  readonly texts: readonly Encoded[]
  readonly pairs: readonly Encoded[]
}

const goldens = fileURLToPath(new URL('../golden/tokenizers/', import.meta.url))
const data = fileURLToPath(new URL('../../../shared/data/models/tokenizers/', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'winnow-tokenizer-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe.each(readdirSync(goldens).map(file => file.replace(/\.json$/, '')))('%s', name => {
  const golden = JSON.parse(readFileSync(join(goldens, `${name}.json`), 'utf8')) as Golden
  const absent = golden.file !== undefined && !existsSync(join(data, golden.file))
  const folder = join(root, name)
  const open = () => {
    mkdirSync(folder, { recursive: true })
    if (golden.file) copyFileSync(join(data, golden.file), join(folder, 'tokenizer.json'))
    else writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(golden.tokenizer))
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(golden.config ?? {}))
    return openTokenizer(folder)
  }

  test.skipIf(absent)('texts and pairs, cut and whole', () => {
    const tokenizer = open()
    for (const { text, pair, limit, ids, types } of [...golden.texts, ...golden.pairs]) {
      const ours = tokenizer.encode(text, pair === undefined ? { limit } : { limit, pair })
      expect({ text, pair, limit, ids: ours.ids, types: ours.types }).toEqual({ text, pair, limit, ids, types })
    }
  })

  test.skipIf(!golden.special)('special tokens', () => {
    const { special } = open()
    const roles = {
      pad: 'pad_token',
      mask: 'mask_token',
      cls: 'cls_token',
      sep: 'sep_token',
      unknown: 'unk_token',
    } as const
    for (const [role, key] of Object.entries(roles)) {
      const id = golden.special?.[key]
      if (id !== undefined) expect([role, special[role as keyof typeof roles]]).toEqual([role, id])
    }
  })
})
