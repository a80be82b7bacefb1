import { runAttacks } from './run-attacks.ts'
import { attacks } from './time.attacks.ts'

runAttacks('time', attacks)
