// Compiles a kernel (src/core/sign/assembly/kernel.ts where none is named) to WebAssembly. What it gives is kept in a folder
// `generated` beside its own, so nothing but a test and UPDATE=1 of it needs the compiler.
import { existsSync, readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

export async function assemble(path = 'src/core/sign/assembly/kernel.ts') {
  const source = new URL(`../../${path}`, import.meta.url)
  const entry = path.split('/').at(-1)
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
  const { error, stderr } = await asc.main([entry, ...options, '--initialMemory', '1', '--outFile', 'kernel.wasm'], {
    // What it imports stands beside it, and is named with its ending, to which the compiler adds another one.
    readFile: name => {
      const file = name === entry ? source : new URL(name.replace(/\.ts\.ts$/, '.ts'), source)
      return existsSync(file) ? readFileSync(file, 'utf8') : null
    },
    writeFile: (_, data) => {
      bytes = data
    },
    listFiles: () => [],
  })
  if (error) throw new Error(stderr.toString())
  return bytes
}
