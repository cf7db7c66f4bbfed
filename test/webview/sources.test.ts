import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../webview/', import.meta.url))
const all = readdirSync(root, { recursive: true, encoding: 'utf8' })
const files = all.filter(f => f.endsWith('.ts'))

test('the style sheet knows no colour but those of the theme', () => {
  const sheets = all.filter(f => f.endsWith('.css'))
  expect(sheets).toContain(join('style', 'frame.css'))
  for (const sheet of sheets) {
    const css = readFileSync(join(root, sheet), 'utf8')
    expect(css.match(/#[0-9a-f]{3,8}\b|\b(rgb|rgba|hsl|hsla|oklch)\(/gi)).toBeNull()
  }
})

test('each library enters by one file', () => {
  const doors: Record<string, string> = {
    '@vscode/webview-ui-toolkit': 'parts/controls.ts',
    uplot: 'parts/chart.ts',
    diff: 'parts/difference.ts',
  }
  for (const [name, door] of Object.entries(doors)) {
    const importers = files.filter(f => readFileSync(join(root, f), 'utf8').includes(`from '${name}'`))
    expect(importers).toEqual([door])
  }
})
