import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Failure, failureLine } from '../../../src/core/base/failure.ts'
import { readFloats, readHeader, writeSafetensors } from '../../../src/node/safetensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'winnow-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let n = 0
const path = (name = `t${n++}.safetensors`) => join(folder, name)

function raw(header: unknown, data: Uint8Array, length?: bigint): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(length ?? BigInt(json.length))
  const file = path()
  writeFileSync(file, Buffer.concat([head, json, data]))
  return file
}
const said = (file: string): string => {
  try {
    readHeader(file)
  } catch (error) {
    expect(error).toBeInstanceOf(Failure)
    return failureLine(error)
  }
  return 'no error'
}
const f32 = (shape: number[], from: number, to: number, dtype = 'F32') => ({ dtype, shape, data_offsets: [from, to] })

test('what is written reads back, aligned to 8 and with the right offsets', () => {
  const file = path()
  const a = Float32Array.of(1, -2, 3.5, Number.MIN_VALUE, 5, 6)
  writeSafetensors(file, [
    { name: 'a', shape: [2, 3], data: a },
    { name: 'b', shape: [], data: Float32Array.of(7) },
    { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
  ])
  const { tensors, metadata } = readHeader(file)
  expect(metadata).toEqual({ format: 'pt' })
  expect(tensors.get('a')!.offset % 8).toBe(0)
  expect(readFloats(tensors.get('a')!)).toEqual(a)
  expect([...readFloats(tensors.get('b')!)]).toEqual([7])
  expect(tensors.get('empty')!.bytes).toBe(0)
  expect(readFileSync(file).length).toBe(tensors.get('b')!.offset + 4)
})

test('half and brain floats become floats', () => {
  const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000)
  const brain = Uint16Array.of(0x3f80, 0xc000)
  const data = Buffer.concat([Buffer.from(half.buffer), Buffer.from(brain.buffer)])
  const { tensors } = readHeader(raw({ h: f32([6], 0, 12, 'F16'), b: f32([2], 12, 16, 'BF16') }, data))
  expect([...readFloats(tensors.get('h')!)]).toEqual([1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY, -0])
  expect([...readFloats(tensors.get('b')!)]).toEqual([1, -2])
})

describe('refused, in words', () => {
  test.each<[string, string, RegExp]>([
    [
      'too short',
      (() => {
        const f = path()
        writeFileSync(f, 'abc')
        return f
      })(),
      /truncated: 3 bytes/,
    ],
    ['header cut', raw('{"a"', new Uint8Array(0), 500n), /truncated: its header needs 500 bytes, 4 are there/],
    ['absurd length', raw('{}', new Uint8Array(0), 1n << 60n), /not a safetensors file/],
    ['no JSON', raw('{nope', new Uint8Array(0)), /header is not JSON/],
    ['no object', raw('[1]', new Uint8Array(0)), /not a JSON object/],
    ['data cut', raw({ a: f32([4], 0, 16) }, new Uint8Array(12)), /truncated: tensor a ends at byte/],
    [
      'size and shape differ',
      raw({ a: f32([4], 0, 12) }, new Uint8Array(12)),
      /tensor a: 12 bytes for F32 \[4\], which needs 16/,
    ],
    ['overlap', raw({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, new Uint8Array(12)), /tensors a and b overlap/],
    ['hole', raw({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, new Uint8Array(12)), /belong to no tensor/],
    ['left over', raw({ a: f32([1], 0, 4) }, new Uint8Array(6)), /belong to no tensor/],
    ['dtype', raw({ a: f32([1], 0, 4, 'X9') }, new Uint8Array(4)), /unknown dtype "X9"/],
    ['shape', raw({ a: f32([-1], 0, 4) }, new Uint8Array(4)), /shape is not a list of counts/],
    ['offsets', raw({ a: { dtype: 'F32', shape: [1] } }, new Uint8Array(4)), /offsets are not two counts/],
    ['absent', join(folder, 'absent.safetensors'), /cannot be read/],
  ])('%s', (_, file, pattern) => expect(said(file)).toMatch(pattern))
})

test.each(['pytorch_model.bin', 'model.pt', 'model.pth', 'model.ckpt'])('%s is refused with the reason', name => {
  writeFileSync(path(name), 'anything')
  expect(said(join(folder, name))).toContain('pickled weights can run code when loaded')
})

test('a pickle under a harmless name is refused by its first bytes', () => {
  for (const bytes of [
    [0x80, 0x02, 0x7d, 0x71],
    [0x50, 0x4b, 0x03, 0x04, 0, 0, 0, 0, 0],
  ]) {
    const file = path()
    writeFileSync(file, Uint8Array.from(bytes))
    expect(said(file)).toContain('pickled weights can run code when loaded')
  }
})
