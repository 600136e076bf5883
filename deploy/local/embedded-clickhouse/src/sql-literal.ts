/**
 * A string literal of ClickHouse's dialect. Only the backslash and the quote can end or change one.
 *
 * @param text - any text
 */
export function sqlString(text: string): string {
  return `'${text.replace(/[\\']/g, (char) => `\\${char}`)}'`;
}

/**
 * A quoted identifier of ClickHouse's dialect.
 *
 * @param name - name of a database, table or column
 */
export function sqlIdentifier(name: string): string {
  return `\`${name.replace(/[\\`]/g, (char) => `\\${char}`)}\``;
}
