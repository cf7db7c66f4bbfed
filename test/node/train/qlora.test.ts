/* Whole runs on layers in blocks of few bits: an encoder, and a decoder that classifies by its last token. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { evaluate } from '../../../src/node/evaluator.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { quantizedFolder } from '../../../src/node/quantize.ts'
import { readHeader } from '../../../src/node/safetensors.ts'
import { train } from '../../../src/node/trainer.ts'
import { writeTinyDecoder } from './tinyDecoder.ts'
import { eventsOf, lossesOf, writeTinyRun } from './tinyRun.ts'

const root = mkdtempSync(join(tmpdir(), 'winnow-qlora-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const open = () => openRuntime({ provider: 'cpu', threads: 1 })
const io = { open, models: [], now: () => 0, clock: () => performance.now(), ending: () => false }
const counts = { train: 64, validation: 24, test: 24 }

describe.each(['encoder', 'decoder'] as const)('%s', kind => {
  const place = join(root, kind)
  const input = {
    device: 'cpu',
    threads: 1,
    seed: 3,
    evaluate: { every: 8, patience: 0 },
    method: { kind: 'qlora', rank: 4, block: 32, bits: 4 },
    schedule: { rate: 1e-2, steps: 24 },
  } as const

  /** A run folder, of the decoder where that is asked for. */
  function prepare(): string {
    const folder = writeTinyRun(place, input, counts)
    if (kind === 'decoder') {
      const model = writeTinyDecoder(join(place, 'decoder'))
      const recipe = JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8'))
      writeFileSync(join(folder, 'recipe.json'), JSON.stringify({ ...recipe, model }))
    }
    return folder
  }

  test('learns on codes that are made once, and is scored on the same ones', async () => {
    const folder = prepare()
    expect(await train(folder, io)).toBe('finished')
    const events = eventsOf(folder)
    const losses = lossesOf(events)
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length
    expect(mean(losses.slice(-6))).toBeLessThan(mean(losses.slice(0, 6)))

    const cache = quantizedFolder(place)
    const [file, ...others] = readdirSync(cache)
    expect(others).toEqual([])
    const path = join(cache, file as string)
    const names = [...readHeader(path).tensors.keys()]
    expect(names.some(name => name.endsWith('.weight.codes'))).toBe(true)
    const adapter = [...readHeader(join(folder, 'adapter', 'adapter_model.safetensors')).tensors.keys()]
    expect(adapter.some(name => name.includes('lora_A'))).toBe(true)
    expect(adapter.some(name => name.includes('codes'))).toBe(false)

    const made = statSync(path).mtimeMs
    const data = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'))
    const out = join(place, 'scored.jsonl')
    const request = { version: 1, of: { kind: 'run', folder, which: 'best' }, data, split: 'test', out } as const
    await evaluate(
      { ...request, device: 'cpu', threads: 1, batch: { rows: 16, tokens: 128 } },
      { ...io, progress: () => {} },
    )
    expect(statSync(path).mtimeMs).toBe(made)
    const step = events.flatMap(e => (e.kind === 'ended' ? [e.bestStep] : []))[0]
    const lossOf = (name: string) =>
      readFileSync(name, 'utf8')
        .trim()
        .split('\n')
        .map(line => (JSON.parse(line) as { loss: number }).loss)
    const [again, then] = [lossOf(out), lossOf(join(folder, 'evaluations', `test-${step}.jsonl`))]
    expect(again).toHaveLength(then.length)
    again.forEach((loss, i) => {
      expect(loss).toBeCloseTo(then[i] as number, 4)
    })
  }, 60_000)
})
