import { bankingPlan, longPlan, onePlan, type RowsPlan, rtlPlan, scriptsPlan, showRows } from './rowsFixture.ts'
import type { Shown } from './stage.ts'
import type { State } from './states.ts'

const topUp = { kind: 'text', value: 'top.?up', regex: true, matchCase: false }
const some = [
  topUp,
  { kind: 'values', column: 'column:category', values: ['pending_top_up', 'top_up_reverted', 'top_up_failed'] },
  { kind: 'rules', rules: ['near-duplicate', 'label-conflict', 'leak'] },
]
const rows =
  (plan: RowsPlan, more: object = {}) =>
  async (shown: Shown) => {
    const editor = await showRows(shown, plan, more)
    await shown.page.locator('#rows').focus()
    await shown.page.keyboard.press('ArrowDown')
    await editor.settle(shown)
    const losses = [2.61, 3.4, 4.2, 5.05, 5.9, 6.31, 6.9, 7.15]
    await shown.send({ kind: 'history', at: 1, history: { run: 'lora-r16-2e4', losses } })
  }

export const rowsStates: readonly State[] = [
  { name: 'rows-full', opening: { panel: 'rows' }, show: rows(bankingPlan) },
  { name: 'rows-filtered', opening: { panel: 'rows' }, show: rows(bankingPlan, { clauses: some }) },
  {
    name: 'rows-label',
    opening: { panel: 'rows' },
    show: async shown => {
      const editor = await showRows(shown, bankingPlan)
      await shown.page.locator('#rows').focus()
      for (const key of ['l', '1', '1', '2', '1', '1', '1']) {
        await shown.page.keyboard.press(key)
        await editor.settle(shown)
      }
    },
  },
  {
    name: 'rows-nothing',
    opening: { panel: 'rows' },
    show: shown =>
      showRows(shown, bankingPlan, { clauses: [topUp, { kind: 'rules', rules: ['secret'] }] }).then(() => {}),
  },
  {
    name: 'rows-popover',
    opening: { panel: 'rows' },
    show: async shown => {
      await showRows(shown, bankingPlan)
      await shown.page.locator('.chips .field').nth(1).click()
    },
  },
  { name: 'rows-rtl', opening: { panel: 'rows' }, show: rows(rtlPlan) },
  { name: 'rows-scripts', opening: { panel: 'rows' }, show: rows(scriptsPlan) },
  { name: 'rows-one', opening: { panel: 'rows' }, show: rows(onePlan) },
  { name: 'rows-zoomed', opening: { panel: 'rows', width: 700, height: 450 }, show: rows(bankingPlan) },
  { name: 'rows-slim', opening: { panel: 'rows', width: 320, height: 1400 }, show: rows(bankingPlan) },
  { name: 'rows-long', opening: { panel: 'rows', width: 1100 }, show: rows(longPlan) },
  { name: 'rows-narrow', opening: { panel: 'rows', width: 560, height: 1400 }, show: rows(bankingPlan) },
  {
    name: 'rows-loading',
    opening: { panel: 'rows' },
    show: async shown => {
      await shown.send({ kind: 'loading', what: 'rows', done: 3100, total: 5987 })
      await shown.page.locator('.loading i').waitFor({ state: 'visible' })
    },
  },
  {
    name: 'rows-error',
    opening: { panel: 'rows' },
    show: shown =>
      shown.send({
        kind: 'problem',
        message:
          'data/train.parquet could not be read as Parquet: it is damaged, or written in a way that is not known here.',
        where: 'data/train.parquet',
        hint: 'Write the file again, with Snappy or Zstandard and without encryption.',
      }),
  },
]
