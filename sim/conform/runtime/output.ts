// The part of an exported program that keeps what it prints to itself while counters of the whole machine are compared.
export const outputSource = `/* ---- Output. ---- */

/* Seconds without a word after which whoever reads the output is woken all the same: long before they lose patience. */
enum { SILENCE = 30 };
static char kept_output[4 << 20];
static time_t last_words; /* 0: nothing is kept */

/* Whoever reads the output takes memory for it, the same amount each time, which looks like the kernel's doing. */
static void keep_output(void) {
  setvbuf(stdout, kept_output, _IOFBF, sizeof kept_output);
  last_words = time(NULL);
}

static void show_life(void) {
  if (!last_words || time(NULL) - last_words < SILENCE) return;
  fflush(stdout);
  last_words = time(NULL);
}

`;
