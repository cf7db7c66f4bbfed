import { isUnspaced } from '../../sign/normal.ts'
import { ibanLength, isBase58Address, isBech32Address, luhn } from './checksums.ts'

/** What tells a person from others, after Presidio's kinds. */
export type PersonalKind = 'email' | 'phone' | 'credit-card' | 'iban' | 'ip-address' | 'crypto-address'

export interface Personal {
  readonly kind: PersonalKind
  readonly start: number
  readonly end: number
  /** From 0 to 1: what has a checksum is certain, a telephone number is as likely as its form and its surroundings. */
  readonly confidence: number
}

// Letters of any script (RFC 6531); between those of a text that is written without spaces an address is one of ASCII.
const email = /(?<![\w.%+-])[\w%+-]+(?:\.[\w%+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?![\w-])/gi
const wideEmail =
  /(?<![\p{L}\p{N}_.%+-])[\p{L}\p{M}\p{N}_%+-]+(?:\.[\p{L}\p{M}\p{N}_%+-]+)*@(?:[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?\.)+\p{L}{2,24}(?![\p{L}\p{N}_-])/gu
/** Names that are reserved for examples (RFC 2606) or stand for one in manuals, and file names with an at sign in them. */
const noEmail =
  /^your[\w.-]*@|@(?:[\w-]+\.)*(?:example|test|invalid|localhost)(?:\.(?:com|org|net))?$|@(?:your[\w-]*|example-[\w-]+|(?:my|some)?(?:domain|company))\.(?:com|org|net)$|\.(?:png|jpe?g|gif|svg|webp|js|css)$/i
const iban = /(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}/g
const card = /(?<![\d.,-])(?:\d[ -]?){12,18}\d(?![\d-]|[.,]\d)/g
const cardForms =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11})$/
const cardWords =
  /\b(?:cards?|visa|master ?card|amex|american express|credit|debit|cc|pan|(?:kredit|bank)?karte|carte|tarjeta|carta)\b/i
/** The numbers that payment services publish for tests. */
const testCards = new Set([
  '4111111111111111',
  '4242424242424242',
  '5555555555554444',
  '378282246310005',
  '4000056655665556',
])
const ipv4 =
  /(?<![\w.:-]|(?<!\/)\/)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\w-]|\.\d)/g
const ipv6 = /(?<![\w:.])[23][0-9a-f]{3}:(?:[0-9a-f]{0,4}:){2,6}[0-9a-f]{0,4}(?![\w:])/gi
const base58 = /(?<![a-z0-9])[13][a-km-zA-HJ-NP-Z1-9]{25,34}(?![a-z0-9])/gi
const bech32 = /(?<![a-z0-9])bc1[a-z0-9]{25,87}(?![a-z0-9])/gi
const ethereum = /(?<![a-z0-9])0x[0-9a-f]{40}(?![a-z0-9])/gi
const phone =
  /(?<![\w.,:/#$€£+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]?\d{2,5}){1,4}(?![\w%°€$£-]|[.,:/]\d|\s*[=<>*×÷]|\s+[+×÷/-]\s*\d)/g
const phoneWords =
  /\b(?:tel|phone|mobile|cell|call|dial|fax|whatsapp|sms|text|ring|contact|reach|(?:my|his|her|their|our) number is|telefon|handy|tél|móvil)\b\W{0,3}(?:\w+\W{1,3}){0,3}$/i
const wideWords =
  /(?:电话|電話|手机|手機|携帯|联系|聯繫|致电|전화|연락처|핸드폰|тел(?:ефон\p{L}*)?|звон\p{L}*|моб(?:ильн\p{L}*)?|هاتف|جوال|फ़?ोन|मोबाइल|โทร\p{L}*|điện thoại)[^\p{L}\p{N}]{0,3}$/iu
const otherNumbers =
  /(?:\b(?:order|invoice|ticket|case|ref(?:erence)?|isbn|id|serial|version|code|tracking|account|item|article|part|model|no|nr|number|build|sku|doi|pmid|patent|page|pp)\b|#|№)\W{0,3}(?:\w+\W{1,2}){0,1}$/i

/** The personal data in a text, ascending, without overlaps. What examples and documentation use is left out. */
export function personalData(text: string): Personal[] {
  const found: Personal[] = []
  const add = (kind: PersonalKind, start: number, end: number, confidence: number) => {
    if (!found.some(other => other.start < end && start < other.end)) found.push({ kind, start, end, confidence })
  }
  const each = (pattern: RegExp, look: (match: string, start: number) => void) => {
    for (const match of text.matchAll(pattern)) look(match[0], match.index)
  }
  if (text.includes('@')) {
    each(wideEmail, (m, at) => isWritten(m) && !noEmail.test(m) && add('email', at, at + m.length, 1))
    each(email, (m, at) => noEmail.test(m) || add('email', at, at + m.length, 1))
  }
  each(iban, (m, at) => {
    const length = ibanLength(m.replaceAll(' ', ''))
    if (length > 0) add('iban', at, at + spread(m, length), 1)
  })
  each(card, (m, at) => {
    const digits = m.replace(/\D/g, '')
    const around = text.slice(Math.max(0, at - 60), at + m.length + 30)
    // One number in ten passes the checksum, so one without groups needs a word that says what it is.
    if (!/\D/.test(m) && !cardWords.test(around)) return
    if (cardForms.test(digits) && luhn(digits) && !testCards.has(digits) && new Set(digits).size > 2)
      add('credit-card', at, at + m.length, 1)
  })
  each(base58, (m, at) => isBase58Address(m) && add('crypto-address', at, at + m.length, 1))
  each(bech32, (m, at) => isBech32Address(m) && add('crypto-address', at, at + m.length, 1))
  each(ethereum, (m, at) => new Set(m).size > 8 && add('crypto-address', at, at + m.length, 0.8))
  each(ipv4, (m, at) => isPublic(m, text.slice(Math.max(0, at - 24), at)) && add('ip-address', at, at + m.length, 0.8))
  if (text.includes(':')) each(ipv6, (m, at) => isIpv6(m) && add('ip-address', at, at + m.length, 0.9))
  each(phone, (m, at) => {
    const confidence = phoneConfidence(m, text.slice(Math.max(0, at - 40), at))
    if (confidence > 0) add('phone', at, at + m.length, confidence)
  })
  return found.sort((a, b) => a.start - b.start)
}

/** Is it one address, rather than an ASCII one with the words of a script without spaces around it? */
function isWritten(address: string): boolean {
  const [name, domain] = address.split('@') as [string, string]
  const unspaced = [...address].some(letter => isUnspaced(letter.codePointAt(0)!))
  return !unspaced || (!/[a-z]/i.test(name) && !/[a-z]/i.test(domain.slice(0, domain.lastIndexOf('.'))))
}

/** How far `count` characters reach in a text with spaces between. */
function spread(text: string, count: number): number {
  let seen = 0
  for (let i = 0; i < text.length; i++) if (text[i] !== ' ' && ++seen === count) return i + 1
  return text.length
}

function isPublic(address: string, before: string): boolean {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number]
  if (/\bv(?:er(?:sion)?)?\.? ?$|\b(?:version|release|build|firmware|section|chapter)\s*$/i.test(before)) return false
  const reserved =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113)
  if (reserved || /^(?:8\.8\.8\.8|8\.8\.4\.4|1\.1\.1\.1|1\.0\.0\.1|9\.9\.9\.9)$/.test(address)) return false
  // Versions and section numbers are small throughout.
  return Math.max(a, b, c, d) >= 32 || /\b(?:ip|address|host|server|ping)\b/i.test(before)
}

function isIpv6(text: string): boolean {
  const groups = text.split(':')
  const gap = text.includes('::')
  if (gap ? groups.length > 8 || text.indexOf('::') !== text.lastIndexOf('::') : groups.length !== 8) return false
  return !/^2001:0?db8/i.test(text) && (gap || groups.every(group => group !== ''))
}

/**
 * A leading `+` or the North American form say most; the words before it say the rest. Dates, ranges of years and
 * numbers of orders are no telephone numbers.
 */
function phoneConfidence(text: string, before: string): number {
  const digits = text.replace(/\D/g, '')
  if (digits.length < 8 || digits.length > 15 || /^(\d)\1+$/.test(digits)) return 0
  if (/^\d{4}[ .-]\d{1,2}[ .-]\d{1,2}$|^\d{1,2}[ .-]\d{1,2}[ .-]\d{4}$|^(?:19|20)\d\d ?- ?(?:19|20)\d\d$/.test(text))
    return 0
  if (/^97[89]/.test(digits) && digits.length === 13) return 0
  if (/[+*/=<>(]\s*$/.test(before) || / - /.test(text)) return 0
  // A sum, one number under the other.
  if (text.startsWith('+') && /\d\s*$/.test(before)) return 0
  const separated = /[ .()-]/.test(text)
  const international = text.startsWith('+')
  const american = /^(?:\+?1[ .-]?)?\(?[2-9]\d\d\)?[ .-][2-9]\d\d[ .-]\d{4}$/.test(text)
  let confidence = international ? 0.75 : american ? 0.65 : text.startsWith('(') || text.startsWith('0') ? 0.4 : 0.2
  const named = phoneWords.test(before) || wideWords.test(before)
  const whole = digits.length >= 10 && digits.length <= 13
  if (!separated && !international && !(named && whole)) confidence -= 0.1
  if (named) confidence += 0.3
  else if (otherNumbers.test(before)) confidence -= 0.4
  return Math.min(1, confidence)
}
