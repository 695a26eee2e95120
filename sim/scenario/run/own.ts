/** `record[name]` for a name that a user wrote: what every JavaScript object has, such as `constructor`, is not there. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
