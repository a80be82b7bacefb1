/**
 * Checks the documents: relative links and their anchors resolve, and the TypeScript of guides and `@example`s
 * compiles.
 */
import { globSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { brokenLinks } from './docs/broken-links.ts'
import { readDocument } from './docs/document.ts'
import { readExamples } from './docs/examples.ts'
import { typeErrors } from './docs/type-errors.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const documents = globSync('**/*.md', { exclude: ['**/node_modules', 'docs/reference'] }).map(readDocument)
const guides = documents.filter(({ path }) => /^(README|docs\/.*|packages\/[^/]+\/README)\.md$/.test(path))
const examples = globSync('packages/*/src/**/*.ts').flatMap(readExamples)
const problems = [...documents.flatMap(brokenLinks), ...typeErrors([...guides, ...examples])]
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
