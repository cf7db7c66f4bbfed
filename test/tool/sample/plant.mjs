// Spoils clean rows in every way the rules look for, and keeps the answer key.
import { jaccard, normal, shingles } from './tools.mjs'

const fileOf = { train: 'train.jsonl', validation: 'validation.jsonl', test: 'test.csv' }
/** Near means near beyond doubt for the default threshold of 0.8. */
const near = 0.82

/**
 * `splits`: name -> clean rows {text, label}. Returns the files' texts and the key's. Every clean row is the base of one plant at
 * most, so that each planted problem stands alone.
 */
export function plant(splits, random, { closest, bank }) {
  const plants = []
  const rows = {}
  const free = {}
  for (const split of Object.keys(splits)) {
    rows[split] = splits[split].map(row => ({ ...row, split }))
    free[split] = random.shuffle([...rows[split]])
  }
  const all = () => Object.values(rows).flat()
  const take = (split, fits = () => true) => {
    const i = free[split].findIndex(fits)
    if (i < 0) throw new Error(`no row left in ${split}`)
    return free[split].splice(i, 1)[0]
  }
  const add = (split, row) => {
    const added = { ...row, split }
    rows[split].push(added)
    return added
  }
  const note = (rule, row, text, twin) => plants.push({ rule, row, twin, note: text })
  const words =
    (min, max = 99) =>
    row => {
      const n = normal(row.text).split(' ').length
      return n >= min && n <= max
    }

  /** Plants a row near to one of `split` into `into`; `label` is the label it gets. */
  const plantNear = (split, into, label, kin = []) => {
    for (;;) {
      const base = kin[0] ?? take(split, words(15))
      for (let tries = 0; tries < 60; tries++) {
        const text = reword(base.text, bank, random)
        const set = shingles(text)
        const j = jaccard(set, shingles(base.text))
        const strange = row => row !== base && !kin.includes(row) && jaccard(set, shingles(row.text)) >= closest
        if (j < near || kin.some(row => normal(row.text) === normal(text)) || normal(text) === normal(base.text))
          continue
        if (!all().some(strange)) return { row: add(into, { text, label: label(base) }), base, j: j.toFixed(3) }
      }
      if (kin.length > 0) throw new Error('no further variant of a cluster')
    }
  }
  const same = base => base.label
  const other = base => random.pick(Object.keys(bank.labels).filter(label => label !== base.label))

  for (const [split, kind, count] of [
    ['train', 'verbatim', 5],
    ['train', 'retyped', 5],
    ['validation', 'verbatim', 1],
    ['test', 'retyped', 1],
  ])
    for (let i = 0; i < count; i++) {
      // biome-ignore format: one table
      const base = take(split, words(7))
      const twin = add(split, { text: kind === 'verbatim' ? base.text : retype(base.text, i), label: base.label })
      note('duplicate', twin, `${kind} copy`, base)
    }
  const triple = take('train', words(8))
  for (const i of [0, 1])
    note(
      'duplicate',
      add('train', { text: i ? retype(triple.text, 2) : triple.text, label: triple.label }),
      'one of three',
      triple,
    )

  for (const [split, count] of [
    ['train', 8],
    ['validation', 1],
    ['test', 1],
  ]) {
    for (let i = 0; i < count; i++) {
      const { row, base, j } = plantNear(split, split, same)
      note('near-duplicate', row, `jaccard ${j}`, base)
    }
  }
  const first = plantNear('train', 'train', same)
  const cluster = [first.base, first.row]
  note('near-duplicate', first.row, `cluster of four, jaccard ${first.j}`, first.base)
  for (let i = 0; i < 2; i++) {
    const { row, j } = plantNear('train', 'train', same, cluster)
    note('near-duplicate', row, `cluster of four, jaccard ${j}`, first.base)
    cluster.push(row)
  }

  for (const [split, exact, close] of [
    ['validation', 3, 3],
    ['test', 10, 9],
  ]) {
    for (let i = 0; i < exact; i++) {
      const base = take('train', words(7))
      const retyped = i % 3 === 2
      const row = add(split, { text: retyped ? retype(base.text, i) : base.text, label: base.label })
      note('leak', row, retyped ? 'exact, retyped' : 'exact', base)
    }
    for (let i = 0; i < close; i++) {
      const { row, base, j } = plantNear('train', split, same)
      note('leak', row, `near, jaccard ${j}`, base)
    }
  }

  for (let i = 0; i < 3; i++) {
    const base = take('train', words(8))
    note('label-conflict', add('train', { text: base.text, label: other(base) }), 'equal text', base)
  }
  for (let i = 0; i < 2; i++) {
    const { row, base, j } = plantNear('train', 'train', other)
    note('label-conflict', row, `near text, jaccard ${j}`, base)
  }

  for (const [split, label, wrong, why] of [
    ['train', 'refund', 'Refund', 'case'],
    ['train', 'feature_request', 'feature request', 'space'],
    ['train', 'billing', 'biling', 'one letter'],
    ['train', 'return_exchange', 'return-exchange', 'hyphen'],
    ['train', 'login', 'LOGIN', 'case'],
    ['validation', 'delivery', 'delivry', 'one letter'],
    ['test', 'how_to', 'How to', 'case and space'],
  ]) {
    // biome-ignore format: one table
    const row = take(split, (r) => r.label === label)
    row.label = wrong
    note('label-typo', row, why)
  }

  for (const [split, field, value] of [
    ['train', 'text', ''],
    ['train', 'text', '   '],
    ['train', 'label', ''],
    ['validation', 'text', ''],
    ['test', 'text', ''],
    ['test', 'label', ''],
  ]) {
    // biome-ignore format: one table
    const row = take(split)
    row[field] = value
    note('empty-field', row, `${field} ${value === '' ? 'empty' : 'blank'}`)
  }

  const spoil = [
    ['train', row => jsonLine(row).slice(0, -Math.floor(20 + row.text.length / 2)), 'line cut off'],
    ['train', row => jsonLine(row).replace('", "label"', '" "label"'), 'comma missing'],
    ['train', row => `{text: '${row.text.replaceAll("'", '')}', label: '${row.label}'}`, 'quotes missing'],
    ['validation', row => jsonLine(row).slice(0, -1), 'brace missing'],
    ['test', row => `${row.text},${row.label}`, 'unquoted comma: too many fields'],
    ['test', row => csvField(row.text), 'label missing: too few fields'],
  ]
  for (const [split, write, why] of spoil) {
    const comma = why.startsWith('unquoted')
    const row = take(
      split,
      r =>
        words(8)(r) &&
        !/["\n]/.test(r.text) &&
        /^[^,]*,[^,]*$/.test(r.text) === comma &&
        (comma || !r.text.includes(',')),
    )
    row.raw = write(row)
    note('broken-row', row, why)
  }

  return write(rows, plants, random)
}

function write(rows, plants, random) {
  const place = new Map()
  for (const split of Object.keys(rows)) {
    for (const [i, row] of random.shuffle(rows[split]).entries()) place.set(row, { file: fileOf[split], row: i })
  }
  const key = plants.map(({ rule, row, twin, note }) => {
    const [here, there] = [place.get(row), twin && place.get(twin)]
    const later = there && there.file === here.file && there.row > here.row
    const found = later ? { ...there, twin: here } : { ...here, ...(there ? { twin: there } : {}) }
    return { rule, file: found.file, row: found.row, ...(found.twin ? { twin: found.twin } : {}), note }
  })
  const order = ['broken-row', 'empty-field', 'duplicate', 'near-duplicate', 'leak', 'label-conflict', 'label-typo']
  key.sort(
    (a, b) =>
      order.indexOf(a.rule) - order.indexOf(b.rule) || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.row - b.row),
  )
  const data = ['train', 'validation', 'test'].map(split => ({
    name: fileOf[split],
    text: fileOf[split].endsWith('.csv')
      ? `text,label\n${rows[split].map(row => `${row.raw ?? `${csvField(row.text)},${csvField(row.label)}`}\n`).join('')}`
      : rows[split].map(row => `${row.raw ?? jsonLine(row)}\n`).join(''),
  }))
  const counts = Object.fromEntries(Object.keys(rows).map(split => [fileOf[split], rows[split].length]))
  const lines = key.map(entry => `    ${JSON.stringify(entry)}`).join(',\n')
  return { data, key: `{\n  "rows": ${JSON.stringify(counts)},\n  "planted": [\n${lines}\n  ]\n}\n` }
}

const jsonLine = row => `{"text": ${JSON.stringify(row.text)}, "label": ${JSON.stringify(row.label)}}`
const csvField = text => (/[",\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text)

/** The same normal form in another hand. */
function retype(text, i) {
  const ways = [
    t => t.toUpperCase(),
    t => `${t.toLowerCase().replace(/[.!?]+$/, '')}...`,
    t => `${t.replace(/[.!?]+(?=\s|$)/g, '!').replace(/!$/, '!!')}`,
    t => t.replace(/[,.] /, '  '),
    t => `"${t.replaceAll('"', '')}"`,
  ]
  const start = i % ways.length
  for (let k = 0; k < ways.length; k++) {
    const typed = ways[(start + k) % ways.length](text)
    if (typed !== text && normal(typed) === normal(text)) return typed
  }
  return `${text} !`
}

/** A small change of the kind people make when they write a second time. */
function reword(text, bank, random) {
  const ways = [
    t =>
      `${t} ${random.pick(['Thanks.', 'Thank you!', 'Please help.', 'Regards', 'Cheers.', 'Hope to hear from you.'])}`,
    t =>
      t.replace(
        /^(Hi|Hello|Hey|Good morning|Good afternoon)\b/,
        random.pick(['Hello', 'Hi', 'Dear team', 'Good evening']),
      ),
    t => `${random.pick(['Hi,', 'Hello,', 'Again:', 'Good day,', 'Sorry,'])} ${t}`,
    t => swapSlot(t, bank.slots.day, random),
    t => swapSlot(t, bank.slots.item, random),
    t => swapSlot(t, bank.slots.device, random),
    t => swapSlot(t, bank.slots.span, random),
    t => t.replace(/\b(still|really|just|simply|already|please|Please) /, ''),
    t => t.replace(/\bmy\b/, random.pick(['my', 'our', 'the'])),
    t => t.replace(/\b(is|was|are|have|has)\b/, v => `${v} ${random.pick(['still', 'now', 'really', 'actually'])}`),
  ]
  return random.pick(ways)(text)
}

function swapSlot(text, values, random) {
  const held = values.find(value => text.includes(value))
  return held ? text.replace(held, random.pick(values.filter(value => value !== held))) : text
}
