import { expect, test } from 'vitest'
import { check } from '../../../src/core/check/check.ts'
import type { Rule } from '../../../src/core/check/rule.ts'
import { answerConflict } from '../../../src/core/check/rules/answerConflict.ts'
import { boilerplate } from '../../../src/core/check/rules/boilerplate.ts'
import { classImbalance } from '../../../src/core/check/rules/classImbalance.ts'
import { emptyField } from '../../../src/core/check/rules/emptyField.ts'
import { labelShortcut } from '../../../src/core/check/rules/labelShortcut.ts'
import { labelTypo } from '../../../src/core/check/rules/labelTypo.ts'
import { language } from '../../../src/core/check/rules/language.ts'
import { missingStop } from '../../../src/core/check/rules/missingStop.ts'
import { mixedTypes } from '../../../src/core/check/rules/mixedTypes.ts'
import { promptInAnswer } from '../../../src/core/check/rules/promptInAnswer.ts'
import { rareLabel } from '../../../src/core/check/rules/rareLabel.ts'
import { repetition } from '../../../src/core/check/rules/repetition.ts'
import { strayWhitespace } from '../../../src/core/check/rules/strayWhitespace.ts'
import { parseTables } from '../../../src/core/data/formats.ts'
import { inferRoles } from '../../../src/core/data/roles.ts'
import { finishWork } from '../../../src/core/sign/progress.ts'

type Row = { readonly [column: string]: unknown }

function found(rule: Rule, rows: readonly Row[]) {
  const bytes = Buffer.from(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  const tables = parseTables({ uri: '/d/train.jsonl', version: 0, bytes, encoding: 'utf-8', bom: false }).map(
    ({ table }) => table,
  )
  const splits = [{ name: 'train' as const, tables }]
  return finishWork(check({ datasets: [{ name: 'd', splits, roles: inferRoles(tables) }], list: [rule] })).findings
}

const count = (rule: Rule, rows: readonly Row[]) => found(rule, rows).length
const times = <T>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i))
const letters = (i: number) => String.fromCharCode(97 + (i % 26), 97 + (Math.floor(i / 26) % 26))
const texts = (n: number, label: (i: number) => unknown) =>
  times(n, i => ({ text: `words of row ${letters(i)}${letters(i * 7)}`, label: label(i) }))

test('answer-conflict: up to three tenths of the rows are told each, and up to twenty in any case', () => {
  const rows = (pairs: number, all: number) =>
    times(all, i => ({
      prompt: `what is it ${letters(i < 2 * pairs ? i >> 1 : i)}`,
      completion: `it is ${letters(i * 3)}${i}`,
    }))
  expect([count(answerConflict, rows(30, 100)), count(answerConflict, rows(31, 100))]).toEqual([30, 1])
  expect([count(answerConflict, rows(20, 40)), count(answerConflict, rows(21, 42))]).toEqual([20, 1])
})

test('boilerplate: twenty rows, two in a hundred of them, five sentences', () => {
  const said = 'this message is confidential and for its recipient only'
  const rows = (having: number, all: number) =>
    times(all, i => ({ text: i < having ? `Row ${letters(i)} ${i}. ${said}.` : `Another row ${letters(i)} ${i}.` }))
  expect([19, 20].map(having => count(boilerplate, rows(having, 60)))).toEqual([0, 1])
  expect([21, 22].map(having => count(boilerplate, rows(having, 1100)))).toEqual([0, 1])
  const six = times(6, s => `${said} of number ${letters(s)}`).join('. ')
  expect(
    count(
      boilerplate,
      times(30, i => ({ text: `Row ${letters(i)} ${i}. ${six}.` })),
    ),
  ).toBe(5)
})

test('class-imbalance: a hundred rows, less than a tenth of an even share', () => {
  const rows = (rare: number, all: number) => texts(all, i => (i < rare ? 'rare' : i % 2 === 0 ? 'one' : 'two'))
  // Of three labels a tenth of an even share are all/30 rows.
  expect([9, 10].map(rare => count(classImbalance, rows(rare, 300)))).toEqual([1, 0])
  expect([99, 100].map(all => count(classImbalance, rows(3, all)))).toEqual([0, 1])
})

test('rare-label: fifty labelled rows', () => {
  const rows = (all: number) => texts(all, i => (i === 0 ? 'single' : i % 2 === 0 ? 'one' : 'two'))
  expect([49, 50].map(all => count(rareLabel, rows(all)))).toEqual([0, 1])
})

test('label-typo: ten times as frequent, fixed in up to three rows', () => {
  const rows = (frequent: number, rare: number) => texts(frequent + rare, i => (i < rare ? 'delivry' : 'delivery'))
  expect([29, 30].map(frequent => count(labelTypo, rows(frequent, 3)))).toEqual([0, 3])
  const preferred = (rare: number) => found(labelTypo, rows(50, rare))[0]!.fixes[0]!.preferred
  expect([3, 4].map(preferred)).toEqual([true, false])
})

test('empty-field: nine tenths of twenty rows or more are told once', () => {
  const rows = (empty: number, all: number) => texts(all, i => (i < empty ? '' : 'a'))
  expect([count(emptyField, rows(19, 21)), count(emptyField, rows(20, 22))]).toEqual([19, 1])
  expect([26, 27].map(empty => count(emptyField, rows(empty, 30)))).toEqual([26, 1])
})

test('mixed-types: up to a fifth of the rows are told each, more are told once', () => {
  const rows = (numbers: number) => texts(40, i => (i < numbers ? 1 : String(i % 3)))
  expect([8, 9].map(numbers => count(mixedTypes, rows(numbers)))).toEqual([8, 1])
})

test('stray-whitespace: more than half of the rows, and more than twenty, are told once', () => {
  const rows = (loose: number, all: number) => times(all, i => ({ text: `row ${letters(i)}${i < loose ? ' ' : ''}` }))
  expect([30, 31].map(loose => count(strayWhitespace, rows(loose, 60)))).toEqual([30, 1])
  expect([20, 21].map(loose => count(strayWhitespace, rows(loose, 22)))).toEqual([20, 1])
})

test('prompt-in-answer: prompts of twenty characters', () => {
  const rows = (length: number) => [
    { prompt: 'q'.repeat(length - 1).concat('?'), completion: `${'q'.repeat(length - 1)}? Yes.` },
  ]
  expect([19, 20].map(length => count(promptInAnswer, rows(length)))).toEqual([0, 1])
})

test('missing-stop: answers of a hundred characters, last lines of sixty, a tenth of the rows', () => {
  const words = (length: number) => 'word '.repeat(40).slice(-length)
  const answer = (completion: string) => [{ prompt: 'say it', completion }]
  const cut = (length: number) => answer(words(length).replace(/^ /, 'x').replace(/ $/, 'x'))
  expect([99, 100].map(length => count(missingStop, cut(length)))).toEqual([0, 1])
  const line = (length: number) => answer(`${words(80)}.\n${words(length).replace(/^ /, 'x').replace(/ $/, 'x')}`)
  expect([59, 60].map(length => count(missingStop, line(length)))).toEqual([0, 1])
  const rows = (open: number) =>
    times(50, i => ({
      prompt: `say ${letters(i)}`,
      completion: `${letters(i)} ${words(120)}${i < open ? 'end' : 'end.'}`,
    }))
  expect([5, 6].map(open => count(missingStop, rows(open)))).toEqual([5, 0])
})

test('repetition: twenty words, six lines, five times the same', () => {
  const text = (value: string) => [{ text: value }]
  // Nine of ten words came before.
  expect([19, 20].map(n => count(repetition, text(times(n, i => letters(i % 5)).join(' '))))).toEqual([0, 1])
  const other = 'and now something quite different follows here with many more words than that to fill the rest of it'
  const line = (n: number) =>
    text(
      `${times(n, () => 'ha').join('\n')}\n${times(n - 4, i => `line number ${letters(i * 5)} of the text`).join('\n')}`,
    )
  expect([4, 5].map(n => count(repetition, line(n)))).toEqual([0, 0])
  const often = (n: number) =>
    text(times(n, i => `one sequence comes ${letters(i * 11)}`).join(' ') + (n < 5 ? ` ${other}` : ''))
  expect([4, 6].map(n => count(repetition, often(n)))).toEqual([0, 1])
})

test('language: twenty rows whose language is certain, four fifths of them in one', () => {
  const english = 'where is the parcel that you said you would have sent to me by now'
  const german = 'wo ist das Paket, von dem ihr gesagt habt, dass es schon bei mir sein soll'
  const rows = (en: number, de: number) => [
    ...times(en, i => ({ text: `${english} ${letters(i)}` })),
    ...times(de, i => ({ text: `${german} ${letters(i)}` })),
  ]
  expect([19, 20].map(en => count(language, rows(en, 1)))).toEqual([0, 1])
  expect([10, 11].map(de => count(language, rows(40, de)))).toEqual([10, 0])
})

test('label-shortcut: twenty rows, a fifth of the label, 99 in a hundred of them; not a label of most rows', () => {
  const rows = (about: { signed: number; spam: number; other: number; wrong?: number }) => [
    ...times(about.spam, i => ({ text: `row ${letters(i)} here${i < about.signed ? ' #deal4u' : ''}`, label: 'spam' })),
    ...times(about.other, i => ({
      text: `row ${letters(i * 3)} here${i < (about.wrong ?? 0) ? ' #deal4u' : ''}`,
      label: 'ham',
    })),
  ]
  expect([19, 20].map(signed => count(labelShortcut, rows({ signed, spam: 50, other: 50 })))).toEqual([0, 1])
  expect([29, 30].map(signed => count(labelShortcut, rows({ signed, spam: 150, other: 150 })))).toEqual([0, 1])
  expect([1, 2].map(wrong => count(labelShortcut, rows({ signed: 100, spam: 200, other: 200, wrong })))).toEqual([1, 0])
  expect([50, 51].map(other => count(labelShortcut, rows({ signed: 100, spam: 201, other })))).toEqual([0, 1])
})
