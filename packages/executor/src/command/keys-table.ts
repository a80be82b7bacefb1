import { expiryOf, ownerOf, rightsOf, type ApiKeyEntry } from '../api-keys.ts'

const head = ['ID', 'OWNER', 'TENANT', 'RIGHTS', 'EXPIRES', 'STATE']

/** Returns the keys as a table for terminals, without their hashes. */
export function keysTable(entries: readonly ApiKeyEntry[], now: number): string {
  const rows = [head, ...entries.map((entry) => row(entry, now))]
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return `${rows.map(line).join('\n')}\n`
}

function row(entry: ApiKeyEntry, now: number): string[] {
  const { id, tenant, expiresAt = 'never' } = entry
  const state = expiryOf(entry) <= now ? 'expired' : 'active'
  return [id, ownerOf(entry), tenant, rightsOf(entry).join(','), expiresAt, state].map(printable)
}

/** Escapes characters that could control a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
