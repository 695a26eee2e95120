// The part of an exported program that reads counters of the whole machine, without what is the program's own.
export const machineWideSource = String.raw`/* ---- Counters of the whole machine: others change them too. ---- */

enum { MACHINE_LINES = 16 };
static const char *const machine_lines[MACHINE_LINES] = {
    "meminfo: PageTables", "meminfo: AnonPages",    "meminfo: Mapped",     "meminfo: Shmem",
    "meminfo: Mlocked",    "meminfo: Unevictable",  "meminfo: Committed_AS", "meminfo: SwapFree",
    "meminfo: SwapCached", "vmstat: pswpin",        "vmstat: pswpout",     "vmstat: swap_ra",
    "vmstat: swap_ra_hit", "vmstat: pgmajfault",    "vmstat: pgmigrate_success", "vmstat: oom_kill",
};

/* The number behind a name at the start of a line of /proc/vmstat; 0 where there is none. */
static int64_t event_count(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *at = text; at; at = strchr(at, '\n'), at = at ? at + 1 : at)
    if (!strncmp(at, name, length) && at[length] == ' ') return (int64_t)strtoull(at + length, NULL, 10);
  return 0;
}

/* Bytes of page tables that only the agents need. */
static int64_t agents_tables(void) {
  int64_t sum = 0;
  for (int i = 0; i < member_count; i++)
    if (members[i].alive && members[i].process == i) sum += (int64_t)area_tables(i);
  return sum;
}

/* Bytes that the controller itself has of a line of /proc/meminfo. */
static int64_t own_part(const char *line) {
  if (!strcmp(line, "PageTables")) return agents_tables() + (int64_t)line_value(file_text("/proc/self/status"), "VmPTE") * 1024;
  if (!strcmp(line, "AnonPages")) return (int64_t)line_value(file_text("/proc/self/status"), "RssAnon") * 1024;
  if (strcmp(line, "Committed_AS")) return 0;
  const char *status = file_text("/proc/self/status");
  return (int64_t)(line_value(status, "VmData") + line_value(status, "VmStk")) * 1024;
}

/* The program's own pages are there from now on: none of its files' becomes mapped later. */
static void make_present(void) {
  if (mlockall(MCL_CURRENT) == 0) munlockall();
}

/* Once all CPUs have added what they kept to themselves, and freed tables are gone or others will not stand still; 0 where
   that cannot be had. */
static int read_machine(int64_t values[MACHINE_LINES]) {
  int64_t last = -1;
  usleep(20000);
  for (int tries = 0, same = 0; !same && tries < 20; tries++) {
    syscall(SYS_membarrier, 1, 0, 0);
    usleep(5000);
    int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
    int refreshed = fd >= 0 && write(fd, "1", 1) == 1;
    if (fd >= 0) close(fd);
    if (!refreshed) return 0;
    const char *meminfo = file_text("/proc/meminfo");
    int64_t now = (int64_t)line_value(meminfo, "PageTables") * 1024;
    same = now == last;
    last = now;
    for (int i = 0; i < MACHINE_LINES; i++)
      if (!strncmp(machine_lines[i], "meminfo: ", 9)) values[i] = (int64_t)line_value(meminfo, machine_lines[i] + 9) * 1024;
  }
  for (int i = 0; i < MACHINE_LINES; i++)
    if (!strncmp(machine_lines[i], "meminfo: ", 9)) values[i] -= own_part(machine_lines[i] + 9);
  const char *vmstat = file_text("/proc/vmstat");
  for (int i = 0; i < MACHINE_LINES; i++)
    if (!strncmp(machine_lines[i], "vmstat: ", 8)) values[i] = event_count(vmstat, machine_lines[i] + 8);
  return 1;
}

/* By how much they have grown; null where that is not known. */
static void print_machine_growth(const int64_t before[MACHINE_LINES], int known) {
  int64_t now[MACHINE_LINES];
  if (!known || !read_machine(now)) {
    printf("null");
    return;
  }
  for (int i = 0; i < MACHINE_LINES; i++) printf("%s\"%s\":%ld", i ? "," : "{", machine_lines[i], now[i] - before[i]);
  printf("}");
}

`;
