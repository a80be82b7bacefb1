import { stdout } from 'node:process'
import { styleText } from 'node:util'

const width = 100
const labelWidth = 13

/** Prints the title of a scene, with its number. */
export function printHeading(number: number, title: string): void {
  const start = `── ${number}. ${title} `
  printLine(`\n${styled('bold', start.padEnd(width, '─'))}`)
  printLine('')
}

/** Prints guest code with the line numbers that errors refer to. */
export function printCode(code: string): void {
  const lines = code.split('\n')
  for (const [index, line] of lines.entries()) printLine(`  ${dim(`${String(index + 1).padStart(2)} │`)} ${line}`)
  printLine('')
}

/** Prints a label and a value; further lines of the value are aligned below its first. */
export function printFact(label: string, value: string): void {
  const [first = '', ...more] = value.split('\n')
  printLine(`  ${dim(label.padEnd(labelWidth))} ${first}`)
  for (const line of more) printLine(`  ${' '.repeat(labelWidth)} ${line}`)
}

/** Prints a line without changes. */
export function printLine(text: string): void {
  stdout.write(`${text.trimEnd()}\n`)
}

const dim = (text: string): string => styled('dim', text)

/** Styles a text; returns it as it is if the output is not a terminal, or if `NO_COLOR` is set. */
function styled(format: 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: stdout })
}
