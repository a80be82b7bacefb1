import { tableCells, type Row } from './table.ts'

/** Returns a Markdown table under its title. */
export function markdownTable(title: string, rows: readonly Row[]): string {
  return [`**${title}**`, '', markdownRows(rows)].join('\n')
}

/** Returns rows as a Markdown table. */
export function markdownRows(rows: readonly Row[]): string {
  const { columns, isText, lines } = tableCells(rows)
  const rule = columns.map((_, i) => (isText[i] === true ? '---' : '--:'))
  return [...[columns, rule, ...lines].map((line) => `| ${line.join(' | ')} |`), ''].join('\n')
}
