/**
 * Runs the JSON Schema Test Suite. npm has it for draft 4; CODEMODE_JSON_SCHEMA_SUITE names a checkout of the whole
 * suite, for all drafts (CONTRIBUTING.md).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { env } from 'node:process'
import { pathToFileURL } from 'node:url'

import type { JsonObject } from '../json.ts'
import { describe, expect, test } from 'vitest'

import type { JsonSchema } from './draft.ts'
import { jsonSchemaCheck } from './json-schema.ts'

interface Group {
  readonly description: string
  readonly schema: JsonSchema
  readonly tests: readonly { readonly description: string; readonly data: never; readonly valid: boolean }[]
}

const drafts = {
  draft4: 'http://json-schema.org/draft-04/schema#',
  draft6: 'http://json-schema.org/draft-06/schema#',
  draft7: 'http://json-schema.org/draft-07/schema#',
  'draft2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft2020-12': 'https://json-schema.org/draft/2020-12/schema',
}

/** Tests that are expected to fail, by file and by the title of the group or test. */
const exceptions: readonly (readonly [file: string, text: RegExp, reason: string])[] = [
  [
    'format.json',
    /only an annotation by default/,
    'formats are checked, because the owner of a tool who declares one expects it',
  ],
  ['vocabulary.json', /no validation: invalid number/, 'a meta-schema is not read, so it switches no keyword off'],
]

const require = createRequire(import.meta.url)
const fromNpm = dirname(require.resolve('json-schema-test-suite'))
const folder = env['CODEMODE_JSON_SCHEMA_SUITE'] ?? fromNpm

type MetaSchema = JsonObject & { readonly $id?: string; readonly id?: string }

const metaSchemas = await hyperjumpSchemas()

/** Returns the meta-schemas, which the reference implementation has and the client does not. */
async function hyperjumpSchemas(): Promise<Record<string, JsonSchema>> {
  const schemas: Record<string, JsonSchema> = {}
  for (const draft of ['draft-04', 'draft-06', 'draft-07', 'draft-2019-09', 'draft-2020-12']) {
    const root = dirname(require.resolve(`@hyperjump/json-schema/${draft}`))
    const meta = existsSync(join(root, 'meta')) ? readdirSync(join(root, 'meta')).map((file) => join('meta', file)) : []
    for (const file of ['schema.js', ...meta]) {
      const { default: schema } = (await import(pathToFileURL(join(root, file)).href)) as { default: MetaSchema }
      schemas[(schema['$id'] ?? schema['id'] ?? '').replace(/#$/, '')] = schema
    }
  }
  return schemas
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

function remotesOf(draft: string): Record<string, JsonSchema> {
  const paths = readdirSync(join(folder, 'remotes'), { recursive: true, encoding: 'utf8' })
  const own = paths.filter((path) => path.endsWith('.json') && (!/^(?:draft|v1)/.test(path) || path.startsWith(draft)))
  const remotes = own.map((path) => [`http://localhost:1234/${path}`, read(join(folder, 'remotes', path))])
  return { ...metaSchemas, ...(Object.fromEntries(remotes) as Record<string, JsonSchema>) }
}

describe.each(Object.entries(drafts).filter(([draft]) => existsSync(join(folder, 'tests', draft))))(
  '%s',
  (draft, uri) => {
    const files = readdirSync(join(folder, 'tests', draft)).filter((file) => file.endsWith('.json'))
    const remotes = remotesOf(draft)

    test.each(files)('%s', { tags: ['TL-2'] }, (file) => {
      for (const { description: group, schema, tests } of read(join(folder, 'tests', draft, file)) as Group[]) {
        const check = jsonSchemaCheck(typeof schema === 'boolean' ? schema : { $schema: uri, ...schema }, remotes)
        for (const { description, data, valid } of tests) {
          // The formats of internationalised names and addresses are annotations only.
          const isNoted = /^(?:idn|iri)/.test(group)
          const isException = !isNoted && exceptions.some(([name, text]) => name === file && text.test(description))
          expect({ group, description, valid: check(data).length === 0 }).toEqual({
            group,
            description,
            valid: isException ? !valid : valid,
          })
        }
      }
    })
  },
)
