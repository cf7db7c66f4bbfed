// One support ticket from the bank of phrases: an order of clauses, then the way the writer types.
import { join } from 'node:path'

/** Reads `*.txt`: `# section` lines, one phrase a line; common.txt holds what every label shares. */
export function readBank(folder, list, read) {
  const sections = name => {
    const found = {}
    let current
    for (const line of read(join(folder, name), 'utf8').split('\n')) {
      if (line.startsWith('# ')) found[line.slice(2)] = current = []
      else if (line.trim()) current.push(line)
    }
    return found
  }
  const common = sections('common.txt')
  const slots = {}
  for (const name of Object.keys(common)) if (name.startsWith('slot ')) slots[name.slice(5)] = common[name]
  const labels = {}
  for (const name of list(folder).sort()) {
    if (name.endsWith('.txt') && name !== 'common.txt') labels[name.slice(0, -4)] = sections(name)
  }
  return { slots, labels, openers: common.opener, closers: common.closer, asides: common.aside }
}

/** `{a|b}` is a choice, `{item}` a slot; inner braces first. */
function fill(bank, phrase, random) {
  let text = phrase
  while (text.includes('{')) {
    text = text.replace(/\{([^{}]*)\}/, (_, body) => {
      if (body.includes('|')) return random.pick(body.split('|'))
      if (body === 'order') return `${random.pick(['W', 'W-', '#', 'no. '])}${1000 + random.int(9000)}`
      if (!bank.slots[body]) throw new Error(`no slot ${body} in "${phrase}"`)
      return random.pick(bank.slots[body])
    })
  }
  return text.replace(/\b([Aa]) (?=[aeio])/g, '$1n ')
}

const asks =
  /^(how|can|could|is|are|do|does|where|which|will|why|has|have you|would the|does|should|any|what|when (will|is|does))\b(?! about)/i

function sentence(text) {
  const end = /[.?!]$/.test(text)
    ? ''
    : asks.test(text) || /, (can|is|will|how|when|where|what|do we|should)\b[^,]*$/.test(text)
      ? '?'
      : '.'
  return text[0].toUpperCase() + text.slice(1) + end
}

const shapes = [
  ['s', 9], ['s ask', 14], ['open s', 8], ['open s ask', 13], ['open s ask close', 12], ['open s detail ask', 9], ['s detail', 8],
  ['s detail ask', 8], ['ask s', 5], ['detail s ask', 4], ['open s detail ask close', 6], ['aside s ask', 4], ['s aside close', 4],
  ['open aside s', 4], ['s close', 5], ['s aside', 4], ['open s close', 4],
] // biome-ignore format: one table
const shapeList = shapes.flatMap(([shape, weight]) => Array(weight).fill(shape))

/** Writes a ticket of the label about this situation. */
export function writeTicket(bank, label, situation, random) {
  const own = bank.labels[label]
  const source = {
    s: [situation],
    ask: own.ask,
    detail: own.detail,
    open: bank.openers,
    close: bank.closers,
    aside: bank.asides,
  }
  const parts = random
    .pick(shapeList)
    .split(' ')
    .map(kind => [kind, fill(bank, random.pick(source[kind]), random)])
  let text = ''
  for (const [kind, part] of parts) {
    if (kind === 'open') {
      text = part
      continue
    }
    const runsOn = text !== '' && !/[.?!]$/.test(text)
    const said = kind === 'close' ? part : sentence(part)
    const lower = runsOn && !/^(I|I'.*)\b/.test(said)
    const letter = kind === 'close' && /regards|wishes/.test(part) && random.chance(0.6)
    const greeting = /^(Hello|Good|Dear|To whom|Hi)[^.]*,$/.test(text) && random.chance(0.25)
    const gap = text === '' ? '' : letter ? '\n\n' : greeting ? '\n' : ' '
    text += gap + (lower && gap === ' ' ? said[0].toLowerCase() + said.slice(1) : said)
  }
  return type(text, random)
}

const short = [
  ['I am', "I'm"], ['cannot', "can't"], ['do not', "don't"], ['does not', "doesn't"], ['is not', "isn't"], ['I have', "I've"],
  ['it is', "it's"], ['It is', "It's"], ['have not', "haven't"], ['I would', "I'd"], ['did not', "didn't"], ['was not', "wasn't"],
  ['There is', "There's"], ['there is', "there's"], ['will not', "won't"], ['We are', "We're"], ['has not', "hasn't"],
] // biome-ignore format: one table
const slips = [
  ['received', 'recieved'], ['address', 'adress'], ['please', 'pls'], ['Please', 'Plz'], ['subscription', 'subscripton'],
  ['account', 'acount'], ['parcel', 'parcell'], ['until', 'untill'], ['tomorrow', 'tommorow'], ['colour', 'color'],
  ['which', 'wich'], ['because', 'cause'], ['with', 'w/'], ['and', '&'], ['password', 'pasword'], ['invoice', 'invoce'],
  ['delivered', 'deliverd'], ['calendar', 'calender'], ['replacement', 'replacment'], ['cancel', 'cancle'], ['refund', 'refud'],
  ['message', 'msg'], ['you', 'u'], ['the', 'teh'], ['your', 'ur'], ['before', 'b4'], ['tracking', 'traking'], ['again', 'agian'],
] // biome-ignore format: one table

/** How it is typed: contractions, lower case, slips of the keyboard, impatience. */
function type(text, random) {
  let typed = text
  if (random.chance(0.5))
    for (const [long, brief] of short) if (random.chance(0.8)) typed = typed.replaceAll(long, brief)
  if (random.chance(0.17)) {
    for (const [right, slip] of random.shuffle([...slips]).slice(0, 9)) {
      typed = typed.replace(new RegExp(`\\b${right}\\b`), slip)
    }
  }
  if (random.chance(0.08)) typed = swapLetters(typed, random)
  if (random.chance(0.16)) {
    typed = typed.toLowerCase().replace(/[.,]$/, '')
    if (random.chance(0.4)) typed = typed.replace(/'/g, '')
    if (random.chance(0.3)) typed = typed.replace(/\. /g, ', ')
  } else if (random.chance(0.05)) typed = typed.replace(/\.(?=$| )/, '!!')
  else if (random.chance(0.04)) typed = typed.replace(/\. /, ' ... ')
  return typed
}

function swapLetters(text, random) {
  const words = text.split(' ')
  const long = words.map((word, i) => (/^[a-z]{6,}$/.test(word) ? i : -1)).filter(i => i >= 0)
  if (long.length === 0) return text
  const i = random.pick(long)
  const at = 1 + random.int(words[i].length - 3)
  words[i] = words[i].slice(0, at) + words[i][at + 1] + words[i][at] + words[i].slice(at + 2)
  return words.join(' ')
}
