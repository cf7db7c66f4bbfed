/*
 * `npm run bench -- banking77 [linear] [few] [tuned]`: what the embedded model is worth on Banking77 (77 intents), against the best
 * linear bag-of-words model and against random weights of the same shape. Needs ../shared/data/banking77.
 */
import { random } from '../../src/core/base/random.ts'
import { banking77 } from './banking77/data.ts'
import { linearModels } from './banking77/linearModels.ts'

const data = banking77()
if (!data) {
  process.stdout.write('banking77: skipped, ../shared/data/banking77 is not there\n')
  process.exit(0)
}
const wanted = process.argv.slice(2)
const wants = (part: string) => wanted.length === 0 || wanted.includes(part)

if (wants('linear')) linearModels(data, random(77))
