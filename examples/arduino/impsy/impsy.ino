// IMPSY on an Arduino: four knobs or sensors on A0 to A3 play, and four PWM pins get the answers (lights, motors, or
// through a filter the control voltages of a synthesiser).
//
// Open this in the Arduino IDE, send it to the board, and start `impsy run` with examples/configs/arduino.toml.
// Only one program can have the port: close the IDE's serial monitor first.
//
// It sends lines of four numbers from 0 to 1, separated by commas, and receives the same.

const int COUNT = 4;
const int INPUTS[COUNT] = {A0, A1, A2, A3};
const int OUTPUTS[COUNT] = {3, 5, 6, 9};  // PWM pins of an Uno; others have others

const int STILL = 4;             // of 1023 steps: what moves less is noise
const unsigned long PAUSE = 20;  // ms between two looks at the inputs

const int LONGEST = 64;  // characters of a line; four numbers are fewer
char line[LONGEST];
int length = 0;
bool tooLong = false;

int sent[COUNT];
unsigned long looked = 0;

void setup() {
  Serial.begin(115200);
  for (int i = 0; i < COUNT; i++) {
    pinMode(OUTPUTS[i], OUTPUT);
    sent[i] = analogRead(INPUTS[i]);
  }
}

void loop() {
  while (Serial.available() > 0) {
    hear((char)Serial.read());
  }
  if (millis() - looked >= PAUSE) {
    looked = millis();
    play();
  }
}

// Sends all inputs in a line if one of them has moved.
void play() {
  int now[COUNT];
  bool moved = false;
  for (int i = 0; i < COUNT; i++) {
    now[i] = analogRead(INPUTS[i]);
    moved = moved || abs(now[i] - sent[i]) >= STILL;
  }
  if (!moved) {
    return;
  }
  for (int i = 0; i < COUNT; i++) {
    sent[i] = now[i];
    if (i > 0) {
      Serial.print(',');
    }
    Serial.print(now[i] / 1023.0, 4);
  }
  Serial.print('\n');
}

// Collects a line, character by character, and plays it when it is complete.
void hear(char character) {
  if (character != '\n') {
    if (length < LONGEST - 1) {
      line[length++] = character;
    } else {
      tooLong = true;
    }
    return;
  }
  line[length] = '\0';
  if (!tooLong) {
    answer(line);
  }
  length = 0;
  tooLong = false;
}

// Puts the four numbers of a line on the outputs; a line that is something else changes nothing.
void answer(char *text) {
  double values[COUNT];
  for (int i = 0; i < COUNT; i++) {
    char *end;
    values[i] = strtod(text, &end);
    if (end == text || *end != (i < COUNT - 1 ? ',' : '\0')) {
      return;
    }
    text = end + 1;
  }
  for (int i = 0; i < COUNT; i++) {
    analogWrite(OUTPUTS[i], (int)(constrain(values[i], 0.0, 1.0) * 255 + 0.5));
  }
}
