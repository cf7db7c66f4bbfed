import { expect, test } from 'vitest'
import { taskNames } from '../../src/core/train/tasks/task.ts'
import { canDo, fittingTasks, isTunable, otherTasks, wholeFile } from '../../src/editor/starts.ts'

const splits = (rows: number, name: 'train' | 'test' = 'train') => [
  { name, files: [{ uri: '/d/train.csv', rows, bytes: 100 }] },
]

test.each([
  [{ text: 'text', label: 'label' }, 'classification'],
  [{ text: 'text' }, 'causal'],
  [{ messages: 'messages' }, 'instruction'],
  [{ prompt: 'question', completion: 'answer' }, 'instruction'],
  [{ text: 'text', label: 'label', messages: 'messages' }, 'instruction'],
])('rows with %o are made for %s', (roles, task) => {
  expect(fittingTasks({ roles })[0]).toBe(task)
})

test('every task is offered once, those that fit and the others', () => {
  for (const roles of [{}, { text: 'a' }, { text: 'a', label: 'b' }, { messages: 'm' }]) {
    const offered = [...fittingTasks({ roles }), ...otherTasks({ roles })]
    expect([...offered].sort()).toEqual([...taskNames].sort())
  }
})

test('a dataset without rows to learn from, or without texts, is not tunable', () => {
  expect(isTunable({ roles: { text: 'text' }, splits: splits(3) })).toBe(true)
  expect(isTunable({ roles: { text: 'text' }, splits: splits(0) })).toBe(false)
  expect(isTunable({ roles: { text: 'text' }, splits: splits(3, 'test') })).toBe(false)
  expect(isTunable({ roles: { id: 'id' }, splits: splits(3) })).toBe(false)
})

test('encoders are not offered for what only decoders do, and the reverse', () => {
  expect(canDo('encoder', 'instruction')).toBe(false)
  expect(canDo('decoder', 'instruction')).toBe(true)
  expect(canDo('decoder', 'masked')).toBe(false)
  expect(canDo('encoder', 'classification')).toBe(true)
  expect(canDo(undefined, 'instruction')).toBe(true)
})

test('one training file alone is a dataset that can be divided', () => {
  expect(wholeFile({ splits: splits(3) })).toBe('/d/train.csv')
  expect(wholeFile({ splits: [...splits(3), ...splits(3, 'test')] })).toBeUndefined()
  expect(wholeFile({ splits: splits(3, 'test') })).toBeUndefined()
})
