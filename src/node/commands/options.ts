import { type ParseArgsConfig, parseArgs } from 'node:util'
import { Failure } from '../../core/base/failure.ts'
import { nearestWord } from '../../core/base/nearest.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Reads the arguments of a command. What it does not know, lacks or has too many of is one `Failure` (`usage`) that
 * points at the help.
 */
export function readOptions<T extends Options>(
  args: readonly string[],
  {
    command,
    options,
    least = 0,
    most = least,
  }: {
    readonly command: string
    readonly options: T
    /** Fewest and most arguments that are no options. */
    readonly least?: number
    readonly most?: number
  },
): {
  readonly values: ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>['values']
  readonly positionals: string[]
} {
  const hint = `winnow ${command} --help tells how it is used`
  let parsed: ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // Node's text goes on about what to do with arguments that start with a dash; the first sentence is enough.
    const said = (error as Error).message.split(/\.\s|\n/)[0] as string
    const option = /^Unknown option '(-[^']*)'/.exec(said)?.[1]
    const near = option && nearestWord(option, [...Object.keys(options).map(name => `--${name}`), '--help'])
    if (near)
      throw new Failure('usage', `${command} has no option "${option}"`, `Did you mean "${near}"?`, { cause: error })
    throw new Failure('usage', `${command}: ${said.replace(/\.$/, '')}`, hint, { cause: error })
  }
  const { positionals } = parsed
  if (positionals.length < least) throw new Failure('usage', `${command}: an argument is missing`, hint)
  if (positionals.length > most)
    throw new Failure('usage', `${command}: unexpected argument "${positionals[most]}"`, hint)
  return { values: parsed.values, positionals }
}

/** One of a few words. */
export function oneOf<T extends string>(value: string | undefined, words: readonly T[], option: string): T {
  const found = words.find(word => word === value)
  if (found === undefined) {
    const near = value === undefined ? undefined : nearestWord(value, words)
    const list = words.length < 3 ? words.join(' or ') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
    const what = value === undefined ? `${option} is missing` : `${option} must be ${list}, not "${value}"`
    throw new Failure('usage', what, near ? `Did you mean "${near}"?` : value === undefined ? `Name it: ${list}` : '')
  }
  return found
}

/** A whole number that is not negative. */
export function wholeNumber(value: string, option: string): number {
  if (!/^\d+$/.test(value)) throw new Failure('usage', `${option} must be a whole number, not "${value}"`)
  return Number(value)
}
