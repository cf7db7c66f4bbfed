import { serveChecks } from './node/checkServer.ts'
import { embeddedModels } from './node/models.ts'
import { openRuntime } from './node/ort.ts'
import { ortPath } from './node/ortPath.ts'
import { parentPort } from './node/processPort.ts'
import { main } from './node/trainMain.ts'

// The process that owns ONNX Runtime: a native crash takes this one, never the editor.
if (process.argv[2] === 'check') {
  // Whoever asked is gone: nobody waits for an answer.
  process.on('disconnect', () => process.exit(0))
  serveChecks(parentPort())
} else {
  void main(process.argv.slice(2), { open: openRuntime, models: [embeddedModels()], runtimeFolder: ortPath }).then(
    code => process.exit(code),
  )
}
