/*
 * `node test/tool/gpuPack.mjs [compute capability]`: packs what `test/bench/gpu.ts` needs on a machine with a card that has a Python with
 * torch, transformers and peft, and nothing else: no Node, no packages, no network. Two folders, each small enough to be sent alone:
 *
 *   out/gpu/base   Node, the bench, the self-test, PyTorch's side, ONNX Runtime with WebGPU
 *   out/gpu/cuda   what `winnow device install cuda` fetched, for one compute capability only (90 where none is named)
 *
 * There: sh out/gpu/base/go.sh webgpu; sh out/gpu/base/go.sh cuda (with out/gpu/cuda beside it). Figures and logs go to $OUT.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundle } from './build.mjs'

const root = new URL('../..', import.meta.url).pathname
const capability = Number(process.argv[2] ?? 90)
const base = join(root, 'out/gpu/base')
const cuda = join(root, 'out/gpu/cuda')
rmSync(join(root, 'out/gpu'), { recursive: true, force: true })
mkdirSync(base, { recursive: true })

const native = 'bin/napi-v6/linux/x64'
/** Python unpacks it there. */
function pack(from, to) {
  const { status } = spawnSync('sh', ['-c', `xz -T0 -6 -c "$0" > "$1.xz"`, from, to], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${from} could not be packed: xz is needed`)
}

await build({
  absWorkingDir: root,
  entryPoints: [join(root, 'test/bench/gpu.ts')],
  outfile: join(base, 'gpu.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['onnxruntime-node'],
  target: 'node20',
  logLevel: 'warning',
})
await bundle({ out: base, only: ['worker'], release: true })
cpSync(join(root, 'test/bench/peers/speed.py'), join(base, 'speed.py'))
const runtime = join(root, 'node_modules/onnxruntime-node')
mkdirSync(join(base, 'ort', native), { recursive: true })
for (const name of ['dist', 'package.json']) cpSync(join(runtime, name), join(base, 'ort', name), { recursive: true })
cpSync(join(root, 'node_modules/onnxruntime-common'), join(base, 'ort/node_modules/onnxruntime-common'), {
  recursive: true,
})
cpSync(join(runtime, native, 'onnxruntime_binding.node'), join(base, 'ort', native, 'onnxruntime_binding.node'))
pack(join(runtime, native, 'libonnxruntime.so.1'), join(base, 'ort', native, 'libonnxruntime.so.1'))
pack(realpathSync(process.execPath), join(base, 'node'))

const { version } = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'))
const cache = process.env.WINNOW_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'winnow')
const installed = join(cache, 'cuda', version, 'runtime', native)
if (existsSync(installed)) {
  mkdirSync(cuda, { recursive: true })
  const pruned = join(cuda, 'provider')
  writeFileSync(pruned, onlyFor(readFileSync(join(installed, 'libonnxruntime_providers_cuda.so')), capability))
  pack(pruned, join(cuda, 'libonnxruntime_providers_cuda.so'))
  rmSync(pruned)
  pack(join(installed, 'libonnxruntime.so.1'), join(cuda, 'libonnxruntime.so.1'))
  cpSync(join(installed, 'libonnxruntime_providers_shared.so'), join(cuda, 'libonnxruntime_providers_shared.so'))
} else process.stderr.write('CUDA is left out: run winnow device install cuda first\n')

/**
 * A library with the machine code of one compute capability: what other cards would load becomes zeros, which pack to nothing. The
 * driver looks at the head of each piece alone to choose one, and the heads stay.
 */
function onlyFor(bytes, wanted) {
  const magic = Buffer.from([0x50, 0xed, 0x55, 0xba])
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 4)) {
    const end = at + 16 + Number(bytes.readBigUInt64LE(at + 8))
    if (bytes.readUInt16LE(at + 4) !== 1 || bytes.readUInt16LE(at + 6) !== 16 || end > bytes.length) continue
    const pieces = []
    for (let i = at + 16; i < end; ) {
      const [head, size] = [bytes.readUInt32LE(i + 4), Number(bytes.readBigUInt64LE(i + 8))]
      pieces.push({
        from: i + head,
        to: i + head + size,
        code: bytes.readUInt16LE(i) === 2,
        capability: bytes.readUInt32LE(i + 28),
      })
      i += head + size
    }
    const fits = piece => piece.code && piece.capability === wanted
    if (pieces.some(fits)) for (const piece of pieces) if (!fits(piece)) bytes.fill(0, piece.from, piece.to)
  }
  return bytes
}

writeFileSync(
  join(base, 'go.sh'),
  `#!/bin/sh
# sh go.sh webgpu|cuda: unpacks what is packed, then the self-test and the bench of one provider. Nothing here ends the whole when it fails.
here=$(cd "$(dirname "$0")" && pwd)
out=\${OUT:-$here/out}
mkdir -p "$out"
export PYTHON=\${PYTHON:-python3}
"$PYTHON" - "$here" "$here/../cuda" <<'END'
import glob, lzma, os, shutil, sys
for folder in sys.argv[1:]:
    for path in glob.glob(folder + "/**/*.xz", recursive=True):
        to = path[:-3]
        if not os.path.exists(to):
            with lzma.open(path) as a, open(to + ".part", "wb") as b:
                shutil.copyfileobj(a, b, 1 << 20)
            os.chmod(to + ".part", 0o755)
            os.rename(to + ".part", to)
END
export WINNOW_ORT="$here/ort" SPEED_PY="$here/speed.py" BENCH_OUT="$out" WINNOW_CACHE="$here/cache"
if [ "$1" = cuda ]; then
  if [ ! -d "$here/cuda-ort" ]; then
    cp -r "$here/ort" "$here/cuda-ort"
    cp "$here"/../cuda/*.so* "$here/cuda-ort/${native}/"
  fi
  export WINNOW_CUDA_ORT="$here/cuda-ort"
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv > "$out/card.csv" 2>&1
ldconfig -p 2>/dev/null | grep -E 'libvulkan|libcublas|libcudnn' > "$out/libraries.txt"
(
  cd "$here" || exit 1
  timeout \${BENCH_SECONDS:-420} ./node --expose-gc --max-old-space-size=16384 gpu.mjs "$@" 2>&1 | tee "$out/gpu-$1.txt"
  mv "$out/gpu.json" "$out/gpu-$1.json" 2>/dev/null
  if [ "$1" = cuda ]; then
    export WINNOW_ORT="$WINNOW_CUDA_ORT"
    LD_LIBRARY_PATH="$("$PYTHON" -c 'import glob,os,torch;r=os.path.dirname(os.path.dirname(torch.__file__));print(":".join(glob.glob(r+"/nvidia/*/lib")+glob.glob(r+"/nvidia/*/*/lib")+[r+"/torch/lib"]))'):$LD_LIBRARY_PATH"
    export LD_LIBRARY_PATH
  fi
  timeout 100 ./node worker.cjs device list > "$out/device-$1.json" 2> "$out/device-$1.err"
  timeout 100 ./node worker.cjs selftest "$1" > "$out/selftest-$1.json" 2> "$out/selftest-$1.err"
)
cat "$out/gpu-$1.txt"
tail -n 2 "$out/selftest-$1.err"
`,
)
const size = folder => Number(spawnSync('du', ['-sb', folder], { encoding: 'utf8' }).stdout.split('\t')[0])
for (const folder of [base, cuda])
  if (existsSync(folder)) process.stdout.write(`${folder} ${(size(folder) / 2 ** 20).toFixed(1)} MiB\n`)
if (!statSync(join(base, 'gpu.mjs')).size) throw new Error('the bench is empty')
