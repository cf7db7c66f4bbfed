import { sha256 } from './sha256.ts'

/** Luhn's sum (ISO/IEC 7812), over the digits only. */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** IBAN lengths by country (ISO 13616 registry). */
const ibanLengths: { readonly [country: string]: number } = {
  ...{ AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28 },
  ...{ CZ: 24, DE: 22, DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23, GL: 18 },
  ...{ GR: 27, GT: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32 },
  ...{ LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19, MR: 27, MT: 31, MU: 30, NL: 18, NO: 15 },
  ...{ PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, SA: 24, SC: 31, SE: 24, SI: 19, SK: 24, SM: 27, ST: 25 },
  ...{ SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20 },
}

/** The length of the IBAN that a text (without spaces) begins with; 0 where its check digits (mod 97) do not fit. */
export function ibanLength(compact: string): number {
  const length = ibanLengths[compact.slice(0, 2)]
  if (!length || compact.length < length) return 0
  const iban = compact.slice(4, length) + compact.slice(0, 4)
  let rest = 0
  for (const c of iban) rest = Number(`${rest}${Number.parseInt(c, 36)}`) % 97
  return rest === 1 ? length : 0
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Is it a Bitcoin address of the old form: 21 bytes and the first four of their double SHA-256, in base 58? */
export function isBase58Address(text: string): boolean {
  const bytes = new Uint8Array(25)
  for (const character of text) {
    let carry = base58.indexOf(character)
    if (carry < 0) return false
    for (let i = 24; i >= 0; i--) {
      carry += bytes[i]! * 58
      bytes[i] = carry & 255
      carry >>= 8
    }
    if (carry !== 0) return false
  }
  const sum = sha256(sha256(bytes.subarray(0, 21)))
  return [0, 1, 2, 3].every(i => sum[i] === bytes[21 + i])
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** Does the checksum of a `bc1…` address (BIP 173 and 350) fit? */
export function isBech32Address(text: string): boolean {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return false
  const values = [...lower.slice(3)].map(c => bech32.indexOf(c))
  if (values.length < 8 || values.includes(-1)) return false
  let sum = 1
  for (const value of [3, 3, 0, 2, 3, ...values]) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [i, g] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries())
      if ((top >>> i) & 1) sum ^= g
  }
  return sum === 1 || sum === 0x2bc830a3
}
