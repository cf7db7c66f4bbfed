/** Safe as text and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  const names: { readonly [c: string]: string } = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, c => names[c] as string)
}
