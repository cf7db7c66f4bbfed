import type { Rule } from './rule.ts'

/** The page of a rule, in Markdown: what a person reads who asks what a finding means. */
export function rulePage({ meta }: Rule): string {
  const options = Object.entries(meta.options)
  const settings = [
    meta.optIn
      ? `The rule is off unless \`winnow.json\` (or \`--rule\`) asks for it:`
      : `The severity is \`${meta.severity}\` unless \`winnow.json\` says otherwise:`,
    '',
    '```json',
    `{ "rules": { "${meta.id}": "${meta.optIn ? meta.severity : 'off'}" } }`,
    '```',
    ...(options.length === 0
      ? []
      : [
          '',
          '```json',
          `{ "rules": { "${meta.id}": ${setting(meta.severity, options)} } }`,
          '```',
          '',
          '| option | default | meaning |',
          '|---|---|---|',
          ...options.map(
            ([name, option]) =>
              `| \`${name}\` | ${option.default === '' ? 'none' : `\`${option.default}\``} | ${option.what} |`,
          ),
        ]),
  ]
  return `# ${meta.title} (\`${meta.id}\`)

${paragraphs(meta.what)}

## Why it matters

${paragraphs(meta.why)}

## Example

${meta.example}

## What to do

${paragraphs(meta.fix)}

A finding that is right as it is can be ignored: the editor's quick fix, or a line with its \`key\` and a reason in
\`winnow-ignore.jsonl\`. The key depends on the content of the row only, so rows may move.

## Settings

${settings.join('\n')}
`
}

function setting(severity: string, options: [string, { readonly default: number | string }][]): string {
  const values = options.map(([name, option]) => `"${name}": ${JSON.stringify(option.default)}`)
  return `{ "severity": "${severity}", ${values.join(', ')} }`
}

/** Lines joined to paragraphs: where the source breaks them has no meaning. */
function paragraphs(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map(paragraph => paragraph.replace(/\s*\n\s*/g, ' '))
    .join('\n\n')
}
