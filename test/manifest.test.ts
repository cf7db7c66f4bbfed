import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readTools } from '../src/node/readTools.ts'

interface Manifest {
  readonly version: string
  readonly icon: string
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly activationEvents: readonly string[]
  readonly engines: { readonly vscode: string }
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] }
  }
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[]
    readonly views: Record<string, readonly { readonly id: string }[]>
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when?: string }[]
    readonly viewsContainers: { readonly activitybar: readonly { readonly icon: string }[] }
    readonly menus: Record<string, readonly { readonly command: string; readonly when?: string }[]>
    readonly keybindings: readonly { readonly command: string }[]
    readonly configuration: readonly { readonly properties: Record<string, Setting> }[]
    readonly languageModelTools: readonly { readonly name: string; readonly modelDescription: string }[]
    readonly jsonValidation: readonly { readonly url: string }[]
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly markdown: string } }[] }[]
  }
}
interface Setting {
  readonly default: unknown
  readonly scope: string
  readonly order: number
  readonly markdownDescription: string
}

const text = readFileSync('package.json', 'utf8')
const manifest = JSON.parse(text) as Manifest
const words = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>
const { contributes } = manifest
const editor = Object.fromEntries(
  readdirSync('src/editor')
    .filter(name => name.endsWith('.ts'))
    .map(name => [name, readFileSync(`src/editor/${name}`, 'utf8')]),
)
const source = Object.values(editor).join('\n')
const sorted = (list: Iterable<string>) => [...new Set(list)].sort()
const matches = (from: string, pattern: RegExp) => sorted([...from.matchAll(pattern)].map(match => match[1] as string))

test('the commands of the manifest are those of the code', () => {
  const map = (editor['commands.ts'] as string).match(
    /export const commands: .*? = \{\n([\s\S]*?)\n\}\n/,
  )?.[1] as string
  const inCode = matches(map, /^ {2}(\w+):/gm).map(id => `winnow.${id}`)
  expect(inCode.length).toBeGreaterThan(15)
  expect(contributes.commands.map(command => command.command).sort()).toEqual(inCode)
})

test('every command that is named anywhere exists', () => {
  const known = new Set(contributes.commands.map(command => command.command))
  const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(item => item.command)
  const linked = Object.values(words).flatMap(word => matches(word, /command:(winnow\.\w+)/g))
  const run = matches(source, /(?:executeCommand\(|command: )'(winnow\.\w+)'/g)
  for (const command of [...named, ...linked, ...run])
    expect(known.has(command) || command.endsWith('.focus'), command).toBe(true)
})

test('commands that need an argument are not in the palette', () => {
  const hidden = contributes.menus['commandPalette']?.filter(item => item.when === 'false').map(item => item.command)
  for (const id of ['quickFix', 'ignoreFinding', 'moreFindings', 'openRecipe', 'revealRun', 'copyRunPath'])
    expect(hidden).toContain(`winnow.${id}`)
})

test('the views of the manifest are those of the code', () => {
  const declared = Object.values(contributes.views)
    .flat()
    .map(view => view.id)
  expect(matches(source, /createTreeView<\w+>\('([\w.]+)'/g)).toEqual(sorted(declared))
  for (const { view } of contributes.viewsWelcome) expect(declared).toContain(view)
})

test('the settings of the manifest are those of the code, with their defaults', async () => {
  const properties = Object.assign({}, ...contributes.configuration.map(group => group.properties)) as Record<
    string,
    Setting
  >
  const block = (editor['settings.ts'] as string).match(
    /export const defaults: Settings = (\{[\s\S]*?\n\})/,
  )?.[1] as string
  const defaults = new Function(`return ${block}`)() as Record<string, unknown>
  const declared = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key.replace('winnow.', ''), value.default]),
  )
  expect(declared).toEqual(defaults)
  for (const [key, value] of Object.entries(properties)) {
    expect(value.markdownDescription, key).toMatch(/^%.+%$/)
    expect(value.scope, key).toBeTruthy()
    expect(value.order, key).toBeGreaterThan(0)
  }
  for (const key of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations)
    expect(properties[key], key).toBeDefined()
})

test('every text of the manifest is written down once, and none is left over', () => {
  const used = matches(text, /"%([^%"]+)%"/g)
  expect(used).toEqual(sorted(Object.keys(words)))
})

test('context keys of when clauses are set by the code', () => {
  const asked = matches(
    text,
    /(?<![\w./])winnow\.(checked|failed|datasets|findings|canTune|whole|runs|running|filtered)(?= [>=!]|[ "&)]|$)/g,
  )
  expect(asked.length).toBeGreaterThan(4)
  for (const key of asked) expect(source, key).toMatch(new RegExp(`set\\('${key}'|'winnow\\.${key}'`))
})

test('files that the manifest names exist', () => {
  const files = [
    manifest.icon,
    ...contributes.viewsContainers.activitybar.map(container => container.icon),
    ...contributes.jsonValidation.map(validation => validation.url),
    ...contributes.walkthroughs.flatMap(walk => walk.steps.map(step => step.media.markdown)),
  ]
  for (const file of files) expect(existsSync(file), file).toBe(true)
})

test('the icon is a PNG of 128 pixels', () => {
  const bytes = readFileSync(manifest.icon)
  expect(bytes.subarray(1, 4).toString()).toBe('PNG')
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([128, 128])
})

test('versions are exact, and the types are those of the oldest editor', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
  expect(`^${manifest.devDependencies['@types/vscode']}`).toBe(manifest.engines.vscode)
})

test('each panel that is restored wakes the extension', () => {
  const types = matches(editor['panelPage.ts'] as string, /export type PanelName = (.*)/g)
  const names = matches(types.join(), /'(\w+)'/g)
  for (const name of names) expect(manifest.activationEvents).toContain(`onWebviewPanel:winnow.${name}`)
})

test('the tools for language models are those that winnow mcp serves (UPDATE=1 writes them)', () => {
  const tools = readTools.map(({ name, description, inputSchema }) => ({
    name,
    displayName: `%tool.${name.replace('winnow_', '')}%`,
    userDescription: `%tool.${name.replace('winnow_', '')}.description%`,
    modelDescription: description,
    toolReferenceName: name.replace('winnow_', 'winnow-').replaceAll('_', '-'),
    canBeReferencedInPrompt: true,
    icon: '$(database)',
    tags: ['dataset', 'fine-tuning'],
    inputSchema,
  }))
  if (process.env['UPDATE']) {
    const whole = JSON.parse(readFileSync('package.json', 'utf8')) as { contributes: object }
    Object.assign(whole.contributes, { languageModelTools: tools })
    writeFileSync('package.json', `${JSON.stringify(whole, undefined, 2)}\n`)
  } else expect(contributes.languageModelTools).toEqual(tools)
})
