/**
 * The environment of a child: plain Node even when started from the editor's own executable, and none of the
 * switches that were meant for the parent (they broke forks: vscode#154549).
 */
export function childEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([key]) => key !== 'NODE_OPTIONS' && !key.startsWith('VSCODE_'))
  return { ...Object.fromEntries(own), ELECTRON_RUN_AS_NODE: '1' }
}
