export function fetchEditor(): { server: string; node: string }
export function freePort(): Promise<number>
export function editorName(): string
export function serveEditor(options: { data: string; vsix?: string; port?: number; settings?: object
  restricted?: boolean; quiet?: boolean }): Promise<{
  readonly address: string
  readonly pid: number
  readonly closed: Promise<unknown>
  log(): string
  stop(): Promise<void>
}>
