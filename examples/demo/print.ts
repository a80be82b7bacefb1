import { stdout } from 'node:process'
import { styleText } from 'node:util'

const width = 100
const labelWidth = 13

/** The title of a scene, with its number. */
export function printHeading(number: number, title: string): void {
  const start = `── ${number}. ${title} `
  printLine(`\n${styled('bold', start.padEnd(width, '─'))}`)
  printLine('')
}

/** Code as it is sent to the executor, with the line numbers that errors speak of. */
export function printCode(code: string): void {
  const lines = code.split('\n')
  for (const [index, line] of lines.entries()) printLine(`  ${dim(`${String(index + 1).padStart(2)} │`)} ${line}`)
  printLine('')
}

/** What came back: a label and its value, whose further lines stand below its first. */
export function printFact(label: string, value: string): void {
  const [first = '', ...more] = value.split('\n')
  printLine(`  ${dim(label.padEnd(labelWidth))} ${first}`)
  for (const line of more) printLine(`  ${' '.repeat(labelWidth)} ${line}`)
}

/** A line as it is. */
export function printLine(text: string): void {
  stdout.write(`${text.trimEnd()}\n`)
}

const dim = (text: string): string => styled('dim', text)

/** Plain text where the output is no terminal, or where `NO_COLOR` is set. */
function styled(format: 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: stdout })
}
