/** Error for a JSON Schema that can't be prepared, with the reason. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}
