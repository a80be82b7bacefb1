import { hash } from 'node:crypto'

/** Returns the SHA-256 of the input of a call, given as JSON text, by which an approval is bound to the input. */
export function inputHashOf(input: string): string {
  return hash('sha256', input, 'hex')
}
