import type { Rule } from './rule.ts'
import { brokenRow } from './rules/brokenRow.ts'
import { duplicate } from './rules/duplicate.ts'
import { emptyField } from './rules/emptyField.ts'
import { labelConflict } from './rules/labelConflict.ts'
import { labelTypo } from './rules/labelTypo.ts'
import { leak } from './rules/leak.ts'
import { nearDuplicate } from './rules/nearDuplicate.ts'

/** Every rule there is, in the order they run: what costs little and says much comes first. */
export const rules = [
  brokenRow,
  emptyField,
  labelTypo,
  leak,
  nearDuplicate,
  duplicate,
  labelConflict,
] as const satisfies readonly Rule[]
