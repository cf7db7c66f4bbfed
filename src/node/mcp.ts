import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { ReadTool, ToolAnswer } from './readTools.ts'

/** What a server offers. The tools come as an argument, so that the program with the protocol holds nothing else. */
export interface Served {
  readonly tools: readonly ReadTool[]
  readonly version: string
  answer(name: string, input: unknown, cancel: AbortSignal): Promise<ToolAnswer>
}

/** Serves reading tools over standard input and output until the other side closes. */
export async function serveMcp({ tools, version, answer }: Served): Promise<void> {
  const server = new Server({ name: 'winnow', version }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, title, description, inputSchema }) => ({
      name,
      title,
      description,
      inputSchema: { ...inputSchema, required: [...(inputSchema.required ?? [])] },
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const { text, isError } = await answer(params.name, params.arguments, signal)
    return { content: [{ type: 'text', text }], isError }
  })
  const closed = new Promise<void>(resolve => {
    server.onclose = resolve
    process.stdin.once('end', () => void server.close())
  })
  await server.connect(new StdioServerTransport())
  await closed
}
