import { expect, test } from 'vitest'
import { topicsOf } from '../../../src/core/eval/topics.ts'

const about = {
  card: ['my card has not arrived', 'when will the new card come', 'the card was swallowed by the machine'],
  rate: ['which exchange rate is used abroad', 'the exchange rate looks wrong today', 'what rate do you use for euros'],
  login: ['i forgot my password again', 'the password reset mail never comes', 'cannot sign in with my password'],
}

test('texts about the same are together, and the words that set them apart name them', () => {
  const rows = Array.from({ length: 180 }, (_, i) => {
    const topic = (['card', 'rate', 'login'] as const)[i % 3] as keyof typeof about
    return { topic, text: `${about[topic][(i * 7) % 3]} number ${i}` }
  })
  const found = topicsOf(rows.map(row => row.text))
  // Clusters may part a topic further, but each holds one.
  const held = new Map<string, Set<string>>()
  for (const [i, name] of found.entries())
    if (name !== undefined) held.set(name, (held.get(name) ?? new Set()).add((rows[i] as { topic: string }).topic))
  expect(held.size).toBeGreaterThan(1)
  for (const topics of held.values()) expect(topics.size).toBe(1)
  const named = [...held].find(([, topics]) => topics.has('login'))?.[0]
  expect(named).toMatch(/password|sign|reset|mail/)
  expect(topicsOf(rows.map(row => row.text))).toEqual(found)
})

test('too few rows are not parted', () => {
  expect(topicsOf(['a b c', 'd e f'])).toEqual([undefined, undefined])
})
