import { profileHtml } from '../../core/check/formats/profileHtml.ts'
import { profileJson } from '../../core/check/formats/profileJson.ts'
import { profileText } from '../../core/check/formats/profileText.ts'
import { ansiPaint, noPaint } from '../../core/check/formats/text.ts'
import { profile } from '../../core/check/profile.ts'
import { readForCheck, shownPath } from '../checkInput.ts'
import { drive } from '../drive.ts'
import { openSpill } from '../fileSpill.ts'
import { openThreads } from '../threads.ts'
import { megabytes, progressOn } from './check.ts'
import type { Command } from './command.ts'
import { oneOf, readOptions } from './options.ts'
import { watchOf } from './watch.ts'

export const command: Command = {
  name: 'profile',
  summary: 'the dataset card: rows, labels, lengths, languages, duplicates, leaks',
  usage: `winnow profile [<path>...] [options]

What datasets are made of: splits and files, columns with what is missing, labels with their counts and how well the texts fit
them, how long these are, in which languages, what leaks between splits and what the rules find. Without a path, the current folder.

  --format text|json|html   default text; html is one page with charts that needs nothing else
  --memory <MB>             comparing rows holds about so much (default 512), and what is more in a temporary file

winnow profile data --format html > card.html
`,
  async run(args, io) {
    const { values, positionals } = readOptions(args, {
      command: 'profile',
      most: Number.POSITIVE_INFINITY,
      options: { format: { type: 'string', default: 'text' }, memory: { type: 'string' } },
    })
    const format = oneOf(values.format, ['text', 'json', 'html'] as const, '--format')
    const budget = megabytes(values.memory)
    const input = await readForCheck(positionals, { cwd: io.cwd, watch: watchOf(io) })
    for (const warning of input.warnings) io.err(`winnow: ${warning}\n`)
    const profiles = await drive(
      profile({ ...input, threads: openThreads(), spill: openSpill, budget }),
      io.cancel,
      progressOn(io),
    )
    const path = (uri: string) => shownPath(io.cwd, uri)
    if (format === 'json') io.out(profileJson(profiles, path))
    else if (format === 'html') io.out(profileHtml(profiles, path))
    else io.out(profileText(profiles, path, io.isTTY ? ansiPaint : noPaint))
    return 0
  },
}
