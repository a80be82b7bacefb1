import { attacks } from './source.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('source', attacks)
