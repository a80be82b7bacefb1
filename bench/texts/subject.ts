import { shapes, type Shape } from './shapes.ts'

/** A function that takes text of a guest, a tool, a client, an executor or the network. */
export interface TextSubject {
  readonly name: string
  readonly most: number
  /** What the sizes count, such as characters. */
  readonly unit: string
  /** Makes the input of a size, by the input's name; the time for that is not measured. */
  readonly inputs: Readonly<Record<string, (size: number) => unknown>>
  readonly run: (input: never) => unknown
}

interface Options<Input> {
  /** The largest size that the limits let through. */
  readonly most: number
  readonly unit: string
  readonly inputs: Readonly<Record<string, (size: number) => Input>>
}

/** Makes a subject whose inputs are its own. */
export function subject<Input>(
  name: string,
  { most, unit, inputs }: Options<Input>,
  run: (input: Input) => unknown,
): TextSubject {
  return { name, most, unit, inputs, run }
}

/** Makes a subject that takes text: it gets every shape, and more if there are more. */
export function textSubject(
  name: string,
  most: number,
  run: (text: string) => unknown,
  more: Readonly<Record<string, Shape>> = {},
): TextSubject {
  return { name, most, unit: 'characters', inputs: { ...shapes, ...more }, run }
}
