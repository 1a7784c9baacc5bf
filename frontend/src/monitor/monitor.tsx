/** The monitor's button, which stands on every page, and the drawer, which is loaded when it is first opened. */

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { isOwner } from "../guest";
import { home } from "../home";
import { Icon } from "../icons";
import { notify } from "../store";
import { isOpen, listenForKey, toggleMonitor } from "./open";

export function MonitorButton() {
  const { showsPorts } = home();
  useEffect(() => (showsPorts ? listenForKey() : undefined), []);
  if (!isOwner.value || !showsPorts) return null;
  return (
    <button
      type="button"
      class="button quiet"
      aria-label="Monitor"
      title="Monitor: the messages that pass the ports (I)"
      aria-pressed={isOpen.value}
      onClick={toggleMonitor}
    >
      <Icon name="monitor" />
    </button>
  );
}

export function MonitorPlace() {
  const drawer = useSignal<ComponentType | null>(null);
  const wanted = isOpen.value && isOwner.value;
  useEffect(() => {
    if (!wanted || drawer.peek() !== null) return;
    import("./drawer").then(
      (loaded) => (drawer.value = loaded.default),
      () => {
        isOpen.value = false;
        notify("error", "The monitor could not be loaded. Open it again once there is a connection.");
      },
    );
  }, [wanted]);
  const Drawer = drawer.value;
  return wanted && Drawer ? <Drawer /> : null;
}
