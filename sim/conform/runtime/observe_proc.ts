// The part of an exported program that reads /proc from outside: files, counters, mappings. What the agent itself has (its
// mapping, its page tables) is left out, so that what remains is the scenario's.
export const observeProcSource = String.raw`/* ---- Observation: /proc, as seen by the controller. ---- */

static int full_observations = 1, frames_visible = 1, can_scan = 1;
static long observation_budget = 4000000; /* pages and mappings that may be printed in all */
static int statements_printed;

struct text {
  char *at;
  size_t size, room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
  for (;;) {
    va_list list;
    va_start(list, format);
    int more = vsnprintf(text->at + text->size, text->room - text->size, format, list);
    va_end(list);
    if (more < 0) die("printf failed");
    if (text->size + (size_t)more < text->room) {
      text->size += (size_t)more;
      return;
    }
    text->room = (text->room + (size_t)more) * 2 + 4096;
    text->at = realloc(text->at, text->room);
    if (!text->at) die("no memory");
  }
}

/* Reads what is left of a file; "" where it cannot be read. */
static void read_all(struct text *into, int fd) {
  into->size = 0;
  for (;;) {
    if (into->room - into->size < 16384) into->at = realloc(into->at, into->room = into->room * 2 + 65536);
    if (!into->at) die("no memory");
    ssize_t more = fd < 0 ? 0 : read(fd, into->at + into->size, into->room - into->size - 1);
    if (more <= 0) break;
    into->size += (size_t)more;
  }
  into->at[into->size] = 0;
}

/* A file as a string that lives until the next call. */
static char *file_text(const char *path) {
  static struct text text;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  read_all(&text, fd);
  if (fd >= 0) close(fd);
  return text.at;
}

enum { STAT, STATUS, SMAPS, PAGEMAP };

/* The files of a process stay open while it lives. */
static int proc_file(int who, int kind) {
  static const char *const names[] = {"stat", "status", "smaps", "pagemap"};
  int *fd = &members[who].proc[kind];
  if (*fd < 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)members[who].pid, names[kind]);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
  }
  return *fd;
}

static void close_proc(int who) {
  for (int i = 0; i < 4; i++) {
    if (members[who].proc[i] >= 0) close(members[who].proc[i]);
    members[who].proc[i] = -1;
  }
}

/* A file of a process as a string that lives until the next call for the same kind of file. */
static char *proc_text(int who, int kind) {
  static struct text texts[3];
  int fd = proc_file(who, kind);
  if (fd >= 0) lseek(fd, 0, SEEK_SET);
  read_all(&texts[kind], fd);
  return texts[kind].at;
}

/* The number behind "Name:" at the start of a line; 0 where there is none. */
static uint64_t line_value(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : at)
    if (!strncmp(at, name, length) && at[length] == ':') return strtoull(at + length + 1, NULL, 10);
  return 0;
}

static void fault_counts(int who, uint64_t *minflt, uint64_t *majflt) {
  unsigned long min = 0, maj = 0;
  char *after = strrchr(proc_text(who, STAT), ')');
  if (after) sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu", &min, &maj);
  *minflt = min;
  *majflt = maj;
}

static void take_baseline(int who) {
  fault_counts(who, &members[who].minflt, &members[who].majflt);
  for (int i = 0; i < member_count; i++)
    if (members[i].process == who && members[i].perf >= 0) ioctl(members[i].perf, PERF_EVENT_IOC_RESET, 0);
}

/* Bytes of page tables that the agent's own memory takes in a process. */
static uint64_t area_tables(int who) {
  uint64_t parts = 1, last = 0;
  if (has_whole_area()) return 3 * 4096;
  for (int i = 0; i < member_count; i++) {
    uint64_t part = ((uint64_t)(i + 1) * SLOT_BYTES) >> 21;
    if (members[i].process == who && part != last) parts++, last = part;
  }
  return (parts + 2) * 4096;
}

static int is_area(uint64_t start) { return start >= AREA && start < AREA + AREA_BYTES; }

/* Calls use(mapping) for every mapping of the scenario; gives the bytes of the agent's own that are present. */
struct mapping {
  uint64_t start, end;
  const char *lines; /* from the header on */
  const char *next;  /* behind the last line */
};

static uint64_t each_mapping(const char *smaps, void (*use)(struct mapping *, void *), void *with) {
  uint64_t own = 0;
  while (*smaps) {
    struct mapping mapping = {.lines = smaps};
    unsigned long start, end;
    if (sscanf(smaps, "%lx-%lx ", &start, &end) != 2) return own;
    mapping.start = start;
    mapping.end = end;
    for (;;) {
      smaps = strchr(smaps, '\n');
      if (!smaps) return own;
      smaps++;
      if (!(*smaps >= 'A' && *smaps <= 'Z')) break;
    }
    mapping.next = smaps;
    if (is_area(mapping.start)) own += line_value(mapping.lines, "Rss") * 1024;
    else if (use && mapping.start < TASK_END) use(&mapping, with);
  }
  return own;
}
`;
