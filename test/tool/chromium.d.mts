export const chromiumArgs: string[]
export function findChromium(): string | undefined
/** Leaves the process with a message where there is none and none can be fetched. */
export function needChromium(): string
