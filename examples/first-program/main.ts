import { Codemode } from '@codemode/client'

await using codemode = Codemode.fromClientConfig({
  executorUrl: 'http://127.0.0.1:8001',
  executorApiKey: 'try-it-out-locally',
  tools: { price_of: ({ item }: { item: string }) => item.length * 100 }, // runs in this process
})
const code = `const prices = ['pen', 'book'].map((item) => tools.price_of({ item })); Math.max(...(await Promise.all(prices)))`
console.log(await codemode.executeAsync(code)) // 400
