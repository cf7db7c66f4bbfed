const quote = 0x22
const backslash = 0x5c
/** 1 for each byte that a string may hold as it is: asked of a table, one test a byte is enough. */
const ordinary = new Uint8Array(256).fill(1, 0x20)
ordinary[quote] = 0
ordinary[backslash] = 0

/** What is nested deeper is no row that a person wrote, and whoever writes it back (`JSON.stringify`) needs stack for it. */
const deepest = 1000

/**
 * Checks JSON (RFC 8259) over bytes and says where the members of one object lie, without making values. Accepts
 * exactly what `JSON.parse` accepts of the decoded text, but for values nested deeper than `deepest`. Iterative: nesting costs no stack.
 */
export class JsonScanner {
  /** Where and why the last scan failed, for a person. */
  errorAt = 0
  error = ''
  /** Of the last `members` or `elements`: keyStart, keyEnd (inside the quotes; 0 for elements), valueStart, valueEnd. */
  spans = new Uint32Array(64)
  private stack = new Uint8Array(64)
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Behind the last value that was read by `objectAt`, `arrayAt`. */
  stop = 0

  /** The members of the object at `from`: how many, or -1. Nothing but space may follow before `end`. */
  members(from: number, end: number): number {
    const count = this.objectAt(this.space(from, end), end)
    return count < 0 ? -1 : this.tail(this.stop, end, count)
  }

  /** The elements of the array at `from`, as `members`. */
  elements(from: number, end: number): number {
    const count = this.arrayAt(this.space(from, end), end)
    return count < 0 ? -1 : this.tail(this.stop, end, count)
  }

  /** As `members`, but the object may end anywhere before `end`: at `stop`. */
  objectAt(from: number, end: number): number {
    const b = this.bytes
    let count = 0
    if (from >= end || b[from] !== 0x7b) return this.fail(from, 'expected {')
    let i = this.space(from + 1, end)
    if (i < end && b[i] === 0x7d) return this.closed(i, 0)
    for (;;) {
      const keyStart = i + 1
      const colon = this.key(i, end)
      if (colon < 0) return -1
      const keyEnd = this.keyEnd // A nested object overwrites it.
      const valueStart = this.space(colon, end)
      const valueEnd = this.value(valueStart, end)
      if (valueEnd < 0) return -1
      this.record(count++, keyStart, keyEnd, valueStart, valueEnd)
      i = this.space(valueEnd, end)
      if (i >= end) return this.fail(i, 'the record ends inside the object: } is missing')
      if (b[i] === 0x7d) return this.closed(i, count)
      if (b[i] !== 0x2c) return this.fail(i, 'expected , or } after a value')
      i = this.space(i + 1, end)
    }
  }

  /** As `elements`, but the array may end anywhere before `end`: at `stop`. */
  arrayAt(from: number, end: number): number {
    const b = this.bytes
    let count = 0
    if (from >= end || b[from] !== 0x5b) return this.fail(from, 'expected [')
    let i = this.space(from + 1, end)
    if (i < end && b[i] === 0x5d) return this.closed(i, 0)
    for (;;) {
      const valueEnd = this.value(i, end)
      if (valueEnd < 0) return -1
      this.record(count++, 0, 0, i, valueEnd)
      i = this.space(valueEnd, end)
      if (i >= end) return this.fail(i, 'the record ends inside the array: ] is missing')
      if (b[i] === 0x5d) return this.closed(i, count)
      if (b[i] !== 0x2c) return this.fail(i, 'expected , or ] after a value')
      i = this.space(i + 1, end)
    }
  }

  /** 0 where [from, end) is one JSON value and space, or -1. */
  only(from: number, end: number): number {
    const stop = this.value(from, end)
    return stop < 0 ? -1 : this.tail(stop, end, 0)
  }

  /** The offset behind the value at `from` (space before it allowed), or -1. */
  value(from: number, end: number): number {
    const b = this.bytes
    let depth = 0
    let i = from
    for (;;) {
      i = this.space(i, end)
      if (i >= end) return this.fail(i, 'a value is missing')
      const c = b[i]!
      if (c === quote) i = this.string(i, end)
      else if (c === 0x7b || c === 0x5b) {
        const next = this.space(i + 1, end)
        if (next < end && b[next] === c + 2) i = next + 1
        else {
          if (depth === deepest) return this.fail(i, `values are nested more than ${deepest} deep`)
          if (depth === this.stack.length) this.growStack()
          this.stack[depth++] = c
          i = c === 0x7b ? this.key(next, end) : next
          if (i < 0) return -1
          continue
        }
      } else i = c === 0x2d || (c >= 0x30 && c <= 0x39) ? this.number(i, end) : this.literal(i, end)
      if (i < 0) return -1
      // A value is complete: close what it completes.
      for (;;) {
        if (depth === 0) return i
        i = this.space(i, end)
        const object = this.stack[depth - 1] === 0x7b
        if (i >= end) return this.fail(i, `the record ends early: ${object ? '}' : ']'} is missing`)
        if (b[i] === (object ? 0x7d : 0x5d)) {
          depth--
          i++
          continue
        }
        if (b[i] !== 0x2c) return this.fail(i, `expected , or ${object ? '}' : ']'} after a value`)
        i = object ? this.key(this.space(i + 1, end), end) : i + 1
        if (i < 0) return -1
        break
      }
    }
  }

  /** The first byte at or after `i` that is not JSON white space. */
  space(from: number, end: number): number {
    const b = this.bytes
    let i = from
    while (i < end) {
      const c = b[i]!
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break
      i++
    }
    return i
  }

  /** The offset behind the string whose opening quote is at `from`, or -1. */
  string(from: number, end: number): number {
    const b = this.bytes
    const plain = ordinary
    let i = from + 1
    while (true) {
      while (i < end && plain[b[i]!] === 1) i++
      if (i >= end) break
      const c = b[i]!
      if (c === quote) return i + 1
      if (c === backslash) {
        const e = i + 1 < end ? b[i + 1]! : 0
        if (e === 0x75) {
          for (let k = 2; k < 6; k++)
            if (i + k >= end || !hexDigit(b[i + k]!)) return this.fail(i, '\\u needs four hexadecimal digits')
          i += 6
        } else if (e === quote || e === backslash || e === 0x2f || 'bfnrt'.includes(String.fromCharCode(e || 1))) i += 2
        else if (i + 1 >= end) return this.fail(i, 'a string is not closed')
        else return this.fail(i, `no such escape: \\${e >= 0x20 && e < 0x7f ? String.fromCharCode(e) : '?'}`)
      } else {
        const name = c === 9 ? 'tab' : c === 10 || c === 13 ? 'line break' : c === 0 ? 'NUL byte' : 'control character'
        return this.fail(i, `a string holds a raw ${name}: write it as an escape`)
      }
    }
    return this.fail(from, 'a string is not closed')
  }

  private keyEnd = 0

  /** The offset behind `"key" :`, or -1. */
  private key(from: number, end: number): number {
    const b = this.bytes
    if (from >= end) return this.fail(from, 'the record ends inside an object: a key is missing')
    if (b[from] !== quote) {
      if (b[from] === 0x7d) return this.fail(from, 'a comma before }')
      return this.fail(
        from,
        b[from] === 0x27 ? 'keys stand in double quotes, not single ones' : 'expected a key in quotes',
      )
    }
    const close = this.string(from, end)
    if (close < 0) return -1
    this.keyEnd = close - 1
    const colon = this.space(close, end)
    if (colon >= end || b[colon] !== 0x3a) return this.fail(colon, 'expected : after a key')
    return colon + 1
  }

  private number(from: number, end: number): number {
    const b = this.bytes
    let i = from
    if (b[i] === 0x2d) i++
    const first = i
    while (i < end && digit(b[i]!)) i++
    if (i === first) return this.fail(from, 'a minus sign without digits')
    if (b[first] === 0x30 && i > first + 1) return this.fail(from, 'a number must not start with 0')
    if (i < end && b[i] === 0x2e) {
      const start = ++i
      while (i < end && digit(b[i]!)) i++
      if (i === start) return this.fail(from, 'a decimal point needs digits after it')
    }
    if (i < end && (b[i] === 0x65 || b[i] === 0x45)) {
      i++
      if (i < end && (b[i] === 0x2b || b[i] === 0x2d)) i++
      const start = i
      while (i < end && digit(b[i]!)) i++
      if (i === start) return this.fail(from, 'an exponent needs digits')
    }
    return i
  }

  private literal(from: number, end: number): number {
    const b = this.bytes
    const c = b[from]!
    const word = c === 0x74 ? 'true' : c === 0x66 ? 'false' : c === 0x6e ? 'null' : ''
    if (word && from + word.length <= end) {
      let same = true
      for (let k = 1; k < word.length; k++) same &&= b[from + k] === word.charCodeAt(k)
      if (same) return from + word.length
    }
    if (c === 0x5d || c === 0x7d) return this.fail(from, `a value is missing before ${String.fromCharCode(c)}`)
    if (c === 0x27) return this.fail(from, 'text stands in double quotes, not single ones')
    if (c === 0x4e || c === 0x49) return this.fail(from, 'NaN and Infinity are not JSON: write null')
    if (c === 0x54 || c === 0x46) return this.fail(from, 'true and false are lower case in JSON')
    if (c === 0xef && b[from + 1] === 0xbb && b[from + 2] === 0xbf)
      return this.fail(from, 'a byte order mark inside the file: remove it')
    return this.fail(from, 'expected a value')
  }

  private closed(bracket: number, count: number): number {
    this.stop = bracket + 1
    return count
  }

  private tail(from: number, end: number, count: number): number {
    const i = this.space(from, end)
    if (i === end) return count
    const what =
      this.bytes[i] === 0x2c
        ? 'a comma follows the record; between lines there is none'
        : 'something follows the record on the same line'
    return this.fail(i, what)
  }

  private record(index: number, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const at = index * 4
    if (at === this.spans.length) {
      const grown = new Uint32Array(at * 2)
      grown.set(this.spans)
      this.spans = grown
    }
    this.spans[at] = keyStart
    this.spans[at + 1] = keyEnd
    this.spans[at + 2] = valueStart
    this.spans[at + 3] = valueEnd
  }

  private growStack(): void {
    const grown = new Uint8Array(this.stack.length * 4)
    grown.set(this.stack)
    this.stack = grown
  }

  private fail(at: number, why: string): -1 {
    this.errorAt = at
    this.error = why
    return -1
  }
}

function digit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function hexDigit(c: number): boolean {
  return digit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)
}
