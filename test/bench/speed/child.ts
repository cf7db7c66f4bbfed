/*
 * The side of the bench that trains with Winnow, in a process of its own, so that its peak memory is its own. Commands
 * come as JSON lines and are answered by one each; `test/bench/peers/speed.py` understands the same ones.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Provider, Runtime } from '../../../src/core/train/runtime.ts'
import { openRuntime } from '../../../src/node/ort.ts'
import { matmulRate } from '../matmul.ts'
import type { SpeedCase } from './cases.ts'
import { makeTrainer, type Trainer } from './model.ts'
import { productsAlone } from './products.ts'
import { type Share, sharesOf } from './profile.ts'

export type Command =
  | { readonly open: SpeedCase; readonly device: Provider; readonly threads: number }
  | { readonly run: number }
  /** Rate of a large matrix product in the same runtime. */
  | { readonly yardstick: number }
  /** Rate of the step's own products with nothing between them, by so many runs. */
  | { readonly products: number }
  /** So many steps with the runtime's profiler on. */
  | { readonly profile: number }
  | { readonly close: true }

export interface Answer {
  /** Wall-clock and processor seconds of a `run`. */
  readonly seconds?: number
  readonly cpu?: number
  readonly loss?: number
  /** Peak resident memory so far, MB. */
  readonly memory: number
  /** Peak memory of the device, MB, where it can be told. */
  readonly deviceMemory?: number
  readonly flops?: number
  readonly together?: number
  readonly rate?: number
  readonly perCpu?: number
  readonly shares?: readonly Share[]
}

/** Answers commands until `close` or the end of the input. */
export async function serve(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-speed-'))
  let runtime: Runtime | undefined
  let trainer: Trainer | undefined
  let opened: SpeedCase | undefined
  const memory = () => Math.round(process.resourceUsage().maxRSS / 1024)
  const answer = async (command: Command): Promise<Answer> => {
    if ('open' in command) {
      runtime = (await openRuntime({ provider: command.device, threads: command.threads })).runtime
      opened = command.open
      trainer = await makeTrainer(runtime, command.open, folder)
      return { memory: memory(), flops: trainer.flops, together: trainer.together }
    }
    if (!runtime || !trainer || !opened) throw new Error('nothing is open')
    if ('run' in command) {
      const [start, used] = [performance.now(), process.cpuUsage()]
      const loss = await trainer.run(command.run)
      const { user, system } = process.cpuUsage(used)
      const seconds = (performance.now() - start) / 1000
      return { memory: memory(), seconds, cpu: (user + system) / 1e6, loss }
    }
    if ('yardstick' in command) {
      const { rate, perCpu } = await matmulRate(runtime, 2048, command.yardstick)
      return { memory: memory(), rate, perCpu }
    }
    if ('products' in command) {
      const { rate } = await productsAlone(runtime, trainer.graph, command.products)
      return { memory: memory(), rate }
    }
    if ('profile' in command) {
      const shares = await sharesOf(
        runtime,
        profiled => makeTrainer(profiled, opened as SpeedCase, folder),
        command.profile,
      )
      return { memory: memory(), shares }
    }
    await trainer.learner.release()
    return { memory: memory() }
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const command = JSON.parse(line) as Command
    const reply = await answer(command).catch((error: unknown) => ({
      error: String((error as Error)?.message ?? error),
    }))
    process.stdout.write(`${JSON.stringify(reply)}\n`)
    if ('close' in command) break
  }
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}
