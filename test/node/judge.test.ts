import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { aFirst, tallyVotes } from '../../src/core/eval/votes.ts'
import { judgePairs } from '../../src/node/judge.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A server that answers what `say` makes of the question. */
async function serve(say: (question: string) => string | undefined): Promise<string> {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', part => {
      body += part
    })
    request.on('end', () => {
      const said = say((JSON.parse(body) as { messages: { content: string }[] }).messages[0]!.content)
      if (said !== undefined) response.end(JSON.stringify({ choices: [{ message: { content: said } }] }))
    })
  })
  await new Promise<void>(listening => server!.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

const pair = (row: number, a: string, b: string) => ({ file: 't.jsonl', row, text: 'q', gold: 'good', a, b })
const options = (address: string) => ({ address, cancel: { aborted: false } })

test('a winner wins in both places; a judge that always takes the first one decides nothing', async () => {
  const better = await serve(question => (/Answer A:\ngood/.test(question) ? 'A.' : 'The answer is B'))
  const votes = await judgePairs([pair(1, 'bad', 'good'), pair(2, 'good', 'bad')], options(better))
  expect(votes.map(vote => vote.winner)).toEqual(['b', 'a'])
  server?.close()
  const first = await serve(() => 'A')
  expect((await judgePairs([pair(1, 'x', 'y')], options(first)))[0]).toMatchObject({ winner: 'tie', by: 'judge' })
})

test('silence ends in time, nonsense after a while, and no row leaves for a strange address', async () => {
  const mute = await serve(() => undefined)
  await expect(judgePairs([pair(1, 'x', 'y')], { ...options(mute), timeout: 200 })).rejects.toThrow(
    'no answer in 0.2 s',
  )
  server?.closeAllConnections()
  server?.close()
  const odd = await serve(() => 'hm')
  const many = Array.from({ length: 9 }, (_, i) => pair(i, 'x', 'y'))
  await expect(judgePairs(many, options(odd))).rejects.toThrow('gave no verdict')
  for (const address of ['https://example.com/v1', 'http://127.0.0.1.example.com/v1', 'ftp://localhost', 'nonsense'])
    await expect(judgePairs([pair(1, 'x', 'y')], options(address))).rejects.toMatchObject({ code: 'not-local' })
})

test('votes: the last on a row counts, ties decide nothing, order is blind and steady', () => {
  const vote = (row: number, winner: 'a' | 'b' | 'tie') => ({ file: 't', row, winner, by: 'person' as const })
  const tally = tallyVotes([vote(1, 'a'), vote(1, 'b'), vote(2, 'b'), vote(3, 'tie'), vote(4, 'a')])
  expect(tally).toMatchObject({ a: 1, b: 2, ties: 1, rate: 2 / 3, p: 1 })
  expect(tally.interval[0]).toBeGreaterThan(0)
  expect(tallyVotes([])).toMatchObject({ rate: undefined, interval: [0, 1], p: 1 })
  const order = Array.from({ length: 200 }, (_, row) => aFirst({ file: 't', row }, 7))
  expect(order.filter(Boolean).length).toBeGreaterThan(70)
  expect(order.filter(Boolean).length).toBeLessThan(130)
  expect(aFirst({ file: 't', row: 3 }, 7)).toBe(order[3])
})
