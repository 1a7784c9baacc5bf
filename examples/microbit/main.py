# IMPSY on a BBC micro:bit: tilt it and press its buttons; the five columns of lights show the answers.
#
# Put this on the micro:bit with the Python editor of microbit.org or with Mu (it may be called main.py there), and
# start `impsy run` with examples/configs/microbit.toml. Only one program can have the port: close the editor's
# connection first.
#
# It sends lines of five numbers from 0 to 1, and receives the same:
#   tilt left to right, tilt forwards and back, up or upside down, button A, button B

from microbit import accelerometer, button_a, button_b, display, sleep, uart

STILL = 0.03  # smaller moves than this are the trembling of a hand
PAUSE = 20  # ms between two looks at the sensors
LONGEST = 64  # bytes; a line of five numbers is shorter


def position(milli_g):
    """From -1 g to 1 g: 0 to 1."""
    return min(1.0, max(0.0, (milli_g + 1024) / 2048))


def read_sensors():
    x, y, z = accelerometer.get_values()
    return [position(x), position(y), position(-z), float(button_a.is_pressed()), float(button_b.is_pressed())]


def moved(now, before):
    return any(abs(now[i] - before[i]) > STILL for i in range(len(now)))


def show(values):
    """Each value is a column of lights, from the bottom up; the topmost light of a column is dimmed to fit."""
    for column, value in enumerate(values):
        level = value * 5
        for row in range(5):
            brightness = min(1.0, max(0.0, level - (4 - row)))
            display.set_pixel(column, row, int(brightness * 9 + 0.5))


def parse(line):
    """The five numbers of a line; None if it is something else."""
    try:
        values = [float(word) for word in line.split(b",")]
    except ValueError:
        return None
    return values if len(values) == 5 else None


def main():
    uart.init(baudrate=115200)
    sent = read_sensors()
    received = b""
    while True:
        now = read_sensors()
        if moved(now, sent):
            sent = now
            uart.write(",".join(str(round(value, 4)) for value in now) + "\n")
        received += uart.read() or b""
        lines = received.split(b"\n")
        received = lines.pop()[-LONGEST:]  # what is not complete yet
        if lines:
            values = parse(lines[-1])
            if values:
                show(values)
        sleep(PAUSE)


main()
