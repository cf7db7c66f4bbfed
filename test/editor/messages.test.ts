import { describe, expect, test } from 'vitest'
import { fromComparePanel, fromRunPanel, panelState } from '../../src/editor/messages.ts'

describe('messages of panels', () => {
  test('what the protocol names passes as it is', () => {
    const messages = [
      { kind: 'ready' },
      { kind: 'stop', id: '20261122-101000-lora' },
      { kind: 'batch', id: 'a', step: 12 },
      { kind: 'openRow', place: { file: 'data/train.csv', row: 0 } },
      { kind: 'export', format: 'csv', content: 'step,loss\n', name: 'run.csv' },
    ]
    for (const message of messages) expect(fromRunPanel(message)).toEqual(message)
    expect(fromComparePanel({ kind: 'choose', a: 'x:base', b: 'x:best' })).toEqual({
      kind: 'choose',
      a: 'x:base',
      b: 'x:best',
    })
  })

  test.each([
    ['no object', 'ready'],
    ['an unknown word', { kind: 'delete', id: 'a' }],
    ['another panel’s word', { kind: 'choose', a: 'x', b: 'y' }],
    ['a path for an id', { kind: 'stop', id: '../../etc' }],
    ['a path for a file name', { kind: 'export', format: 'csv', content: '', name: '../x.csv' }],
    ['a row that is none', { kind: 'openRow', place: { file: 'a', row: -1 } }],
    ['half a row', { kind: 'openRow', place: { file: 'a', row: 1.5 } }],
    ['something more', { kind: 'ready', html: '<b>' }],
    ['a format that is not offered', { kind: 'export', format: 'exe', content: '' }],
  ])('%s is refused', (_, message) => {
    expect(fromRunPanel(message)).toBeUndefined()
  })

  test('a state of another version is not restored', () => {
    expect(panelState(undefined)).toBeUndefined()
    expect(panelState({ panel: 'rows' })).toBeUndefined()
    expect(panelState({ panel: 'run', id: 'a', overlaid: ['b'], view: { smoothing: 0.6 } })).toMatchObject({ id: 'a' })
  })
})
