// Numbers that the format and the architectures have in common; Python has them in `impsy.models`.

/** Networks hear and predict interaction vectors times this. */
export const SCALE_FACTOR = 10;
/** sigma = elu(z) + 1 + this. */
export const SIGMA_FLOOR = 1e-7;
/** The largest dimension of a model; as `impsy.limits.MOST_DIMENSION`. */
export const MOST_DIMENSION = 5_000;
/** Numbers of a predicted vector, at most: 16 MiB of them. */
export const MOST_PREDICTED = 4 << 20;
/** Values of a note, at most; as `impsy.models.landings.MOST_VALUES`. */
export const MOST_VALUES = 256;
/** Intervals of a note are distinguished up to so many steps. */
export const REACH = 12;
/** Steps of a note control after which its values are alike. */
export const OCTAVE = 12;
/** Steps of a grid are larger than this; other controls are rounded to it where some have a grid. */
export const FINEST_GRID = 2 ** -40;
