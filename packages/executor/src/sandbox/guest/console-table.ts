import { brandOf } from './brand.ts'
import type { InspectOptions } from './inspect.ts'
import type { Primordials } from './primordials.ts'
import { textWidth } from './text-width.ts'

/** Number of rows of a table that are shown. */
const maxRows = 1_000

interface Column {
  readonly head: string
  readonly cells: string[]
}

/** Primordials, and the function that shows values. */
interface TableHost {
  readonly p: Primordials
  readonly inspect: (value: unknown, options?: InspectOptions) => string
}

/**
 * Returns an object as the table that Node's `console.table` shows: a row for each item of an
 * array, map or set, or for each property. `wanted` may be an array of the names of the columns. Accessors are not
 * called. Returns undefined for an object that can't be inspected: a proxy can throw at any step.
 */
export function tableOf(host: TableHost, data: object, wanted: unknown): string | undefined {
  try {
    return makeTable(host, data, host.p.ArrayIsArray(wanted) ? wanted : undefined)
  } catch {
    return undefined
  }
}

function makeTable(host: TableHost, data: object, wanted: readonly unknown[] | undefined): string {
  const { p } = host
  const brand = brandOf(p, data)
  const index: Column = { head: brand === 'Map' || brand === 'Set' ? '(iteration index)' : '(index)', cells: [] }
  const columns: Column[] = [index]
  const values: Column = { head: 'Values', cells: [] }
  let rows = 0

  const addRow = (key: string): boolean => {
    if (rows++ >= maxRows) return false
    p.arrayPush(index.cells, key)
    return true
  }
  if (brand === 'Map') {
    const keys: Column = { head: 'Key', cells: [] }
    p.arrayPush(columns, keys)
    p.mapForEach(data as Map<unknown, unknown>, (value, key) => {
      if (!addRow(`${rows}`)) return
      p.arrayPush(keys.cells, cellOf(host, key))
      p.arrayPush(values.cells, cellOf(host, value))
    })
    p.arrayPush(columns, values)
  } else if (brand === 'Set') {
    p.setForEach(data as Set<unknown>, (value) => {
      if (addRow(`${rows}`)) p.arrayPush(values.cells, cellOf(host, value))
    })
    p.arrayPush(columns, values)
  } else {
    const byName = new p.Map<string, Column>()
    let hasValues = false
    const keys = p.ObjectKeys(data)
    for (let row = 0; row < keys.length; row++) {
      if (!addRow(keys[row]!)) continue
      const item = shownValue(p, data, keys[row]!)
      const isPrimitive = item === null || (typeof item !== 'object' && typeof item !== 'function')
      if (wanted === undefined && isPrimitive) {
        hasValues = true
        setCell(p, values, row, cellOf(host, item))
        continue
      }
      const names = wanted ?? p.ObjectKeys(item as object)
      for (let i = 0; i < names.length; i++) {
        const name = typeof names[i] === 'string' ? (names[i] as string) : host.inspect(names[i])
        let column = p.mapGet(byName, name)
        if (column === undefined) {
          column = { head: name, cells: [] }
          p.mapSet(byName, name, column)
          p.arrayPush(columns, column)
        }
        const isThere = !isPrimitive && p.ObjectHasOwn(item, name)
        setCell(p, column, row, isThere ? cellOf(host, shownValue(p, item, name)) : '')
      }
    }
    if (hasValues) p.arrayPush(columns, values)
  }
  return drawTable(p, columns) + (rows > maxRows ? `\n... ${rows - maxRows} more rows` : '')
}

function shownValue(p: Primordials, object: object, key: string): unknown {
  const descriptor = p.ReflectGetOwnPropertyDescriptor(object, key)
  if (descriptor === undefined || p.ObjectHasOwn(descriptor, 'value')) return descriptor?.value
  return '[Getter]'
}

/** Returns a value as one line; of an object with more than two properties only its class. */
function cellOf({ p, inspect }: TableHost, value: unknown): string {
  const isLarge =
    typeof value === 'object' && value !== null && !p.ArrayIsArray(value) && p.ObjectKeys(value).length > 2
  return inspect(value, { __proto__: null, depth: isLarge ? -1 : 0, maxItems: 3, lineLength: Infinity })
}

function setCell(p: Primordials, { cells }: Column, row: number, text: string): void {
  while (cells.length < row) p.arrayPush(cells, '')
  if (cells.length === row) p.arrayPush(cells, text)
}

function drawTable(p: Primordials, columns: readonly Column[]): string {
  const widths: number[] = []
  const heads: string[] = []
  for (let i = 0; i < columns.length; i++) {
    const { head, cells } = columns[i]!
    let width = textWidth(p, head)
    for (let row = 0; row < cells.length; row++) width = p.MathMax(width, textWidth(p, cells[row]!))
    p.arrayPush(widths, width)
    p.arrayPush(heads, head)
  }
  const rule = (left: string, middle: string, right: string): string => {
    let text = left
    for (let i = 0; i < widths.length; i++) text += (i > 0 ? middle : '') + p.stringPadEnd('', widths[i]! + 2, '─')
    return text + right
  }
  const line = (cellAt: (column: number) => string): string => {
    let text = '│'
    for (let i = 0; i < widths.length; i++) {
      const cell = cellAt(i)
      text += ` ${p.stringPadEnd(cell, widths[i]! + cell.length - textWidth(p, cell))} │`
    }
    return text
  }
  let text = `${rule('┌', '┬', '┐')}\n${line((i) => heads[i]!)}\n${rule('├', '┼', '┤')}\n`
  for (let row = 0; row < columns[0]!.cells.length; row++) {
    text += `${line((i) => (row < columns[i]!.cells.length ? columns[i]!.cells[row]! : ''))}\n`
  }
  return text + rule('└', '┴', '┘')
}
