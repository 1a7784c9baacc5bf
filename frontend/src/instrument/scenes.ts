/** Scenes: those of the configuration, and those that were saved in this browser. */

import { type Scene, SETTINGS } from "../protocol";

const KEPT_AS = "impsy.scenes";
const MOST = 100;

const ROWS = SETTINGS.filter((row) => row.inScenes);

const EMPTY = Object.fromEntries([...ROWS.map((row) => [row.key, null]), ["model", null]]) as Omit<Scene, "name">;

export interface SettingChange {
  name: string;
  value: string | number | boolean;
}

/** What a scene sets. The mode comes last: it begins with what the others have set. */
export function changesOf(scene: Scene): SettingChange[] {
  const changes = ROWS.flatMap((row) => {
    const value = scene[row.key as keyof Scene];
    return value === null || value === undefined ? [] : [{ name: row.name as string, value }];
  });
  return changes.sort((one, other) => Number(one.name === "mode") - Number(other.name === "mode"));
}

/** A scene of whatever an object has. */
export function sceneOf(name: string, given: Record<string, unknown>): Scene {
  const values = Object.entries(given).filter(
    ([key, value]) => key in EMPTY && ["string", "number", "boolean"].includes(typeof value),
  );
  return { ...EMPTY, ...Object.fromEntries(values), name };
}

export class Scenes {
  /** By name, what was saved in this browser; null: it was deleted. */
  private readonly own: Map<string, Scene | null>;

  /** `title`: of the instrument; each has scenes of its own in a browser. */
  constructor(
    private readonly title: string,
    private readonly configured: readonly Scene[],
  ) {
    this.own = new Map(this.kept());
  }

  get list(): Scene[] {
    const known = this.configured.map((scene) => (this.own.has(scene.name) ? this.own.get(scene.name) : scene));
    const added = [...this.own].filter(([name]) => !this.configured.some((scene) => scene.name === name));
    return [...known, ...added.map(([, scene]) => scene)].filter((scene) => scene !== null && scene !== undefined);
  }

  find(name: string): Scene | undefined {
    return this.list.find((scene) => scene.name === name);
  }

  /** Null: delete it. Returns whether there was one. */
  set(name: string, scene: Scene | null): boolean {
    const before = this.find(name) !== undefined;
    this.own.set(name, scene);
    try {
      localStorage.setItem(`${KEPT_AS} ${this.title}`, JSON.stringify([...this.own].slice(-MOST)));
    } catch {
      // They hold until the page is closed.
    }
    return before;
  }

  private kept(): [string, Scene | null][] {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(`${KEPT_AS} ${this.title}`) ?? "[]");
      if (!Array.isArray(found)) return [];
      return found.slice(-MOST).flatMap((each): [string, Scene | null][] => {
        if (!Array.isArray(each) || typeof each[0] !== "string") return [];
        return [[each[0], each[1] === null ? null : sceneOf(each[0], each[1] as Record<string, unknown>)]];
      });
    } catch {
      return [];
    }
  }
}
