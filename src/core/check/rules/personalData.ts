import { Failure } from '../../base/failure.ts'
import { rowRule } from '../rowRule.ts'
import { has } from '../scan/characters.ts'
import { personalData as findPersonal, type PersonalKind } from '../scan/personal.ts'
import { nounOf } from '../scan/turns.ts'

const words: { readonly [K in PersonalKind]: readonly [string, string] } = {
  email: ['an email address', 'email addresses'],
  phone: ['a telephone number', 'telephone numbers'],
  'credit-card': ['a credit card number', 'credit card numbers'],
  iban: ['a bank account number (IBAN)', 'bank account numbers (IBAN)'],
  'ip-address': ['an IP address', 'IP addresses'],
  'crypto-address': ['a cryptocurrency address', 'cryptocurrency addresses'],
}

export const personalData = rowRule({
  meta: {
    id: 'personal-data',
    title: 'Personal data',
    severity: 'warning',
    what: `Email addresses, telephone numbers, credit card numbers (Luhn checksum), IBANs (check digits), public IP addresses and
cryptocurrency addresses (checksums where they have one) in texts. Not flagged: what is reserved for examples or stands for one (\`example.com\`,
\`you@yourdomain.com\`, \`boss@company.com\`, test card numbers, private networks), and what only looks like it: versions, dates, order numbers, ISBNs. A telephone number has a confidence from
its form and the words before it; below \`confidence\` it is not told.`,
    why: `A model can be made to say what it was trained on, word for word. Personal data that was not needed for the task is a risk
without a benefit, and in many places against the law.`,
    fix: `Redact: \`[EMAIL]\`, \`[PHONE]\`, \`[CREDIT_CARD]\`, \`[IBAN]\`, \`[IP_ADDRESS]\`, \`[CRYPTO_ADDRESS]\` instead. Not part of "fix
all": whether it may stay is for a person to say.`,
    example: `\`\`\`jsonl
{"text": "Write to maria@firma.de or call +49 30 901820", "label": "contact"}
\`\`\`
Row 0: \`The text holds an email address and a telephone number.\``,
    options: {
      confidence: {
        default: 0.5,
        what: 'The least confidence of a telephone number, from 0 to 1.',
        check(value) {
          if (!(Number(value) >= 0 && Number(value) <= 1))
            throw new Failure('bad-option', `confidence is ${value}`, 'Give a number from 0 to 1')
        },
      },
    },
  },

  look({ options }) {
    const least = Number(options['confidence'])
    return {
      text({ column, role, turn, text, stats }, add) {
        const may = (stats.flags & has.at) !== 0 || stats.digits >= 4 || stats.longestRun >= 26
        if (role === 'label' || !may) return
        const found = findPersonal(text).filter(({ kind, confidence }) => kind !== 'phone' || confidence >= least)
        const first = found[0]
        if (!first) return
        const kinds = [...new Set(found.map(({ kind }) => kind))].map(kind => {
          const count = found.filter(one => one.kind === kind).length
          return count === 1 ? words[kind][0] : `${count} ${words[kind][1]}`
        })
        const list = kinds.length === 1 ? kinds[0] : `${kinds.slice(0, -1).join(', ')} and ${kinds.at(-1)}`
        const changes = found.map(({ kind, start, end }) => ({
          start,
          end,
          text: `[${kind.toUpperCase().replaceAll('-', '_')}]`,
        }))
        add({
          column,
          turn,
          start: first.start,
          end: first.end,
          message: `The ${nounOf(role)} holds ${list}.`,
          key: text,
          fix: { title: 'Redact', preferred: false, changes },
        })
      },
    }
  },
})
