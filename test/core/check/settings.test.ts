import { expect, test } from 'vitest'
import { parseIgnored } from '../../../src/core/check/ignore.ts'
import { differOnPurpose, labelFold, oneLetterApart } from '../../../src/core/check/labels.ts'
import { mergeRules, resolveRules } from '../../../src/core/check/options.ts'
import { milder, type Rule } from '../../../src/core/check/rule.ts'
import { rules } from '../../../src/core/check/rules.ts'

const settings = (given: { [rule: string]: unknown }) =>
  Object.fromEntries(resolveRules(rules, given).map(({ rule, settings: s }) => [rule.meta.id, s]))

test('rules run with their defaults, and as winnow.json sets them', () => {
  expect(Object.keys(settings({}))).toEqual(rules.filter((rule: Rule) => !rule.meta.optIn).map(rule => rule.meta.id))
  expect(Object.keys(settings({ gopher: {} }))).toContain('gopher')
  expect(Object.keys(settings({ gopher: 'off' }))).not.toContain('gopher')
  expect(settings({ leak: 'off', 'no-such-rule': 'off' })).not.toHaveProperty('leak')
  expect(settings({ duplicate: 'info' })['duplicate']).toEqual({ severity: 'info', options: {} })
  expect(settings({ leak: { severity: 'warning', threshold: 0.9 } })['leak']).toEqual({
    severity: 'warning',
    options: { threshold: 0.9, shingle: 'word:1+2', containment: 0.9, least: 16 },
  })
})

test('one layer goes before another', () => {
  const merged = mergeRules({ leak: { threshold: 0.7, severity: 'info' }, duplicate: 'off' }, { leak: 'error' })
  expect(merged).toEqual({ leak: { threshold: 0.7, severity: 'error' }, duplicate: 'off' })
})

test.each([
  [{ leek: 'error' }, 'winnow.json sets a rule "leek" that does not exist', 'Did you mean "leak"?'],
  [{ leak: 'fatal' }, 'leak has the severity "fatal"', 'Use error, warning, info, off'],
  [{ leak: { treshold: 0.8 } }, 'has no option "treshold"', 'Did you mean "threshold"?'],
  [{ leak: { threshold: '0.8' } }, 'leak.threshold is "0.8"', 'Give a number, such as 0.8'],
  [{ leak: { threshold: 1.5 } }, 'leak: Not a threshold: "1.5"', 'Use a number above 0 and up to 1, such as 0.8'],
  [{ leak: { shingle: 'words' } }, 'leak: Unknown shingle "words"', 'Use word:3, word:1+2 or char:5'],
])('settings that cannot be used say what to do: %j', (given, message, hint) => {
  let caught: unknown
  try {
    settings(given)
  } catch (error) {
    caught = error
  }
  expect((caught as Error).message).toContain(message)
  expect((caught as { hint: string }).hint).toContain(hint)
})

test('a milder finding never goes above the setting', () => {
  expect(milder('error', 'warning')).toBe('warning')
  expect(milder('info', 'warning')).toBe('info')
})

test('ignored findings are named by key; lines that say nothing are told', () => {
  const { keys, problems } = parseIgnored('{"key":"a","reason":"x"}\r\n\n{"rule":"leak"}\nnope\n[1]\n{"key":"b"}')
  expect([...keys]).toEqual(['a', 'b'])
  expect(problems.map(p => p.line)).toEqual([3, 4, 5])
})

test('spellings of one label, and labels that only look alike', () => {
  const same = (a: string, b: string) => labelFold(a) === labelFold(b)
  for (const [a, b] of [
    ['Refund', 'refund '],
    ['card arrival', 'card_arrival'],
    ['card-arrival', 'cardArrival'],
    ['"spam"', 'spam'],
    ['ｓｐａｍ', 'spam'],
    ['1.0', '1'],
    ['-2.00', '-2'],
    ['❤', '❤\ufe0f'],
    ['正面', '正面。'],
    ['spam\u200b', 'spam'],
  ] as const)
    expect(same(a, b), `${a} ${b}`).toBe(true)
  for (const [a, b] of [
    ['1.0', '10'],
    ['1.5', '1'],
    ['1.10', '1.1'],
    ['-1', '1'],
    ['c', 'c++'],
    ['card1', 'card2'],
    ['a', 'b'],
  ] as const)
    expect(same(a, b), `${a} ${b}`).toBe(false)
  for (const [a, b] of [
    ['billing', 'biling'],
    ['refund', 'refnud'],
    ['delivery', 'dellivery'],
    ['refund', 'rafund'],
  ] as const)
    expect(oneLetterApart(a, b), `${a} ${b}`).toBe(true)
  for (const [a, b] of [
    ['card1', 'card2'],
    ['cat', 'car'],
    ['refund', 'refund'],
    ['topup1', 'topup'],
    ['billing', 'billings!'],
    ['abcdef', 'badcef'],
  ] as const)
    expect(oneLetterApart(a, b), `${a} ${b}`).toBe(false)
})

test('labels that differ by one letter on purpose', () => {
  for (const [a, b] of [
    ['class a', 'class b'],
    ['grade-c', 'grade-b'],
    ['typeA', 'typeB'],
    ['us_card', 'uk_card'],
    ['stage_ii', 'stage_iii'],
    ['typical', 'atypical'],
    ['asymptomatic', 'symptomatic'],
  ] as const)
    expect(differOnPurpose(a, b), `${a} ${b}`).toBe(true)
  for (const [a, b] of [
    ['positive', 'postive'],
    ['card not working', 'card nott working'],
    ['top_up', 'topup'],
    ['apple', 'aple'],
  ] as const)
    expect(differOnPurpose(a, b), `${a} ${b}`).toBe(false)
})
