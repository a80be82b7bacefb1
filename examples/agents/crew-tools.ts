/** Tools of the crew, in a module of their own: a synchronous kick-off loads them into the thread that runs the code. */
import { fromCrewaiTools } from '@codemode/client/crewai'
import { z } from 'zod'

const prices: Readonly<Record<string, number>> = { Oslo: 120, Rome: 90, Lima: 640 }

export default fromCrewaiTools([
  {
    name: 'flight_price',
    description: 'Price of a flight to a city',
    argsSchema: z.object({ city: z.string() }),
    run: ({ city }: { city: string }) => prices[city] ?? null,
  },
  {
    name: 'hotel_price',
    description: 'Price of a night in a city',
    argsSchema: z.object({ city: z.string(), stars: z.int().min(1).max(5).default(3) }),
    run: async ({ city, stars }: { city: string; stars: number }) => 10 * city.length * stars,
  },
])
