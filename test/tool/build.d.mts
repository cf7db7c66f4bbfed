/** Builds the programs into a folder. `only` lists the ones wanted; left out, all of them. */
export function bundle(options?: {
  release?: boolean
  out?: string
  only?: readonly ('extension' | 'cli' | 'worker' | 'mcp' | 'thread' | 'webview')[]
}): Promise<void>
