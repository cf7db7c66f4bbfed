// Writes media/sample-chat (train.jsonl, validation.jsonl, test.jsonl): conversations with the desk of an invented shop, some of which
// look something up by a tool. Same seed: same bytes. Usage: node test/tool/makeChatSample.mjs [output folder]
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generator, jaccard, shingles } from './sample/tools.mjs'

const rows = { train: 420, validation: 60, test: 100 }
/** No two questions of different splits may be closer than this. */
const closest = 0.75
const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2] ?? join(here, '..', '..', 'media', 'sample-chat')
const random = generator('desk 7')

const things = [
  'lamp', 'desk', 'chair', 'shelf', 'notebook', 'pen', 'clock', 'mat', 'tray', 'stand', 'box', 'frame', 'hook', 'basket', 'stool',
  'folder', 'ruler', 'cable',
] // biome-ignore format: one list
const colours = ['red', 'blue', 'green', 'white', 'black', 'grey', 'oak', 'yellow']
const cities = ['Arnby', 'Velmar', 'Tosk', 'Lindow', 'Quell', 'Marrow Bay', 'Penrith Cross', 'Holm']
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const many = { shelf: 'shelves', box: 'boxes' }
const several = item => many[item] ?? `${item}s`
const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

const one = (name, about) => ({
  type: 'function',
  function: {
    name,
    parameters: { type: 'object', properties: Object.fromEntries(about.map(key => [key, { type: 'string' }])) },
  },
})
const tools = { stock: one('stock', ['item', 'colour']), order: one('order', ['number']) }

const ask = (...list) => random.pick(list)
const user = content => ({ role: 'user', content })
const say = content => ({ role: 'assistant', content })
const call = (id, name, given) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(given) } }],
})
const told = (id, name, content) => ({ role: 'tool', tool_call_id: id, name, content: JSON.stringify(content) })

/** What people ask, and what the desk does. */
const kinds = {
  stock() {
    const [item, colour, left] = [random.pick(things), random.pick(colours), random.int(10)]
    const id = `s${random.int(900) + 100}`
    const question = ask(
      `Do you have a ${colour} ${item}?`,
      `Is the ${item} in ${colour} still to be had?`,
      `How many ${colour} ${several(item)} are left?`,
      `I am looking for a ${item}, ${colour} if you can.`,
      `Could I get the ${colour} ${item} this week?`,
    )
    const found = `${numbers[left]} ${colour} ${left === 1 ? item : several(item)}`
    const answer =
      left === 0
        ? `I am sorry, there is no ${colour} ${item} left. Shall I write to you when it is back?`
        : `Yes, we have ${found} left. Shall I put one aside?`
    return {
      messages: [user(question), call(id, 'stock', { item, colour }), told(id, 'stock', { left }), say(answer)],
      tools: [tools.stock],
    }
  },
  order() {
    const number = String(4000 + random.int(5000))
    const [city, day] = [random.pick(cities), random.pick(days)]
    const id = `o${random.int(900) + 100}`
    const state = ask('packed', 'on its way', 'waiting')
    const question = ask(
      `Where is my order ${number}?`,
      `What about order ${number}, has it left yet?`,
      `Order ${number} should be here by now.`,
      `Can you look up ${number} for me?`,
    )
    const answer = {
      packed: `Order ${number} is packed and leaves ${city} on ${day}.`,
      'on its way': `Order ${number} left ${city} and should be with you on ${day}.`,
      waiting: `Order ${number} waits for a part in ${city}. We expect it on ${day}.`,
    }[state]
    return {
      messages: [user(question), call(id, 'order', { number }), told(id, 'order', { state, city, day }), say(answer)],
      tools: [tools.order],
    }
  },
  hours() {
    const [city, day] = [random.pick(cities), random.pick(days)]
    const open = day === 'Saturday' ? 'from ten to two' : 'from nine to six'
    const question = ask(
      `When is the shop in ${city} open on ${day}?`,
      `Until when can I come to ${city} on a ${day}?`,
      `Are you there on ${day}, in ${city}?`,
    )
    return { messages: [user(question), say(`Our shop in ${city} is open ${open} on ${day}.`)] }
  },
  care() {
    const item = random.pick(things)
    const question = ask(
      `How do I clean my ${item}?`,
      `There is a stain on the ${item}.`,
      `What is best for cleaning a ${item}?`,
    )
    return {
      messages: [user(question), say(`Wipe the ${item} with a damp cloth and let it dry. Please use no spirit.`)],
    }
  },
  back() {
    const [item, day] = [random.pick(things), random.pick(days)]
    const question = ask(
      `I do not like the ${item}. Can I send it back?`,
      `Can I return a ${item} that I bought on ${day}?`,
      `The ${item} does not fit, what now?`,
    )
    const first = [user(question), say(`Yes, within thirty days. Is the ${item} unused?`)]
    if (random.chance(0.5)) return { messages: first }
    const unused = random.chance(0.5)
    const end = unused
      ? `Then put the ${item} into its box, and we fetch it on ${day}.`
      : `Then please send us a picture of the ${item}, and we look for a way.`
    return { messages: [...first, user(unused ? 'Yes, it is.' : 'No, I have used it.'), say(end)] }
  },
}
const shares = { stock: 0.34, order: 0.24, hours: 0.16, care: 0.1, back: 0.16 }

const seen = []
function fresh(kind) {
  for (let tries = 0; tries < 400; tries++) {
    const row = kinds[kind]()
    const set = shingles(row.messages.map(m => m.content ?? m.tool_calls[0].function.arguments).join(' '))
    if (seen.some(other => jaccard(set, other) >= closest)) continue
    seen.push(set)
    return row
  }
  // All that can be said of a kind is said: another kind takes its place.
  return fresh('order')
}

const splits = {}
for (const split of ['test', 'validation', 'train']) {
  const list = Object.entries(shares).flatMap(([kind, share]) =>
    Array.from({ length: Math.round(rows[split] * share) }, () => fresh(kind)),
  )
  random.shuffle(list)
  splits[split] = list
}

// What such files have: rows that repeat, test rows that were learnt, answers that are missing or empty.
const { train, test } = splits
const plain = train.flatMap((row, i) => (row.tools ? [] : [i]))
for (let n = 0; n < 4; n++) train.splice(30 + 60 * n, 0, structuredClone(train[7 + 11 * n]))
for (const n of [0, 1, 2]) test.splice(10 + 20 * n, 1, structuredClone(train[100 + n]))
train[plain[3]].messages.pop()
train[plain[9]].messages.at(-1).content = ''

mkdirSync(out, { recursive: true })
for (const [split, list] of Object.entries(splits))
  writeFileSync(join(out, `${split}.jsonl`), list.map(row => `${JSON.stringify(row)}\n`).join(''))
