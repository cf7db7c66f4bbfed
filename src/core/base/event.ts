/** Something to let go of. Structurally a `vscode.Disposable`. */
export interface Disposable {
  dispose(): void
}

/** Calls the listener until disposed. */
export type Event<T> = (listener: (value: T) => void) => Disposable

/** One source of events. Listeners are called in the order they came. */
export class Emitter<T> implements Disposable {
  private listeners: ((value: T) => void)[] = []

  readonly event: Event<T> = listener => {
    this.listeners.push(listener)
    return {
      dispose: () => {
        this.listeners = this.listeners.filter(l => l !== listener)
      },
    }
  }

  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value)
  }

  dispose(): void {
    this.listeners = []
  }
}

/** Owns disposables. What is added after the store was disposed is disposed at once. */
export class Store implements Disposable {
  private items: Disposable[] = []
  private closed = false

  add<T extends Disposable>(item: T): T {
    if (this.closed) item.dispose()
    else this.items.push(item)
    return item
  }

  dispose(): void {
    this.closed = true
    for (const item of this.items.splice(0).reverse()) item.dispose()
  }
}
