/** The tables and constants of the instrument. Generated from src/impsy by make_tables.py. */

export const SETTINGS = [
  {"name": "mode", "kind": "choice", "default": "callresponse", "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": ["callresponse", "polyphony", "battle", "useronly", "duet"], "wanted": "one of callresponse, polyphony, battle, useronly, duet"},
  {"name": "threshold", "kind": "number", "default": 0.1, "aboveZero": false, "within": null, "useful": [0, 3600], "choices": [], "wanted": "a number of seconds, 0 or more"},
  {"name": "input_thru", "kind": "flag", "default": false, "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "true or false"},
  {"name": "sigma_temperature", "kind": "number", "default": 0.01, "aboveZero": false, "within": null, "useful": [0, 100], "choices": [], "wanted": "a number, 0 or more"},
  {"name": "pi_temperature", "kind": "number", "default": 1.0, "aboveZero": false, "within": null, "useful": [0, 100], "choices": [], "wanted": "a number, 0 or more"},
  {"name": "timescale", "kind": "number", "default": 1.0, "aboveZero": true, "within": null, "useful": [0.01, 100], "choices": [], "wanted": "a number above 0"},
  {"name": "hold", "kind": "number", "default": 2.0, "aboveZero": false, "within": null, "useful": [0, 3600], "choices": [], "wanted": "a number of seconds, 0 or more"},
  {"name": "longest_wait", "kind": "number", "default": 8.0, "aboveZero": false, "within": null, "useful": [0, 3600], "choices": [], "wanted": "a number of seconds, 0 or more"},
  {"name": "clock_source", "kind": "choice", "default": "off", "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": ["off", "internal", "midi"], "wanted": "one of off, internal, midi"},
  {"name": "tempo", "kind": "number", "default": 120.0, "aboveZero": true, "within": [20, 400], "useful": [20, 400], "choices": [], "wanted": "a number from 20 to 400"},
  {"name": "quantise", "kind": "number", "default": 0.0, "aboveZero": false, "within": [0, 1], "useful": [0, 1], "choices": [], "wanted": "a number from 0 to 1"},
  {"name": "grid", "kind": "choice", "default": "1/16", "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": ["1/4", "1/8", "1/8t", "1/16", "1/16t", "1/32"], "wanted": "one of 1/4, 1/8, 1/8t, 1/16, 1/16t, 1/32"},
  {"name": "clock_delay", "kind": "number", "default": 0.0, "aboveZero": false, "within": [-1, 1], "useful": [0.0, 1000000000.0], "choices": [], "wanted": "a number from -1 to 1"},
  {"name": "clock_send", "kind": "table", "default": [], "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "as the configuration has it"},
  {"name": "paused", "kind": "flag", "default": false, "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "true or false"},
  {"name": "while_playing", "kind": "flag", "default": false, "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "true or false"},
  {"name": "thru_matrix", "kind": "table", "default": [], "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "as the configuration has it"},
  {"name": "hands", "kind": "table", "default": [], "aboveZero": false, "within": null, "useful": [0.0, 1000000000.0], "choices": [], "wanted": "as the configuration has it"},
] as const;

export const MAPPING_KINDS = [
  {"kind": "note_on", "words": "Note", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}, {"name": "velocity", "min": 0, "max": 127, "optional": true}]},
  {"kind": "note_velocity", "words": "Velocity of notes", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}]},
  {"kind": "control_change", "words": "Control change", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}, {"name": "controller", "min": 0, "max": 127, "optional": false}, {"name": "minimum", "min": 0, "max": 127, "optional": true}, {"name": "maximum", "min": 0, "max": 127, "optional": true}]},
  {"kind": "pitch_bend", "words": "Pitch bend", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}]},
  {"kind": "control_change_14", "words": "Control change, 14 bits", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}, {"name": "controller", "min": 0, "max": 31, "optional": false}]},
  {"kind": "channel_aftertouch", "words": "Channel pressure", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}]},
  {"kind": "program_change", "words": "Program change", "arguments": [{"name": "channel", "min": 1, "max": 16, "optional": false}]},
] as const;

export const ENGINE = {
  PENDING_LIMIT: 1024,
  PLAYS_PER_ADVANCE: 16,
  REBASE_AFTER: 1.0,
  SHORTEST_WAIT: 0.001,
  PLAYED_A_SECOND: 400,
  PLAYED_BURST: 200,
  HEARD_A_SECOND: 1000,
  HEARD_BURST: 1000,
  SAME_TEMPO: 0.001,
  RETRY_AFTER: 0.5,
} as const;

export const HEARING = {
  CONTEXT: 64,
  MOST_MISSED: 64,
} as const;

export const PLAN = {
  MOST_EVENTS: 8,
  AHEAD_SECONDS: 4.0,
  BEHIND_SECONDS: 1.0,
} as const;

export const PLAYBACK = {
  MINIMUM_DT: 0.001,
} as const;

export const TIMEKEEPING = {
  SKIP_AFTER: 1.0,
  FOLLOWED_AFTER: 0.0003,
  ROUNDING: 1e-06,
} as const;

export const WAITING = {
  LONGEST_WAIT: 1000000000.0,
} as const;

export const CLOCK = {
  JUMP_BEATS: 0.1,
} as const;

export const FOLLOWING = {
  TICKS_A_BEAT: 24,
  SIXTEENTHS_A_BEAT: 4,
  LOST_SECONDS: 0.5,
  GAP_PERIODS: 2.5,
} as const;

export const GRID = {
  GRIDS: {"1/4": 1.0, "1/8": 0.5, "1/8t": 0.3333333333333333, "1/16": 0.25, "1/16t": 0.16666666666666666, "1/32": 0.125},
  ROUNDING: 1e-09,
} as const;

export const LINE = {
  SECONDS_A_MINUTE: 60.0,
} as const;

export const TAPPING = {
  LONGEST_GAP: 3.0,
  SHORTEST_GAP: 0.06,
  ANOTHER_TEMPO: 1.5,
  TAPS_KEPT: 9,
} as const;

export const TRACKING = {
  MEMORIES: [[96, false], [48, true], [20, true]],
  SEED_TICKS: 6,
  RESEEDED_MEMORY: 20,
  LAG_TICKS: 8,
  SPREAD_TICKS: 64,
  LAG_OF_SPREAD: 1.1,
  LEAST_LAG: 0.0003,
  JUMP_LAGS: 3,
  SURPRISE_OF_SPREAD: 8.0,
  LEAST_SURPRISE: 0.004,
  ASTRAY_OF_PERIOD: 0.5,
  ASTRAY_OF_SPREAD: 5.0,
  SLIPPED_TICKS: 4,
  STRAYED_TICKS: 8,
  WHOLE: 0.25,
  SHORTEST_TICK: 0.005,
  LONGEST_TICK: 0.15,
} as const;

export const WIRE = {
  NOTE_OFF: 128,
  NOTE_ON: 144,
  KEY_AFTERTOUCH: 160,
  CONTROL_CHANGE: 176,
  PROGRAM_CHANGE: 192,
  CHANNEL_AFTERTOUCH: 208,
  PITCH_BEND: 224,
  SYSTEM: 240,
  ALL_SOUND_OFF: 120,
  ALL_NOTES_OFF: 123,
  LSB_OFFSET: 32,
  STEPS: 127,
  BEND_STEPS: 16383,
} as const;
