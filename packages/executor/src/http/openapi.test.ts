import { expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'
import { methodsByPath } from './method-not-allowed.ts'
import { openapiDocument } from './openapi.ts'

type Operation = {
  operationId?: string
  responses?: Record<string, { description: string; content?: Record<string, { schema?: object }> }>
  parameters?: { name: string; in: string; schema?: object }[]
}
const document = openapiDocument('1.2.3')
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation as Operation] as const,
  ),
)

test('the document is served as OpenAPI 3.1 without a key', async () => {
  const response = await testApp().app.request('/openapi.json')
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(await response.json()).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
})

test('the document describes exactly the existing routes', () => {
  const { app } = testApp()
  const routes = [...methodsByPath(app)].flatMap(([path, methods]) =>
    methods.map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  )
  expect(operations.map(([name]) => name).toSorted()).toEqual(routes.toSorted())
})

test('every operation has a unique id', () => {
  expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length)
})

test.each(operations)('%s has its path parameters, and described answers with content', (name, operation) => {
  const { responses = {}, parameters = [] } = operation
  expect(Object.keys(responses).filter((status) => status.startsWith('2'))).not.toEqual([])
  expect(Object.keys(responses)).toEqual(expect.arrayContaining(name.includes('/v1/') ? ['401'] : []))
  for (const { description, content } of Object.values(responses)) {
    expect(description).not.toBe('')
    for (const { schema } of Object.values(content ?? {})) expect(schema).toBeTypeOf('object')
  }
  const declared = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)
  expect(declared).toEqual([...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter))
})

test('every reference points to a component', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  const schemas = document.components?.schemas ?? {}
  expect(references.length).toBeGreaterThan(10)
  for (const [, name] of references) expect(schemas).toHaveProperty(name!)
  for (const name of ['ExecutionRequest', 'ErrorBody', 'ToolCallMessage', 'ToolAnswer', 'ExecutionEvent']) {
    expect(schemas).toHaveProperty(name)
  }
})
