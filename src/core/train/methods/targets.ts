import * as v from 'valibot'
import { Failure } from '../../base/failure.ts'
import { nearestWord } from '../../base/nearest.ts'
import { type LinearPart, type LinearSpec, linearParts } from '../models/architecture.ts'
import { say } from '../recipe/fields.ts'
import type { Tunable } from './method.ts'

/** Which linear layers an adapter wraps: parts, names as PEFT matches them, or all of them. */
export type Targets = readonly string[] | 'all-linear'

/** `targets` of a recipe. */
export const targetsSchema = v.pipe(
  v.union([
    v.literal('all-linear'),
    v.pipe(v.array(v.union([v.picklist(linearParts), v.pipe(v.string(), v.nonEmpty())])), v.minLength(1)),
  ]),
  say(
    'Which linear layers get an adapter: parts ("query", "value", …), ends of module names ("q_proj", "attention.output.dense"; * stands for anything between two dots), or "all-linear".',
  ),
)

/**
 * The layers that the targets name. A part takes the layers that play it; any other word takes a module of that name or
 * whose name ends in it after a dot, as PEFT does. Throws `Failure` (`bad-recipe`) for a word that names none.
 */
export function targetLayers(model: Pick<Tunable, 'linears'>, targets: Targets): LinearSpec[] {
  if (targets === 'all-linear') return [...model.linears]
  const chosen = new Set<LinearSpec>()
  for (const [i, target] of targets.entries()) {
    const found = model.linears.filter(layer => isNamed(layer, target))
    for (const layer of found) chosen.add(layer)
    if (found.length === 0) throw nothingNamed(model.linears, target, i)
  }
  return model.linears.filter(layer => chosen.has(layer))
}

function isNamed(layer: LinearSpec, target: string): boolean {
  if ((linearParts as readonly string[]).includes(target)) return layer.parts.includes(target as LinearPart)
  const wanted = target.split('.')
  const parts = layer.name.split('.').slice(-wanted.length)
  return parts.length === wanted.length && wanted.every((word, i) => matches(parts[i] as string, word))
}

/** Is `name` the word, where * stands for any letters? */
function matches(name: string, word: string): boolean {
  const [first, ...rest] = word.split('*') as [string, ...string[]]
  const end = rest.pop()
  if (end === undefined) return name === first
  if (!name.startsWith(first) || name.length < first.length + end.length || !name.endsWith(end)) return false
  let at = first.length
  const until = name.length - end.length
  for (const piece of rest) {
    const found = name.indexOf(piece, at)
    if (found < 0 || found + piece.length > until) return false
    at = found + piece.length
  }
  return true
}

function nothingNamed(linears: readonly LinearSpec[], target: string, i: number): Failure {
  const parts = linearParts.filter(part => linears.some(layer => layer.parts.includes(part)))
  const names = [...new Set(linears.map(layer => layer.name.split('.').at(-1) as string))]
  const near = nearestWord(target, [...parts, ...names])
  return new Failure(
    'bad-recipe',
    `"method.targets.${i}" is ${JSON.stringify(target)}, and no linear layer of the model is called so`,
    near ? `Did you mean ${JSON.stringify(near)}?` : `It has ${[...parts, ...names].join(', ')}`,
  )
}
