// Throws if this process's Node is too old. The entry point of the package imports it first: modules are evaluated in the
// order of their imports, so that this message comes before the failure of a module that needs a newer Node.
import { nodeProblem } from './node-problem.ts'

if (nodeProblem !== undefined) throw new Error(nodeProblem)
