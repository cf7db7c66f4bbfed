import type { Change } from './look.ts'

/** The names of U+00A0 to U+00FF in HTML 4, in their order. */
const latin =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil ' +
  'sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute ' +
  'Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc ' +
  'atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide ' +
  'oslash ugrave uacute ucirc uuml yacute thorn yuml'
const others: { readonly [name: string]: number } = {
  ...{
    amp: 0x26,
    lt: 0x3c,
    gt: 0x3e,
    quot: 0x22,
    apos: 0x27,
    hellip: 0x2026,
    ndash: 0x2013,
    mdash: 0x2014,
    lsquo: 0x2018,
  },
  ...{
    rsquo: 0x2019,
    sbquo: 0x201a,
    ldquo: 0x201c,
    rdquo: 0x201d,
    bdquo: 0x201e,
    bull: 0x2022,
    euro: 0x20ac,
    trade: 0x2122,
  },
  ...{
    lsaquo: 0x2039,
    rsaquo: 0x203a,
    dagger: 0x2020,
    permil: 0x2030,
    OElig: 0x152,
    oelig: 0x153,
    Scaron: 0x160,
    scaron: 0x161,
  },
  ...{
    larr: 0x2190,
    uarr: 0x2191,
    rarr: 0x2192,
    darr: 0x2193,
    minus: 0x2212,
    ensp: 0x2002,
    emsp: 0x2003,
    thinsp: 0x2009,
  },
}
const codes = new Map([...latin.split(' ').map((name, i) => [name, 0xa0 + i] as const), ...Object.entries(others)])

// The last of them have lost their first sign, as in much news text: `it #39;s`.
const entity = /&(?:#(\d{2,7})|#[xX]([0-9a-fA-F]{2,6})|([A-Za-z]{2,6}\d{0,2}));|(?<![&\w])(#39;(?=\p{L})|quot;)/gu
const unicode = /(?<!\\)(?:\\u[0-9a-fA-F]{4})+/g
// Not `\nabla`, `\text` or `C:\new`, where small letters follow.
const white = /(?<!\\)(?:\\[nrt])+(?![a-z])/g

/** The parts of a text that are escapes of HTML or JSON, with what they stand for. What was escaped twice is taken back twice. */
export function escapes(text: string): Change[] {
  const changes: Change[] = []
  const add = (start: number, found: string, meant: string | undefined) => {
    if (meant !== undefined) changes.push({ start, end: start + found.length, text: meant })
  }
  if (/&|#39;|quot;/.test(text)) for (const match of matchesOf(text)) add(match.start, match.found, match.meant)
  if (text.includes('\\u'))
    for (const { 0: found, index } of text.matchAll(unicode))
      add(
        index,
        found,
        String.fromCharCode(
          ...found
            .split('\\u')
            .slice(1)
            .map(hex => Number.parseInt(hex, 16)),
        ),
      )
  // One alone may be meant; several where no line is broken are how a program prints a text.
  if (text.includes('\\n') && !text.includes('\n')) {
    const breaks = [...text.matchAll(white)]
    if (breaks.reduce((sum, match) => sum + match[0].length, 0) >= 4)
      for (const { 0: found, index } of breaks)
        add(index, found, found.replaceAll('\\n', '\n').replaceAll('\\r', '\r').replaceAll('\\t', '\t'))
  }
  return changes.sort((a, b) => a.start - b.start)
}

function* matchesOf(text: string) {
  let end = 0
  for (const match of text.matchAll(entity)) {
    // What follows the sign of one that was escaped twice is part of it; in an address a name is that of a parameter.
    if (match.index < end || /(?:\/\/|\?)\S*$/.test(text.slice(Math.max(0, match.index - 200), match.index))) continue
    let found = match[0]
    let meant = characterOf(match)
    if (meant === undefined) continue
    // `&amp;#39;`: what is left of a second escape follows.
    for (
      let rest = text.slice(match.index + found.length);
      meant === '&';
      rest = text.slice(match.index + found.length)
    ) {
      const next = /^(?:amp|#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z]{2,6}\d{0,2});/.exec(rest)
      const inner = next ? characterOf(/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));/.exec(`&${next[0]}`)!) : undefined
      if (!next || inner === undefined) break
      found += next[0]
      meant = inner
    }
    end = match.index + found.length
    yield { start: match.index, found, meant }
  }
}

/** The character of an entity; undefined for what is none. */
function characterOf(match: RegExpMatchArray): string | undefined {
  const [, decimal, hex, name, bare] = match
  const code =
    decimal !== undefined
      ? Number(decimal)
      : hex !== undefined
        ? Number.parseInt(hex, 16)
        : name !== undefined
          ? codes.get(name)
          : bare === '#39;'
            ? 0x27
            : 0x22
  if (code === undefined || code < 0x20 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
  return String.fromCodePoint(code)
}
