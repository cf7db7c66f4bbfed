/** The editor on the other side of the panel: messages out and in, and the state that outlives a reload. */
export interface Host<From, To> {
  post(message: From): void
  listen(act: (message: To) => void): void
  /** What the panel last saved, if it is still of the shape it asks for; undefined the first time. */
  restored(): Record<string, unknown> | undefined
  /** Kept by the editor across hiding and reloading; the panel's serializer is handed it too. */
  save(state: Record<string, unknown>): void
}

interface EditorApi {
  postMessage(message: unknown): void
  getState(): unknown
  setState(state: unknown): void
}

declare function acquireVsCodeApi(): EditorApi

/** May be called once in the life of the page: the editor hands its interface out a single time. */
export function connectHost<From, To>(): Host<From, To> {
  const api = acquireVsCodeApi()
  return {
    post: message => api.postMessage(message),
    listen: act =>
      addEventListener('message', event => {
        if (isMessage(event.data)) act(event.data as To)
      }),
    restored: () => {
      const state = api.getState()
      return typeof state === 'object' && state !== null ? (state as Record<string, unknown>) : undefined
    },
    save: state => api.setState(state),
  }
}

function isMessage(data: unknown): boolean {
  return typeof data === 'object' && data !== null && typeof (data as { kind?: unknown }).kind === 'string'
}
