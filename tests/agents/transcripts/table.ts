import type { Codemode, Tool } from '@codemode/client'
import { z } from 'zod'

import { catalogues } from './catalogues.ts'
import { classicCosts, codeCosts } from './count.ts'
import { tasks } from './tasks.ts'

const number = new Intl.NumberFormat('en')

/** Returns the table of all tasks, as Markdown. */
export async function tableOf(codemode: Codemode): Promise<string> {
  const rows: string[][] = []
  for (const task of tasks) {
    const tools = catalogues[task.catalogue]!
    const classic = await classicCosts(task, tools, schemasOf(tools))
    const code = await codeCosts(task, codemode.withTools(tools))
    const change = Math.round((100 * (code.read + code.written)) / (classic.read + classic.written))
    const cells = [classic.requests, code.requests, classic.read, code.read, classic.written, code.written]
    rows.push([
      `${task.catalogue} (${Object.keys(tools).length})`,
      task.question,
      ...cells.map((cell) => number.format(cell)),
      `${change} %`,
    ])
  }
  const head = [
    'catalogue (tools)',
    'task',
    'requests',
    'with code',
    'tokens read',
    'with code',
    'tokens written',
    'with code',
    'code of classic',
  ]
  const texts = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, i) => Math.max(...texts.map((row) => row[i]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [
    line(texts[0]!),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...texts.slice(1).map(line),
  ].join('\n')
}

/** Returns a page with a table in place of its table of transcripts. */
export function withTable(page: string, table: string): string {
  const replaced = page.replace(/\| catalogue \(tools\)[^\n]*\n(?:\|[^\n]*\n)*/, () => `${table}\n`)
  if (!replaced.includes(table)) throw new Error('The page has no table of transcripts.')
  return replaced
}

function schemasOf(tools: Readonly<Record<string, Tool>>): Record<string, object> {
  const entries = Object.entries(tools).map(([name, { inputSchema }]) => {
    const schema = inputSchema instanceof z.ZodType ? z.toJSONSchema(inputSchema, { io: 'input' }) : inputSchema
    return [name, schema as object] as const
  })
  return Object.fromEntries(entries)
}
