/**
 * Writes the API reference of client and shared to docs/reference, from their docstrings. Fails if a docstring has a
 * broken link, or if an export, or a member of an exported class or interface, has no docstring. With `--check` it
 * writes nothing.
 */
import { join } from 'node:path'
import process, { argv } from 'node:process'

import { Application, ReflectionKind, TSConfigReader, TypeDocReader, type DeclarationReflection } from 'typedoc'

const options = { options: join(import.meta.dirname, 'typedoc.json') }
const app = await Application.bootstrapWithPlugins(options, [new TypeDocReader(), new TSConfigReader()])
const project = await app.convert()
if (project === undefined) throw new Error('Typedoc cannot read the packages')
for (const module of project.children ?? []) {
  module.name = `@codemode/${module.name.replace(/\/src(\/frameworks)?/, '')}`
  for (const declaration of module.children ?? []) requireDocumented(declaration)
}
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
else if (!argv.includes('--check')) await app.generateOutputs(project)

/**
 * Warns about a declaration, and about its members, without a docstring. A member that overrides or implements another
 * is documented there.
 */
function requireDocumented(declaration: DeclarationReflection): void {
  const { kind, children = [] } = declaration
  if (kind === ReflectionKind.Reference) return
  if (!isDocumented(declaration)) app.logger.warn(`${declaration.getFriendlyFullName()} has no docstring`)
  if (kind !== ReflectionKind.Class && kind !== ReflectionKind.Interface) return
  for (const member of children) {
    if (!(member.overwrites ?? member.implementationOf)) requireDocumented(member)
  }
}

function isDocumented(declaration: DeclarationReflection): boolean {
  const signatures = [declaration.getSignature, declaration.setSignature, ...(declaration.signatures ?? [])]
  return declaration.hasComment() || signatures.some((signature) => signature?.hasComment())
}
