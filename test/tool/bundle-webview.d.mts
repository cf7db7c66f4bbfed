import type { Metafile } from 'esbuild'

export function buildWebview(outdir: string, options?: { readonly release?: boolean }): Promise<Metafile>
