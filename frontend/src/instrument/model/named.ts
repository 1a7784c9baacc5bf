// From constants by name to a network: of a `.tflite` file of ours, and of the packed form, which has the same names.
import type { Numbers } from "./constants";
import { ModelError } from "./errors";
import { expect } from "./checks";
import { FINEST_GRID } from "./sizes";
import { type Architecture, type Fixed, type Matrix, type ResidualConstants, type Weights, weightsOf } from "./weights";

/** Gives the constant of a name; null if there is none. */
export type Named = (name: string) => Numbers | null;

const NAMES: Record<Architecture, string> = {
  plain: "a network",
  residual: "a residual network",
  gestures: "a gesture network",
  landings: "a network for notes",
};

export function isArchitecture(name: unknown): name is Architecture {
  return typeof name === "string" && Object.hasOwn(NAMES, name);
}

/** The network whose constants are `named`. `plain`: the dimension and factor of sigma of a plain one. */
export function networkOf(
  architecture: Architecture,
  named: Named,
  plain: { dimension: number; spread: number } = { dimension: 0, spread: 1 },
): Weights {
  const constants = new NamedConstants(named, NAMES[architecture]);
  const { dimension, fixed } =
    architecture === "plain"
      ? { dimension: plain.dimension, fixed: { architecture, spread: plain.spread } as const }
      : constants.fixed(architecture);
  return weightsOf(
    dimension,
    constants.layers(),
    constants.take("mixture/kernel", 2),
    constants.take("mixture/bias", 1),
    fixed,
  );
}

class NamedConstants {
  constructor(
    private readonly named: Named,
    private readonly network: string,
  ) {}

  take(name: string, rank: number): Numbers {
    const found = this.named(name);
    if (!found || found.shape.length !== rank || !found.values.length) {
      throw new ModelError(`it says that it is ${this.network}, but lacks the constant ${name}`);
    }
    return found;
  }

  layers(): { kernel: Numbers; recurrent: Numbers; bias: Numbers }[] {
    const layers = [];
    for (let i = 0; this.named(`lstm_${i}/bias`); i++) {
      layers.push({
        kernel: this.take(`lstm_${i}/kernel`, 2),
        recurrent: this.take(`lstm_${i}/recurrent`, 2),
        bias: this.take(`lstm_${i}/bias`, 1),
      });
    }
    return layers;
  }

  fixed(architecture: Exclude<Architecture, "plain">): { dimension: number; fixed: Fixed } {
    const changeScale = this.values("residual/change_scale");
    const grid = this.grid(changeScale.length);
    const dimension = changeScale.length + 1;
    const sigmas = architecture === "gestures" ? "gestures" : "residual";
    const shared: ResidualConstants = {
      grid,
      changeScale,
      sigmaScale: this.values(`${sigmas}/sigma_scale`),
      sigmaFloor: this.values(`${sigmas}/sigma_floor`),
    };
    if (architecture === "residual") return { dimension, fixed: { architecture, ...shared } };
    const own = (name: string): Float32Array => this.values(`${architecture}/${name}`);
    const rest = { threshold: own("threshold"), rest: own("rest") };
    if (architecture === "gestures") {
      const margin = own("margin");
      expect(margin.length === 1, "it has more than one margin");
      const direction = this.matrix("gestures/direction");
      const kinds = { oneSided: own("one_sided"), momentum: own("momentum"), continues: own("continues") };
      return {
        dimension,
        fixed: { architecture, ...shared, ...rest, ...kinds, unit: own("unit"), direction, margin: margin[0]! },
      };
    }
    const notes = { notes: own("notes"), lowest: own("lowest"), counts: own("counts") };
    const slots = { voice: own("voice"), moves: this.matrix("landings/moves"), time: own("time") };
    const others = { anchors: own("anchors"), apart: own("apart") };
    return { dimension, fixed: { architecture, ...shared, ...rest, ...notes, ...slots, ...others } };
  }

  private values(name: string): Float32Array {
    return this.take(name, 1).values;
  }

  private matrix(name: string): Matrix {
    const { shape, values } = this.take(name, 2);
    return { rows: shape[0]!, columns: shape[1]!, values };
  }

  /** The controls' steps, 0 where there are none. */
  private grid(controls: number): Float32Array {
    if (!this.named("residual/step")) return new Float32Array(controls);
    return this.values("residual/step").map((step) => (step === FINEST_GRID ? 0 : step));
  }
}
