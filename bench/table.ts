import type { Spread } from './statistics.ts'

export type Cell = string | number | Spread | undefined
export type Row = Readonly<Record<string, Cell>>

/** Lines with a column for each key of the rows; texts are aligned to the left, numbers to the right. */
export function tableLines(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [columns, ...rows.map((row) => columns.map((column) => show(row[column])))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  const isText = columns.map((column) => rows.every((row) => ['string', 'undefined'].includes(typeof row[column])))
  return cells.map((line) =>
    line
      .map((cell, i) => (isText[i] === true ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

function show(cell: Cell): string {
  if (cell === undefined) return ''
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return rounded(cell)
  if (cell.values.length === 1) return rounded(cell.median)
  return `${rounded(cell.median)} (${rounded(cell.min)}–${rounded(cell.max)})`
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)
}
