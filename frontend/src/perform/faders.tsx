/** A pair of bars for each control: yours and the model's. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { isMine } from "../guest";
import { Icon } from "../icons";
import type { Control } from "../protocol";
import { DOWN_ROW, keyName, UP_ROW } from "./keys";
import type { Bank } from "./stage/banks";
import { Surface } from "./surface";

/** The surface that is on the page now: for keys, which act anywhere on the page. */
export const current: { surface: Surface | null } = { surface: null };

/**
 * `held`: of each control whether it is the performer's; null where controls are not shared. `shown`: only these, at a
 * finger's width at least.
 */
export function Faders(props: {
  controls: readonly Control[];
  enabled: boolean;
  bank: number;
  held: readonly boolean[] | null;
  shown?: Bank;
}) {
  const root = useRef<HTMLDivElement>(null);
  const cloud = useRef<HTMLCanvasElement>(null);
  const future = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const surface = new Surface(root.current!, cloud.current!, future.current!);
    current.surface = surface;
    return () => {
      current.surface = null;
      surface.close();
    };
  }, []);
  const names = props.controls.map((control) => control.label).join("\n");
  useLayoutEffect(() => current.surface?.adopt(), [names, props.controls.length]);
  const { from, until } = props.shown ?? { from: 0, until: props.controls.length };
  useLayoutEffect(() => current.surface?.show(from, until, props.shown !== undefined), [names, from, until]);
  const shared = props.held !== null;
  useLayoutEffect(() => {
    if (current.surface) Object.assign(current.surface, { enabled: props.enabled, shared });
  }, [props.enabled, shared]);
  return (
    <div
      ref={root}
      class={`faders ${props.enabled ? "" : "resting"} ${props.held ? "shared" : ""}`}
      role="group"
      aria-label="Controls: your value and the model's"
    >
      <canvas ref={cloud} class="cloud" aria-hidden="true" />
      <canvas ref={future} class="future" aria-hidden="true" />
      {props.controls.map((control, index) => {
        const column = index - 10 * props.bank;
        const key = column >= 0 && column < 10 ? `${keyName(UP_ROW[column]!)} ${keyName(DOWN_ROW[column]!)}` : "";
        return (
          <div
            key={index}
            hidden={index < from || index >= until}
            class={`fader ${control.enabled ? "" : "off"} ${isMine(index) ? "" : "others"} ${props.held?.[index] ? "held" : ""}`}
            role="slider"
            tabIndex={0}
            aria-orientation="vertical"
            aria-label={control.label}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={0}
            aria-disabled={!props.enabled || !control.enabled || !isMine(index)}
            title={control.enabled ? control.label : `${control.label}: off, neither heard nor played (Setup)`}
          >
            <div class="track">
              {props.held && (
                <span class="hand" title="Yours for now">
                  <Icon name="hand" size={16} />
                </span>
              )}
              <div class="lane">
                <div class="fill you" />
              </div>
              <div class="lane">
                <div class="fill it" />
              </div>
            </div>
            <span class="reading" />
            <span class="name">{control.label}</span>
            {key && (
              <span class="keys" aria-hidden="true">
                {key}
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}
