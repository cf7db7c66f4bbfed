// Compiles a kernel (src/core/sign/assembly/kernel.ts where none is named) to WebAssembly. What it gives is kept in a folder
// `generated` beside its own, so nothing but a test and UPDATE=1 of it needs the compiler.
import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

export async function assemble(path = 'src/core/sign/assembly/kernel.ts') {
  const source = new URL(`../../${path}`, import.meta.url)
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
