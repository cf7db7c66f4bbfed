import type { CommandIo } from './command.ts'

/** Says how far a download is: a line that is written over for a person, each tenth of a large file for a log. */
export function fetchingLines(
  io: Pick<CommandIo, 'err' | 'watched'>,
): (file: string, done: number, total: number) => void {
  let shown = ''
  let told = 0
  return (file, done, total) => {
    const text = `${file} ${total === 0 ? 100 : Math.floor((100 * done) / total)} % of ${size(total)}`
    if (text === shown) return
    shown = text
    const tenth = total > 10_000_000 ? Math.floor((10 * done) / total) : 0
    if (io.watched) io.err(`\r${text.padEnd(60)}${done === total ? '\n' : ''}`)
    else if (done === total || tenth > told) io.err(`${text}\n`)
    told = done === total ? 0 : tenth
  }
}

/** `7.6 MB`, decimal. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
