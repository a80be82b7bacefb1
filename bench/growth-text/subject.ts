/** Subjects of `growth-text`: functions of the executor and the client that take foreign text. */
import { shapes, type Shape } from './shapes.ts'

/** Function that takes text of a guest, a tool, a client, an executor or the network. */
export interface TextSubject {
  readonly name: string
  readonly maxSize: number
  /** Unit of the sizes, such as characters. */
  readonly unit: string
  /** Makers of inputs of a given size, by name. Their time is not measured. */
  readonly inputs: Readonly<Record<string, (size: number) => unknown>>
  readonly run: (input: never) => unknown
}

interface Options<Input> {
  /** Largest size that the limits accept. */
  readonly maxSize: number
  readonly unit: string
  readonly inputs: Readonly<Record<string, (size: number) => Input>>
}

/** Returns a subject with its own inputs. */
export function subject<Input>(
  name: string,
  { maxSize, unit, inputs }: Options<Input>,
  run: (input: Input) => unknown,
): TextSubject {
  return { name, maxSize, unit, inputs, run }
}

/** Returns a subject that takes text: its inputs are all shapes and those of `more`. */
export function textSubject(
  name: string,
  maxSize: number,
  run: (text: string) => unknown,
  more: Readonly<Record<string, Shape>> = {},
): TextSubject {
  return { name, maxSize, unit: 'characters', inputs: { ...shapes, ...more }, run }
}
