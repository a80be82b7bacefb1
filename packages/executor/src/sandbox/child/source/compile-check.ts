import { Script } from 'node:vm'

import { positionInStack } from './position.ts'
import { SourceError } from './source-error.ts'

const start = 'async function anonymous(\n) {\n'
const linesOfStart = 2

/**
 * Compiles a body as the guest will, without running it, and throws what V8 refuses although the parser accepts it. An
 * error of the constructor in the guest would have no line.
 */
export function checkCompilation(body: string): void {
  try {
    void new Script(`${start}${body}\n}`, { filename: 'code' })
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const position = positionInStack(error.stack ?? '') ?? { line: 1 + linesOfStart, column: 1 }
    throw new SourceError(error.message, { ...position, line: position.line - linesOfStart })
  }
}
