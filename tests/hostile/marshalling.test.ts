import { attacks } from './marshalling.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('errors and results', attacks)
