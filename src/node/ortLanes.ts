/* Sessions of one graph on threads of their own: two that go their ways do more than one whose operators are shared out. */
import { Worker } from 'node:worker_threads'
import type { Lanes, Session, Tensor, Tensors } from '../core/train/runtime.ts'

export interface LaneRequest {
  /** The session of this thread, which takes the first feeds. */
  readonly own: Session
  readonly model: Uint8Array
  /** The session's, as ONNX Runtime takes them. */
  readonly options: object
  /** The folder of onnxruntime-node. */
  readonly path: string
  /** Sessions, that of this thread among them. */
  readonly count: number
}

/** Runs in the thread, so it is text: nothing but the module of ONNX Runtime is needed. */
const script = `
const { parentPort, workerData } = require('node:worker_threads')
const ort = require(workerData.path)
const opened = ort.InferenceSession.create(workerData.model, workerData.options)
const fail = error => parentPort.postMessage({ error: String(error?.message ?? error) })
opened.then(() => parentPort.postMessage({}), fail)
parentPort.on('message', async feeds => {
  try {
    const session = await opened
    if (feeds === null) {
      await session.release()
      parentPort.postMessage({})
      return parentPort.close()
    }
    const inputs = {}
    for (const [name, { dtype, dims, data }] of Object.entries(feeds)) inputs[name] = new ort.Tensor(dtype, data, dims)
    const outputs = {}
    for (const [name, { type, dims, data }] of Object.entries(await session.run(inputs)))
      outputs[name] = { dtype: type, dims, data }
    const lent = Object.values(feeds).filter(feed => feed.lent).map(({ data }) => data.buffer)
    parentPort.postMessage({ outputs, lent }, [...new Set(Object.values(outputs).map(({ data }) => data.buffer)), ...lent])
  } catch (error) {
    fail(error)
  }
})
`

/** From so many bytes on, a tensor crosses in a buffer that goes to and fro, instead of being copied twice and let go. */
const large = 1 << 18

interface Answer {
  readonly outputs?: Record<string, Tensor>
  readonly lent?: readonly ArrayBuffer[]
  readonly error?: string
}

/** A session in a thread. One question at a time. */
class Lane {
  private readonly worker: Worker
  /** Settled once the graph is loaded there. */
  readonly opened: Promise<Answer>
  private answered: ((answer: Answer) => void) | undefined
  /** Buffers that are here, by their size. */
  private readonly spare = new Map<number, ArrayBuffer[]>()

  constructor({ model, options, path }: LaneRequest) {
    this.worker = new Worker(script, { eval: true, workerData: { model, options, path } })
    this.worker.on('message', (answer: Answer) => this.settle(answer))
    this.worker.on('error', error => this.settle({ error: error.message }))
    this.worker.on('exit', code => this.settle({ error: `the thread ended with ${code}` }))
    this.opened = this.wait()
  }

  ask(feeds: Tensors | null): Promise<Answer> {
    const answer = this.wait()
    const lent: ArrayBuffer[] = []
    const given = Object.entries(feeds ?? {}).map(([name, tensor]) => [name, this.crossing(tensor, lent)] as const)
    this.worker.postMessage(feeds && Object.fromEntries(given), lent)
    return answer
  }

  private crossing({ dtype, dims, data }: Tensor, lent: ArrayBuffer[]): Tensor & { readonly lent?: true } {
    // What crosses without being lent is copied with all that it is a part of.
    if (data.byteLength < large || !(data instanceof Float32Array))
      return { dtype, dims, data: data.byteLength === data.buffer.byteLength ? data : data.slice() }
    const buffer = this.spare.get(data.byteLength)?.pop() ?? new ArrayBuffer(data.byteLength)
    const copy = new Float32Array(buffer)
    copy.set(data)
    lent.push(buffer)
    return { dtype, dims, data: copy, lent: true }
  }

  private wait(): Promise<Answer> {
    // A thread without work should keep no process alive.
    this.worker.ref()
    return new Promise(resolve => {
      this.answered = resolve
    })
  }

  private settle(answer: Answer): void {
    this.worker.unref()
    for (const buffer of answer.lent ?? []) {
      const list = this.spare.get(buffer.byteLength) ?? []
      this.spare.set(buffer.byteLength, list)
      list.push(buffer)
    }
    this.answered?.(answer)
    this.answered = undefined
  }
}

/** Throws where a thread cannot open the graph. */
export async function openLanes(request: LaneRequest): Promise<Lanes> {
  const { own: session, count } = request
  const lanes = Array.from({ length: count - 1 }, () => new Lane(request))
  const check = (answers: readonly Answer[]): void => {
    const wrong = answers.find(({ error }) => error !== undefined)
    if (wrong) throw new Error(wrong.error)
  }
  check(await Promise.all(lanes.map(lane => lane.opened)))
  return {
    count,
    inputs: session.inputs,
    async run(feeds, into) {
      const [first, ...others] = feeds
      if (!first || others.length > lanes.length) throw new Error(`${feeds.length} runs in ${count} lanes`)
      const asked = others.map((one, i) => (lanes[i] as Lane).ask(one))
      // None is left behind at work, whatever happens: a thread that ends while it runs takes the process along.
      const [here, ...there] = await Promise.allSettled([session.run(first, undefined, into), ...asked])
      if (here.status === 'rejected') throw here.reason
      const answers = there.map(one => (one as PromiseFulfilledResult<Answer>).value)
      check(answers)
      return [here.value, ...answers.map(({ outputs = {} }) => outputs)]
    },
    read: tensor => session.read(tensor),
    free: tensors => session.free(tensors),
    async release() {
      await Promise.all(lanes.map(lane => lane.ask(null)))
      await session.release()
    },
  }
}
