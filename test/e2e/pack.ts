import { packed } from './workbench.ts'

/** Packs the extension once for all files: their processes inherit the environment. */
export default function setup(): void {
  process.env['WINNOW_VSIX'] = packed()
}
