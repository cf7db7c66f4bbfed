/**
 * A broken environment or an input that cannot be used: what, where and what to do, in words for a person.
 * Problems inside the user's data are values (`Issue`, `Finding`), never a `Failure`; anything else that is
 * thrown is a bug and keeps its stack.
 */
export class Failure extends Error {
  readonly code: string
  readonly hint: string

  /** `code` is kebab-case and stable; `message` says what and where; `hint` says what to do. */
  constructor(code: string, message: string, hint = '', options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Failure'
    this.code = code
    this.hint = hint
  }
}

/** The one line a person sees: `message. hint`. */
export function failureLine(error: unknown): string {
  if (error instanceof Failure) return error.hint ? `${error.message}. ${error.hint}` : error.message
  return error instanceof Error ? error.message : String(error)
}

/** Closes a `switch` over a union: a forgotten case becomes a type error here. */
export function never(value: never): never {
  // What it says of its kind is enough: it may hold megabytes.
  const { kind } = Object(value) as { readonly kind?: unknown }
  throw new Error(
    `unexpected value: ${kind === undefined ? JSON.stringify(value)?.slice(0, 200) : `kind ${String(kind)}`}`,
  )
}
