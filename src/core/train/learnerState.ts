import type { LearnerState, NamedTensor } from './learner.ts'
import type { Session, Tensor } from './runtime.ts'
import { type Moment, packState, type StateShape, trainedOf, unpackState } from './state.ts'

/** A learner's state as the tensors of a graph. What is not given is as at the beginning: moments 0, the mean the parameters. */
export function packLearner(shape: StateShape, state: LearnerState): Record<string, Tensor> {
  const { parameters: p, first: m, second: v, average: e = p } = state
  const byName = new Map(
    Object.entries({ p, m, v, e }).flatMap(([kind, list]) => list.map(t => [`${kind}.${t.name}`, t.data] as const)),
  )
  for (const { name } of trainedOf(shape.parameters))
    if (!byName.has(`p.${name}`)) throw new Error(`the state has no parameter ${name}`)
  return packState(shape, (kind, parameter) => byName.get(`${kind}.${parameter.name}`))
}

/** The tensors of a graph as a learner's state. */
export async function unpackLearner(
  shape: StateShape,
  tensors: Readonly<Record<string, Tensor>>,
  session: Pick<Session, 'read'>,
): Promise<LearnerState> {
  const here: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(tensors)) here[name] = await session.read(tensor)
  const parts = unpackState(shape, here)
  const of = (kind: Moment): NamedTensor[] =>
    parts
      .filter(part => part.kind === kind)
      .map(({ parameter, data }) => ({ name: parameter.name, shape: parameter.dims, data }))
  const average = of('e')
  return { parameters: of('p'), first: of('m'), second: of('v'), ...(average.length > 0 ? { average } : {}) }
}
