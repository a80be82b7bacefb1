/** Lays out rows as the cells of a table, and as lines of text for the terminal. */
import type { Spread } from './statistics.ts'

export type Cell = string | number | Spread | undefined
export type Row = Readonly<Record<string, Cell>>

interface Cells {
  readonly columns: readonly string[]
  /** Whether each column contains texts only, which are aligned to the left. */
  readonly isText: readonly boolean[]
  readonly lines: readonly (readonly string[])[]
}

/** Returns the cells of a table with a column for each key of the rows. */
export function tableCells(rows: readonly Row[]): Cells {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const isText = columns.map((column) => rows.every((row) => ['string', 'undefined'].includes(typeof row[column])))
  return { columns, isText, lines: rows.map((row) => columns.map((column) => show(row[column]))) }
}

/** Returns a table as lines of text with aligned columns. */
export function tableLines(rows: readonly Row[]): string[] {
  const { columns, isText, lines } = tableCells(rows)
  const cells = [columns, ...lines]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
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
  if (cell.values.length === 1 || !Number.isFinite(cell.median)) return rounded(cell.median)
  return `${rounded(cell.median)} (${rounded(cell.min)}–${rounded(cell.max)})`
}

function rounded(value: number): string {
  // JSON has null in place of NaN, a number that was not measured.
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)
}
