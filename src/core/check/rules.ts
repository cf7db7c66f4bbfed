import type { Rule } from './rule.ts'
import { answerConflict } from './rules/answerConflict.ts'
import { boilerplate } from './rules/boilerplate.ts'
import { brokenRow } from './rules/brokenRow.ts'
import { c4 } from './rules/c4.ts'
import { chosenEqualsRejected } from './rules/chosenEqualsRejected.ts'
import { classImbalance } from './rules/classImbalance.ts'
import { contamination } from './rules/contamination.ts'
import { controlCharacter } from './rules/controlCharacter.ts'
import { duplicate } from './rules/duplicate.ts'
import { emptyField } from './rules/emptyField.ts'
import { emptyTurn } from './rules/emptyTurn.ts'
import { escapedText } from './rules/escapedText.ts'
import { fineweb } from './rules/fineweb.ts'
import { gopher } from './rules/gopher.ts'
import { labelConflict } from './rules/labelConflict.ts'
import { labelError } from './rules/labelError.ts'
import { labelOverlap } from './rules/labelOverlap.ts'
import { labelShortcut } from './rules/labelShortcut.ts'
import { labelTypo } from './rules/labelTypo.ts'
import { language } from './rules/language.ts'
import { leak } from './rules/leak.ts'
import { lengthOutlier } from './rules/lengthOutlier.ts'
import { loneSurrogate } from './rules/loneSurrogate.ts'
import { missingAnswer } from './rules/missingAnswer.ts'
import { missingStop } from './rules/missingStop.ts'
import { mixedTypes } from './rules/mixedTypes.ts'
import { mojibake } from './rules/mojibake.ts'
import { nearDuplicate } from './rules/nearDuplicate.ts'
import { personalData } from './rules/personalData.ts'
import { promptInAnswer } from './rules/promptInAnswer.ts'
import { rareLabel } from './rules/rareLabel.ts'
import { repetition } from './rules/repetition.ts'
import { replacementCharacter } from './rules/replacementCharacter.ts'
import { roleOrder } from './rules/roleOrder.ts'
import { secret } from './rules/secret.ts'
import { specialToken } from './rules/specialToken.ts'
import { strayWhitespace } from './rules/strayWhitespace.ts'
import { unknownRole } from './rules/unknownRole.ts'

/** Every rule there is, in the order they run: what costs little and says much comes first. */
export const rules = [
  brokenRow,
  emptyField,
  labelTypo,
  leak,
  nearDuplicate,
  duplicate,
  labelConflict,
  answerConflict,
  rareLabel,
  classImbalance,
  labelShortcut,
  labelError,
  labelOverlap,
  mojibake,
  replacementCharacter,
  loneSurrogate,
  controlCharacter,
  escapedText,
  strayWhitespace,
  mixedTypes,
  lengthOutlier,
  repetition,
  language,
  boilerplate,
  personalData,
  secret,
  emptyTurn,
  unknownRole,
  roleOrder,
  missingAnswer,
  missingStop,
  specialToken,
  promptInAnswer,
  chosenEqualsRejected,
  c4,
  gopher,
  fineweb,
  contamination,
] as const satisfies readonly Rule[]
