/** Checks that every regular expression of the packages takes linear time at worst. */
import { globSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { allowedRegexes } from './regexes/allowed.ts'
import { findRegexes } from './regexes/find-regexes.ts'
import { regexProblems } from './regexes/regex-problems.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const sources = globSync('packages/*/src/**/*.ts', { exclude: ['**/*.test.ts', '**/*.test-support.ts'] })
const found = sources.toSorted().flatMap((path) => findRegexes(path, readFileSync(path, 'utf8')))
const problems = regexProblems(found, allowedRegexes)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
