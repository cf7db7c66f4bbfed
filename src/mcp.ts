/* The MCP server as a program of its own: its protocol library is larger than the rest of the command line, which loads it only for
   `winnow mcp`. */
export { serveMcp } from './node/mcp.ts'
