import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ibanLength, isBase58Address, isBech32Address, luhn } from '../../../src/core/check/scan/checksums.ts'
import { languageOf, languages } from '../../../src/core/check/scan/languages.ts'
import { mojibake } from '../../../src/core/check/scan/mojibake.ts'
import { personalData } from '../../../src/core/check/scan/personal.ts'
import { secrets } from '../../../src/core/check/scan/secrets.ts'
import { sha256 } from '../../../src/core/check/scan/sha256.ts'
import { sentencesOf, TextStats } from '../../../src/core/check/scan/textStats.ts'

// Put together here, so that no scanner of sources takes them for real.
const hex = '9f2c4e6a8b0d1f3e5a7c9b1d3f5e7a9c'
const wide = 'q9Zk3vT1LxWc8Rb5Yd0MfGh2Jn4Ps6Ua7Ve9Xw1Zy3AB4Ci6Dk8El0Fm2Gn5Ho7Ip9Jq1Kr3Ls5Mt7Nu9Ov1Pw3Qx'
const join = (...parts: string[]) => parts.join('')

describe('secrets', () => {
  test.each([
    ['an Artifactory token', join('AK', 'C5e8Kd03LqZx91V')],
    ['an AWS access key', join('AK', 'IA2E0A8F3B7C9D1QZX')],
    ['an AWS secret key', `aws_secret_key = "${wide.slice(0, 40)}"`],
    ['an Azure storage key', `AccountKey=${wide.slice(0, 86)}==`],
    ['a Cloudant key', `cloudant_password = "${hex}${hex}"`],
    ['a Cloudant key', `https://me:${hex}${hex}@me.cloudant.com`],
    ['a Discord bot token', join('MTk4NjIyNDgzNDcxOTI1MjQ4', '.Cl2FMQ.', 'ZnCjm1XVW7vRze4b7Cq4se7kKWs')],
    ['a GitHub token', join('gh', 'p_', wide.slice(0, 36))],
    ['an IBM Cloud key', `ibm_cloud_api_key: "${wide.slice(0, 44)}"`],
    ['an IBM object storage key', `secret_access_key = ${hex}${hex.slice(16)}`],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI5OTg3In0.q9Zk3vT1LxWc8Rb5Yd0MfGh2Jn4Ps6'],
    ['a Mailchimp key', join(hex, '-us14')],
    ['an npm token', join('np', 'm_', wide.slice(0, 36))],
    ['a SendGrid key', join('S', 'G.', wide.slice(0, 22), '.', wide.slice(22, 65))],
    ['a Slack token', join('xox', 'b-2334534875-', wide.slice(0, 24))],
    ['a Slack webhook', join('https://hooks.slack.com/', 'services/T024BE7LD/B024BE7LD/', wide.slice(0, 24))],
    ['a SoftLayer key', `softlayer_api_key = "${hex}${hex}"`],
    ['a Stripe key', join('sk', '_live_', wide.slice(0, 24))],
    ['a Twilio key', join('S', 'K', hex)],
    ['a GitLab token', join('glp', 'at-', wide.slice(0, 20))],
    ['a Google key', join('AI', 'za', wide.slice(0, 35))],
    ['a Hugging Face token', join('h', 'f_', 'qWxKzRtYpLmNvBcHgJfDsSaQeUiOwMbVnC')],
    ['an Anthropic key', join('sk', '-ant-', 'api03-', wide, 'Q7x')],
    ['a PyPI token', join('py', 'pi-', 'AgEIcHlwaS5vcmc', wide.slice(0, 60))],
    [
      'a private key',
      join('-----BEGIN RSA ', 'PRIVATE KEY-----\n', wide.slice(0, 64), '\n', wide.slice(10, 60), '\n-----END'),
    ],
    ['an OpenAI key', join('sk', '-proj-', wide.slice(0, 30), 'T3Blbk', 'FJ', wide.slice(5, 35))],
  ])('%s', (kind, text) => {
    expect(secrets(`before ${text} after`).map(found => found.kind)).toEqual([kind])
  })

  test.each([
    `md5 hash ${join('S', 'K', hex)} of the file`,
    `https://example.org/${hex}`,
    'sk_live_0123456789abcdefghijklmn',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'AKIAIOSFODNN7EXAMPLE',
    'sk-learn-contrib and hf_transfer, glpat-your-token-goes-here, AIza of the clouds',
    '123e4567-e89b-12d3-a456-426614174000',
    'secret_access_key = {{ secret }}',
    'AccountKey=<your key here>',
    'eyJust.a.sentence',
    'It begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----, as the manual says.',
    'APARTMENTS and APDictionaryEntries',
    'a'.repeat(200),
  ])('not in: %s', text => {
    expect(secrets(text)).toEqual([])
  })
})

describe('personal data', () => {
  const kinds = (text: string) =>
    personalData(text)
      .filter(p => p.confidence >= 0.5)
      .map(p => p.kind)
  test.each([
    ['Write to maria.lopez+shop@mail.firma.co.uk.', ['email']],
    ['+49 30 901820', ['phone']],
    ['call me: 0171 234 5678', ['phone']],
    ['call 4155552671', ['phone']],
    ['my.company@firma.de', ['email']],
    ['ada@yourfirm.de', ['email']],
    ['电话：13812345678', ['phone']],
    ['тел. 84951234567', ['phone']],
    ['write to jürgen@gmx.de', ['email']],
    ['иван@почта.рф', ['email']],
    ['请联系user@firma.cn谢谢', ['email']],
    ['http://54.12.33.1/x', ['ip-address']],
    ['4539-1488-0343-6467', ['credit-card']],
    ['my card 4539148803436467 was refused', ['credit-card']],
    ['phone me at 415-555-2671', ['phone']],
    ['GB29 NWBK 6016 1331 9268 19 is my account', ['iban']],
    ['ping 81.2.69.142', ['ip-address']],
    ['2a00:1450:4001:81b:0:0:0:200e', ['ip-address']],
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', ['crypto-address']],
  ])('%s', (text, expected) => expect(kinds(text)).toEqual(expected))

  test.each([
    'user@example.com',
    'yourname@yourdomain.com',
    'boss@company.com',
    'John.Doe-123%+@example-domain.com',
    'icon@2x.png',
    'text 20231225 is the date',
    'order 4155552671',
    'the path a/b/54.12.33.1',
    'an @mention',
    'Version 1.2.3.4',
    '10.0.0.1 and 192.168.1.20',
    'Python 3.11.4.2',
    'order 4539148803436468',
    'my order number is 123-456-7890',
    '12-05-1987',
    '2019-2021',
    '2024-01-31 12:30:45',
    '#ff8800',
    'ISBN 978-3-16-148410-0',
    '4242 4242 4242 4242',
    '1 234 567 890 euros each $1,250,000.00',
    '12:30:45',
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb',
    'GB28 NWBK 6016 1331 9268 19',
    '500 - 200 - 100 = 200',
    '100000000',
    '3.14159265358979',
    'std::vector::iterator',
    '0.1.2.3',
    '1000000000000000',
    // Calculations, as in answers to questions about numbers.
    '3600-1200=<<3600-1200=2400>>2400 bottles',
    'the cellar will have 3600-1200 bottles',
    '472547338\n+960397912423686\n-------\n960870459762024',
    'the sum of 4539148803436467 and 12 is odd',
    '2400 + 12000000 / 30',
    '12 000 000 x 3',
  ])('not in: %s', text => expect(kinds(text)).toEqual([]))
})

test('an address is found whole, whatever its letters, and without the words around it', () => {
  const found = (text: string) => personalData(text).map(({ start, end }) => text.slice(start, end))
  expect(found('write to jürgen@gmx.de now')).toEqual(['jürgen@gmx.de'])
  expect(found('请联系user@firma.cn谢谢')).toEqual(['user@firma.cn'])
})

test('checksums', () => {
  for (const text of ['', 'abc', 'x'.repeat(55), 'x'.repeat(56), 'y'.repeat(200)])
    expect(Buffer.from(sha256(Buffer.from(text))).toString('hex')).toBe(createHash('sha256').update(text).digest('hex'))
  expect(luhn('79927398713')).toBe(true)
  expect(luhn('79927398710')).toBe(false)
  expect(ibanLength('DE89370400440532013000')).toBe(22)
  expect(ibanLength('DE88370400440532013000')).toBe(0)
  expect(isBase58Address('3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy')).toBe(true)
  expect(isBech32Address('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).toBe(true)
  expect(isBech32Address('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5')).toBe(false)
})

test('mojibake is repaired exactly, once and twice over; what people write is left alone', () => {
  const garble = (text: string) => new TextDecoder('windows-1252').decode(Buffer.from(text))
  const mend = (text: string) =>
    [...mojibake(text)].reverse().reduce((t, c) => t.slice(0, c.start) + c.text + t.slice(c.end), text)
  for (const text of ['café', 'it’s', '“so”', 'naïve — yes…', '😀 ok', 'Привет всем', 'Größe', '£20 and €5', 'Łódź'])
    for (const garbled of [garble(text), garble(garble(text))]) expect(mend(garbled), garbled).toBe(text)
  for (const text of [
    'café',
    '«CAFÉ»',
    'voilà…”',
    'Größe',
    'ÀÉÎ',
    '日本語',
    'Привет',
    'smörgås',
    'AMANHÃ…',
    '100°',
    '“café…”',
  ])
    expect(mojibake(text), text).toEqual([])
})

test.each([
  ['English', 'Where is the parcel that I ordered last week, and when will it be here?'],
  ['German', 'Wo ist das Paket, das ich letzte Woche bestellt habe, und wann kommt es an?'],
  ['French', 'Où est le colis que j’ai commandé la semaine dernière et quand est-ce que vous le livrez ?'],
  ['Spanish', 'Dónde está el paquete que pedí la semana pasada y cuándo me lo van a entregar'],
  ['Russian', 'Где посылка, которую я заказал на прошлой неделе, и когда она будет у меня дома?'],
  [
    'Chinese',
    '我上周订购的包裹在哪里?什么时候可以送到?请尽快回复我,谢谢您的帮助,我已经等了一个星期了。我真的很需要它。',
  ],
  ['', 'def f(x): return [y for y in range(x) if y % 2]'],
  ['', 'too short'],
])('language: %s', (language, text) => {
  const stats = new TextStats()
  stats.begin()
  stats.read(text)
  expect(languages[languageOf(stats)]).toBe(language)
})

test('long sentences are known by the same hash wherever they stand', () => {
  const sentence = 'This message is confidential and for its recipient only'
  const stats = new TextStats()
  stats.begin()
  stats.read(`Hello. ${sentence}. Bye`)
  expect([...stats.sentenceHashes.subarray(0, stats.sentences)]).toEqual(sentencesOf(`${sentence}!`).map(s => s.hash))
})
