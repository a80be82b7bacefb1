/** Resolution of references to schemas: by URI, by anchor, or by JSON Pointer (RFC 6901). Nothing is fetched. */
import { isObject } from '../is-object.ts'
import type { Json, JsonObject } from '../json.ts'
import { textHead } from '../text-ends.ts'

import { type Draft, draftOf, isSchema, type JsonSchema, own, subschemasOf } from './draft.ts'
import { SchemaError } from './schema-error.ts'

/** Schema with a URI of its own, and its anchors. */
export interface Resource {
  readonly uri: string
  readonly schema: JsonSchema
  readonly draft: Draft
  readonly anchors: Map<string, JsonObject>
  /** Targets of `$dynamicRef` by name; the target of `$recursiveRef` has the name ''. */
  readonly dynamicAnchors: Map<string, JsonObject>
}

/** Schema, and the resource that it belongs to. */
export interface Located {
  readonly schema: JsonSchema
  readonly resource: Resource
  /** Name of the anchor by which the schema was found. */
  readonly anchor?: string
}

/** Base URI of relative references in a schema that has no URI. */
const baseUri = 'schema://root/'

/** Resources of one schema, and of the schemas that were given with it. */
export class Resources {
  readonly root: Resource
  readonly #byUri = new Map<string, Resource>()
  readonly #owners = new Map<JsonObject, Resource>()

  constructor(schema: JsonSchema, others: Readonly<Record<string, JsonSchema>> = {}) {
    this.root = this.#addDocument(schema, baseUri, 2020)
    for (const [uri, other] of Object.entries(others)) this.#addDocument(other, uri, this.root.draft)
  }

  all(): Iterable<Resource> {
    return new Set(this.#byUri.values())
  }

  ownerOf(schema: JsonSchema, outer: Resource): Resource {
    return (isObject(schema) && this.#owners.get(schema)) || outer
  }

  /** Returns the schema that a reference names. Throws a SchemaError if there is none. */
  locate(reference: string, from: Resource): Located {
    const { base, fragment } = resolved(reference, from.uri)
    const resource = this.#byUri.get(base)
    if (resource === undefined) {
      throw new SchemaError(
        `the reference ${shortJson(reference)} does not resolve: schemas are not fetched; include the schema in $defs`,
      )
    }
    if (fragment === '') return { schema: resource.schema, resource }
    if (fragment.startsWith('/')) return this.#locatePointer(fragment, reference, resource)
    const schema = resource.anchors.get(fragment)
    if (schema === undefined)
      throw new SchemaError(`the reference ${shortJson(reference)} does not name an anchor of the schema`)
    return { schema, resource, anchor: fragment }
  }

  #locatePointer(pointer: string, reference: string, from: Resource): Located {
    let value: Json | undefined = from.schema
    let resource = from
    for (const part of pointer.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      if (Array.isArray(value)) value = /^\d+$/.test(key) ? value[Number(key)] : undefined
      else value = isObject(value) ? own(value, key) : undefined
      if (isObject(value)) resource = this.#owners.get(value) ?? resource
    }
    if (!isSchema(value)) throw new SchemaError(`the reference ${shortJson(reference)} does not lead to a schema`)
    // A pointer may lead to a place at which no keyword expects a schema, so that the schema is not indexed yet.
    if (isObject(value) && !this.#owners.has(value)) this.#index(value, resource)
    return { schema: value, resource }
  }

  #addDocument(schema: JsonSchema, uri: string, draft: Draft): Resource {
    const declared = isObject(schema) ? draftOf(own(schema, '$schema')) : undefined
    const resource = this.#addResource({ uri, schema, draft: declared ?? draft })
    if (!isObject(schema)) return resource
    this.#index(schema, resource)
    return this.#owners.get(schema) ?? resource
  }

  #addResource(facts: Pick<Resource, 'uri' | 'schema' | 'draft'>): Resource {
    const resource = { ...facts, anchors: new Map<string, JsonObject>(), dynamicAnchors: new Map<string, JsonObject>() }
    const other = this.#byUri.get(facts.uri)
    if (other !== undefined && other.schema !== facts.schema) {
      throw new SchemaError(`two schemas have the same URI ${shortJson(facts.uri)}`)
    }
    this.#byUri.set(facts.uri, resource)
    return resource
  }

  #index(schema: JsonObject, outer: Resource): void {
    if (this.#owners.has(schema)) return
    const resource = this.#withIds(schema, outer)
    this.#owners.set(schema, resource)
    if (resource.draft >= 2019) addAnchors(schema, resource)
    for (const each of subschemasOf(schema)) if (isObject(each)) this.#index(each, resource)
  }

  /** Returns the resource that a schema begins, or otherwise the one that contains it. */
  #withIds(schema: JsonObject, outer: Resource): Resource {
    const draft = draftOf(own(schema, '$schema')) ?? outer.draft
    const id = own(schema, draft === 4 ? 'id' : '$id')
    // Up to draft 7, all keywords beside a `$ref` are ignored.
    if (typeof id !== 'string' || (draft <= 7 && Object.hasOwn(schema, '$ref'))) return outer
    const { base, fragment } = resolved(id, outer.uri)
    const isAnchorOnly = id.startsWith('#')
    const resource = isAnchorOnly ? outer : this.#addResource({ uri: base, schema, draft })
    if (fragment !== '' && draft <= 7) resource.anchors.set(fragment, schema)
    return resource
  }
}

function addAnchors(schema: JsonObject, resource: Resource): void {
  const anchor = own(schema, '$anchor')
  if (typeof anchor === 'string') resource.anchors.set(anchor, schema)
  const dynamic = own(schema, '$dynamicAnchor')
  if (typeof dynamic === 'string') {
    resource.anchors.set(dynamic, schema)
    resource.dynamicAnchors.set(dynamic, schema)
  }
  if (own(schema, '$recursiveAnchor') === true && schema === resource.schema) resource.dynamicAnchors.set('', schema)
}

function resolved(reference: string, base: string): { base: string; fragment: string } {
  try {
    const url = new URL(reference, base)
    const fragment = decodeURIComponent(url.hash.slice(1))
    url.hash = ''
    return { base: url.href, fragment }
  } catch {
    throw new SchemaError(`${shortJson(reference)} is not a URI reference`)
  }
}

/** Returns a value as JSON text, cut to 200 UTF-16 units, for a message. */
export const shortJson = (value: Json): string => {
  const text = JSON.stringify(value)
  return text.length > 200 ? `${textHead(text, 199)}…` : text
}
