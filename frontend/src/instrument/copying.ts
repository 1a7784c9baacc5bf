/**
 * A shallow copy with other values of these properties: they are to replace whatever `thing` changes in place, such
 * as arrays and maps that it adds to, and objects with such.
 */
export function copied<T extends object>(thing: T, changes: object = {}): T {
  return Object.assign(Object.create(Object.getPrototypeOf(thing) as object) as T, thing, changes);
}
