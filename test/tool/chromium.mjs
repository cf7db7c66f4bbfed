// Finds a Chromium for the webview and end-to-end tests, or fetches Debian's where that is possible.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const places = [
  process.env.WINNOW_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]

/** Arguments that keep a headless Chromium on loopback and out of the way. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

export function findChromium() {
  return places.find(place => place && existsSync(place))
}

/** The path of a Chromium; installs Debian's package when root on Debian, else says the one command and leaves. */
export function needChromium() {
  const found = findChromium()
  if (found) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    process.stderr.write('Fetching Chromium (Debian package)…\n')
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }
    spawnSync('apt-get', ['update', '-q'], options)
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-liberation'], options)
    const now = findChromium()
    if (now) return now
  }
  process.stderr.write(
    'No Chromium found. Install it: sudo apt-get install chromium  (or set WINNOW_CHROMIUM to its path)\n',
  )
  process.exit(2)
}
