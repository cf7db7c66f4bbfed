import { rowRule } from '../rowRule.ts'
import { secrets } from '../scan/secrets.ts'
import { nounOf } from '../scan/turns.ts'

export const secret = rowRule({
  meta: {
    id: 'secret',
    title: 'Key or token',
    severity: 'error',
    what: `A credential in a text: Artifactory, AWS, Azure storage, Cloudant, Discord, GitHub, IBM Cloud, IBM object storage, JSON web
token, Mailchimp, npm, SendGrid, Slack, SoftLayer, Stripe, Twilio (the precise detectors of detect-secrets), Anthropic, GitLab, Google, Hugging Face,
OpenAI, PyPI, private keys in PEM with what they hold. Placeholders, sequences, templates, UUIDs and hashes on a line that says so are not flagged.`,
    why: `Whoever has the file has the key, and so has whoever makes the model repeat it. A key that was in a dataset counts as
published.`,
    fix: `Revoke the key where it was issued; then redact it here: \`[SECRET]\`. Not part of "fix all", so that no key goes unnoticed. The
message shows the first characters only.`,
    example: `Row 4: \`The text holds a Stripe key (rk_l…, 32 characters).\``,
    options: {},
  },

  look: () => ({
    text({ column, role, turn, text, stats }, add) {
      // Every key has a digit, but for one kind of 24 letters.
      if (stats.longestMixed < 11 && stats.longestRun < 24) return
      const found = secrets(text)
      const first = found[0]
      if (!first) return
      const length = first.end - first.start
      const more = found.length > 1 ? `, and ${found.length - 1} more` : ''
      const shown = text.slice(first.start, first.start + 4)
      add({
        column,
        turn,
        start: first.start,
        end: first.end,
        message: `The ${nounOf(role)} holds ${first.kind} (${shown}…, ${length} characters)${more}.`,
        key: text,
        fix: {
          title: 'Redact',
          preferred: false,
          changes: found.map(({ start, end }) => ({ start, end, text: '[SECRET]' })),
        },
      })
    },
  }),
})
