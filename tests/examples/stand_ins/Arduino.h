// Stands in for an Arduino's own header: inputs that a scripted hand moves, a serial line on a file descriptor (the first
// argument), and outputs that are written down in a file (the second), a line of all pins for each change.
#pragma once
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

const int A0 = 14, A1 = 15, A2 = 16, A3 = 17;
const int OUTPUT = 1;

#define constrain(value, low, high) ((value) < (low) ? (low) : ((value) > (high) ? (high) : (value)))

inline std::map<int, int> pinsOut;
inline FILE *pinsFile;

inline unsigned long millis() {
  static const auto begun = std::chrono::steady_clock::now();
  const auto passed = std::chrono::steady_clock::now() - begun;
  return std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
}

// The first knob goes up from half a second to a second and a half; all of them are a little noisy.
inline int analogRead(int pin) {
  static int looks = 0;
  const int noise = looks++ % 3;
  const double seconds = millis() / 1000.0;
  const double moved = constrain(seconds - 0.5, 0.0, 1.0);
  return pin == A0 ? (int)(20 + 900 * moved) + noise : 500 + noise;
}

inline void pinMode(int pin, int mode) {
  if (mode == OUTPUT) pinsOut[pin] = 0;
}

inline void analogWrite(int pin, int value) {
  if (!pinsOut.count(pin)) throw std::logic_error("a pin that is no output");
  if (value < 0 || value > 255) throw std::logic_error("a value that no pin has");
  pinsOut[pin] = value;
  if (pin != pinsOut.rbegin()->first) return;
  for (const auto &each : pinsOut) fprintf(pinsFile, "%d=%d ", each.first, each.second);
  fprintf(pinsFile, "\n");
  fflush(pinsFile);
}

struct SerialLine {
  int line = -1;
  bool open = false;

  void begin(unsigned long baud) {
    if (baud != 115200) throw std::logic_error("the session speaks at 115200 baud");
    open = true;
  }
  int available() {
    pollfd waiting = {line, POLLIN, 0};
    return open && poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) ? 1 : 0;
  }
  int read() {
    unsigned char byte;
    return ::read(line, &byte, 1) == 1 ? byte : -1;
  }
  void print(char character) { send(&character, 1); }
  void print(double value, int digits) {
    char text[32];
    send(text, snprintf(text, sizeof text, "%.*f", digits, value));
  }
  void send(const char *text, size_t count) {
    if (::write(line, text, count) != (ssize_t)count) throw std::runtime_error("the line is closed");
  }
};
inline SerialLine Serial;

void setup();
void loop();

int main(int, char **arguments) {
  Serial.line = atoi(arguments[1]);
  pinsFile = fopen(arguments[2], "w");
  setup();
  for (;;) {
    loop();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}
