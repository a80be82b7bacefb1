import type { ToolDeclaration } from '@codemode/shared'
import MiniSearch, { type MatchInfo, type SearchOptions } from 'minisearch'

import { queryTerms, termOf, wordsOf } from './search-words.ts'

interface IndexedTool {
  readonly name: string
  readonly words: string
  readonly description: string
  readonly fields: string
}

/** Index of tools by the words of their names, descriptions and input properties. */
export class SearchIndex {
  readonly #index: MiniSearch<IndexedTool>

  constructor(tools: readonly ToolDeclaration[]) {
    this.#index = new MiniSearch<IndexedTool>({
      idField: 'name',
      fields: ['words', 'description', 'fields'],
      tokenize: wordsOf,
      processTerm: termOf,
    })
    this.#index.addAll(
      tools.map(({ name, description = '', inputSchema }) => ({
        name,
        words: name,
        description: description.slice(0, 2_000),
        fields: propertiesOf(inputSchema),
      })),
    )
  }

  /** Returns the names of at most `limit` tools that match a query best, of those that the filter allows. */
  find(query: string, limit: number, isAllowed: (name: string) => boolean): string[] {
    const { own, further } = queryTerms(query)
    const options: SearchOptions = {
      boost: { words: 3, description: 1.5, fields: 0.1 },
      prefix: (term: string) => term.length > 3,
      fuzzy: (term: string) => (term.length > 5 ? 0.2 : false),
      filter: ({ id }) => isAllowed(id as string),
      boostTerm: (_term, i) => (i < own.length ? 1 : 0.5),
    }
    const words = [...own, ...further].join(' ')
    const found = this.#index.search(words, options)
    const scored = found.map(({ id, score, match }) => ({
      id: id as string,
      score: score * (0.5 + coverage(id as string, match)),
    }))
    return scored
      .toSorted((one, other) => other.score - one.score)
      .slice(0, limit)
      .map(({ id }) => id)
  }
}

/** Returns the part of the words of a name that a query matches, so that of similar tools the plainest one is first. */
function coverage(name: string, match: MatchInfo): number {
  const matched = Object.values(match).filter((fields) => fields.includes('words')).length
  return matched / wordsOf(name).length
}

/** Returns the names and descriptions of the properties of an input. */
function propertiesOf(schema: ToolDeclaration['inputSchema']): string {
  const properties = typeof schema === 'object' ? schema['properties'] : undefined
  return typeof properties === 'object' && properties !== null ? Object.keys(properties).join(' ') : ''
}
