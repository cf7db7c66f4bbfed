/** Asked between pieces of long work. An `AbortSignal` satisfies it. */
export interface Cancel {
  readonly aborted: boolean
}

/** Thrown by work that noticed its `Cancel`; never shown as an error. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled')
    this.name = 'Cancelled'
  }
}

/** Leaves by `Cancelled` when the work was cancelled. */
export function checkCancel(cancel: Cancel): void {
  if (cancel.aborted) throw new Cancelled()
}
