/* `winnow mcp` as its clients see it: the protocol's own client starts the program and speaks over standard input and output. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTools } from '../../src/node/readTools.ts'
import { bundle } from '../tool/build.mjs'

const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'winnow-mcp-'))
const data = join(folder, 'data')
const programs = join(root, 'out/mcp-test/dist')
let client: Client

beforeAll(async () => {
  cpSync(join(root, 'media/sample'), data, { recursive: true })
  writeFileSync(join(folder, 'secret.csv'), 'text,label\nnot for you,a\n')
  symlinkSync(join(folder, 'secret.csv'), join(data, 'link.csv'))
  await bundle({ out: programs, release: true, only: ['cli', 'mcp', 'thread'] })
  cpSync(join(root, 'media/rules'), join(programs, '../media/rules'), { recursive: true })
  cpSync(join(root, 'package.json'), join(programs, '../package.json'))
  client = new Client({ name: 'test', version: '1.0.0' })
  const args = [join(programs, 'cli.cjs'), 'mcp', '--cwd', data]
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
}, 60_000)
afterAll(async () => {
  await client?.close()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (name: string, input: Record<string, unknown> = {}) => {
  const { content, isError } = (await client.callTool({ name, arguments: input })) as {
    content: readonly { readonly text: string }[]
    isError?: boolean
  }
  return { text: content.map(part => part.text).join(''), isError: isError === true }
}

test('lists four tools that only read', async () => {
  const { tools } = await client.listTools()
  expect(tools.map(tool => tool.name)).toEqual(readTools.map(tool => tool.name))
  for (const { annotations, description } of tools) {
    expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false })
    expect(description).toContain('Reads only')
  }
  expect(client.getServerVersion()).toMatchObject({ name: 'winnow' })
})

test('profiles, finds, and explains the same rows as the command line does', async () => {
  expect((await ask('winnow_profile')).text).toMatch(/train/)
  const { text } = await ask('winnow_findings', { rule: 'leak', limit: 3 })
  const first = text.split('\n')[1] as string
  const [, file, row] = /^(\S+) row (\d+) \(line \d+\) \w+ leak: /.exec(first) as unknown as [string, string, string]
  expect(text).toMatch(/^\d+ findings: leak \d+\n/)
  const explained = await ask('winnow_explain_finding', { rule: 'leak', path: file, row: Number(row) })
  expect(explained.text).toContain(first)
  expect(explained.text).toContain(readFileSync(join(root, 'media/rules/leak.md'), 'utf8'))
})

test('what the question is to blame for is an answer that says so', async () => {
  expect(await ask('winnow_findings', { rule: 'leek' })).toMatchObject({
    isError: true,
    text: expect.stringMatching(/Did you mean "leak"/),
  })
  expect(await ask('winnow_findings', { limit: 0 })).toMatchObject({ isError: true })
  expect(await ask('winnow_findings', { format: 'json' })).toMatchObject({ isError: true })
  expect((await ask('winnow_compare_runs', { a: 'last' })).isError).toBe(true)
  expect(await ask('winnow_write', {})).toMatchObject({ isError: true })
})

test.each(['../secret.csv', join(folder, 'secret.csv'), 'link.csv'])('%s is outside and is not read', async path => {
  const answer = await ask('winnow_profile', { path })
  expect(answer.isError).toBe(true)
  expect(answer.text).toMatch(/outside of the workspace/)
  expect(answer.text).not.toContain('not for you')
})

test('a run is an id and no path', async () => {
  const answer = await ask('winnow_compare_runs', { a: '../../etc/passwd' })
  expect(answer).toMatchObject({ isError: true, text: expect.stringMatching(/is no run/) })
})

test('the protocol is no burden to the command line or the package', () => {
  expect(readFileSync(join(programs, 'cli.cjs'), 'utf8')).not.toContain('modelcontextprotocol')
  expect(statSync(join(programs, 'mcp.cjs')).size).toBeLessThan(1_000_000)
})
