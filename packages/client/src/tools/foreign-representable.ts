/**
 * The same check as `zod-representable.ts` for inputs that zod 3, valibot and arktype describe. It skips what it
 * does not know.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'

import { type Part, readArkType, readValibot, readZod3, type Shape } from './foreign-shapes.ts'
import { SchemaError } from '@codemode/shared/internal'

type Read = (part: Part) => Shape

const readers: Readonly<Record<string, { readonly read: Read; readonly hint: (type: string) => string }>> = {
  zod: { read: readZod3, hint: hintWith('z.coerce.date() or z.string().datetime()', 'z.coerce.bigint()') },
  valibot: { read: readValibot, hint: hintWith('v.pipe(v.string(), v.isoTimestamp())', 'v.string()') },
  arktype: { read: readArkType, hint: hintWith("'string.date.iso'", "'string'") },
}

function hintWith(date: string, bigint: string) {
  return (type: string): string => {
    if (type === 'date') return `Dates arrive as text: use ${date}`
    return type === 'bigint' ? `Use ${bigint}` : 'Use a type that JSON has'
  }
}

/** Throws a SchemaError with the path of a part of an input that no JSON value can match. */
export function checkForeignInput(schema: StandardSchemaV1): void {
  const { vendor } = schema['~standard']
  const reader = Object.hasOwn(readers, vendor) ? readers[vendor] : undefined
  if (reader === undefined) return
  const found = findAbsent({ schema, path: '' }, reader.read)
  if (found === undefined) return
  const place = found.path === '' ? 'it' : `its part ${found.path.replace(/^\./, '')}`
  throw new SchemaError(`${place} has the type ${found.type}, which JSON does not have. ${reader.hint(found.type)}`)
}

/** Returns the first part of a type that JSON does not have. */
function findAbsent(start: Part, read: Read): { readonly type: string; readonly path: string } | undefined {
  const seen = new Set<unknown>()
  const open: Part[] = [start]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part.schema === 'object' && seen.has(part.schema)) continue
    seen.add(part.schema)
    const { path } = part
    const { absentType, parts = [], options = [] } = read(part)
    if (absentType !== undefined) return { type: absentType, path }
    // Another option may accept what JSON has.
    const usable = options.filter((schema) => read({ schema, path }).absentType === undefined)
    const further = (usable.length === 0 ? options : usable).map((schema) => ({ schema, path }))
    open.push(...[...parts, ...further].toReversed())
  }
  return undefined
}
