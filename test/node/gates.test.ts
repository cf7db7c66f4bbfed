import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { command } from '../../src/node/commands/runs.ts'

const cwd = mkdtempSync(join(tmpdir(), 'winnow-gates-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

async function runs(gates: readonly object[]): Promise<{ readonly code: number; readonly out: string }> {
  writeFileSync(join(cwd, 'winnow.json'), JSON.stringify({ gates }))
  let out = ''
  const io = { out: (text: string) => void (out += text), err: () => {}, cwd, isTTY: false, cancel: { aborted: false } }
  return { code: await command.run(['--gates'], io as never), out }
}

test('winnow runs --gates ends with 1 until every gate is reached', async () => {
  const gate = { metric: 'accuracy', least: 0.8 }
  expect(await runs([gate])).toMatchObject({ code: 1, out: expect.stringMatching(/^open .*There is no run yet/) })
  const folder = join(cwd, '.winnow/runs/20261122-101000-lora')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ name: 'lora' }))
  const scored = { kind: 'evaluated', at: 1, step: 9, epoch: 1, split: 'test', of: 'best', scores: { accuracy: 0.85 } }
  const ended = { kind: 'ended', at: 2, outcome: 'finished' }
  writeFileSync(join(folder, 'events.jsonl'), `${JSON.stringify(scored)}\n${JSON.stringify(ended)}\n`)
  expect(await runs([gate])).toMatchObject({ code: 0, out: expect.stringMatching(/^passed {2}accuracy on test/) })
  expect(await runs([gate, { metric: 'accuracy', least: 0.9 }])).toMatchObject({
    code: 1,
    out: expect.stringContaining('accuracy 85.0 %, asked for at least 90.0 %'),
  })
  await expect(runs([])).rejects.toMatchObject({ code: 'no-gates' })
})
