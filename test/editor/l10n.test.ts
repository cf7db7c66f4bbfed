/* Every text of the extension's own code goes through `vscode.l10n.t`; `l10n/bundle.l10n.json` lists them for translators. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'node:path'
import { expect, test } from 'vitest'

const files = readdirSync('src/editor').filter(name => name.endsWith('.ts'))
const sources = new Map(
  [...files.map(name => `src/editor/${name}`), 'src/extension.ts'].map(f => [f, readFileSync(f, 'utf8')]),
)

/** The first argument of every call, a string literal, possibly over several lines. */
function textsOf(source: string): string[] {
  const calls = /\b(?:l10n\.)?t\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/g
  return [...source.matchAll(calls)].map(match => {
    const literal = match[1] as string
    const inner = literal.slice(1, -1)
    return inner.replace(/\\(u[0-9a-f]{4}|.)/gi, (_, c: string) =>
      c.length > 1 ? String.fromCharCode(Number.parseInt(c.slice(1), 16)) : c === 'n' ? '\n' : c,
    )
  })
}

test('l10n/bundle.l10n.json holds every text (UPDATE=1 writes it)', () => {
  const texts = [...new Set([...sources.values()].flatMap(textsOf))].sort()
  expect(texts.length).toBeGreaterThan(100)
  const file = 'l10n/bundle.l10n.json'
  const text = `${JSON.stringify(Object.fromEntries(texts.map(t => [t, t])), undefined, 2)}\n`
  if (process.env['UPDATE']) {
    mkdirSync(parse(file).dir, { recursive: true })
    writeFileSync(file, text)
  }
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(text)
  expect((JSON.parse(readFileSync('package.json', 'utf8')) as { l10n?: string }).l10n).toBe('./l10n')
})

test('the text of a call is a literal: what is put together is not found by translators', () => {
  for (const [file, source] of sources)
    for (const call of source.matchAll(/l10n\.t\(\s*(.)/g))
      expect(`'"`, `${file}: l10n.t(${call[1]}`).toContain(call[1])
})

/** Sentences that are shown without translation. */
function bareIn(source: string): string[] {
  const shown =
    /show(?:Information|Warning|Error)Message\(\s*(['"])|(?:placeholder|placeHolder|prompt|openLabel|tooltip|title|detail|label|description|message|name):\s*(['"])([^'"\n]*)\2/g
  // Names, marks and single words of protocols are no sentences.
  return [...source.matchAll(shown)].flatMap(([all, , , text]) =>
    text === undefined ? [all] : /^[A-Z].* |^[a-z]+ [a-z]+ /.test(text) ? [text] : [],
  )
}

test('what is shown to people is no bare literal', () => {
  expect(bareIn(`showErrorMessage('No'), { title: 'Tune a model' }`)).toHaveLength(2)
  expect(bareIn(`{ title: vscode.l10n.t('Tune a model'), kind: 'rule' }`)).toEqual([])
  for (const [file, source] of sources) expect(bareIn(source), file).toEqual([])
})
