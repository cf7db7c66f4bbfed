// Compiles src/core/sign/assembly/kernel.ts to WebAssembly. What it gives is kept in src/core/sign/generated, so nothing but a
// test and UPDATE=1 of it needs the compiler.
import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const source = new URL('../../src/core/sign/assembly/kernel.ts', import.meta.url)

export async function assemble() {
  let bytes
  const options = [
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--enable',
    'bulk-memory',
  ]
  const { error, stderr } = await asc.main(
    ['kernel.ts', ...options, '--initialMemory', '1', '--outFile', 'kernel.wasm'],
    {
      readFile: name => (name === 'kernel.ts' ? readFileSync(source, 'utf8') : null),
      writeFile: (_, data) => {
        bytes = data
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(stderr.toString())
  return bytes
}
