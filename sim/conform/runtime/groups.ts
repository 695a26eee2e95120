// The part of an exported program that makes control groups: below one of its own, which is removed afterwards.
export const groupsSource = String.raw`/* ---- Control groups: those of a scenario lie in a group of this program's own, of the memory controller's version 1 or 2. ---- */

static char groups_root[PATH_MAX]; /* the directory, or empty */
static int groups_version;

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  int written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return written;
}

static void set_up_groups(void) {
  static const char *const places[] = {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"};
  for (int i = 0; i < 2 && !groups_root[0]; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, i == 0 ? "%s/memory.limit_in_bytes" : "%s/cgroup.subtree_control", places[i]);
    if (access(path, F_OK)) continue;
    if (i == 1 && !write_text(path, "+memory")) break;
    groups_version = i + 1;
    snprintf(path, sizeof path, "%s/mshare-%d", places[i], (int)getpid());
    if (mkdir(path, 0755)) die("%s: %s", path, strerror(errno));
    strcpy(groups_root, path);
    strcat(path, "/cgroup.subtree_control");
    if (i == 1 && !write_text(path, "+memory")) die("%s: %s", path, strerror(errno));
  }
  if (!groups_root[0]) die("control groups cannot be made here: that takes root and a memory controller");
}

/* Files of version 2 and what version 1 has for them; NULL: nothing. There every group gives its controller to those below it. */
static const char *file_here(const char *name, int line) {
  static const char *const others[][2] = {{"memory.max", "memory.limit_in_bytes"}, {"memory.current", "memory.usage_in_bytes"},
                                          {"memory.peak", "memory.max_usage_in_bytes"}, {"memory.swap.max", "memory.memsw.limit_in_bytes"}};
  if (groups_version == 2 || !strcmp(name, "cgroup.procs") || !strcmp(name, "memory.stat")) return name;
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (!strcmp(name, others[i][0])) return others[i][1];
  if (!strncmp(name, "memory.", 7) || !strncmp(name, "cgroup.", 7))
    die("line %d: control groups are of version 1 here, which has no %s", line, name);
  return name;
}

/* A path of a scenario below /sys/fs/cgroup, here. */
static void group_path(char *room, size_t size, const char *path, int line) {
  const char *last = strrchr(path, '/');
  int before = last ? (int)(last - path) : 0;
  if (last && groups_version == 1 && !strcmp(last + 1, "cgroup.subtree_control")) snprintf(room, size, "/dev/null");
  else if (last) snprintf(room, size, "%s%.*s/%s", groups_root, before, path, file_here(last + 1, line));
  else snprintf(room, size, "%s%s", groups_root, path);
}

/* What is written to a file of a group: processes have other numbers here; in version 1 "max" is -1, and no swap is a limit of both
   that is that of memory. */
static const char *group_text(int who, uint64_t fd, const char *text) {
  static char number[32];
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)members[who].pid, (int)fd);
  ssize_t size = groups_root[0] ? readlink(link, path, sizeof path - 1) : -1;
  if (size <= 0) return text;
  path[size] = 0;
  const char *name = strrchr(path, '/');
  int wanted = atoi(text);
  if (name && !strcmp(name, "/cgroup.procs") && wanted > 0 && wanted <= member_count) {
    snprintf(number, sizeof number, "%d", (int)members[wanted - 1].pid);
    return number;
  }
  if (name && !strcmp(name, "/memory.memsw.limit_in_bytes") && strcmp(text, "max")) {
    if (strcmp(text, "0")) die("control groups are of version 1 here, which has no limit of swap alone but none at all");
    strcpy(path + (name - path), "/memory.limit_in_bytes");
    snprintf(number, sizeof number, "%ld", atol(file_text(path)));
    return number;
  }
  return groups_version == 1 && name && strstr(name, "limit_in_bytes") && !strcmp(text, "max") ? "-1" : text;
}

/* Who was killed for want of memory is no longer there; who has not noticed yet is about to. */
static void find_killed(void) {
  some_died = 0;
  for (int i = 0; groups_root[0] && i < member_count; i++) {
    if (!members[i].alive) continue;
    char state;
    unsigned long switches;
    /* Who is not in the middle of a call sleeps, unless it is about to end. */
    do state = look_at(members[i].pid, &switches);
    while ((state == 'R' || state == 'D') && has_returned(i) && usleep(200) == 0);
    if (state != 'Z' && state != 'X') continue;
    members[i].killed = some_died = 1;
    await_end(i);
  }
}

static const char *group_names[64];
static int group_count;

static int note_group(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)place;
  const char *name = path + strlen(groups_root);
  if (kind == FTW_D && *name && strcmp(name, "/flush") && group_count < 64) group_names[group_count++] = strdup(name);
  return 0;
}

static int remove_group(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)place;
  if (kind == FTW_DP) rmdir(path);
  return 0;
}

/* Whose parent is gone is waited for by somebody else: it may take a while. */
static void remove_groups(void) {
  for (int tries = 0; groups_root[0] && tries < 1000 && access(groups_root, F_OK) == 0; tries++) {
    nftw(groups_root, remove_group, 16, FTW_DEPTH | FTW_PHYS);
    if (tries > 0) usleep(2000);
  }
}

/* Counters of groups are added up now and then. A child that takes and gives back some memory in a group beside them makes that due
   for the group above, and so for all. */
static void add_up_groups(void) {
  enum { PAGES = 4096 };
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/flush", groups_root);
  if (mkdir(path, 0755)) die("%s: %s", path, strerror(errno));
  strcat(path, "/cgroup.procs");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, "0", 1) != 1) _exit(1);
    volatile char *at = mmap(NULL, PAGES * 4096UL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; at != MAP_FAILED && i < PAGES; i++) at[i * 4096] = 1;
    _exit(0);
  }
  while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR);
  snprintf(path, sizeof path, "%s/memory.stat", groups_root);
  file_text(path);
}

/* At the end: what is charged to each group, in bytes, and who was killed in it. */
static void print_groups(void) {
  static const char *const lines[][3] = {{"anon", "total_rss", "anon"}, {"shmem", "total_shmem", "shmem"}, {"file_mapped", "total_mapped_file", "file_mapped"}};
  if (!groups_root[0]) {
    printf("null");
    return;
  }
  add_up_groups();
  nftw(groups_root, note_group, 16, FTW_PHYS);
  printf("{");
  for (int g = 0; g < group_count; g++) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s%s/memory.stat", groups_root, group_names[g]);
    char *text = file_text(path);
    printf("%s\"%s\":{", g ? "," : "", group_names[g]);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
      printf("\"%s\":%ld,", lines[i][0], event_count(text, lines[i][groups_version]));
    snprintf(path, sizeof path, "%s%s/%s", groups_root, group_names[g], groups_version == 1 ? "memory.oom_control" : "memory.events");
    printf("\"oom_kill\":%ld}", event_count(file_text(path), "oom_kill"));
  }
  printf("}");
}

`;
