/** Which takes of a list are selected, by their names. */

export interface Selection {
  names: ReadonlySet<string>;
  /** The one that was clicked last: where a range begins. */
  last: string | null;
}

export const NOTHING: Selection = { names: new Set(), last: null };

/** A click on the box of `name`; with `range` all `shown` from the one clicked before become as this one does. */
export function clicked(before: Selection, shown: readonly string[], name: string, range: boolean): Selection {
  const names = new Set(before.names);
  const on = !names.has(name);
  const [from, to] = [shown.indexOf(before.last ?? ""), shown.indexOf(name)];
  const which = range && from >= 0 && to >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [name];
  for (const each of which) {
    if (on) names.add(each);
    else names.delete(each);
  }
  return { names, last: name };
}

/** Those of the selected that are still there, in the order of the list. */
export const stillThere = (selection: Selection, all: readonly string[]): string[] =>
  all.filter((name) => selection.names.has(name));
