import { embeddedModels } from './node/models.ts'
import { openRuntime } from './node/ort.ts'
import { main } from './node/trainMain.ts'

// The process that owns ONNX Runtime: a native crash takes this one, never the editor.
void main(process.argv.slice(2), { open: openRuntime, models: [embeddedModels()] }).then(code => process.exit(code))
