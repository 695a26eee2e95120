// The part of an exported program that does parallel blocks: who acts goes on until it has to wait, then another does.
export const strandsSource = String.raw`/* ---- Parallel blocks: what one process or thread has to do is a strand. One goes on until it waits, or has woken another. ---- */

enum { STRAND_BYTES = 256 << 10 };

struct strand {
  void *at; /* where its stack ends while another one goes on */
  void (*body)(void);
  char *stack;
  int ended;
  int waits_for; /* the process or thread that sleeps in its call, or -1 */
};

void strand_switch(void **from, void *to);

__asm__(
    ".pushsection .text\n"
    "strand_switch:\n"
    "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
    "  mov %rsp, (%rdi)\n"
    "  mov %rsi, %rsp\n"
    "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
    "  ret\n"
    ".popsection\n");

static void *outside; /* where the stack of whoever started the strands ends */
static struct strand *strand; /* the one that goes on now */
static int strands_waiting;

static void begin_strand(void) {
  strand->body();
  strand->ended = 1;
  strand_switch(&strand->at, outside);
}

/* Lets others go on until the agent has handed its turn back, or nobody can. */
static void wait_in_strand(int who) {
  struct strand *self = strand;
  self->waits_for = who;
  strands_waiting++;
  strand_switch(&self->at, outside);
  strands_waiting--;
  self->waits_for = -1;
}

/* After a call: who was woken by it goes on before the arguments of the next are looked at. */
static void let_others_on(void) {
  if (strand && strands_waiting > 0) strand_switch(&strand->at, outside);
}

static int can_go_on(const struct strand *one) {
  if (one->ended) return 0;
  if (one->waits_for < 0) return 1;
  while (!has_returned(one->waits_for) && !sleeps(one->waits_for)) usleep(100);
  return has_returned(one->waits_for);
}

USED static void run_parallel(int count, void (*const bodies[])(void)) {
  struct strand *all = calloc((size_t)count, sizeof *all);
  if (!all) die("no memory");
  for (int i = 0; i < count; i++) {
    char *stack = mmap(NULL, STRAND_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) die("no memory");
    all[i] = (struct strand){.body = bodies[i], .stack = stack, .waits_for = -1, .at = stack + STRAND_BYTES - 64};
    void (*first)(void) = begin_strand;
    memcpy(stack + STRAND_BYTES - 16, &first, sizeof first);
  }
  for (struct strand *last = NULL;;) {
    struct strand *next = NULL, *stuck = NULL;
    /* Who was woken comes first, then who has just ended a call, then the first that has something to do. */
    for (int i = 0; i < count && !next; i++)
      if (all[i].waits_for >= 0 && can_go_on(&all[i])) next = &all[i];
    if (!next && last && can_go_on(last)) next = last;
    for (int i = 0; i < count; i++) {
      if (!next && can_go_on(&all[i])) next = &all[i];
      if (!stuck && !all[i].ended) stuck = &all[i];
    }
    if (!next && !stuck) break;
    /* Nobody can: the first that waits does so for ever. */
    last = strand = next ? next : stuck;
    strand_switch(&outside, strand->at);
    strand = NULL;
  }
  for (int i = 0; i < count; i++) munmap(all[i].stack, STRAND_BYTES);
  free(all);
}

`;
