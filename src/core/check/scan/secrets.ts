/** A key or token that opens something. */
export interface Secret {
  readonly kind: string
  readonly start: number
  readonly end: number
}

interface Detector {
  readonly kind: string
  /** The secret is the group `s`, or the whole match. */
  readonly pattern: RegExp
  readonly holds?: (secret: string) => boolean
}

/** How an assignment of a secret looks in code, configuration and headers. */
const assigned = String.raw`["']?\s{0,3}(?:=|:|:=|=>|\()\s{0,3}["']?`
const enough = (secret: string) => (secret.match(/\d/g)?.length ?? 0) >= 2 && /[a-z]/i.test(secret)

/** The sixteen detectors of detect-secrets that are precise enough to be errors; its entropy and keyword guesses are not among them. */
const detectors: readonly Detector[] = [
  {
    kind: 'an Artifactory token',
    pattern: /(?<![\w=/+-])(?:AKC[a-zA-Z0-9]{10,}|AP[\dA-F][a-zA-Z0-9]{8,})(?![\w=/+-])/g,
    holds: enough,
  },
  {
    kind: 'an AWS access key',
    pattern: /(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])/g,
  },
  {
    kind: 'an AWS secret key',
    pattern: /aws.{0,20}?(?:key|pwd|pw|password|pass|token).{0,20}?["'](?<s>[0-9a-zA-Z/+]{40})["']/gi,
  },
  { kind: 'an Azure storage key', pattern: /AccountKey=(?<s>[a-zA-Z0-9+/=]{88})/g },
  {
    kind: 'a Cloudant key',
    pattern: new RegExp(
      `cloudant[-_ .]?(?:api)?[-_ .]?(?:key|pwd|pw|password|pass|token)${assigned}(?<s>[0-9a-f]{64}|[a-z]{24})(?![0-9a-zA-Z])`,
      'gi',
    ),
  },
  {
    kind: 'a Cloudant key',
    pattern: /https?:\/\/[\w-]{1,80}:(?<s>[0-9a-f]{64}|[a-z]{24})@[\w-]{1,80}\.cloudant\.com/gi,
  },
  {
    kind: 'a Discord bot token',
    pattern: /(?<![\w-])[MNO][a-zA-Z\d_-]{23,25}\.[a-zA-Z\d_-]{6}\.[a-zA-Z\d_-]{27}(?![\w-])/g,
    holds: enough,
  },
  {
    kind: 'a GitHub token',
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9_]{36}|github_pat_[A-Za-z0-9_]{82})(?![A-Za-z0-9])/g,
  },
  {
    kind: 'an IBM Cloud key',
    pattern: new RegExp(
      `(?:ibm|iam|cloud)[-_]?(?:cloud)?[-_]?(?:iam)?[-_]?(?:api)?[-_]?(?:key|pwd|password|pass|token)${assigned}(?<s>[a-zA-Z0-9_-]{44})(?![\\w-])`,
      'gi',
    ),
  },
  { kind: 'a GitLab token', pattern: /(?<![\w-])glpat-[\w-]{20}(?![\w-])/g, holds: enough },
  { kind: 'a Google key', pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g, holds: enough },
  { kind: 'a Hugging Face token', pattern: /(?<![\w-])hf_[A-Za-z]{34}(?![A-Za-z0-9])/g },
  {
    kind: 'an IBM object storage key',
    pattern: new RegExp(`secret[-_]?(?:access)?[-_]?key(?:id)?${assigned}(?<s>[a-f0-9]{48})(?![a-f0-9])`, 'gi'),
  },
  {
    kind: 'a JSON web token',
    pattern: /(?<![\w-])eyJ[A-Za-z0-9_=-]{10,}\.[A-Za-z0-9_=-]{4,}(?:\.[A-Za-z0-9_.+/=-]{10,})?/g,
    holds: isJwt,
  },
  { kind: 'a Mailchimp key', pattern: /(?<![0-9a-zA-Z])[0-9a-z]{32}-us\d{1,2}(?!\d)/g, holds: enough },
  {
    kind: 'an npm token',
    pattern:
      /:_authToken=\s{0,3}(?<s>npm_[A-Za-z0-9]{30,}|[A-Fa-f0-9-]{36})|(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g,
  },
  { kind: 'an Anthropic key', pattern: /(?<![\w-])sk-ant-[a-z]+\d{2}-[\w-]{80,}/g, holds: enough },
  { kind: 'a PyPI token', pattern: /(?<![\w-])pypi-AgE[\w-]{60,}/g, holds: enough },
  // The line that begins one alone stands in many a manual.
  {
    kind: 'a private key',
    pattern:
      /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*(?:[A-Za-z-]+: [^\n]*\s+)*(?<s>(?:[A-Za-z0-9+/=]|\s|\\[nr]){64,})/g,
    holds: enough,
  },
  // In the middle of each stands what its maker writes into all.
  { kind: 'an OpenAI key', pattern: /(?<![\w-])sk-(?:[a-z]+-)?[\w-]{20,}T3BlbkFJ[\w-]{20,}/g },
  { kind: 'a SendGrid key', pattern: /(?<![\w.])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g },
  { kind: 'a Slack token', pattern: /(?<![a-z0-9])xox[abposr]-(?:\d+-)+[a-z0-9]+/gi },
  { kind: 'a Slack webhook', pattern: /https:\/\/hooks\.slack\.com\/services\/(?<s>T\w+\/B\w+\/\w{16,})/gi },
  {
    kind: 'a SoftLayer key',
    pattern: new RegExp(
      `(?:softlayer|sl)[-_]?(?:api)?[-_]?(?:key|pwd|password|pass|token)${assigned}(?<s>[a-z0-9]{64})(?![a-z0-9])`,
      'gi',
    ),
  },
  { kind: 'a SoftLayer key', pattern: /api\.softlayer\.com\/soap\/v3(?:\.1)?\/(?<s>[a-z0-9]{64})/gi },
  { kind: 'a Stripe key', pattern: /(?<![A-Za-z0-9])[rs]k_live_[0-9a-zA-Z]{24,}(?![A-Za-z0-9])/g },
  { kind: 'a Twilio key', pattern: /(?<![A-Za-z0-9])(?:AC|SK)[a-f0-9]{32}(?![A-Za-z0-9])/g, holds: enough },
]

/** The secrets in a text, ascending, without overlaps and without what only looks like one. */
export function secrets(text: string): Secret[] {
  const found: Secret[] = []
  for (const { kind, pattern, holds } of detectors) {
    for (const match of text.matchAll(pattern)) {
      const secret = match.groups?.['s'] ?? match[0]
      const start = match.index + match[0].lastIndexOf(secret)
      const end = start + secret.length
      if (holds && !holds(secret)) continue
      if (isMadeUp(secret) || isHash(secret, lineAround(text, start, end), kind)) continue
      if (!found.some(other => other.start < end && start < other.end)) found.push({ kind, start, end })
    }
  }
  return found.sort((a, b) => a.start - b.start)
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz'
const sequences = [
  `0123456789${alphabet}${alphabet}`,
  `${alphabet}0123456789`,
  '01234567890123456789',
  `0123456789abcdef0123456789abcdef`,
]

/** Placeholders of documentation: templates, sequences, one character over and over, UUIDs that are no key by themselves. */
function isMadeUp(secret: string): boolean {
  if (/example|placeholder|your|changeme|dummy|redacted|sample|<|\{|\$|\*{3}|\.{3}/i.test(secret)) return true
  if (/(.)\1{7}/.test(secret)) return true
  const body = secret.toLowerCase().replace(/^(?:[a-z]{2,6}_(?:live_)?|akia|asia|ac|sk)/, '')
  const compact = body.replace(/[^a-z0-9]/g, '')
  if (
    compact.length >= 8 &&
    sequences.some(sequence => sequence.includes(compact.slice(0, Math.min(16, compact.length))))
  )
    return true
  return new Set(compact).size <= 4
}

/** A hexadecimal value of 32, 40 or 64 digits on a line that speaks of hashes is one. */
function isHash(secret: string, line: string, kind: string): boolean {
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(secret)) return kind !== 'an npm token'
  return (
    /[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}/i.test(secret) &&
    /\b(?:sha-?\d*|md5|hash(?:es)?|bytes?|checksum)\b/i.test(line)
  )
}

function lineAround(text: string, start: number, end: number): string {
  const before = text.lastIndexOf('\n', start - 1) + 1
  const after = text.indexOf('\n', end)
  return (
    text.slice(Math.max(before, start - 200), start) +
    text.slice(end, Math.min(after < 0 ? text.length : after, end + 200))
  )
}

/** Does the first part decode to a header with an algorithm? */
function isJwt(token: string): boolean {
  const header = base64(token.slice(0, token.indexOf('.')))
  return /^\{.*"(?:alg|typ|enc)"\s*:/.test(header)
}

const digits64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64(text: string): string {
  let bits = 0
  let held = 0
  let out = ''
  for (const c of text.replace(/=+$/, '')) {
    const value = digits64.indexOf(c)
    if (value < 0) return ''
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out += String.fromCharCode((held >> bits) & 255)
    }
  }
  return out
}
