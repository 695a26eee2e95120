// The part of an exported program that prints what it sees of the processes after a statement.
export const observeSource = String.raw`/* What is printed of one process: its mappings, and the pages in them. */
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
  mapping_pages(mapping, picture->pages.fd, add_page, &picture->pages);
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
                                       "VmPin", "VmData", "VmStk", "HugetlbPages"};
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
  /* Where the program's text ends, which divides them, is this program's own affair. */
  add(text, ",\"VmExe + VmLib\":%lu", (line_value(status, "VmExe") + line_value(status, "VmLib")) * 1024);
  if (members[who].forked) add(text, ",\"VmPeak\":%ld", (int64_t)(line_value(status, "VmPeak") * 1024 - AREA_BYTES));
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
  /* While somebody is in the middle of a call or of dying there is no state to compare; what was not done has changed nothing. */
  if (!over && strcmp(text, "undone") && !strands_waiting && !some_died && (full_observations || statements_printed <= 100000)) observe();
  printf("}}");
}

`;
