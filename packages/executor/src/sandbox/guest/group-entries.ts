import type { Primordials } from './primordials.ts'

/** List whose entries are put into columns. */
export interface GroupedList {
  readonly entries: readonly string[]
  /** Array or typed array of which the entries are. */
  readonly value: object
  readonly maxItems: number
  /** Number of levels that may share a line, by which the columns are limited. */
  readonly flatLevels: number
  readonly indent: number
  readonly lineLength: number
}

/** Puts the entries of a long list into columns, and returns the lines; the entries if they do not fit into columns. */
export type GroupEntries = (list: GroupedList) => readonly string[]

const separatorLength = 2

/** Creates the function that puts entries into columns, by the rules of Node's `util.inspect`. */
export function createGroupEntries(p: Primordials): GroupEntries {
  return ({ entries, value, maxItems, flatLevels, indent, lineLength }) => {
    // The last entry counts the items that are left out.
    const hasRest = entries.length > maxItems
    const count = hasRest ? entries.length - 1 : entries.length
    let total = 0
    let longest = 0
    for (let i = 0; i < count; i++) {
      const { length } = entries[i]!
      total += length + separatorLength
      longest = p.MathMax(longest, length)
    }
    const widest = longest + separatorLength
    if (widest * 3 + indent >= lineLength || (total / widest <= 5 && longest > 6)) return entries
    const average = p.MathMax(widest - 3 - (widest - total / entries.length) ** 0.5, 1)
    const columns = p.MathMin(
      p.MathTrunc((2.5 * average * count) ** 0.5 / average + 0.5),
      p.MathTrunc((lineLength - indent) / widest),
      flatLevels * 4,
      15,
    )
    if (columns <= 1) return entries
    return linesOf(entries, count, columns, hasRest, isNumeric(value, entries.length))
  }

  function linesOf(entries: readonly string[], count: number, columns: number, hasRest: boolean, isRight: boolean) {
    const widths: number[] = []
    for (let column = 0; column < columns; column++) {
      let width = 0
      for (let i = column; i < count; i += columns) width = p.MathMax(width, entries[i]!.length)
      p.arrayPush(widths, width)
    }
    const lines: string[] = []
    for (let start = 0; start < count; start += columns) {
      const end = p.MathMin(start + columns, count)
      let line = ''
      for (let i = start; i < end; i++) {
        const entry = entries[i]!
        const isLast = i === end - 1
        const text = isLast ? entry : `${entry}, `
        let padding = ''
        for (let n = entry.length; n < widths[i - start]!; n++) padding += ' '
        line += isRight ? padding + text : text + (isLast ? '' : padding)
      }
      p.arrayPush(lines, line)
    }
    if (hasRest) p.arrayPush(lines, entries[count]!)
    return lines
  }

  /** Returns whether the items are numbers, which are aligned to the right. */
  function isNumeric(value: object, count: number): boolean {
    for (let i = 0; i < count; i++) {
      const item = p.ReflectGetOwnPropertyDescriptor(value, i)
      const type = item !== undefined && p.ObjectHasOwn(item, 'value') ? typeof item.value : undefined
      if (type !== 'number' && type !== 'bigint') return false
    }
    return true
  }
}
