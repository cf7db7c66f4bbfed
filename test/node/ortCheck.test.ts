import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { operatorCheck } from '../../src/core/graph/operatorCheck.ts'
import { cacheFolder, wrongWith } from '../../src/node/ortCheck.ts'
import { ortPath } from '../../src/node/ortPath.ts'

const folder = mkdtempSync(join(tmpdir(), 'winnow-check-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A runtime whose provider "webgpu" is the CPU with the outputs that `fault` names made half as large again. */
function faulty(name: string, fault: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name: 'onnxruntime-node', version: '9.9.9', main: 'index.js' }),
  )
  writeFileSync(
    join(path, 'index.js'),
    `const real = require(${JSON.stringify(ortPath())})
module.exports = { ...real, Tensor: real.Tensor, InferenceSession: { create: async (model, options) => {
  const session = await real.InferenceSession.create(model, { ...options, executionProviders: ['cpu'] })
  if (options.executionProviders[0] === 'cpu') return session
  return { run: async feeds => {
    const out = await session.run(feeds)
    for (const [name, t] of Object.entries(out)) if (${fault}) out[name] = { data: t.data.map(x => 1.5 * x + 1) }
    return out
  } }
} } }`,
  )
  return path
}

test('the operators of the CPU agree in both lowerings, and that is remembered', async () => {
  const cache = join(folder, 'cache')
  const ask = (lowering: 'fused' | 'portable') => wrongWith({ provider: 'cpu', path: ortPath(), lowering, cache })
  expect(await ask('fused')).toBeUndefined()
  expect(await ask('portable')).toBeUndefined()
  const kept = readdirSync(join(cache, 'providers'))
  expect(kept).toHaveLength(2)
  const said = JSON.parse(readFileSync(join(cache, 'providers', kept[0] as string), 'utf8'))
  expect(said.outputs).toBeGreaterThan(100)
  expect(said.largest).toBeLessThan(1e-4)
  // Nothing is run for what is known: a runtime that cannot even be loaded is not missed.
  const { version } = JSON.parse(readFileSync(join(ortPath(), 'package.json'), 'utf8'))
  const gone = join(folder, 'gone')
  mkdirSync(gone)
  writeFileSync(join(gone, 'package.json'), JSON.stringify({ version }))
  expect(await wrongWith({ provider: 'cpu', path: gone, lowering: 'fused', cache })).toBeUndefined()
})

test('a provider with one wrong gradient is found out each time, and the operator is named', async () => {
  const check = operatorCheck('portable')
  const output = check.feeds.map(f => `d.${f.name}`).find(name => check.about(name).startsWith('LayerNorm'))
  const path = faulty('one', `name === ${JSON.stringify(output)}`)
  const cache = join(folder, 'none')
  const request = { provider: 'webgpu', path, lowering: 'portable', cache } as const
  const wrong = await wrongWith(request)
  expect(wrong).toMatch(/^computes other values than the CPU \(LayerNorm/)
  expect(await wrongWith(request)).toBe(wrong)
  const many = await wrongWith({ ...request, path: faulty('many', 'name.startsWith("loss.")') })
  expect(many).toMatch(/; .*; .* and \d+ more\)$/)
})

test('one that cannot run the graph says why', async () => {
  const path = join(folder, 'broken')
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify({ version: '9.9.9', main: 'index.js' }))
  writeFileSync(join(path, 'index.js'), 'throw new Error("Failed to load shared library")')
  const request = { provider: 'cuda', path, lowering: 'fused', cache: join(folder, 'none') } as const
  expect(await wrongWith(request)).toMatch(/ended its process|is not installed/)
})

test('the cache lies where the system has such things', () => {
  expect(cacheFolder({ WINNOW_CACHE: '/x' }, '/home/u')).toBe('/x')
  if (process.platform === 'linux') {
    expect(cacheFolder({}, '/home/u')).toBe('/home/u/.cache/winnow')
    expect(cacheFolder({ XDG_CACHE_HOME: '/c' }, '/home/u')).toBe('/c/winnow')
  }
})
