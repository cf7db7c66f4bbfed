import type { Span } from '../text/span.ts'

/** Rows to sign. A row without text (broken, missing) answers undefined. */
export interface Texts {
  readonly rowCount: number
  text(row: number): string | undefined
  /**
   * The bytes of a row's text where it stands as it is, for reading it without making a string of it; undefined where it
   * does not. They may hold backslashes only where these begin escapes or `text` says the same.
   */
  readonly plain?: { readonly bytes: Uint8Array; span(row: number): Span | undefined }
}
