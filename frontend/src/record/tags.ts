/** Tags of takes. */

import { counted, tooLong } from "./words";

/** What the web process keeps: characters of a tag, and tags of a take. */
export const LONGEST_TAG = 40;
export const MOST_TAGS = 20;

/** A tag as it is kept: without spaces around it, and one space within. */
export const tidy = (text: string) => text.trim().replace(/^#+/, "").replace(/\s+/g, " ").trim();

/** What keeps the tags in `text` (between commas) from being added to `tags`; undefined: nothing. */
export function tagFault(tags: readonly string[], text: string): string | undefined {
  const long = text.split(",").map((each) => tooLong(tidy(each), LONGEST_TAG, "A tag"));
  const fault = long.find((each) => each !== undefined);
  if (fault) return fault;
  const count = withTags(tags, text).length;
  return count > MOST_TAGS ? `A take has at most ${counted(MOST_TAGS, "tag")}; it would have ${count}.` : undefined;
}

/** `tags` and those in `text` (between commas), each once whatever its case. */
export function withTags(tags: readonly string[], text: string): string[] {
  const all = [...tags];
  for (const each of text.split(",")) {
    const tag = tidy(each);
    if (tag && !all.some((known) => known.toLowerCase() === tag.toLowerCase())) all.push(tag);
  }
  return all;
}

export const withoutTag = (tags: readonly string[], tag: string) => tags.filter((each) => each !== tag);

/** All tags in use, the most used first. */
export function tagsInUse(takes: readonly { tags: readonly string[] }[]): string[] {
  const uses = new Map<string, number>();
  for (const take of takes) for (const tag of take.tags) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  return [...uses].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([tag]) => tag);
}

/** Tags in use that the take has not got. */
export const suggested = (inUse: readonly string[], tags: readonly string[]) =>
  inUse.filter((tag) => !tags.some((each) => each.toLowerCase() === tag.toLowerCase()));
