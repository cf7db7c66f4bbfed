/** Scripts that texts are told apart by. `none` is everything that is no letter. */
export const scripts = [
  'none',
  'Latin',
  'Cyrillic',
  'Greek',
  'Han',
  'Kana',
  'Hangul',
  'Arabic',
  'Hebrew',
  'Thai',
  'Devanagari',
  'Indic',
  'Georgian',
  'Armenian',
  'Ethiopic',
  'other',
] as const
export type Script = (typeof scripts)[number]

/** What a UTF-16 unit may be besides a letter of some script. A text's flags are those of all its units. */
export const has = {
  /** A control character that is no tab or line break, or an invisible one that has no place in prose. */
  control: 0x10,
  surrogate: 0x20,
  /** U+FFFD */
  replacement: 0x40,
  /** May begin what UTF-8 read as Windows-1252 looks like: U+00C2 to U+00F4. */
  lead: 0x80,
  /** May continue it: U+0080 to U+00BF, or what Windows-1252 has at 0x80 to 0x9F. */
  trail: 0x100,
  at: 0x200,
  digit: 0x400,
  space: 0x800,
  colon: 0x1000,
  /** Set by whoever reads the text: white space at an end, or two in a row. */
  loose: 0x2000,
  /** May begin what UTF-8 read as another charset looks like. */
  wide: 0x4000,
} as const

/** The characters that Windows-1252 has at 0x80 to 0x9F; the five undefined bytes stay C1 controls, as WHATWG has them. */
export const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

const ranges: readonly (readonly [Script, ...(readonly [number, number])[]])[] = [
  ['Latin', [0x41, 0x5a], [0x61, 0x7a], [0xc0, 0xd6], [0xd8, 0xf6], [0xf8, 0x24f], [0x250, 0x2af], [0x1e00, 0x1eff]],
  ['Cyrillic', [0x400, 0x52f], [0x1c80, 0x1c8f], [0x2de0, 0x2dff]],
  ['Greek', [0x370, 0x3ff], [0x1f00, 0x1fff]],
  ['Han', [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xf900, 0xfaff]],
  ['Kana', [0x3041, 0x30ff], [0x31f0, 0x31ff], [0xff66, 0xff9f]],
  ['Hangul', [0xac00, 0xd7a3], [0x1100, 0x11ff], [0x3130, 0x318f]],
  ['Arabic', [0x620, 0x65f], [0x66e, 0x6d3], [0x6fa, 0x6ff], [0x750, 0x77f], [0xfb50, 0xfdfb], [0xfe70, 0xfefc]],
  ['Hebrew', [0x591, 0x5f4]],
  ['Thai', [0xe01, 0xe3a], [0xe40, 0xe4e]],
  ['Devanagari', [0x900, 0x963], [0x970, 0x97f]],
  ['Indic', [0x980, 0xdff]],
  ['Georgian', [0x10a0, 0x10ff], [0x1c90, 0x1cbf]],
  ['Armenian', [0x531, 0x587]],
  ['Ethiopic', [0x1200, 0x139f]],
  ['other', [0x700, 0x74f], [0x780, 0x8ff], [0xe80, 0xfff], [0x1000, 0x109f], [0x1780, 0x17d3], [0x13a0, 0x13ff]],
]

/**
 * Zero-width, direction and interlinear controls, and the soft hyphen. Joiners and direction marks stay: Persian, Hindi and emoji need
 * them.
 */
const invisible = [
  ...[0xad, 0x180e, 0x200b, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064],
  ...[0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xfff9, 0xfffa, 0xfffb, 0xfffe, 0xffff],
]

/** By UTF-16 unit: the number of its script in the low four bits, and its flags. */
export const classes: Uint16Array = (() => {
  const table = new Uint16Array(0x10000)
  for (const [script, ...list] of ranges)
    for (const [from, to] of list) table.fill(scripts.indexOf(script), from, to + 1)
  const add = (code: number, flag: number) => {
    table[code] = table[code]! | flag
  }
  for (let c = 0; c < 0xa0; c++) if ((c < 0x20 && c !== 9 && c !== 10 && c !== 13) || c >= 0x7f) add(c, has.control)
  for (const c of invisible) add(c, has.control)
  for (let c = 0xd800; c < 0xe000; c++) add(c, has.surrogate)
  add(0xfffd, has.replacement)
  for (let c = 0xc2; c <= 0xf4; c++) add(c, has.lead)
  for (let c = 0x80; c <= 0xbf; c++) add(c, has.trail)
  for (const c of windows1252) if (c.charCodeAt(0) > 0xbf) add(c.charCodeAt(0), has.trail)
  for (const c of 'РСвΞΟβĂĹ√‚') add(c.charCodeAt(0), has.wide)
  add(0x40, has.at)
  add(0x3a, has.colon)
  for (let c = 0x30; c <= 0x39; c++) add(c, has.digit)
  for (const c of [9, 10, 11, 12, 13, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000])
    add(c, has.space)
  for (let c = 0x2000; c <= 0x200a; c++) add(c, has.space)
  return table
})()
