/** Whether the monitor is open. */

import { signal } from "@preact/signals";
import { isOwner } from "../guest";
import { isTyping } from "../perform/keys";

export const isOpen = signal(false);

export const toggleMonitor = (): void => void (isOpen.value = !isOpen.value);

/** The key of the monitor, on every page: by what is on it. */
export const KEY = "i";

/** Open and close it by its key. Returns how to end that. */
export function listenForKey(): () => void {
  const down = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (event.key.toLowerCase() !== KEY || event.repeat || event.defaultPrevented) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (isTyping(target.tagName, (target as HTMLInputElement).type, target.isContentEditable)) return;
    if (!isOwner.peek() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    toggleMonitor();
  };
  addEventListener("keydown", down);
  return () => removeEventListener("keydown", down);
}
