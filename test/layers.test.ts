import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { expect, test } from 'vitest'

/** What each part may import besides itself. This table is the architecture; the longest matching key is a file's part. */
const mayImport: Record<string, string[]> = {
  'src/core/base': ['fast-json-stable-stringify'],
  'src/core/text': ['src/core/base'],
  'src/core/data': ['src/core/base', 'src/core/text', 'jsonc-parser'],
  'src/core/sign': ['src/core/base', 'src/core/text', 'src/core/data'],
  'src/core/label': ['src/core/base', 'src/core/text', 'src/core/data', 'src/core/sign'],
  'src/core/check': ['src/core/base', 'src/core/text', 'src/core/data', 'src/core/sign', 'src/core/label'],
  'src/core/graph': ['src/core/base', '@bufbuild/protobuf'],
  'src/core/train': ['src/core/base', 'src/core/data', 'src/core/graph', 'valibot'],
  'src/core/eval': ['src/core/base', 'src/core/data', 'src/core/sign', 'src/core/label', 'src/core/train'],
  'src/core/run': ['src/core/base', 'src/core/train', 'src/core/eval', '@bufbuild/protobuf'],
  'src/core/view': ['src/core', 'valibot'],
  'src/node': [
    'src/core',
    'node:',
    'valibot',
    'jsonc-parser',
    'yaml',
    'diff',
    '@huggingface/tokenizers',
    '@huggingface/jinja',
  ],
  'src/node/languageGuess.ts': ['src/core', 'eld'],
  'src/node/compressed.ts': ['src/core', 'src/node', 'node:', 'fzstd'],
  'src/node/parquet.ts': ['src/core', 'src/node', 'node:', 'hyparquet', 'hyparquet-compressors'],
  'src/node/parquetValues.ts': ['src/core', 'src/node', 'node:', 'hyparquet', 'hyparquet-compressors'],
  'src/node/ort.ts': ['src/core', 'src/node', 'node:', 'onnxruntime-node'],
  'src/node/mcp.ts': ['src/core', 'src/node', 'node:', '@modelcontextprotocol/sdk'],
  'src/editor': ['src/core', 'src/node', 'node:', 'vscode', 'valibot'],
  'src/extension.ts': ['src/core', 'src/node', 'src/editor', 'node:', 'vscode'],
  'src/cli.ts': ['src/core', 'src/node', 'node:'],
  'src/worker.ts': ['src/core', 'src/node', 'node:'],
  'src/thread.ts': ['src/node'],
  'src/mcp.ts': ['src/node'],
  webview: ['src/core', 'uplot', 'diff'],
  'webview/parts/controls.ts': ['webview', '@vscode/webview-ui-toolkit'],
}
/** Files with exactly these importers: the native runtime stays in the child process, each wrapped package in one file. */
const onlyFrom: Record<string, string[]> = {
  'src/node/ort.ts': ['src/worker.ts'],
  // Half a megabyte of protocol that nothing else should carry.
  'src/node/mcp.ts': ['src/mcp.ts', 'src/node/commands/mcp.ts'],
}
const longest = 400

interface Import {
  readonly from: string
  readonly to: string
}

const within = (path: string, part: string) => path === part || path.startsWith(part.endsWith(':') ? part : `${part}/`)

const partOf = (file: string) =>
  Object.keys(mayImport)
    .filter(part => within(file, part))
    .sort((a, b) => b.length - a.length)[0]

function sources(): Map<string, string> {
  const files = new Map<string, string>()
  for (const root of ['src', 'webview']) {
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const file = join(root, name.replaceAll('\\', '/'))
      if (file.endsWith('.ts') && !file.endsWith('.d.ts')) files.set(file, readFileSync(file, 'utf8'))
    }
  }
  return files
}

function imports(files: Map<string, string>): Import[] {
  const found: Import[] = []
  for (const [from, text] of files) {
    const pattern =
      /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\brequire\(\s*['"]([^'"]+)['"]\s*\)/g
    for (const match of text.matchAll(pattern)) {
      const name = (match[1] ?? match[2] ?? match[3] ?? match[4]) as string
      found.push({ from, to: name.startsWith('.') ? join(dirname(from), name) : name })
    }
  }
  return found
}

/** Every breach of the table, in words. */
function breaches(files: Map<string, string>): string[] {
  const said: string[] = []
  const all = imports(files)
  for (const [file, text] of files) {
    if (!partOf(file)) said.push(`${file}: its folder is not in the table`)
    const lines = text.split('\n').length
    if (lines > longest + 1 && !file.includes('/generated/')) said.push(`${file}: ${lines} lines, at most ${longest}`)
    if (/\bexport default\b/.test(text)) said.push(`${file}: default export`)
  }
  for (const { from, to } of all) {
    const part = partOf(from)
    if (!part) continue
    const allowed = [part, ...(mayImport[part] ?? [])]
    // A file that is a part of its own belongs to its folder too.
    if (part.endsWith('.ts')) allowed.push(dirname(part))
    const package_ = to.startsWith('src/') || to.startsWith('webview/') ? undefined : to
    const ok = allowed.some(name => within(to, name)) && (package_ !== undefined || partOf(to) !== undefined)
    const narrower = partOf(to)
    const fenced = narrower?.endsWith('.ts') && onlyFrom[narrower] && !onlyFrom[narrower].includes(from)
    if (!ok) said.push(`${from} may not import ${to}`)
    else if (fenced) said.push(`${to} may be imported by ${onlyFrom[narrower as string]} only, not by ${from}`)
  }
  return [...said, ...cycles(all)]
}

function cycles(all: Import[]): string[] {
  const next = new Map<string, string[]>()
  for (const { from, to } of all) next.set(from, [...(next.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const said: string[] = []
  const visit = (file: string, path: string[]) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      said.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
      return
    }
    state.set(file, 'open')
    for (const to of next.get(file) ?? []) if (next.has(to)) visit(to, [...path, file])
    state.set(file, 'done')
  }
  for (const file of next.keys()) visit(file, [])
  return said
}

test('the sources keep to the table', () => {
  expect(breaches(sources())).toEqual([])
})

test('every import of our own names a file that exists', () => {
  const missing = imports(sources()).filter(({ to }) => /^(src|webview)\//.test(to) && !existsSync(to))
  expect(missing).toEqual([])
})

const controls: [name: string, add: Record<string, string>][] = [
  ['a value import of vscode in the core', { 'src/core/base/x.ts': `import * as vscode from 'vscode'` }],
  ['a type-only import of vscode in the core', { 'src/core/data/x.ts': `import type { Uri } from 'vscode'` }],
  ['node: in the core', { 'src/core/sign/x.ts': `import { readFileSync } from 'node:fs'` }],
  [
    'the runtime from the wrong file',
    { 'src/cli.ts': `import { a } from './node/ort.ts'`, 'src/node/ort.ts': 'export const a = 1' },
  ],
  [
    'check importing train',
    { 'src/core/check/x.ts': `import { a } from '../train/y.ts'`, 'src/core/train/y.ts': 'export const a = 1' },
  ],
  [
    'train importing run',
    { 'src/core/train/x.ts': `import { a } from '../run/y.ts'`, 'src/core/run/y.ts': 'export const a = 1' },
  ],
  [
    'a cycle of two files',
    {
      'src/core/base/x.ts': `import { b } from './y.ts'\nexport const a = 1`,
      'src/core/base/y.ts': `import { a } from './x.ts'\nexport const b = 1`,
    },
  ],
  ['a new folder', { 'src/other/x.ts': 'export const a = 1' }],
  ['a default export', { 'src/core/base/x.ts': 'export default 1' }],
  ['a long file', { 'src/core/base/x.ts': '\n'.repeat(500) }],
  ['the toolkit outside its file', { 'webview/panels/x.ts': `import { provide } from '@vscode/webview-ui-toolkit'` }],
]

test.each(controls)('the table catches %s', (_, add) => {
  expect(breaches(new Map(Object.entries(add)))).not.toEqual([])
})
