// The part of an exported program that looks at the processes from outside, through /proc, and prints what it sees. What
// the agent itself has (its mapping, its page tables) is left out, so that what remains is the scenario's.
export const observeSource = String.raw`/* ---- Observation: /proc, as seen by the controller. ---- */

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

/* Frames bear the number of their first appearance in an observation: real frame numbers mean nothing elsewhere. */
static uint64_t *frame_keys;
static uint32_t *frame_numbers, frame_count, frame_room;

static void forget_frames(void) {
  if (frame_room) memset(frame_keys, 0, frame_room * sizeof *frame_keys);
  frame_count = 0;
}

static uint32_t frame_number(uint64_t pfn) {
  if (frame_count * 2 >= frame_room) {
    uint64_t *keys = frame_keys;
    uint32_t *numbers = frame_numbers, room = frame_room;
    frame_room = room ? room * 2 : 4096;
    frame_keys = calloc(frame_room, sizeof *frame_keys);
    frame_numbers = calloc(frame_room, sizeof *frame_numbers);
    if (!frame_keys || !frame_numbers) die("no memory");
    for (uint32_t i = 0; i < room; i++) {
      if (!keys[i]) continue;
      uint32_t at = (uint32_t)(keys[i] * 2654435761u) & (frame_room - 1);
      while (frame_keys[at]) at = (at + 1) & (frame_room - 1);
      frame_keys[at] = keys[i];
      frame_numbers[at] = numbers[i];
    }
    free(keys);
    free(numbers);
  }
  uint32_t at = (uint32_t)(pfn * 2654435761u) & (frame_room - 1);
  while (frame_keys[at] && frame_keys[at] != pfn) at = (at + 1) & (frame_room - 1);
  if (!frame_keys[at]) {
    frame_keys[at] = pfn;
    frame_numbers[at] = frame_count++;
  }
  return frame_numbers[at];
}

/* A run of pages: [first page, pages, flags, frame of the first, frames from one page to the next]. */
struct run {
  uint64_t page, count, flags;
  int64_t frame, stride;
};

struct pages {
  struct text *text;
  struct run run;
  int fd, any;
};

static void end_run(struct pages *pages) {
  struct run *run = &pages->run;
  if (run->count)
    add(pages->text, "%s[%lu,%lu,%lu,%ld,%ld]", pages->any++ ? "," : "", run->page, run->count, run->flags, run->frame,
        run->stride);
  run->count = 0;
}

static void add_page(struct pages *pages, uint64_t page, uint64_t entry) {
  struct run *run = &pages->run;
  uint64_t flags = (entry >> 56) & 0xe7, pfn = entry & ((1UL << 55) - 1);
  int present = (entry >> 63) & 1;
  if (!flags) return;
  if (present && !pfn) frames_visible = 0;
  int64_t frame = present && pfn ? (int64_t)frame_number(pfn) : -1;
  int follows = run->count && page == run->page + run->count && flags == run->flags;
  int64_t stride = follows ? frame - (run->frame + run->stride * ((int64_t)run->count - 1)) : 0;
  if (follows && (run->count == 1 ? stride == 0 || stride == 1 : stride == run->stride)) {
    run->stride = stride;
    run->count++;
    return;
  }
  end_run(pages);
  *run = (struct run){page, 1, flags, frame, 0};
  observation_budget--;
}

static void read_pages(struct pages *pages, uint64_t start, uint64_t end) {
  static uint64_t entries[4096];
  for (uint64_t page = start / 4096; page < end / 4096;) {
    uint64_t count = end / 4096 - page < 4096 ? end / 4096 - page : 4096;
    ssize_t bytes = pread(pages->fd, entries, count * 8, (off_t)(page * 8));
    if (bytes <= 0) return;
    for (ssize_t i = 0; i < bytes / 8; i++) add_page(pages, page + (uint64_t)i, entries[i]);
    page += (uint64_t)bytes / 8;
    observation_budget -= bytes / 512;
  }
}

struct scan_region {
  uint64_t start, end, categories;
};
struct scan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

/* Only what is there is read, however large the mapping: PAGEMAP_SCAN, Linux 6.7. Without it small mappings whole. */
static void mapping_pages(struct mapping *mapping, void *with) {
  struct pages *pages = with;
  static struct scan_region regions[1024];
  uint64_t at = mapping->start;
  if (mapping->end - at <= 16UL << 20) {
    read_pages(pages, at, mapping->end);
    return;
  }
  while (can_scan && at < mapping->end) {
    struct scan scan = {.size = sizeof scan, .start = at, .end = mapping->end, .vec = (uint64_t)regions,
                        .vec_len = 1024, .category_anyof_mask = 0x118, .return_mask = 0x118};
    long found = ioctl(pages->fd, _IOC(_IOC_READ | _IOC_WRITE, 'f', 16, 96), &scan);
    if (found < 0) {
      can_scan = 0;
      break;
    }
    for (long i = 0; i < found; i++) read_pages(pages, regions[i].start, regions[i].end);
    at = scan.walk_end;
    if (found == 0) return;
  }
  if (!can_scan && mapping->end - at <= 1UL << 30) read_pages(pages, at, mapping->end);
}

/* What is printed of one process: its mappings, and the pages in them. */
struct picture {
  struct text *maps;
  struct pages pages;
};

static void print_mapping(struct mapping *mapping, void *with) {
  struct picture *picture = with;
  struct text *text = picture->maps;
  const char *perms = strchr(mapping->lines, ' ') + 1;
  uint64_t offset = strtoul(perms + 5, NULL, 16);
  add(text, "%s{\"start\":%lu,\"end\":%lu,\"perms\":\"%.4s\",\"offset\":%lu", text->size ? "," : "", mapping->start,
      mapping->end, perms, offset);
  observation_budget -= 4;
  for (const char *line = strchr(mapping->lines, '\n') + 1; line < mapping->next;) {
    const char *colon = strchr(line, ':'), *end = colon ? strchr(colon, '\n') : NULL;
    if (!end) break;
    const char *value = colon + 1 + strspn(colon + 1, " ");
    int name = (int)(colon - line);
    if (!strncmp(line, "VmFlags", 7)) {
      const char *last = end;
      while (last > value && last[-1] == ' ') last--;
      add(text, ",\"VmFlags\":\"%.*s\"", (int)(last - value), value);
    } else if (*value != '0' && strncmp(end - 3, " kB", 3) == 0)
      add(text, ",\"%.*s\":%lu", name, line, strtoul(value, NULL, 10) * 1024);
    line = end + 1;
  }
  add(text, "}");
  mapping_pages(mapping, &picture->pages);
}

static int is_own_field(const char *field) {
  return !strcmp(field, "VmRSS") || !strcmp(field, "RssShmem");
}

static uint64_t field_of(int who, const char *field) {
  who = members[who].process;
  uint64_t own = is_own_field(field) ? each_mapping(proc_text(who, SMAPS), NULL, NULL) : 0;
  if (!strcmp(field, "VmPTE")) own = area_tables(who);
  if (!strcmp(field, "VmSize")) own = AREA_BYTES;
  return line_value(proc_text(who, STATUS), field) * 1024 - own;
}

struct field_wanted {
  uint64_t address, value;
  const char *field;
};

static void look_up_field(struct mapping *mapping, void *with) {
  struct field_wanted *wanted = with;
  if (wanted->address >= mapping->start && wanted->address < mapping->end)
    wanted->value = line_value(mapping->lines, wanted->field) * 1024;
}

USED static uint64_t smaps_field(int who, uint64_t address, const char *field) {
  struct field_wanted wanted = {address, 0, field};
  each_mapping(proc_text(members[who].process, SMAPS), look_up_field, &wanted);
  return wanted.value;
}

USED static uint64_t pagemap_entry(int who, uint64_t address) {
  uint64_t entry = 0;
  int fd = proc_file(members[who].process, PAGEMAP);
  return fd >= 0 && pread(fd, &entry, 8, (off_t)(address / 4096 * 8)) == 8 ? entry : 0;
}

static void observe_process(int who, struct text *text) {
  static const char *const fields[] = {"VmPTE", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "VmSize", "VmLck",
                                       "HugetlbPages"};
  uint64_t minflt, majflt, faults = 0;
  fault_counts(who, &minflt, &majflt);
  add(text, "{\"counters\":{\"minflt\":%lu,\"majflt\":%lu", minflt - members[who].minflt, majflt - members[who].majflt);
  int counted = 1;
  for (int i = 0; i < member_count; i++) {
    if (members[i].process != who || !members[i].alive) continue;
    uint64_t value = 0;
    if (members[i].perf < 0 || read(members[i].perf, &value, 8) != 8) counted = 0;
    faults += value;
  }
  if (counted) add(text, ",\"faults\":%lu", faults);
  if (pools[scenario] > 0) settle_pool();
  if (pools[scenario] > 0)
    add(text, ",\"HugePages_Free\":%ld,\"HugePages_Rsvd\":%ld", huge_pages_free(), huge_pages_reserved());
  uint64_t own = 0;
  struct text maps = {0}, runs = {0};
  if (full_observations) {
    struct picture picture = {.maps = &maps, .pages = {.text = &runs, .fd = proc_file(who, PAGEMAP)}};
    own = each_mapping(proc_text(who, SMAPS), print_mapping, &picture);
    end_run(&picture.pages);
  } else own = each_mapping(proc_text(who, SMAPS), NULL, NULL);
  char *status = proc_text(who, STATUS);
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    uint64_t less = is_own_field(fields[i]) ? own : i == 0 ? area_tables(who) : i == 6 ? AREA_BYTES : 0;
    add(text, ",\"%s\":%ld", fields[i], (int64_t)(line_value(status, fields[i]) * 1024 - less));
  }
  add(text, full_observations ? "},\n  \"maps\":[%s],\n  \"pages\":[%s]}" : "}}", maps.at ? maps.at : "",
      runs.at ? runs.at : "");
  free(maps.at);
  free(runs.at);
}

/* Linux adds pages to its lists in batches, for each CPU. Advice about a page of our own empties those of this CPU. */
static void empty_batches(void) {
  static char page[8192];
  page[4096] = 1;
  madvise((void *)(((uint64_t)page + 4095) & ~4095UL), 4096, MADV_COLD);
}

/* Prints the processes of which something has changed since it was last printed. */
static void observe(void) {
  static struct text *before;
  if (!before) before = calloc((size_t)member_count, sizeof *before);
  if (!before) die("no memory");
  int any = 0;
  empty_batches();
  forget_frames();
  for (int i = 0; i < member_count; i++) {
    if (members[i].process != i) continue;
    struct text now = {0};
    if (members[i].alive) observe_process(i, &now);
    else add(&now, "null");
    if (before[i].at ? !strcmp(before[i].at, now.at) : !members[i].alive) {
      free(now.at);
      continue;
    }
    printf("%s\n \"%s\":%s", any++ ? "," : "", members[i].name, now.at);
    free(before[i].at);
    before[i] = now;
  }
}

static void record(int file, int line, int who, const char *name, const char *text, int64_t value) {
  if (statements_printed++ > 2000 || observation_budget < 0) full_observations = 0;
  printf("%s\n{\"file\":%d,\"line\":%d,\"actor\":\"%s\",\"call\":\"%s\",\"%s\":\"%lu\",\"full\":%s,\"processes\":{",
         statements_printed > 1 ? "," : "", file, line, members[who].name, name, text, (uint64_t)value,
         full_observations ? "true" : "false");
  if (full_observations || statements_printed <= 100000) observe();
  printf("}}");
}

`;
