/** Which page is shown, by the address; back and forward work. */

import { signal } from "@preact/signals";

/** A file and a site under any path have one address: there the part after "#" says which page is shown. */
let byHash = false;

const here = (): string => (byHash ? location.hash.slice(1) : location.pathname);

export const path = signal(here());

/** To be called before anything is drawn. */
export function routeByHash(): void {
  byHash = true;
  path.value = "/";
  arrive();
}

function arrive(): void {
  const found = here();
  if (found.startsWith("/")) path.value = found;
  else if (byHash && found === "") path.value = "/";
}

/** The address of a page, for a link. */
export const addressOf = (to: string): string => (byHash ? `#${to}` : to);

export function navigate(to: string): void {
  if (to === path.value) return;
  if (byHash) location.hash = to;
  else history.pushState(null, "", to);
  path.value = to;
}

addEventListener("popstate", arrive);
addEventListener("hashchange", arrive);

/** For links: stay in the page, unless the click asks for another tab. */
export function follow(event: MouseEvent): void {
  const link = (event.currentTarget as HTMLElement).closest("a");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { hash, pathname } = new URL(link.href);
  navigate(byHash ? hash.slice(1) : pathname);
}
