export function assemble(path?: string): Promise<Uint8Array>
