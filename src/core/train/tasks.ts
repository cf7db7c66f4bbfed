import { causal } from './tasks/causal.ts'
import { classification } from './tasks/classification.ts'
import { instruction } from './tasks/instruction.ts'
import { masked } from './tasks/masked.ts'
import { multiLabel } from './tasks/multiLabel.ts'
import { pair } from './tasks/pair.ts'
import { regression } from './tasks/regression.ts'
import type { TaskKind, TaskName } from './tasks/task.ts'
import { tokenClassification } from './tasks/tokenClassification.ts'

/** What a model can learn to do. A further task is a file of `tasks/`, a name in `task.ts` and a line here. */
export const tasks: readonly TaskKind[] = [
  classification,
  multiLabel,
  pair,
  regression,
  tokenClassification,
  instruction,
  masked,
  causal,
]

/** The task of a name. */
export function taskOf(name: TaskName): TaskKind {
  const found = tasks.find(task => task.name === name)
  if (!found) throw new Error(`no task ${name}`)
  return found
}
