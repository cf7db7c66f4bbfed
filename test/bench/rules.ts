/*
 * `npm run bench -- rules`: how often the rules about single rows speak on real data (../shared/data) that has few such
 * problems: calculations, questions to a bank, instructions, conversations, articles. For each dataset the findings of a rule, what they
 * say most often, and the share of rows. Read a few of what is new before calling it found.
 */
import { existsSync } from 'node:fs'
import { check } from '../../src/core/check/check.ts'
import { rules } from '../../src/core/check/rules.ts'
import { finishWork } from '../../src/core/sign/progress.ts'
import { readForCheck } from '../../src/node/checkInput.ts'

const data = '../shared/data'
const folders = ['gsm8k', 'banking77', 'clinc150', 'chat-and-preference', 'minhash-articles', 'african-noisy']
const told = ['personal-data', 'secret', 'repetition', 'language', 'mojibake', 'length-outlier', 'boilerplate']
const say = (text: string) => process.stdout.write(`${text}\n`)

if (!existsSync(data)) say('skipped: the optional folder ../shared/data is not there')
for (const folder of existsSync(data) ? folders : []) {
  if (!existsSync(`${data}/${folder}`)) continue
  const input = await readForCheck([`${data}/${folder}`], { cwd: process.cwd() })
  const list = rules.filter(rule => told.includes(rule.meta.id))
  const start = process.cpuUsage()
  const { findings } = finishWork(check({ ...input, rules: {}, list }))
  const { user, system } = process.cpuUsage(start)
  const rows = input.datasets.flatMap(({ splits }) => splits.flatMap(split => split.tables))
  const count = rows.reduce((sum, table) => sum + table.rowCount, 0)
  say(`\n${folder}: ${count} rows, ${((user + system) / 1e6).toFixed(2)} s of the processor`)
  for (const { meta } of list) {
    const own = findings.filter(finding => finding.rule === meta.id)
    if (own.length === 0) continue
    const messages = new Map<string, number>()
    for (const { message } of own) {
      const kind = message.replace(/"[^"]*"|\d[\d,]*/g, '…')
      messages.set(kind, (messages.get(kind) ?? 0) + 1)
    }
    say(`  ${meta.id.padEnd(16)} ${String(own.length).padStart(5)}  ${((100 * own.length) / count).toFixed(2)} %`)
    for (const [kind, n] of [...messages].sort((a, b) => b[1] - a[1]).slice(0, 6))
      say(`    ${String(n).padStart(5)}  ${kind}`)
  }
}
