import type { Severity } from '../finding.ts'
import type { Range, ReportedFinding } from '../report.ts'
import type { Rule } from '../rule.ts'
import { indented, listPieces, mapped, type StreamedReport } from './pieces.ts'

const levels: { readonly [S in Severity]: 'error' | 'warning' | 'note' } = {
  error: 'error',
  warning: 'warning',
  info: 'note',
}

/** Fixes with more edits than this are left out: code hosts refuse documents of many megabytes. */
const mostReplacements = 8

/** A report as SARIF 2.1.0 (OASIS), which code hosts show beside the lines, in pieces. `version` is the program's. */
export function* reportSarif(
  report: StreamedReport,
  path: (uri: string) => string,
  { rules, version }: { readonly rules: readonly Rule[]; readonly version: string },
): Generator<string> {
  const index = new Map(rules.map((rule, i) => [rule.meta.id, i]))
  const artifact = (uri: string) => ({ uri: path(uri).split('/').map(encodeURIComponent).join('/') })
  const location = (uri: string, range: Range) => ({
    physicalLocation: { artifactLocation: artifact(uri), region: region(range) },
  })
  const result = (finding: ReportedFinding) => ({
    ruleId: finding.rule,
    ruleIndex: index.get(finding.rule) ?? -1,
    level: levels[finding.severity],
    message: { text: finding.message },
    locations: [location(finding.uri, finding.range)],
    ...(finding.related.length > 0
      ? {
          relatedLocations: finding.related.map((related, id) => ({
            id,
            message: { text: `${related.message} (row ${related.row})` },
            ...location(related.uri, related.range),
          })),
        }
      : {}),
    ...fixesOf(finding),
    partialFingerprints: { 'winnow/v1': finding.key },
    properties: {
      ...(finding.row === undefined ? {} : { row: finding.row }),
      ...(finding.related[0]?.similarity === undefined ? {} : { similarity: finding.related[0].similarity }),
      ...(finding.part === undefined ? {} : { part: finding.part }),
      ...(finding.alike === undefined ? {} : { alike: finding.alike }),
    },
  })
  const fixesOf = (finding: ReportedFinding) => {
    const fixes = finding.fixes.filter(fix => fix.edits.length <= mostReplacements)
    if (fixes.length === 0) return {}
    return {
      fixes: fixes.map(fix => ({
        description: { text: fix.title },
        artifactChanges: [...new Set(fix.edits.map(edit => edit.uri))].map(uri => ({
          artifactLocation: artifact(uri),
          replacements: fix.edits
            .filter(edit => edit.uri === uri)
            .map(edit => ({
              deletedRegion: region(edit.range),
              ...(edit.text === '' ? {} : { insertedContent: { text: edit.text } }),
            })),
        })),
      })),
    }
  }
  const tool = {
    driver: {
      name: 'Winnow',
      semanticVersion: version,
      rules: rules.map(({ meta }) => ({
        id: meta.id,
        name: meta.id.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase()),
        shortDescription: { text: meta.title },
        fullDescription: { text: oneParagraph(meta.what) },
        help: { text: `${oneParagraph(meta.why)}\n\n${oneParagraph(meta.fix)}` },
        defaultConfiguration: { level: levels[meta.severity] },
      })),
    },
  }
  yield '{\n  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",\n  "version": "2.1.0",\n  "runs": [\n    {\n'
  yield `      "tool": ${indented(tool, 3)},\n      "columnKind": "utf16CodeUnits",\n`
  yield* listPieces(mapped(report.findings, result), { name: 'results', depth: 3 })
  yield '\n    }\n  ]\n}\n'
}

function region(range: Range) {
  return {
    startLine: range.line + 1,
    startColumn: range.column + 1,
    endLine: range.endLine + 1,
    endColumn: range.endColumn + 1,
  }
}

function oneParagraph(markdown: string): string {
  return markdown.replace(/\s*\n\s*/g, ' ').replace(/[`*]/g, '')
}
