import { mostDistinct, type Profile } from '../profile.ts'

/** Dataset cards as one JSON document for scripts. This shape is stable; `version` would change with it. */
export function profileJson(profiles: readonly Profile[], path: (uri: string) => string): string {
  const document = {
    version: 1,
    datasets: profiles.map(profile => ({
      name: profile.name,
      schema: profile.schema,
      roles: profile.roles,
      rows: profile.splits.reduce((sum, split) => sum + split.rows, 0),
      splits: profile.splits.map(({ files, ...split }) => ({
        ...split,
        files: files.map(({ uri, rows, bytes }) => ({ path: path(uri), rows, bytes })),
      })),
      columns: profile.columns.map(column => ({ ...column, distinctIsLeast: column.distinct >= mostDistinct })),
      labels:
        profile.labels?.map(({ label, rows, splits }) => ({
          label,
          rows,
          splits: Object.fromEntries(splits.map((n, i) => [profile.splits[i]!.name, n])),
        })) ?? null,
      unlabelled: profile.unlabelled,
      labelHealth: profile.labelHealth ?? null,
      characters: profile.characters,
      words: profile.words,
      languages: profile.languages.map(({ language, rows }) => ({ language: language || null, rows })),
      leaks: profile.leaks,
    })),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
