import type { Rule } from './rule.ts'
import { boilerplate } from './rules/boilerplate.ts'
import { brokenRow } from './rules/brokenRow.ts'
import { controlCharacter } from './rules/controlCharacter.ts'
import { duplicate } from './rules/duplicate.ts'
import { emptyField } from './rules/emptyField.ts'
import { labelConflict } from './rules/labelConflict.ts'
import { labelTypo } from './rules/labelTypo.ts'
import { language } from './rules/language.ts'
import { leak } from './rules/leak.ts'
import { lengthOutlier } from './rules/lengthOutlier.ts'
import { loneSurrogate } from './rules/loneSurrogate.ts'
import { mixedTypes } from './rules/mixedTypes.ts'
import { mojibake } from './rules/mojibake.ts'
import { nearDuplicate } from './rules/nearDuplicate.ts'
import { repetition } from './rules/repetition.ts'
import { replacementCharacter } from './rules/replacementCharacter.ts'
import { strayWhitespace } from './rules/strayWhitespace.ts'

/** Every rule there is, in the order they run: what costs little and says much comes first. */
export const rules = [
  brokenRow,
  emptyField,
  labelTypo,
  leak,
  nearDuplicate,
  duplicate,
  labelConflict,
  mojibake,
  replacementCharacter,
  loneSurrogate,
  controlCharacter,
  strayWhitespace,
  mixedTypes,
  lengthOutlier,
  repetition,
  language,
  boilerplate,
] as const satisfies readonly Rule[]
