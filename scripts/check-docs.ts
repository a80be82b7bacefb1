/**
 * Checks the documents: relative links and their anchors resolve, the TypeScript of guides and `@example`s compiles, the
 * error codes are documented, and no docstring begins with a refused word.
 */
import { globSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { brokenLinks } from './docs/broken-links.ts'
import { refusedDocstrings } from './docs/docstrings.ts'
import { readDocument } from './docs/document.ts'
import { errorCodeProblems } from './docs/error-codes.ts'
import { readExamples } from './docs/examples.ts'
import { typeErrors } from './docs/type-errors.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const documents = globSync(['**/*.md', 'docs/llms.txt'], { exclude: ['**/node_modules', 'docs/reference'] }).map(
  readDocument,
)
const guides = documents.filter(({ path }) => /^(README|docs\/.*|packages\/[^/]+\/README)\.(md|txt)$/.test(path))
const examples = globSync('packages/*/src/**/*.ts').flatMap(readExamples)
const sources = globSync('{packages,tests,bench,examples,scripts}/**/*.ts', { exclude: ['**/node_modules', '**/dist'] })
const problems = [
  ...documents.flatMap(brokenLinks),
  ...errorCodeProblems(readDocument('docs/errors.md')),
  ...sources.flatMap((path) => refusedDocstrings(path, readFileSync(path, 'utf8'))),
  ...typeErrors([...guides, ...examples]),
]
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
