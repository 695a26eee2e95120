// The part of an exported program that steps the processes: statement by statement, in the order of the scenario.
export const controlSource = String.raw`/* ---- The controller: one statement after the other. ---- */

struct member {
  const char *name;
  int process; /* its own number, or that of the process whose thread it is */
  int forked;  /* comes into being by a fork */
  pid_t pid;
  int alive;
  int killed; /* for want of memory */
  int perf; /* counts hardware faults, or -1 */
  int proc[4]; /* its files in /proc, or -1 */
  uint64_t minflt, majflt; /* at the start */
};

static const char *directory(void);
static void record(int file, int line, int who, const char *name, const char *text, int64_t value);
static void take_baseline(int who);
static void close_proc(int who);

static int scenario;
static struct member *members;
static int member_count;
static uint64_t (*variables)[VARIABLES];
static unsigned char (*is_set)[VARIABLES];

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fputc('\n', stderr);
  exit(2);
}

/* 'R', 'S', 'Z' …; 'X' where there is no such thread. *switches: how often it has given up its CPU. */
static char look_at(pid_t pid, unsigned long *switches) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 'X';
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 'X';
  text[size] = 0;
  const char *state = strstr(text, "\nState:\t"), *count = strstr(text, "\nvoluntary_ctxt_switches:\t");
  *switches = count ? strtoul(count + 26, NULL, 10) : 0;
  return state ? state[8] : 'X';
}

static int is_gone(pid_t pid) {
  unsigned long switches;
  char state = look_at(pid, &switches);
  return state == 'Z' || state == 'X';
}

static int has_returned(int who) { return __atomic_load_n(&slot_of(who)->turn, __ATOMIC_ACQUIRE) == TURN_CONTROLLER; }

/* Whether it sleeps in its call, and goes on sleeping: nobody else does anything meanwhile. */
static int sleeps(int who) {
  unsigned long before = 0, now;
  for (int looks = 0; looks < 5; looks++) {
    char state = look_at(members[who].pid, &now);
    if ((state != 'S' && state != 'D') || (looks && now != before) || has_returned(who)) return 0;
    before = now;
    usleep(300);
  }
  return 1;
}

struct strand;
static struct strand *strand;
static int strands_waiting;
static void wait_in_strand(int who);
static void let_others_on(void);

static int waits_for_ever; /* the call that was begun last */
static int some_died;      /* during the last call, for want of memory */
static int over;           /* a call waits for ever: nothing is done after it */

/* Three seconds of sleep while nobody else acts: who could wake it? */
enum { FOR_EVER = 15 };

/* Waits until the agent has handed its turn back, or never will. */
static void await(int who) {
  struct slot *slot = slot_of(who);
  for (int tries = 0, asleep = 0; !has_returned(who);) {
    struct timespec wait = {0, strand ? 1000000 : 200000000};
    if (syscall(SYS_futex, &slot->turn, 0, TURN_AGENT, &wait, NULL, 0) == 0 || errno != ETIMEDOUT) continue;
    if (members[who].pid && is_gone(members[who].pid) && uses_groups[scenario]) {
      members[who].killed = 1;
      return;
    }
    if (members[who].pid && is_gone(members[who].pid)) die("%s ended without being told to", members[who].name);
    asleep = sleeps(who) ? asleep + 1 : 0;
    if (strand && asleep) wait_in_strand(who);
    if ((strand && asleep && !has_returned(who)) || asleep > FOR_EVER) {
      waits_for_ever = 1;
      return;
    }
    if (++tries > (strand ? 80000 : 400)) die("%s does not come back from its call", members[who].name);
  }
}

static void give_turn(int who) {
  struct slot *slot = slot_of(who);
  __atomic_store_n(&slot->turn, TURN_AGENT, __ATOMIC_RELEASE);
  syscall(SYS_futex, &slot->turn, 1, 1, NULL, NULL, 0);
}

static void await_end(int who) {
  for (int tries = 0; !is_gone(members[who].pid); tries++) {
    if (tries > 100000) die("%s does not end", members[who].name);
    if (tries > 100) usleep(100);
    else sched_yield();
  }
  members[who].alive = 0;
  if (members[who].perf >= 0) close(members[who].perf);
  members[who].perf = -1;
  close_proc(who);
}

static int64_t agent_call(int who, int op, long nr, const uint64_t arg[6]) {
  struct slot *slot = slot_of(who);
  slot->op = (uint32_t)op;
  slot->nr = (uint64_t)nr;
  memcpy(slot->arg, arg, sizeof slot->arg);
  give_turn(who);
  await(who);
  return slot->result;
}

static int perf_open(pid_t pid) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_PAGE_FAULTS};
  return (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void came_alive(int who, pid_t pid) {
  members[who].pid = pid;
  await(who);
  members[who].alive = 1;
  members[who].perf = perf_open(pid);
}

static void start_process(int who) {
  prepare_slot(who);
  fflush(stdout);
  pid_t pid = fork();
  if (pid < 0) die("fork: %s", strerror(errno));
  if (pid == 0) become_agent(who);
  came_alive(who, pid);
}

/* A process or thread made by one that is there; a negative errno where that fails. */
static int64_t spawn(int parent, int child, long nr, uint64_t flags) {
  slot_of(parent)->child = (uint64_t)slot_of(child);
  prepare_slot(child);
  int64_t pid = agent_call(parent, OP_SPAWN, nr, (uint64_t[6]){flags});
  if (pid > 0) came_alive(child, (pid_t)pid);
  return pid;
}

static void start_members(void) {
  for (int i = 0; i < member_count; i++)
    if (members[i].process == i && !members[i].forked) start_process(i);
  for (int i = 0; i < member_count; i++)
    if (members[i].process != i)
      if (spawn(members[i].process, i, SYS_clone, 0x50f00) < 0) die("clone: %s", strerror(errno));
  for (int i = 0; i < member_count; i++)
    if (members[i].alive && members[i].process == i) take_baseline(i);
}

static int value_missing; /* an argument of the statement that is done next is not known, for its call has failed */

/* The value of a variable as a process or thread sees it. */
USED static uint64_t value_of(int who, int variable) {
  if (who < 0) return 0; /* element() has said so */
  if (!is_set[who][variable]) who = members[who].process;
  if (!is_set[who][variable]) value_missing = 1;
  return is_set[who][variable] ? variables[who][variable] : 0;
}

/* The number of an array's element; there may be none. */
USED static int element(int first, int step, int count, uint64_t index) {
  if (index < (uint64_t)count) return first + step * (int)index;
  value_missing = 1;
  return -1;
}

/* Whether a statement of a block is this one's. */
USED static int acts(int who, int owner) {
  value_missing = 0;
  return who == owner;
}

/* How often something is repeated; not at all where that is not known. */
USED static uint64_t turns(uint64_t count) {
  int unknown = value_missing;
  value_missing = 0;
  return unknown ? 0 : count;
}

static void set_variable(int who, int variable, uint64_t value) {
  if (variable < 0) return;
  variables[who][variable] = value;
  is_set[who][variable] = 1;
}

enum { DO_AGENT, DO_FORK, DO_EXIT, DO_WAIT, DO_STATUS, DO_SMAPS, DO_PAGEMAP };

/* One statement. */
struct call {
  int file, line, who;
  int keep; /* the variable of its result plus one, or 0 */
  int kind, op;
  const char *name;
  long nr;
  int child;            /* of fork and wait, or -1 */
  int vec;              /* mincore without a place for its answer */
  const char *text[2];  /* strings among the arguments, by position; a byte of 1 begins a path in the private directory, one of 2 a path of a control group */
  const char *field;    /* of status and smaps */
  uint64_t words[8];    /* a structure that is the third argument */
  int word_count;
  uint64_t arg[6];
};

static uint64_t field_of(int who, const char *field);
static uint64_t smaps_field(int who, uint64_t address, const char *field);
static uint64_t pagemap_entry(int who, uint64_t address);

static int reaches_area(uint64_t start, uint64_t length) {
  return start < AREA + AREA_BYTES && length > 0 && (start + length < start || start + length > AREA);
}

/* What would hit the agent's own memory cannot be shown here. */
static void check_range(const struct call *call) {
  uint64_t start = call->arg[0], length = call->op == OP_SYSCALL ? call->arg[1] : 8;
  if (call->op == OP_TOUCH) length = call->arg[1] * 4096;
  if (call->op == OP_SYSCALL) {
    if (call->nr == SYS_mmap && !(call->arg[3] & MAP_FIXED)) return;
    if (call->nr == SYS_mremap) {
      if (call->arg[2] > length) length = call->arg[2];
      if ((call->arg[3] & 2) && reaches_area(call->arg[4], call->arg[2])) start = AREA, length = 1;
    } else if (call->nr != SYS_mmap && call->nr != SYS_munmap && call->nr != SYS_mprotect && call->nr != SYS_madvise &&
               call->nr != SYS_mincore)
      return;
  }
  if (call->op == OP_SYSCALL && call->nr == SYS_madvise && (call->arg[2] == 100 || call->arg[2] == 101))
    die("line %d: this advice takes memory away from the machine; it is not given on a real Linux", call->line);
  if (reaches_area(start, length)) die("line %d: %s reaches this program's own memory at 0x%lx", call->line, call->name, AREA);
}

static void group_path(char *room, size_t size, const char *path, int line);
static const char *group_text(int who, uint64_t fd, const char *text);

/* Copies a string to where the agent can read it. */
static uint64_t place_text(int who, int at, const char *text, int line) {
  char *room = (char *)slot_of(who) + ROOM_AT + (uint64_t)at * 0x3000;
  if (text[0] == 1) snprintf(room, 0x3000, "%s%s", directory(), text + 1);
  else if (text[0] == 2) group_path(room, 0x3000, text + 1, line);
  else snprintf(room, 0x3000, "%s", text);
  return (uint64_t)room;
}

static void find_killed(void);

static int64_t perform_agent(const struct call *call) {
  uint64_t arg[6];
  memcpy(arg, call->arg, sizeof arg);
  for (int i = 0; i < 2; i++)
    if (call->text[i]) arg[i] = place_text(call->who, i, call->text[i], call->line);
  const char *written = call->op == OP_SYSCALL && call->nr == SYS_write ? call->text[1] : NULL;
  if (written) {
    const char *here = group_text(call->who, arg[0], written);
    if (here != written) arg[1] = place_text(call->who, 1, here, call->line), arg[2] = strlen(here);
  }
  if (call->word_count) {
    arg[2] = (uint64_t)slot_of(call->who) + ROOM_AT + 0x6000;
    memcpy((void *)arg[2], call->words, (size_t)call->word_count * 8);
  }
  check_range(call);
  if (call->vec) {
    if (arg[1] / 4096 > ROOM_BYTES) die("line %d: mincore of more than %lu pages has no room", call->line, ROOM_BYTES);
    arg[2] = (uint64_t)slot_of(call->who) + ROOM_AT;
  }
  if (call->op == OP_SYSCALL && call->nr == SYS_mlockall && !has_whole_area())
    die("line %d: mlockall would lock this program's own memory; there are too many processes", call->line);
  int64_t result = agent_call(call->who, call->op, call->nr, arg);
  /* The agent's own memory does not count among what is locked. */
  if (call->op == OP_SYSCALL && call->nr == SYS_mlockall && result == 0)
    agent_call(call->who, OP_SYSCALL, SYS_munlock, (uint64_t[6]){AREA, AREA_BYTES});
  if (written && result == (int64_t)arg[2]) return (int64_t)call->arg[2];
  return call->op == OP_STORE ? (int64_t)call->arg[1] : result;
}

static int64_t perform_fork(const struct call *call) {
  int child = call->child;
  int64_t pid = spawn(call->who, child, SYS_fork, 0);
  if (pid < 0) return pid;
  int from = members[call->who].process;
  memcpy(variables[child], variables[from], sizeof variables[child]);
  memcpy(is_set[child], is_set[from], sizeof is_set[child]);
  for (int i = 0; i < VARIABLES; i++)
    if (is_set[call->who][i]) set_variable(child, i, variables[call->who][i]);
  take_baseline(child);
  return child + 1;
}

static int64_t perform_exit(const struct call *call) {
  struct slot *slot = slot_of(call->who);
  slot->op = OP_SYSCALL;
  slot->nr = SYS_exit;
  memcpy(slot->arg, call->arg, sizeof slot->arg);
  give_turn(call->who);
  await_end(call->who);
  return 0;
}

static int64_t perform_wait(const struct call *call) {
  uint64_t wanted = call->child < 0 ? (uint64_t)-1 : (uint64_t)members[call->child].pid;
  int64_t pid = agent_call(call->who, OP_SYSCALL, SYS_wait4, (uint64_t[6]){wanted ? wanted : 0x7fffffff});
  for (int i = 0; i < member_count; i++)
    if (pid > 0 && members[i].pid == pid) return i + 1;
  return pid;
}

static void do_statement(const struct call *call, int undone) {
  int who = call->who;
  show_life();
  if (members[who].killed) {
    record(call->file, call->line, who, call->name, "undone", 0);
    return;
  }
  if (!members[who].alive) die("line %d: %s is not there", call->line, members[who].name);
  struct slot *slot = slot_of(who);
  slot->signal = 0;
  int64_t result = 0;
  if (undone) {
    record(call->file, call->line, who, call->name, "undone", 0);
    return;
  }
  switch (call->kind) {
    case DO_AGENT: result = perform_agent(call); break;
    case DO_FORK: result = perform_fork(call); break;
    case DO_EXIT: result = perform_exit(call); break;
    case DO_WAIT: result = perform_wait(call); break;
    case DO_STATUS: result = (int64_t)field_of(who, call->field); break;
    case DO_SMAPS: result = (int64_t)smaps_field(who, call->arg[0], call->field); break;
    default: result = (int64_t)pagemap_entry(who, call->arg[0]); break;
  }
  if (waits_for_ever) {
    over = 1;
    record(call->file, call->line, who, call->name, "waits", 0);
    return;
  }
  find_killed();
  if (members[who].killed) {
    record(call->file, call->line, who, call->name, "killed", 0);
    return;
  }
  int trapped = call->op == OP_EXEC && slot->signal == SIGTRAP;
  int can_fail = call->op == OP_SYSCALL && call->kind <= DO_WAIT;
  if (slot->signal && !trapped) record(call->file, call->line, who, call->name, "signal", (int64_t)slot->signal);
  else if (can_fail && result < 0 && result >= -4095) record(call->file, call->line, who, call->name, "errno", -result);
  else {
    if (trapped) result = 0;
    set_variable(who, call->keep - 1, (uint64_t)result);
    record(call->file, call->line, who, call->name, "result", result);
  }
}

/* Nobody else acts between a statement's arguments and its call: they are those of that moment. */
USED static void perform(const struct call *call) {
  int undone = value_missing;
  value_missing = 0;
  if (over || call->who < 0) return;
  do_statement(call, undone);
  let_others_on();
}

`;
