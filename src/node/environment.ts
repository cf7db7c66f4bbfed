/**
 * For a child that should be lean: glibc then gives a tensor's memory back when it is let go, instead of keeping it for the next.
 * Two fifths of the peak of a decoder's step, for a seventh more processor time (`npm run bench -- memory`). Nothing elsewhere.
 */
export const leanEnv = { MALLOC_MMAP_THRESHOLD_: '131072' } as const

/**
 * The environment of a child: plain Node even when started from the editor's own executable, and none of the
 * switches that were meant for the parent (they broke forks: vscode#154549).
 */
export function childEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([key]) => key !== 'NODE_OPTIONS' && !key.startsWith('VSCODE_'))
  return { ...Object.fromEntries(own), ELECTRON_RUN_AS_NODE: '1' }
}
