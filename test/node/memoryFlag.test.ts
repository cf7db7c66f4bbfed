import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/core/base/random.ts'
import type { Command } from '../../src/node/commands/command.ts'
import { command as fix } from '../../src/node/commands/fix.ts'
import { command as profile } from '../../src/node/commands/profile.ts'
import { command as split } from '../../src/node/commands/split.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'winnow-memory-'))
  const r = random('memory')
  const rows: string[][] = []
  for (let i = 0; i < 4200; i++) {
    const twin = i % 5 === 4 ? rows[r.int(rows.length)]! : undefined
    const words = twin ? [...twin] : Array.from({ length: 20 + r.int(8) }, () => `word${r.int(900)}`)
    if (twin && i % 2) words[r.int(words.length)] = 'other'
    rows.push(i % 50 === 9 ? words.slice(1) : words)
  }
  writeFileSync(
    join(root, 'train.jsonl'),
    rows.map((words, i) => `${JSON.stringify({ text: words.join(' '), label: `label${i % 3}` })}\n`).join(''),
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function run(command: Command, ...args: readonly string[]) {
  let out = ''
  let err = ''
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    cwd: root,
    isTTY: false,
    cancel: { aborted: false },
  }
  return { code: await command.run(args, io), out, err }
}

test.each([
  ['profile', profile, ['train.jsonl', '--format', 'json']],
  ['fix', fix, ['train.jsonl', '--rule', 'near-duplicate']],
  ['split', split, ['train.jsonl', '--dry-run']],
] as const)('%s says the same where sets of shingles are put away', async (_, command, args) => {
  const kept = await run(command, ...args)
  expect(kept.out.length + kept.err.length).toBeGreaterThan(100)
  expect(readFileSync(join(root, 'train.jsonl')).length).toBeGreaterThan(1 << 19)
  expect(await run(command, ...args, '--memory', '1')).toEqual(kept)
  await expect(run(command, ...args, '--memory', 'much')).rejects.toMatchObject({ code: 'usage' })
})
