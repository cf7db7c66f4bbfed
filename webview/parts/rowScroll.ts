export const rowHeight = 24
/** Rows drawn beyond those in sight. */
const spare = 6
/** Browsers cap the height of an element, the lowest of them at 17.8 million pixels. */
const tallest = 12_000_000

export interface RowScroll {
  setCount(count: number, canvas: HTMLElement): void
  /** The rows to draw: in sight and a few more. */
  range(count: number): { readonly first: number; readonly last: number }
  /** Where to draw a row, in pixels of the canvas. */
  place(index: number): number
  reveal(index: number, count: number): void
  top(): void
  perPage(): number
}

/**
 * Scrolls over rows of one height, however many. Where they are taller than an element can be, the scrollbar moves over a shorter
 * one: its place is scaled to the rows, and turning the wheel still moves by the pixels that it says.
 */
export function rowScroll(
  scroller: HTMLElement,
  act: { readonly head: () => number; readonly moved: () => void },
): RowScroll {
  let total = 0
  let canvasHeight = 0
  /** The place in pixels of the rows, where it is more exact than the scrollbar's. */
  let exact = 0
  let set = -1

  const seen = () => Math.max(rowHeight, scroller.clientHeight - act.head())
  const isScaled = () => total > canvasHeight
  const furthest = () => Math.max(0, canvasHeight - seen())
  const offset = () => (isScaled() ? exact : scroller.scrollTop)
  const moveTo = (to: number) => {
    exact = Math.max(0, Math.min(total - seen(), to))
    const top = isScaled() ? (furthest() * exact) / Math.max(1, total - seen()) : exact
    scroller.scrollTop = top
    set = scroller.scrollTop
  }
  scroller.addEventListener(
    'scroll',
    () => {
      if (isScaled() && Math.abs(scroller.scrollTop - set) > 1)
        exact = (scroller.scrollTop / Math.max(1, furthest())) * Math.max(0, total - seen())
      set = -1
      act.moved()
    },
    { passive: true },
  )
  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.deltaY === 0) return
    const unit = event.deltaMode === 1 ? rowHeight : event.deltaMode === 2 ? seen() : 1
    moveTo(exact + event.deltaY * unit)
    act.moved()
    event.preventDefault()
  }
  return {
    setCount: (count, canvas) => {
      total = count * rowHeight
      canvasHeight = Math.min(total, tallest)
      canvas.style.height = `${canvasHeight}px`
      scroller.removeEventListener('wheel', wheel)
      if (isScaled()) scroller.addEventListener('wheel', wheel, { passive: false })
      exact = Math.min(exact, Math.max(0, total - seen()))
    },
    range: count => {
      const from = offset()
      return {
        first: Math.max(0, Math.min(count, Math.floor(from / rowHeight) - spare)),
        last: Math.min(count, Math.ceil((from + seen()) / rowHeight) + spare),
      }
    },
    place: index => (isScaled() ? index * rowHeight - exact + scroller.scrollTop : index * rowHeight),
    reveal: (index, count) => {
      if (count === 0) return
      const top = index * rowHeight
      const from = offset()
      if (top < from) moveTo(top)
      else if (top + rowHeight > from + seen()) moveTo(top + rowHeight - seen())
    },
    top: () => moveTo(0),
    perPage: () => Math.max(1, Math.floor(seen() / rowHeight) - 1),
  }
}
