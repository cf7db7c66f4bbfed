// Answers the end-to-end tests from inside the real extension host: the body of a POST is the source of a function of
// (vscode, require), its result comes back as JSON. Loopback only, and only where the tests set the port.
const http = require('node:http')
const vscode = require('vscode')

let server
exports.activate = () => {
  const port = Number(process.env.WINNOW_PROBE_PORT)
  if (!port) return
  server = http.createServer(async (request, response) => {
    // A test that is busy itself would find a connection that was kept closed at the moment it asks.
    response.setHeader('Connection', 'close')
    let body = ''
    for await (const chunk of request) body += chunk
    try {
      // biome-ignore lint/security/noGlobalEval: the tests' own source, from this machine
      const value = await (0, eval)(`(${body})`)(vscode, require)
      response.end(JSON.stringify({ value }))
    } catch (error) {
      response.end(JSON.stringify({ error: String(error?.stack ?? error) }))
    }
  })
  // After a reload the old host may hold the port for a moment.
  const listen = () => server.listen(port, '127.0.0.1')
  server.on('error', () => setTimeout(listen, 200))
  listen()
}
exports.deactivate = () => {
  server?.closeAllConnections()
  server?.close()
}
