import * as v from 'valibot'
import { bitfit } from './methods/bitfit.ts'
import { dora } from './methods/dora.ts'
import { full } from './methods/full.ts'
import { head } from './methods/head.ts'
import { last } from './methods/last.ts'
import { lora } from './methods/lora.ts'
import { loraPlus } from './methods/loraPlus.ts'
import type { MethodModule, MethodSchema } from './methods/method.ts'
import { qlora } from './methods/qlora.ts'
import { rslora } from './methods/rslora.ts'
import { maybe, say } from './recipe/fields.ts'

/** The ways to train, in the order a person would ask for them. A further one is a file of `methods/` and a line here. */
export const methods = [head, full, last, lora, rslora, loraPlus, dora, qlora, bitfit] as const

type Modules = typeof methods
type Schemas<T extends readonly { readonly schema: MethodSchema }[]> = { -readonly [I in keyof T]: T[I]['schema'] }

/** What of the model learns, with defaults. */
export type Method = ReturnType<Modules[number]['resolve']>

/** What of the model learns, as people write it. */
export const methodEntries = {
  method: maybe(
    v.pipe(
      v.variant('kind', methods.map(method => method.schema) as unknown as Schemas<Modules>),
      say('What is trained: the head alone, adapters, the last layers, or everything.'),
    ),
  ),
}

/** The module of a kind of method. */
export function methodOf(kind: Method['kind']): MethodModule<MethodSchema, Method> {
  const found = methods.find(method => method.schema.entries.kind.literal === kind)
  if (!found) throw new Error(`no method ${kind}`)
  // Each module takes its own member of the union, which is the one that has its kind.
  return found as unknown as MethodModule<MethodSchema, Method>
}

/** Writes out the defaults; LoRA where nothing is said. */
export function resolveMethod(input: v.InferOutput<(typeof methodEntries)['method']['wrapped']> | undefined): Method {
  const given = input ?? { kind: 'lora' as const }
  return methodOf(given.kind).resolve(given)
}
